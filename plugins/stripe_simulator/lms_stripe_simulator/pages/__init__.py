"""The hosted pages: checkout, portal, invoice, and the simulator's own front page. No JavaScript anywhere."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Flask, Response, abort, request

from lms_stripe_simulator.delivery import is_loopback
from lms_stripe_simulator.pages import checkout, index, invoice, portal
from lms_stripe_simulator.pages.common import words_of

POLICY = "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; frame-ancestors 'none'"


def register(app: Flask) -> None:
    """Add all pages to the application."""
    for module in (checkout, index, invoice, portal):
        app.register_blueprint(module.blueprint)
    app.jinja_env.globals.update(words_of())
    app.before_request(only_from_here)
    app.after_request(harden)


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
