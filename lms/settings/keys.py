"""Sealing with the keys of ``instance/secret.key``, in step with the file while the site runs."""

from __future__ import annotations

from pathlib import Path

from flask import current_app

from lms.base.seal import Sealer, load_or_make_keys
from lms.host import config

_Kept = tuple[tuple[int, int, int], Sealer]


def file() -> Path:
    """Where the keys lie."""
    return config.current().instance / "secret.key"


def sealer() -> Sealer:
    """Seals with the newest key of the file, opens with all of them.

    A changed file counts at once: a process that went on sealing with a key that was replaced would write secrets
    that nobody can open.
    """
    stamp = _stamp(file())
    kept: _Kept | None = current_app.extensions.get("lms_sealer")
    if kept is None or kept[0] != stamp:
        made = Sealer(load_or_make_keys(file()))
        kept = (_stamp(file()), made)
        current_app.extensions["lms_sealer"] = kept
    return kept[1]


def seal(place: str, text: str) -> str:
    """A secret for a column of another room or plugin. ``place`` names row and column; elsewhere it does not open.

    Name the column as a ``SealedColumn``, so that it is sealed again when the site gets a new key.
    """
    return sealer().seal(text, place)


def unseal(place: str, sealed: str) -> str:
    """What ``seal`` sealed for the place. Raises ``lms.base.seal.CannotOpen``."""
    return sealer().open(sealed, place)


def _stamp(path: Path) -> tuple[int, int, int]:
    try:
        about = path.stat()
    except FileNotFoundError:
        return (0, 0, 0)
    return (about.st_ino, about.st_mtime_ns, about.st_size)
