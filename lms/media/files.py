"""Where the bytes lie: ``instance/media/<two letters>/<key>``, originals and smaller copies of pictures beside them.

Originals are kept, since every redrawing loses something, and never served: they still say where they were taken.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from flask_babel import gettext as _

from lms.base.problem import Problem
from lms.host import config

_CHUNK = 1 << 20


def _folder(kind: str) -> Path:
    return config.current().instance / "media" / kind


def path(key: str) -> Path:
    """The file of a key."""
    return _folder("files") / key[:2] / key


def original(key: str) -> Path:
    """What was uploaded, for pictures."""
    return _folder("originals") / key[:2] / key


def sized(key: str, width: int, digest: str) -> Path:
    """A smaller copy of a picture; another content is another file."""
    return _folder("sizes") / key[:2] / f"{key}-{width}-{digest[:12]}"


def take_place(arrived: str, key: str) -> None:
    """What lies under the key ``arrived`` is what lies under ``key`` from now on."""
    for place in (path, original):
        if place(arrived).is_file():
            keep(place(arrived), place(key))
    _forget_sizes(key)


def _forget_sizes(key: str) -> None:
    for file in (_folder("sizes") / key[:2]).glob(f"{key}-*"):
        file.unlink(missing_ok=True)


@contextmanager
def arriving(stream: IO[bytes], limit: int) -> Iterator[Path]:
    """The stream's content as a file that is gone afterwards. Raises ``Problem`` beyond ``limit`` bytes."""
    folder = _folder("arriving")
    folder.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=folder)
    arrived = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            size = 0
            while chunk := stream.read(_CHUNK):
                size += len(chunk)
                if size > limit:
                    raise Problem(_("This file is larger than %(size)s MB.", size=limit // _CHUNK), status=413)
                file.write(chunk)
        yield arrived
    finally:
        arrived.unlink(missing_ok=True)


def keep(arrived: Path, place: Path) -> None:
    """Move a complete file to its place, in one step."""
    place.parent.mkdir(parents=True, exist_ok=True)
    os.replace(arrived, place)


def digest(file: Path) -> str:
    """The SHA-256 of the content in hexadecimal."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def remove(key: str) -> None:
    """Delete the bytes of a key."""
    path(key).unlink(missing_ok=True)
    original(key).unlink(missing_ok=True)
    _forget_sizes(key)


def keys_older_than(moment: float) -> Iterator[str]:
    """Keys of files that were written before ``moment`` (seconds since 1970)."""
    for kind in ("files", "originals"):
        for file in _folder(kind).glob("*/*"):
            if file.stat().st_mtime < moment:
                yield file.name
