"""The hosted pages: checkout, portal, invoice, and the simulator's own front page. No JavaScript anywhere."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Flask, Response, abort, render_template, request
from werkzeug.exceptions import HTTPException

from lms_stripe_simulator.delivery import is_loopback
from lms_stripe_simulator.pages import (
    accounts,
    checkout,
    connect,
    faults,
    index,
    invoice,
    log,
    money,
    portal,
    portal_changes,
    time,
)
from lms_stripe_simulator.pages.common import filters, words_of

POLICY = "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; frame-ancestors 'none'"

WORDS = {
    403: ("This is not allowed", "Go back and choose something else."),
    404: ("Nothing is here", "The address leads nowhere."),
    500: ("The simulator has stumbled", "Its log says how. Nothing was half-written."),
}
"""What refusals are called, and what is said where nothing better is known."""


def register(app: Flask) -> None:
    """Add all pages to the application."""
    for module in (accounts, checkout, connect, faults, index, invoice, log, money, portal, time):
        app.register_blueprint(module.blueprint)
    app.register_blueprint(portal_changes.login)
    app.jinja_env.globals.update(words_of() | {"own_pages": lambda: index.OWN_PAGES})
    app.jinja_env.filters.update(filters())
    app.register_error_handler(HTTPException, refused)
    app.before_request(only_from_here)
    app.after_request(harden)


def refused(error: HTTPException) -> tuple[str, int] | HTTPException:
    """Return a page that says what went wrong; programs get their answer from their own handlers."""
    if error.code is None or error.code < 400:
        return error
    name, why = WORDS.get(error.code, ("This cannot be done", ""))
    own = error.description if error.description != type(error).description else None
    return render_template("simulator/refused.html", name=name, why=own or why), error.code


def only_from_here() -> None:
    """Refuse other hosts' names (DNS rebinding), and forms that another site sends."""
    if not is_loopback(urlsplit(f"//{request.host}").hostname):
        abort(400, "The simulator answers to loopback names only.")
    site = request.headers.get("Sec-Fetch-Site", "none")
    if request.method != "GET" and site not in ("none", "same-origin"):
        abort(403, "This form was sent by another site.")


def harden(response: Response) -> Response:
    """Add headers: nothing but our own stylesheet is loaded; session addresses are secrets."""
    if response.mimetype == "text/html":
        response.headers["Content-Security-Policy"] = POLICY
        response.headers["Cache-Control"] = "no-store"
        response.headers["Referrer-Policy"] = "no-referrer"
    return response
