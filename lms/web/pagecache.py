"""Whole pages for guests, from memory.

A guest's page is equal for all guests, so it is drawn once per content version and host, and given out before Flask
is even asked (no query, no session). A request with our session cookie never comes near it. Entries carry an ``ETag``.
What changes by itself, because time passes, says so with ``good_until``.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Flask, Response, current_app, g, has_request_context, request

from lms.base import clock
from lms.host import guard, state
from lms.web.access import current_access
from lms.web.person import COOKIE

_MARK = f"{COOKIE}="
_DRAWN_AT = "lms.drawn_at"
_ENTRIES = 2_000
_LARGEST = 512 * 1024

Version = tuple[int, int, int]
"""Content, settings and domain time: when one moves, everything kept is old."""


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer, ready to send, the content version it belongs to, and until when it is right (domain time, UTC)."""

    version: Version
    headers: tuple[tuple[str, str], ...]
    body: bytes
    etag: str
    until: datetime | None = None


class PageCache:
    """The kept answers of one app, the least recently used go first."""

    def __init__(self) -> None:
        self._pages: OrderedDict[tuple[str, str], Kept] = OrderedDict()

    def get(self, key: tuple[str, str], version: Version) -> Kept | None:
        """The answer for the key, if it is of this version and still right."""
        kept = self._pages.get(key)
        if kept is None or kept.version != version or _is_over(kept.until):
            return None
        return kept

    def put(self, key: tuple[str, str], kept: Kept) -> None:
        """Keep an answer."""
        self._pages[key] = kept
        self._pages.move_to_end(key)
        while len(self._pages) > _ENTRIES:
            self._pages.popitem(last=False)


def good_until(moment: datetime | None) -> None:
    """Say that the page that is being drawn changes by itself at ``moment`` (domain time, UTC; None: it does not).

    Guests get it from memory until then and not a moment longer. Of several moments the earliest counts.
    """
    if moment is not None and has_request_context():
        g.lms_good_until = min(moment, g.get("lms_good_until", moment))


def _is_over(until: datetime | None) -> bool:
    return until is not None and until <= clock.now()


def _version(numbers: Mapping[str, int]) -> Version:
    return numbers.get("content", 0), numbers.get("settings", 0), numbers.get("clock_offset", 0)


def keep(response: Response) -> Response:
    """Keep the answer if its view declared it equal for all guests, and a guest asked.

    The answer is finished: a form in the page belongs to the visitor whose cookie comes with it, and to nobody else.
    """
    if (
        request.method != "GET"
        or response.status_code != 200
        or not current_access().cache
        or COOKIE in request.cookies
        or request.query_string
        or response.direct_passthrough
    ):
        return response
    if "Set-Cookie" in response.headers or "Cookie" in response.headers.get("Vary", ""):
        return response
    version = request.environ.get(_DRAWN_AT)
    # A page that lacks a piece of a plugin is drawn again: next time the piece may be there.
    if version is None or guard.is_incomplete():
        return response
    body = response.get_data()
    etag = f'"{hashlib.sha256(body).hexdigest()[:24]}"'
    response.headers["ETag"] = etag
    response.headers["Cache-Control"] = "public, max-age=0, must-revalidate"
    if len(body) <= _LARGEST:
        cache: PageCache = current_app.extensions["lms_pages"]
        until = g.get("lms_good_until")
        cache.put((request.host, request.path), Kept(version, tuple(response.headers), body, etag, until))
    return response


class CachedPages:
    """WSGI middleware in front of the app: answers guests from memory."""

    def __init__(self, app: Flask, inner: Callable[..., Iterable[bytes]]) -> None:
        self._app, self._inner = app, inner

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if (
            environ["REQUEST_METHOD"] == "GET"
            and not environ.get("QUERY_STRING")
            and _MARK not in environ.get("HTTP_COOKIE", "")
        ):
            key = (environ.get("HTTP_HOST", ""), environ.get("PATH_INFO", ""))
            version = self._current_version()
            # The version from before the page is drawn: what is published meanwhile makes the page an old one.
            environ[_DRAWN_AT] = version
            kept = self._app.extensions["lms_pages"].get(key, version)
            if kept is not None:
                return self._answer(kept, environ, start_response)
        return self._inner(environ, start_response)

    def _current_version(self) -> Version:
        numbers: state.Numbers = self._app.extensions["lms_state"]
        if numbers.is_fresh:
            return _version(numbers.values)
        with self._app.app_context():
            return _version(numbers.current())

    @staticmethod
    def _answer(kept: Kept, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if environ.get("HTTP_IF_NONE_MATCH") == kept.etag:
            start_response("304 NOT MODIFIED", [(n, v) for n, v in kept.headers if n not in _BODY_HEADERS])
            return []
        start_response("200 OK", list(kept.headers))
        return [kept.body]


_BODY_HEADERS = frozenset({"Content-Length", "Content-Type"})


def init_app(app: Flask) -> None:
    """Serve what ``keep`` kept before the app is asked; whoever makes the app calls that with each finished answer."""
    app.extensions["lms_pages"] = PageCache()
    app.wsgi_app = CachedPages(app, app.wsgi_app)  # type: ignore[method-assign]
