"""Dynamic links: what a stored link is for the person who looks.

Rendering reads the database only. A link that is equal for everybody writes its own address; any other one leads to
``/go/<source>/<key>``, which is the same for everybody, so that pages stay cacheable, and finds out on the click.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from flask import g, has_request_context, request
from flask_babel import gettext as _
from itsdangerous import BadData, URLSafeSerializer

from lms.base import clock
from lms.base.problem import Problem
from lms.base.urls import is_https_address, is_loopback, is_safe_path
from lms.content import catalog, linkjson
from lms.extend import DynamicLink, LinkContext, RenderContext
from lms.host import config, guard
from lms.web import current_person, site_url
from lms.web.policy import origins_of

_SALT = "lms.content.go"
_FOR_PEOPLE = frozenset({"guest", "purchased", "lapsed", "no_purchase"})
PAGE_LINK = ("page", "page")

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ResolvedLink:
    """What a link is for somebody: an ``href``, or the ``reason`` why it leads nowhere.

    ``state`` is guest, no_purchase, purchased or unavailable: as far as the link itself told. ``leaves``: the click
    leads to another site.
    """

    href: str
    new_tab: bool = False
    rel: str = ""
    state: str = "purchased"
    reason: str = ""
    leaves: bool = False

    @property
    def is_disabled(self) -> bool:
        """Whether it is drawn, but cannot be clicked."""
        return not self.href

    def attributes(self) -> tuple[tuple[str, str], ...]:
        """The attributes of its ``a`` element."""
        if self.is_disabled:
            return (("role", "link"), ("aria-disabled", "true"))
        pairs = [("href", self.href)]
        if self.new_tab:
            pairs.append(("target", "_blank"))
        if self.rel:
            pairs.append(("rel", self.rel))
        return tuple(pairs)


class BadSignature(ValueError):
    """The signed part of a ``/go`` address was changed, or belongs to another link."""


@dataclass(frozen=True, slots=True)
class Click:
    """What the address of a link carries: the editor's arguments and the path of the page that holds it."""

    args: Mapping[str, Any]
    page: str


@lru_cache(maxsize=4096)
def _address(secret: str, key: str, args: str, page: str) -> str:
    signed = URLSafeSerializer(secret, salt=_SALT).dumps([key, args, page])
    return f"/go/{key}?c={signed if isinstance(signed, str) else signed.decode()}"


def go_address(key: str, args: Mapping[str, Any] | None = None, page: str = "/") -> str:
    """The path that follows the link on a click: the same for everybody, without an end of validity.

    ``page`` is the path of the page that holds the link. Both are signed, so that nobody can change them.
    """
    return _address(config.current().secret_key, key, json.dumps(dict(args or {}), sort_keys=True), page)


def read_click(key: str, signed: str | None) -> Click:
    """What ``c`` of a ``/go`` address says; without it no arguments, and home as the page.

    Raises ``BadSignature``.
    """
    if not signed:
        return Click({}, "/")
    try:
        for_key, args, page = URLSafeSerializer(config.current().secret_key, salt=_SALT).loads(signed)
    except (BadData, ValueError) as error:
        raise BadSignature(key) from error
    if for_key != key or not is_safe_path(page):
        raise BadSignature(key)
    return Click(json.loads(args), page)


def context(person: Any = None, *, page: str = "/", owner: Any = None) -> LinkContext:
    """A context for one page (or one click) and one person, with domain time as it is now."""
    return LinkContext(person=person, now=clock.now(), page=page, owner=owner, return_to=site_url(page))


def as_placed(link: Json | None, ctx: LinkContext) -> ResolvedLink:
    """The link as those get it who get it: for editors, who see each link whether it is theirs or not.

    What leads nowhere for anybody is disabled, with the reason.
    """
    if not link:
        return ResolvedLink("", reason=_("It has no link yet. Visitors do not see it."))
    if link.get("kind") != "dynamic":
        nowhere = ResolvedLink("", reason=_("It leads to a page that is not there now. Visitors do not see it."))
        return resolve(link, ctx) or nowhere
    item = catalog.current().link(link.get("source", ""), link.get("key", ""))
    if item is None:
        needed = _("Needs the plugin %(name)s. Visitors do not see it.", name=link.get("source", ""))
        return ResolvedLink("", reason=needed)
    args = link.get("args") or {}
    href = own_address(item, ctx, args) if item.address else go_address(item.key, args, ctx.page)
    if not href:
        return ResolvedLink("", reason=_("It leads to a page that is not there now. Visitors do not see it."))
    new_tab = bool(link.get("new_tab"))
    return ResolvedLink(href, new_tab, "noopener" if new_tab else "", leaves=_leaves(item))


def of_request() -> LinkContext:
    """The context of the page that is being drawn: one per request, so that all its links share what they asked."""
    if not has_request_context():
        return context()
    if "lms_link_context" not in g:
        g.lms_link_context = context(current_person(), page=request.path)
    kept: LinkContext = g.lms_link_context
    return kept


def of_render(ctx: RenderContext) -> LinkContext:
    """The context for a document; that of the request if it is the same person on the same page."""
    if has_request_context():
        kept = of_request()
        if kept.person is ctx.person and kept.page == ctx.path and not ctx.state:
            return kept
    made = context(ctx.person, page=ctx.path, owner=ctx.owner)
    made.now = ctx.now
    made.state, made.attention = ctx.state, ctx.attention
    return made


