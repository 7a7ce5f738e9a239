"""What is kept in memory is read once, and again when the content version moves."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, select

from lms import db
from lms.host import state
from lms.host.kept import kept, kept_by_key
from lms.host.models import StateNumber
from lms.testing.queries import Queries
from lms.testing.sites import TestSite


def content(connection: Connection) -> int | None:
    return connection.execute(select(StateNumber.value).where(StateNumber.name == "content")).scalar()


def test_it_is_read_once_until_the_content_version_moves(site: TestSite, both_databases: str, queries: Queries) -> None:
    first = kept("test.number", content)
    with queries.at_most(0):
        assert kept("test.number", content) == first
    with db.writes():
        state.bump_content_version()
    assert kept("test.number", content) == (first or 0) + 1


def test_a_transaction_that_began_before_the_change_keeps_the_new_value(site: TestSite, both_databases: str) -> None:
    with db.writes():
        state.bump_content_version()
    with db.scope(db.Mode.READ):
        before = db.session.scalar(select(StateNumber.value).where(StateNumber.name == "content"))
        with db.scope(db.Mode.WRITE), db.db.engine.begin() as other:
            other.execute(StateNumber.__table__.update().values(value=StateNumber.__table__.c.value + 1))
        state.refresh()
        assert kept("test.number", content) == before + 1
        db.rollback()


def test_names_do_not_mix(site: TestSite) -> None:
    assert kept("test.one", lambda _: 1) == 1
    assert kept("test.two", lambda _: 2) == 2


@contextmanager
def reading() -> Iterator[None]:
    """As while a page is drawn."""
    with db.scope(db.Mode.READ):
        state.hold()
        yield
        state.release()
        db.rollback()


def stored() -> int:
    return db.session.scalar(select(StateNumber.value).where(StateNumber.name == "content")) or 0


def test_by_key_it_is_read_once_until_the_content_version_moves(
    site: TestSite, both_databases: str, queries: Queries
) -> None:
    with db.writes():
        state.bump_content_version()
    with reading():
        assert kept_by_key("test", "a", stored) == 1
    with reading(), queries.at_most(0):
        assert kept_by_key("test", "a", stored) == 1
        assert kept_by_key("test", "b", lambda: 7) == 7
    with db.writes():
        state.bump_content_version()
    with reading():
        assert kept_by_key("test", "a", stored) == 2


def test_what_an_older_transaction_saw_is_not_kept_under_a_newer_number(site: TestSite, both_databases: str) -> None:
    with db.writes():
        state.bump_content_version()
    with reading():
        stored()
        with db.scope(db.Mode.WRITE), db.db.engine.begin() as other:
            other.execute(StateNumber.__table__.update().values(value=StateNumber.__table__.c.value + 1))
        state.numbers().forget()
        kept_by_key("test", "a", stored)
    with reading():
        assert kept_by_key("test", "a", stored) == 2


def test_where_something_may_be_written_it_is_always_asked(site: TestSite) -> None:
    with reading():
        assert kept_by_key("test", "a", lambda: 1) == 1
    assert kept_by_key("test", "a", lambda: 2) == 2


def test_nothing_is_not_kept(site: TestSite) -> None:
    with reading():
        assert kept_by_key("test", "a", lambda: None) is None
        assert kept_by_key("test", "a", lambda: 3) == 3
