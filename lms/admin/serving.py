"""Addresses of rooms below the web layer: files of ``media``, answers of ``health``."""

from __future__ import annotations

from flask import Response, send_file
from werkzeug.exceptions import NotFound

from lms.admin.blueprint import blueprint
from lms.health import services as health
from lms.media import files, gates
from lms.media import services as media
from lms.media.models import Visibility
from lms.web import current_person, public


@blueprint.get("/media/<key>")
@public
def media_file(key: str) -> Response:
    """One file, whole or a range of it. Who may not have it learns nothing, not even that it exists."""
    found = media.view(key)
    if found is None or not gates.may_read(current_person(), found):
        raise NotFound
    place = files.path(key)
    if not place.is_file():
        raise NotFound
    response = send_file(
        place,
        mimetype=found.type if found.is_inline else "application/octet-stream",
        as_attachment=not found.is_inline,
        download_name=found.name,
        conditional=True,
        etag=found.digest,
    )
    is_public = found.visibility == Visibility.PUBLIC
    response.headers["Cache-Control"] = "public, max-age=86400" if is_public else "private, no-cache"
    # Whatever a file holds, it runs nothing here and loads nothing; a PDF viewer would not start in a sandbox.
    response.headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; media-src 'self'" + (
        "" if found.is_inline else "; sandbox"
    )
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    return response


@blueprint.get("/health/live")
@public
def live() -> Response:
    """The process answers."""
    return _plain("live", 200)


@blueprint.get("/health/ready")
@public
def ready() -> Response:
    """The process can serve: its database answers."""
    if health.is_ready():
        return _plain("ready", 200)
    response = _plain("the database does not answer", 503)
    response.headers["Retry-After"] = "5"
    return response


def _plain(words: str, status: int) -> Response:
    return Response(words + "\n", status, mimetype="text/plain", headers={"Cache-Control": "no-store"})
