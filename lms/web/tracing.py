"""Where the time of a page goes, plugin by plugin: the header ``Server-Timing``, which browsers show beside a request.

``?trace=plugins`` asks for it, of any page. Only people who may read Health get an answer: what a site runs, and how
fast, is nobody else's business; for everybody else the parameter means nothing.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator

from flask import Flask, Response, g, request

from lms.host import guard
from lms.web.person import current_person

PARAMETER, WANTED = "trace", "plugins"
CAPABILITY = "health.read"
# Proxies refuse answers whose headers are too long.
_MOST = 40
_LONGEST = 80


def _begin() -> None:
    if not request.query_string or request.args.get(PARAMETER) != WANTED:
        return
    person = current_person()
    if person is not None and person.can(CAPABILITY):
        g.lms_trace = (time.perf_counter(), noted := list[tuple[str, str, float]]())
        guard.TRACE.set(noted)


def _tell(response: Response) -> Response:
    if "lms_trace" in g:
        began, noted = g.lms_trace
        page = f'page;dur={(time.perf_counter() - began) * 1000:.1f};desc="the whole page"'
        response.headers["Server-Timing"] = ", ".join([page, *_entries(noted)])
        response.headers["Cache-Control"] = "no-store"
    return response


def _entries(noted: Iterable[tuple[str, str, float]]) -> Iterator[str]:
    """One for each piece, what took longest first; a piece that ran several times stands once."""
    sums: dict[tuple[str, str], list[float]] = {}
    for plugin, piece, seconds in noted:
        sums.setdefault((plugin, piece), []).append(seconds)
    slowest = sorted(sums.items(), key=lambda one: -sum(one[1]))[:_MOST]
    for number, ((plugin, piece), times) in enumerate(slowest, 1):
        often = f" x{len(times)}" if len(times) > 1 else ""
        yield f'p{number};dur={sum(times) * 1000:.1f};desc="{_plain(f"{plugin}: {piece}{often}")}"'


def _plain(words: str) -> str:
    """As it may stand between quotation marks in a header."""
    shown = "".join(letter if letter.isascii() and letter.isprintable() else "?" for letter in words)
    return shown.replace("\\", "/").replace('"', "'")[:_LONGEST]


def _over(_error: BaseException | None) -> None:
    if "lms_trace" in g:
        guard.TRACE.set(None)


def init_app(app: Flask) -> None:
    """Answer whoever may ask. Comes after the loader of the person."""
    app.before_request(_begin)
    app.after_request(_tell)
    app.teardown_request(_over)
