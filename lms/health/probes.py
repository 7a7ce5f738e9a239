"""Addresses for load balancers and service managers: ``/health/live`` and ``/health/ready``.

They answer before Flask is asked: whatever the Host header says (probes use the machine's own address), without
cookies, limits or cache. ``live`` asks nothing, so that a lost database restarts no process that would heal by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from flask import Flask

from lms.health import services

LIVE, READY = "/health/live", "/health/ready"
_WORDS = {"database": "the database does not answer", "migrations": "migrations are pending"}


class Probes:
    """WSGI middleware in front of everything else of an app."""

    def __init__(self, app: Flask, inner: Callable[..., Iterable[bytes]]) -> None:
        self._app, self._inner = app, inner

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        path, method = environ.get("PATH_INFO"), environ["REQUEST_METHOD"]
        if path not in (LIVE, READY):
            return self._inner(environ, start_response)
        if method not in ("GET", "HEAD"):
            return _answer(start_response, method, "405 METHOD NOT ALLOWED", "ask with GET", [("Allow", "GET, HEAD")])
        if path == LIVE:
            return _answer(start_response, method, "200 OK", "live")
        with self._app.app_context():
            reasons = services.not_ready()
        if not reasons:
            return _answer(start_response, method, "200 OK", "ready")
        words = "not ready: " + ", ".join(_WORDS[reason] for reason in reasons)
        return _answer(start_response, method, "503 SERVICE UNAVAILABLE", words, [("Retry-After", "5")])


def _answer(
    start_response: Any, method: str, status: str, words: str, headers: Iterable[tuple[str, str]] = ()
) -> list[bytes]:
    body = f"{words}\n".encode()
    start_response(
        status,
        [
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Length", str(len(body))),
            ("Cache-Control", "no-store"),
            ("X-Content-Type-Options", "nosniff"),
            *headers,
        ],
    )
    return [] if method == "HEAD" else [body]


def init_app(app: Flask) -> None:
    """Answer the probes. Comes after everything else that wraps the app."""
    app.wsgi_app = Probes(app, app.wsgi_app)  # type: ignore[method-assign]
