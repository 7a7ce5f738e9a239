"""The address of the room media, which stands below the rooms with views of their own."""

from __future__ import annotations

from flask import Response, send_file
from werkzeug.exceptions import NotFound

from lms.admin.blueprint import blueprint
from lms.media import files, gates, sizes
from lms.media import services as media
from lms.media.models import Visibility
from lms.web import current_person, public


@blueprint.get("/media/<key>")
@blueprint.get("/media/<key>/<int:width>", endpoint="media_size")
@public
def media_file(key: str, width: int = 0) -> Response:
    """One file, whole or a range of it, or a smaller copy of a picture.

    Who may not have it learns nothing, not even that it exists.
    """
    found = media.view(key)
    if found is None or not gates.may_read(current_person(), found):
        raise NotFound
    place = sizes.path(found, width) if width else files.path(key)
    if not place.is_file():
        raise NotFound
    response = send_file(
        place,
        mimetype=found.type if found.is_inline else "application/octet-stream",
        as_attachment=not found.is_inline,
        download_name=found.name,
        conditional=True,
        etag=f"{found.digest}-{width}" if width else found.digest,
    )
    # Not for long: another file may take this address.
    is_public = found.visibility == Visibility.PUBLIC
    response.headers["Cache-Control"] = "public, max-age=300" if is_public else "private, no-cache"
    # Whatever a file holds, it runs nothing here and loads nothing; a PDF viewer would not start in a sandbox.
    response.headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; media-src 'self'" + (
        "" if found.is_inline else "; sandbox"
    )
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    return response
