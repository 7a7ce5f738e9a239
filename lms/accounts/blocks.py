"""Blocks of an account: the form that signs people in, and the list of their own pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l

from lms.accounts import registration
from lms.accounts.blueprint import ACCOUNT_MENU
from lms.accounts.entrance import with_next
from lms.base.urls import safe_path
from lms.extend import Block, BlockForm, RenderContext, fields


class LoginBlockForm(BlockForm):
    """The words above the form, and where it leads."""

    title = fields.PlainText(_l("Title"), default=_l("Sign in"), max_length=80, inline=True)
    after = fields.PlainText(
        _l("Afterwards"),
        max_length=200,
        description=_l("A page of this site, such as /account. Empty: the page that holds the block."),
    )


class AccountMenuForm(BlockForm):
    """The words above the list."""

    title = fields.PlainText(_l("Title"), default=_l("Your account"), max_length=80, inline=True)


@dataclass(frozen=True, slots=True)
class Entrance:
    """What a form of a page leads to (``target``), and the ways to an account and a new password."""

    target: str
    register: str
    forgot: str = "/forgot"


@dataclass(frozen=True, slots=True)
class Menu:
    """Pairs of words and address; ``sign_in`` and ``register`` are for guests, "" for everybody else."""

    entries: tuple[Mapping[str, Any], ...]
    sign_in: str
    register: str


def load_login(props_of_all: Sequence[Mapping[str, Any]], ctx: RenderContext) -> list[Entrance | None]:
    """For guests, and on the canvas; None, and so nothing in the page, for who is signed in."""
    if ctx.person is not None and not ctx.editing:
        return [None] * len(props_of_all)
    targets = [safe_path(str(props.get("after") or ""), safe_path(ctx.path, "/")) for props in props_of_all]
    return [Entrance(target, _register(target)) for target in targets]


def load_menu(props_of_all: Sequence[Mapping[str, Any]], ctx: RenderContext) -> list[Menu]:
    """Their own pages for who is signed in, the two ways in for guests. No query."""
    here = safe_path(ctx.path, "/")
    if ctx.person is not None:
        menu = Menu(ACCOUNT_MENU, "", "")
    else:
        menu = Menu((), with_next("/login", here), _register(here))
    return [menu] * len(props_of_all)


def _register(target: str) -> str:
    return with_next("/register", target) if registration.is_open() else ""


login_form = Block(
    name="login-form",
    label=_l("Sign-in form"),
    description=_l("Signs visitors in on this very page. Who is signed in does not see it."),
    form=LoginBlockForm,
    template="accounts/blocks/login_form.html",
    icon="key",
    category="account",
    order=10,
    example={"title": "Sign in"},
    load=load_login,
    depends_on=("person",),
)
account_menu = Block(
    name="account-menu",
    label=_l("Account menu"),
    description=_l("The person’s own pages and the way out; for visitors the ways in."),
    form=AccountMenuForm,
    template="accounts/blocks/account_menu.html",
    icon="user-circle",
    category="account",
    order=20,
    example={"title": "Your account"},
    load=load_menu,
    depends_on=("person",),
)

ALL = (login_form, account_menu)
