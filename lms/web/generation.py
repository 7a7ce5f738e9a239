"""Letting a browser see at once which plugins it has just switched."""

from __future__ import annotations

from flask import Response

from lms.host import config, state
from lms.host.site import SEEN_COOKIE

_SECONDS = 15


def seen(response: Response) -> Response:
    """Let the next request, whichever process answers it, see what was just changed."""
    state.refresh()
    is_secure = config.current().site_url.startswith("https://")
    generation = str(state.generation())
    response.set_cookie(SEEN_COOKIE, generation, max_age=_SECONDS, httponly=True, samesite="Lax", secure=is_secure)
    return response
