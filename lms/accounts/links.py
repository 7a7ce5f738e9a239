"""Dynamic links of an account. All are equal for everybody, so they write their own address into the page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import Form

from lms.accounts.registration import is_open
from lms.base.urls import safe_path
from lms.extend import DynamicLink, LinkContext
from lms.extend.fields import PlainText

SOURCE = "account"
_LABEL = _l("Account")


class AfterForm(Form):
    """Where to go afterwards."""

    after = PlainText(
        _l("Afterwards"),
        description=_l("A page of this site, such as /courses. Empty: the page that holds the link."),
    )


def _after(ctx: LinkContext, args: Mapping[str, Any]) -> str:
    return safe_path(str(args.get("after") or ""), safe_path(ctx.page, "/"))


def _with_next(path: str, ctx: LinkContext, args: Mapping[str, Any]) -> str:
    return f"{path}?next={quote(_after(ctx, args), safe='/')}"


def _guests_only(ctx: LinkContext) -> bool | str:
    return True if ctx.person is None else _("You are signed in already.")


def _register_available(ctx: LinkContext) -> bool | str:
    if ctx.person is not None:
        return _("You have an account already.")
    return True if is_open() else _("New accounts are not open at the moment.")


def _signed_in_only(ctx: LinkContext) -> bool | str:
    return True if ctx.person is not None else _("Sign in first.")


LOGIN = DynamicLink(
    name="login",
    source=SOURCE,
    source_label=_LABEL,
    label=_l("Sign in"),
    help=_l("Leads to the sign-in page and back. Shown to guests only."),
    form=AfterForm,
    states=("guest",),
    available=_guests_only,
    address=lambda ctx, args: _with_next("/login", ctx, args),
    for_guests=True,
    order=10,
)
REGISTER = DynamicLink(
    name="register",
    source=SOURCE,
    source_label=_LABEL,
    label=_l("Create an account"),
    help=_l("Shown to guests, as long as new accounts are open."),
    form=AfterForm,
    states=("guest",),
    available=_register_available,
    address=lambda ctx, args: _with_next("/register", ctx, args),
    for_guests=True,
    order=20,
)
LOGOUT = DynamicLink(
    name="logout",
    source=SOURCE,
    source_label=_LABEL,
    label=_l("Sign out"),
    help=_l("Leads to a page with one button, since a link alone must not sign anybody out."),
    form=AfterForm,
    states=("purchased", "lapsed", "no_purchase"),
    available=_signed_in_only,
    address=lambda ctx, args: _with_next("/logout", ctx, args),
    order=60,
)


def _own_page(name: str, path: str, label: Any, help_text: Any, order: int) -> DynamicLink:
    # Shown to guests too: the page itself asks them to sign in and brings them back.
    return DynamicLink(
        name=name,
        source=SOURCE,
        source_label=_LABEL,
        label=label,
        help=help_text,
        available=lambda _ctx: True,
        address=lambda _ctx, _args: path,
        for_guests=True,
        order=order,
    )


ALL = (
    LOGIN,
    REGISTER,
    _own_page("courses", "/account", _l("My courses"), _l("The person's own courses."), 30),
    _own_page("profile", "/account/profile", _l("Profile"), _l("Name, e-mail, password and devices."), 40),
    _own_page("billing", "/account/billing", _l("Billing"), _l("The person's subscriptions and orders."), 50),
    LOGOUT,
)
