"""``/recover``: for whoever manages plugins and cannot sign in. No plugin runs where it is answered (``web.apart``).

The link opens a page with one button, because mail programs look at links. The button uses the link up, and the browser
gets a cookie for these addresses only, for half an hour.
"""

from __future__ import annotations

from typing import Any

from flask import Response, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from lms.accounts import addresses, entrance, passwords, recovery, tokens
from lms.accounts.blueprint import blueprint
from lms.accounts.forms import EmailForm, ResetForm
from lms.accounts.services import PersonView
from lms.accounts.tokens import LinkDead, Purpose
from lms.base.problem import Problem
from lms.db import commit, rollback
from lms.host import config
from lms.web import flash, public, rate_limit, redirect, render
from lms.web.generation import seen

_COOKIE = "lms_recovery"
_HERE = "/recover"
_SITE = "/recover/site"
_HOUR = 60 * 60


def _page(template: str, status: int = 200, **given: Any) -> Response:
    return entrance.unlinkable((render(f"admin/recover/{template}.html", **given), status))


def _ask_page(form: EmailForm, problem: Problem | None = None) -> Response:
    status = problem.status if problem is not None else 422 if form.errors else 200
    return _page("ask", status, form=form, problem=problem)


def _dead(problem: LinkDead) -> Response:
    rollback()
    return _without_cookie(_ask_page(EmailForm(formdata=None), problem))


def _without_cookie(response: Response) -> Response:
    response.delete_cookie(_COOKIE, path=_HERE, httponly=True, samesite="Strict", secure=_is_secure())
    return response


def _is_secure() -> bool:
    return config.current().site_url.startswith("https://")


def _token() -> str:
    return request.cookies.get(_COOKIE, "")


@blueprint.get("/recover")
@public
def recover() -> ResponseReturnValue:
    """Asks for the address of whoever manages plugins."""
    return _ask_page(EmailForm())


@blueprint.post("/recover")
@public
def send_recovery() -> ResponseReturnValue:
    """Send a link, if the address is of somebody who manages plugins; the page is the same for any address."""
    form = EmailForm()
    if not form.validate_on_submit():
        return _ask_page(form)
    email = form.email.data or ""
    # Counted apart from other mail, so that nobody takes an owner's last way in by asking for other letters.
    rate_limit("accounts.recover.from", request.remote_addr, 20, _HOUR)
    rate_limit("accounts.recover.to", addresses.key_of(email), 5, _HOUR)
    recovery.ask(email)
    return _page("sent", email=email)


@blueprint.get("/recover/<token>")
@public
def recovery_link(token: str) -> ResponseReturnValue:
    """One button: mail programs that look at links must not use them up."""
    try:
        return _page("begin", person=recovery.waiting_for(token))
    except LinkDead as problem:
        return _dead(problem)


@blueprint.post("/recover/<token>")
@public
def begin_recovery(token: str) -> ResponseReturnValue:
    """Use the link up, and go on to the page where the site is mended."""
    rate_limit("accounts.recover.use", request.remote_addr, 30, _HOUR)
    try:
        mine = recovery.begin(token)
    except LinkDead as problem:
        return _dead(problem)
    response = entrance.unlinkable(redirect(_SITE))
    response.set_cookie(
        _COOKIE,
        mine,
        max_age=int(tokens.LIFETIME[Purpose.RECOVERING].total_seconds()),
        path=_HERE,
        httponly=True,
        samesite="Strict",
        secure=_is_secure(),
    )
    return response


def _site_page(person: PersonView, form: ResetForm, status: int = 200) -> Response:
    return _page("site", status, person=person, plugins=recovery.running(), form=form)


@blueprint.get("/recover/site")
@public
def recovery_site() -> ResponseReturnValue:
    """The plugins, each with a button that pauses it, and a new password."""
    try:
        return _site_page(recovery.recovering(_token()), ResetForm())
    except LinkDead as problem:
        return _dead(problem)


@blueprint.post("/recover/site/pause/<name>")
@public
def pause_in_recovery(name: str) -> ResponseReturnValue:
    """Pause one plugin; every process follows within two seconds."""
    try:
        view = recovery.pause(_token(), name)
        flash(_("%(title)s is paused. See whether the site works now.", title=view.title), "good")
    except LinkDead as problem:
        return _dead(problem)
    except Problem as problem:
        rollback()
        flash(problem.sentence, "warn")
    # Committed here, because the cookie tells the number that stands after the commit.
    commit()
    return entrance.unlinkable(seen(redirect(_SITE)))


@blueprint.post("/recover/site/password")
@public
def recover_with_password() -> ResponseReturnValue:
    """Set a new password, and sign in."""
    form = ResetForm()
    try:
        person = recovery.recovering(_token())
        form.account_email = person.email
        if not form.validate_on_submit():
            return _site_page(person, form, 422)
        rate_limit("accounts.recover.use", request.remote_addr, 30, _HOUR)
        new_hash = passwords.hash_password(form.password.data or "")
        entrance.end_presented_session()
        mine = recovery.finish(_token(), new_hash, **entrance.device())
    except LinkDead as problem:
        return _dead(problem)
    response = _without_cookie(entrance.give_cookie(redirect("/admin/plugins"), mine))
    flash(_("Your new password is saved, and you are signed in."), "good")
    return entrance.unlinkable(response)


@blueprint.post("/recover/site/leave")
@public
def leave_recovery() -> ResponseReturnValue:
    """Done: on to the sign-in page, with the password that they have."""
    recovery.leave(_token())
    return entrance.unlinkable(_without_cookie(redirect("/login?next=/admin/plugins")))
