"""One request, one unit of work: reads for GET, writes for the rest or where the view says so."""

from __future__ import annotations

from typing import Any

from flask import Flask, Response, g, request

from lms.db import Mode, commit, rollback
from lms.db.engine import MODE
from lms.host import config, state
from lms.web.access import current_access

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def begin() -> None:
    """Choose the scope before the first statement of the request."""
    access, is_safe = current_access(), request.method in _SAFE
    reads = is_safe and not access.writes
    g.lms_mode = MODE.set(Mode.READ if reads or (is_safe and access.reads_first) else Mode.WRITE)
    if reads:
        state.hold()


def finish(response: Response) -> Response:
    """Commit what a view that succeeded did; forget what one that refused did (also a form shown again)."""
    if response.status_code < 400:
        commit()
    else:
        rollback()
    if state.has_changed():
        response.set_cookie(
            state.CHANGED_COOKIE,
            "1",
            max_age=state.CHANGED_SECONDS,
            httponly=True,
            samesite="Lax",
            secure=config.current().site_url.startswith("https://"),
        )
    return response


def init_app(app: Flask) -> None:
    """Begin first of all; the scope ends with the request."""
    app.before_request_funcs.setdefault(None, []).insert(0, begin)

    @app.teardown_request
    def end(_error: BaseException | None) -> None:
        token: Any = g.pop("lms_mode", None)
        if token is not None:
            MODE.reset(token)
            state.release()
