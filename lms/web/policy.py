"""Headers of every answer: content-security policy and its relatives.

Own files only: no inline script or style, no nonces (they would make pages uncacheable). Chromium blocks a form whose
chain of redirects leaves the site, so ``form-action`` names the origins that active plugins declare: those of their
dynamic links, and those of their content-security sources.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from typing import Any

from flask import Flask, Response, current_app, request

from lms.extend import ContentSecuritySource, DynamicLink
from lms.host import guard, registry
from lms.host.config import current

_BASE = {
    "default-src": ("'self'",),
    "script-src": ("'self'",),
    "style-src": ("'self'",),
    "img-src": ("'self'", "data:"),
    "font-src": ("'self'",),
    "object-src": ("'none'",),
    "base-uri": ("'none'",),
    "form-action": ("'self'",),
    "frame-ancestors": ("'none'",),
}
_FRESH_FOR = 1.0
# Besides those of the base policy. What a plugin names for any other is left out.
_MORE_DIRECTIVES = ("connect-src", "frame-src", "media-src", "worker-src")
_ORIGIN = re.compile(r"(?:https?|wss?)://(?:\*\.)?[A-Za-z0-9.-]+(?::\d{1,5})?|https?://\[[0-9a-f:]+\](?::\d{1,5})?")


def content_security_policy() -> str:
    """The policy's text, built at most once a second."""
    kept = current_app.extensions.get("lms_policy")
    if kept is None or time.monotonic() - kept[0] > _FRESH_FOR:
        kept = (time.monotonic(), _build())
        current_app.extensions["lms_policy"] = kept
    return kept[1]


def _build() -> str:
    sources = {directive: list(values) for directive, values in _BASE.items()}
    for directive, source in _of_plugins():
        if source not in sources.setdefault(directive, ["'self'"]):
            sources[directive].append(source)
    return "; ".join(f"{directive} {' '.join(values)}" for directive, values in sources.items())


def _of_plugins() -> Iterator[tuple[str, str]]:
    items = registry.current()
    for item in items.items(ContentSecuritySource):
        if item.directive in _BASE or item.directive in _MORE_DIRECTIVES:
            for source in origins_of(item.plugin, f"policy {item.name}", item.sources):
                yield item.directive, source
    # Whoever signs in on the way to a link goes on from a form.
    for link in items.items(DynamicLink):
        for host in origins_of(link.plugin, f"hosts of {link.key}", link.hosts):
            yield "form-action", host


def origins_of(plugin: str, piece: str, ask: Callable[[], tuple[str, ...]]) -> tuple[str, ...]:
    """The origins that a piece of a plugin names; none if it fails, or names something else.

    They stand in a header of every page, where a line break would end the page and a keyword would open the policy.
    """
    found: tuple[str, ...] = guard.call(plugin, piece, ask, default=(), check=_origins, problem_passes=False)
    return found


def _origins(answer: Any) -> tuple[str, ...]:
    if isinstance(answer, str):
        raise guard.WrongAnswer("It returned one text; expected were several origins.")
    origins = tuple(answer)
    for origin in origins:
        if not isinstance(origin, str) or not _ORIGIN.fullmatch(origin):
            raise guard.WrongAnswer(f"{origin!r} is no origin such as https://pay.example.")
    return origins


def dress(response: Response) -> Response:
    """Add what every answer carries, unless the view said otherwise."""
    headers = response.headers
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Referrer-Policy", "strict-origin-when-cross-origin")
    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    headers.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
    if current().site_url.startswith("https://"):
        headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    if response.mimetype == "text/html":
        headers.setdefault("Content-Security-Policy", content_security_policy())
        if "Cache-Control" not in headers:
            headers["Cache-Control"] = "private, no-cache" if request.method in {"GET", "HEAD"} else "no-store"
    return response


def init_app(app: Flask) -> None:
    """Dress every answer."""
    app.after_request(dress)
