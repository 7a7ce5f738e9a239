"""What the pages by which one enters share: the cookie, the way on, limits, the proof of a password."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote

import flask
from flask import Response, make_response, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from lms.accounts import addresses, passwords, sessions
from lms.accounts.services import Credentials
from lms.base.problem import Problem
from lms.base.urls import safe_path
from lms.db import commit
from lms.host import config
from lms.web import COOKIE, TooMany, forgive, give_back, rate_limit

HOME = "/account"
TRIES = 10
TRIES_SECONDS = 5 * 60
_HOUR = 60 * 60


class WrongPassword(Problem):
    """The password was not right; the sentence says how many tries are left."""

    status = 422


def next_path() -> str:
    """Where the person wanted to go: a path of this site, or the own courses."""
    return safe_path(request.values.get("next"), HOME)


def with_next(path: str, target: str) -> str:
    """The address of an entrance that leads on to ``target``."""
    return path if target == HOME else f"{path}?next={quote(target, safe='/')}"


def device() -> dict[str, str]:
    """What a session remembers of the device at hand."""
    return {"user_agent": request.user_agent.string, "address": request.remote_addr or ""}


def give_cookie(response: Response, token: str) -> Response:
    """Hand the browser its session. The form cookie starts anew, so nothing from before the sign-in survives."""
    flask.session.clear()
    response.set_cookie(
        COOKIE,
        token,
        max_age=int(sessions.ABSOLUTE.total_seconds()),
        httponly=True,
        samesite="Lax",
        secure=config.current().site_url.startswith("https://"),
    )
    return response


def take_cookie(response: Response) -> Response:
    """Make the browser forget its session."""
    flask.session.clear()
    response.delete_cookie(
        COOKIE, httponly=True, samesite="Lax", secure=config.current().site_url.startswith("https://")
    )
    return response


def end_presented_session() -> None:
    """End the session of the cookie that came with the request, whosever it is: no session outlives a sign-in."""
    token = request.cookies.get(COOKIE)
    if token:
        sessions.end_by_token(token)


def unlinkable(answer: ResponseReturnValue) -> Response:
    """A page whose own address is a secret: kept by nobody, told to nobody."""
    response = make_response(answer)
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "no-store"
    return response


def limit_mail(email: str) -> None:
    """Mail to one address five times an hour, from one network address sixty times. Raises ``TooMany``."""
    rate_limit("accounts.mail.from", request.remote_addr, 60, _HOUR)
    rate_limit("accounts.mail.to", addresses.key_of(email), 5, _HOUR)


def _tries(left: int) -> str:
    words = (
        _("The next try counts in at most five minutes."),
        _("One more try, then a pause of at most five minutes."),
        _("Two more tries, then a pause of at most five minutes."),
        _("Three more tries, then a pause of at most five minutes."),
        _("Four more tries, then a pause of at most five minutes."),
        _("Five more tries, then a pause of at most five minutes."),
        _("Six more tries, then a pause of at most five minutes."),
        _("Seven more tries, then a pause of at most five minutes."),
        _("Eight more tries, then a pause of at most five minutes."),
        _("Nine more tries, then a pause of at most five minutes."),
    )
    return words[min(left, len(words) - 1)]


def pause_words(problem: TooMany) -> str:
    """How long the pause still is, rounded up to minutes."""
    minutes = -(-problem.retry_after // 60)
    return ngettext(
        "Too many tries. The next one counts in %(num)d minute.",
        "Too many tries. The next one counts in %(num)d minutes.",
        minutes,
    )


def prove(email: str, password: str, find: Callable[[], Credentials | None], *, wrong: str) -> Credentials:
    """The credentials that ``find`` returns, if ``password`` is theirs.

    Counts the try first, for the account and for the network address; a right password is not counted. Ends the
    transaction before the comparison, which takes as long for nobody's address as for somebody's. Raises
    ``WrongPassword`` with the sentence ``wrong`` and the tries that are left, or ``TooMany``.
    """
    account, network = addresses.key_of(email), request.remote_addr
    left = min(
        rate_limit("accounts.sign-in.account", account, TRIES, TRIES_SECONDS),
        rate_limit("accounts.sign-in.from", network, TRIES, TRIES_SECONDS),
    )
    known = find()
    commit()
    if not passwords.check(known.password_hash if known else None, password) or known is None:
        raise WrongPassword(f"{wrong} {_tries(left)}")
    forgive("accounts.sign-in.account", account, TRIES, TRIES_SECONDS)
    give_back("accounts.sign-in.from", network, TRIES, TRIES_SECONDS)
    return known
