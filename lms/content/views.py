"""``/go/<source>/<key>``: the click on a dynamic link."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, make_response, request
from flask_babel import gettext as _

from lms.audit import services as audit
from lms.base.problem import NotFound, Problem
from lms.base.urls import is_safe_path, origin
from lms.content import catalog, links
from lms.db import Mode, commit, rollback, scope
from lms.extend import DynamicLink, LinkContext, LinkRefused
from lms.host import guard
from lms.web import TooMany, current_person, public, rate_limit, redirect, render
from lms.web.access import reads_first, sign_in_address

CLICKS_A_MINUTE = 30
# Headers by which browsers and their helpers say that nobody has clicked yet.
_AHEAD_OF_A_CLICK = ("Sec-Purpose", "Purpose", "X-Purpose", "X-Moz")

blueprint = Blueprint("content", __name__, template_folder="templates")
blueprint.add_app_template_global(links.dynamic_link, "dynamic_link")


@blueprint.get("/go/<source>/<key>")
@reads_first
@public(writes=True)
def go(source: str, key: str) -> Response:
    """Lead the person to where the link goes for them, or say plainly why not. Never kept by anybody."""
    response = _click(source, key)
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Robots-Tag"] = "noindex"
    return response


def _click(source: str, key: str) -> Response:
    if request.method == "HEAD":
        answer = make_response("", 405)
        answer.headers["Allow"] = "GET"
        return answer
    if any(word in request.headers.get(name, "").lower() for name in _AHEAD_OF_A_CLICK for word in _NOT_A_CLICK):
        return make_response(_("This link opens when you press it."), 403)
    page = "/"
    try:
        item = catalog.current().link(source, key)
        if item is None:
            raise NotFound(
                _("This link leads nowhere"), next_step=_("What it belonged to is not part of this site now.")
            )
        click = _signed(item)
        page = click.page
        return _open(item, click)
    except TooMany as refusal:
        answer = _plain_page(refusal, page)
        answer.headers["Retry-After"] = str(refusal.retry_after)
        return answer
    except Problem as refusal:
        return _plain_page(refusal, page)


_NOT_A_CLICK = ("prefetch", "prerender", "preview")


def _signed(item: DynamicLink) -> links.Click:
    try:
        return links.read_click(item.key, request.args.get("c"))
    except links.BadSignature as error:
        raise Problem(
            _("This link was changed on its way"), next_step=_("Open the page that holds it, and press it there.")
        ) from error


def _open(item: DynamicLink, click: links.Click) -> Response:
    person = current_person()
    if person is None and not item.for_guests:
        return redirect(sign_in_address())
    rate_limit("content.go", f"person {person.id}" if person else request.remote_addr, CLICKS_A_MINUTE, 60)
    ctx = links.context(person, page=click.page)
    try:
        address = _address(item, ctx, click)
    except Problem as refusal:
        # What the plugin wrote before it refused is forgotten; that somebody tried is not.
        rollback()
        _record(item, ctx, "content.link_refused", reason=refusal.sentence)
        raise
    where = _("this site") if is_safe_path(address) else origin(address)
    # Host only: the address of a portal session is as good as a key.
    _record(item, ctx, "content.link_opened", to=where)
    return redirect(address)


def _address(item: DynamicLink, ctx: LinkContext, click: links.Click) -> str:
    answer = links.availability(item, ctx, click.args)
    if answer is not True:
        raise LinkRefused(_("This is not available for you now"), next_step=str(answer))
    # The plugin may call another server now, so nothing of ours holds the database meanwhile.
    commit()
    opener: Any = item.open or item.address
    with scope(Mode.WRITE):
        address = guard.call(item.plugin, f"click on {item.key}", opener, ctx, click.args, outside=True)
    if not isinstance(address, str) or not address:
        raise _Failed
    if not links.is_declared(item, address):
        guard.report(item.plugin, f"click on {item.key}", ValueError("It led to a host that it does not declare."))
        raise _Failed
    return address


class _Failed(Problem):
    """The plugin failed; who clicked learns that nothing is lost, the owner learns the rest from Health."""

    status = 502

    def __init__(self) -> None:
        super().__init__(
            _("This did not work just now"),
            next_step=_("Nothing was changed. Try again in a minute; if it stays like this, tell the school."),
        )


def _record(item: DynamicLink, ctx: LinkContext, action: str, **detail: str) -> None:
    actor = ctx.person.id if ctx.person else None
    with scope(Mode.WRITE):
        audit.record(action, actor_id=actor, subject=f"link/{item.key}", detail={"page": ctx.page, **detail})
        # Now, because an answer of 400 and above rolls back.
        commit()


def _plain_page(refusal: Problem, page: str) -> Response:
    rollback()
    back = _("Back to the page") if page != "/" else _("Go to the home page")
    html = render(
        "web/message.html", title=refusal.sentence, words=refusal.next_step, action_href=page, action_words=back
    )
    return make_response(html, refusal.status)
