"""Headers of every answer: content-security policy and its relatives.

Own files only: no inline script or style, no nonces (they would make pages uncacheable). Chromium blocks a form whose
chain of redirects leaves the site, so ``form-action`` names the origins that active plugins declare.
"""

from __future__ import annotations

import time

from flask import Flask, Response, current_app, request

from lms.extend import ContentSecuritySource
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


def content_security_policy() -> str:
    """The policy's text, built at most once a second."""
    kept = current_app.extensions.get("lms_policy")
    if kept is None or time.monotonic() - kept[0] > _FRESH_FOR:
        kept = (time.monotonic(), _build())
        current_app.extensions["lms_policy"] = kept
    return kept[1]


def _build() -> str:
    sources = {directive: list(values) for directive, values in _BASE.items()}
    for item in registry.current().items(ContentSecuritySource):
        for source in guard.call(item.plugin, f"policy {item.name}", item.sources, default=()):
            if source not in sources.setdefault(item.directive, ["'self'"]):
                sources[item.directive].append(source)
    return "; ".join(f"{directive} {' '.join(values)}" for directive, values in sources.items())


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
