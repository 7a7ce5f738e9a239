"""Which addresses may be redirected to."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

_UNSAFE = re.compile(r"[\x00-\x20\x7f-\x9f\\\u2028\u2029]")


def is_safe_path(target: str) -> bool:
    """Whether ``target`` is a path of this site: starts with one ``/``, no ``\\``, controls or spaces.

    ``//host`` and ``/\\host`` are addresses of other hosts to a browser, so they are refused.
    """
    return target.startswith("/") and not target.startswith("//") and not _UNSAFE.search(target)


def safe_path(target: str | None, default: str = "/") -> str:
    """``target`` if it is a path of this site, else ``default``."""
    return target if target and is_safe_path(target) else default


def is_https_address(target: str) -> bool:
    """Whether ``target`` is a complete https address with a host and without user, controls or spaces."""
    if _UNSAFE.search(target):
        return False
    try:
        parts = urlsplit(target)
        return parts.scheme == "https" and bool(parts.hostname) and parts.username is None
    except ValueError:
        return False


def is_loopback(target: str) -> bool:
    """Whether the address leads to this very machine (127.0.0.0/8, ::1, localhost)."""
    host = (urlsplit(target).hostname or "").lower()
    return host in {"localhost", "::1"} or re.fullmatch(r"127\.\d+\.\d+\.\d+", host) is not None


def origin(target: str) -> str:
    """Scheme, host and port of an address: what a content-security policy names."""
    parts = urlsplit(target)
    return f"{parts.scheme}://{parts.netloc}"