def is_personal(link: Json) -> bool:
    """Whether what the link is depends on who looks: it (or its stand-in) is dynamic and not equal for all."""
    kind = link.get("kind")
    if kind != "dynamic":
        return False
    item = catalog.current().link(link.get("source", ""), link.get("key", ""))
    if item is None:
        return False
    if item.address is None or not set(item.states) >= _FOR_PEOPLE:
        return True
    if (link.get("unavailable") or item.default_unavailable) == "login":
        return True
    return is_personal(link.get("fallback") or {})


def availability(item: DynamicLink, ctx: LinkContext, args: Mapping[str, Any] | None = None) -> bool | str:
    """True, or why not ("" when the link itself failed). Asked once per page, however many links say it.

    In a preview nobody is asked: the link is there for the states that it declares.
    """
    if ctx.state:
        return True if ctx.state in item.states else ""

    def ask(question: Any, *given: Any) -> bool | str:
        try:
            return guard.call(
                item.plugin, f"link {item.key}", question, ctx, *given, default="", check=guard.yes_or_why
            )
        except Problem as problem:
            return problem.sentence

    answer: bool | str = ctx.once(("lms.content.available", item.key), lambda: ask(item.available))
    if answer is not True or item.fits is None or not args:
        return answer
    said = json.dumps(dict(args), sort_keys=True)
    fits: bool | str = ctx.once(("lms.content.fits", item.key, said), lambda: ask(item.fits, args))
    return fits


def own_address(item: DynamicLink, ctx: LinkContext, args: Mapping[str, Any]) -> str:
    """The path that the link writes for everybody; "" when its target is gone."""
    try:
        address = guard.call(item.plugin, f"link {item.key}", item.address or _nowhere, ctx, args, default="")
    except Problem:
        return ""
    return address if isinstance(address, str) and is_safe_path(address) else ""


def _nowhere(_ctx: LinkContext, _args: Mapping[str, Any]) -> str:
    return ""


def resolve(link: Json | None, ctx: LinkContext, *, unavailable: str | None = None) -> ResolvedLink | None:
    """The link for the person of ``ctx``; None: it is not shown. Reads the database only.

    ``unavailable`` overrides what the editor chose for a link that is not available.
    """
    if not link:
        return None
    kind = link.get("kind")
    if kind == "dynamic":
        return _dynamic(link, ctx, unavailable)
    if kind == "page":
        source, key = PAGE_LINK
        page = {"kind": "dynamic", "source": source, "key": key, "args": {"page": link.get("page")}}
        return _dynamic(page | {"new_tab": link.get("new_tab", False)}, ctx, unavailable)
    return _plain(link)


def _plain(link: Json) -> ResolvedLink | None:
    href = link.get("href", "")
    if link.get("kind") == "email":
        return ResolvedLink(f"mailto:{quote(href, safe='@.+-_')}")
    if link.get("kind") == "url" and not linkjson.is_address(href):
        return None
    outside = not href.startswith(("/", "#"))
    rel = " ".join(
        word for word, said in (("nofollow", link.get("nofollow")), ("noopener", link.get("new_tab"))) if said
    )
    return ResolvedLink(href, bool(link.get("new_tab")), rel, leaves=outside)


def _dynamic(link: Json, ctx: LinkContext, unavailable: str | None) -> ResolvedLink | None:
    item = catalog.current().link(link.get("source", ""), link.get("key", ""))
    if item is None:
        return None
    args = link.get("args") or {}
    new_tab = bool(link.get("new_tab"))
    rel = "noopener" if new_tab else ""
    answer = availability(item, ctx, args)
    if answer is True:
        href = own_address(item, ctx, args) if item.address else go_address(item.key, args, ctx.page)
        if href:
            state = "guest" if ctx.person is None else "purchased"
            return ResolvedLink(href, new_tab, rel, state, leaves=_leaves(item))
        answer = _("It leads to a page that is not there now.")
    choice = unavailable or link.get("unavailable") or item.default_unavailable
    if choice == "fallback":
        return resolve(link.get("fallback"), ctx, unavailable="hide")
    if choice == "login" and ctx.person is None:
        return ResolvedLink(_sign_in_first(item, args, ctx), new_tab, rel, "guest", leaves=_leaves(item))
    if choice == "disable":
        state = "guest" if ctx.person is None else "no_purchase" if answer else "unavailable"
        return ResolvedLink("", state=state, reason=str(answer) or _("This is not available now."))
    return None


def _leaves(item: DynamicLink) -> bool:
    return bool(_hosts(item))


def _hosts(item: DynamicLink) -> tuple[str, ...]:
    return origins_of(item.plugin, f"hosts of {item.key}", item.hosts)


def _sign_in_first(item: DynamicLink, args: Mapping[str, Any], ctx: LinkContext) -> str:
    """Where a visitor signs in and continues: ``/go`` itself asks for it."""
    if item.address is None:
        return go_address(item.key, args, ctx.page)
    return "/login?next=" + quote(own_address(item, ctx, args) or ctx.page, safe="/")


def is_declared(item: DynamicLink, address: str) -> bool:
    """Whether a click may be sent there: a path of this site, or an address on an origin that the link declares."""
    if is_safe_path(address):
        return True
    for host in _hosts(item):
        if address == host or address.startswith((f"{host}/", f"{host}?", f"{host}#")):
            return is_https_address(address) or (not config.current().is_production and is_loopback(address))
    return False


def dynamic_link(key: str, **args: Any) -> ResolvedLink | None:
    """The link for whoever looks at this page, for templates; None if it is not available, so that it is not drawn.

    ``{% set link = dynamic_link("stripe/customer-portal") %}{% if link %}<a href="{{ link.href }}">…``
    """
    source, _slash, name = key.partition("/")
    stored = {"kind": "dynamic", "source": source, "key": name, "args": args}
    return resolve(stored, of_request(), unavailable="hide")
