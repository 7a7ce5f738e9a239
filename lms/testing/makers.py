"""Makers: what tests need in one line. Each writes through services and commits."""

from __future__ import annotations

from typing import Any

from lms import db


def session_cookie(person_id: int) -> tuple[str, str]:
    """Name and value of the cookie of a new session of the person."""
    raise NotImplementedError


class Makers:
    """One method per thing; the values that a test does not name are sensible."""

    def __init__(self) -> None:
        self._count = 0

    def next(self) -> int:
        """A number that no other maker call of this test got."""
        self._count += 1
        return self._count

    def commit(self, made: Any) -> Any:
        """Commit and hand over."""
        db.commit()
        return made
