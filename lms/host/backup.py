"""Copies of the SQLite database, made before anything changes its tables.

On PostgreSQL there is none: its own tools do that better, and without stopping anybody.
"""

from __future__ import annotations

import os
import re
import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import make_url

from lms.base import clock
from lms.host.config import Config

KEEP = 10
_NOT_IN_NAMES = re.compile(r"[^a-z0-9_]+")


def folder(config: Config) -> Path:
    """Where the backups of the site lie."""
    return config.instance / "backups"


def make(config: Config, why: str) -> Path | None:
    """Copy the database while it is in use; None for one that is no file. The file's name says when and why.

    Only the newest ten stay.
    """
    url = make_url(config.database_url)
    if url.get_backend_name() != "sqlite" or not url.database or not Path(url.database).exists():
        return None
    target = _free_name(folder(config), why)
    part = target.with_suffix(".part")
    try:
        with closing(sqlite3.connect(url.database)) as source, closing(sqlite3.connect(part)) as copy:
            part.chmod(0o600)  # people's data: for the site's own account only
            source.backup(copy)
        os.replace(part, target)
    finally:
        part.unlink(missing_ok=True)
    for old in newest(config)[KEEP:]:
        old.unlink(missing_ok=True)
    return target


def newest(config: Config) -> list[Path]:
    """The backups that are there, newest first."""
    return sorted(folder(config).glob("*.db"), reverse=True)


def is_possible(config: Config) -> bool:
    """Whether this kind of database is backed up by us."""
    return make_url(config.database_url).get_backend_name() == "sqlite"


def _free_name(folder: Path, why: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    moment = clock.real_now().strftime("%Y-%m-%dT%H%M%S.%fZ")
    return folder / f"{moment}-{_NOT_IN_NAMES.sub('-', why.lower()).strip('-')}.db"
