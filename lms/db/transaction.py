"""Read and write scopes.

SQLite has one writer. Whatever may write says so before its first statement, so that it takes the write lock
at once (``BEGIN IMMEDIATE``) instead of failing half way; everything else reads (``BEGIN``), and a write inside
a read scope is refused: a GET that writes is a mistake that shows in tests, not under load.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from lms.db.engine import MODE, Mode, session


@contextmanager
def scope(mode: Mode) -> Iterator[None]:
    """Within it, transactions begin in ``mode``. Must be entered before the transaction begins."""
    token = MODE.set(mode)
    try:
        yield
    finally:
        MODE.reset(token)


@contextmanager
def writes() -> Iterator[None]:
    """A unit of work that may write: commits at the end, rolls back when it raises.

    For ways in (jobs, commands, listeners). An open read transaction is ended first.
    """
    session.rollback()
    with scope(Mode.WRITE):
        try:
            yield
            session.commit()
        except BaseException:
            session.rollback()
            raise


def commit() -> None:
    """Commit now, before calling another server; the next statement begins a new transaction."""
    session.commit()


def rollback() -> None:
    """Forget what was not committed."""
    session.rollback()
