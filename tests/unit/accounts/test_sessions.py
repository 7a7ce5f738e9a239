"""Sessions are rows: only the cookie's hash is kept, and a session ends when it should."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from lms import db
from lms.accounts import roles, services, sessions
from lms.accounts.models import BLOCKED, Person, SignIn
from lms.base import clock
from lms.testing.makers import Makers
from lms.testing.queries import Queries
from lms.testing.sites import TestSite


@pytest.fixture
def real_time(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """``real_time(days=3)`` moves the machine's clock ahead."""
    ahead = timedelta(0)
    original = clock.real_now
    monkeypatch.setattr(clock, "real_now", lambda: original() + ahead)

    def advance(**duration: float) -> None:
        nonlocal ahead
        ahead += timedelta(**duration)

    return advance


def test_the_database_does_not_hold_the_cookie(make: Makers, both_databases: str) -> None:
    token = services.start_session(make.person().id)
    row = db.session.execute(select(SignIn.__table__)).one()
    assert token not in [str(value) for value in row]


def test_a_session_brings_person_and_roles_in_one_query(make: Makers, queries: Queries, both_databases: str) -> None:
    person = make.person(role="owner")
    roles.give_role(person.id, "editor", actor_id=None)
    token = services.start_session(person.id)
    with queries.at_most(1):
        found = sessions.signed_in(token)
    assert found is not None
    assert (found.person_id, set(found.roles), found.verified) == (person.id, {"owner", "editor"}, True)


def test_somebody_without_a_role_is_signed_in_too(make: Makers) -> None:
    token = services.start_session(make.person(role="").id)
    found = sessions.signed_in(token)
    assert found is not None
    assert found.roles == ()


def test_a_session_that_was_ended_is_nobodys(make: Makers) -> None:
    token = services.start_session(make.person().id)
    assert sessions.end_by_token(token)
    assert sessions.signed_in(token) is None
    assert not sessions.end_by_token(token)


def test_a_session_ends_when_it_is_not_used(make: Makers, real_time: Callable[..., None]) -> None:
    token = services.start_session(make.person().id)
    db.commit()
    real_time(days=29)
    assert sessions.signed_in(token) is not None
    real_time(days=2)
    assert sessions.signed_in(token) is None


def test_a_session_ends_after_sixty_days_however_much_it_is_used(make: Makers, real_time: Callable[..., None]) -> None:
    token = services.start_session(make.person().id)
    db.commit()
    for _ in range(4):
        real_time(days=14)
        found = sessions.signed_in(token)
        assert found is not None
        sessions.note_seen(found.session_id, found.last_seen_at)
    real_time(days=5)
    assert sessions.signed_in(token) is None


def test_use_is_noted_once_in_five_minutes(make: Makers, real_time: Callable[..., None], queries: Queries) -> None:
    token = services.start_session(make.person().id)
    db.commit()
    real_time(minutes=4)
    found = sessions.signed_in(token)
    assert found is not None
    with queries.at_most(0):
        sessions.note_seen(found.session_id, found.last_seen_at)
    real_time(minutes=2)
    sessions.note_seen(found.session_id, found.last_seen_at)
    again = sessions.signed_in(token)
    assert again is not None
    assert again.last_seen_at > found.last_seen_at


def test_nobody_ends_the_session_of_somebody_else(make: Makers) -> None:
    mine, other = make.person(), make.person()
    token = services.start_session(other.id)
    found = sessions.signed_in(token)
    assert found is not None
    assert not sessions.end_session(found.session_id, person_id=mine.id)
    assert sessions.signed_in(token) is not None


def test_a_blocked_person_is_signed_out_everywhere(make: Makers) -> None:
    person = make.person()
    tokens = [services.start_session(person.id) for _ in range(2)]
    roles.block(person.id, actor_id=None)
    assert [sessions.signed_in(token) for token in tokens] == [None, None]


def test_letting_somebody_in_again_does_not_bring_old_sessions_back(make: Makers) -> None:
    person = make.person()
    token = services.start_session(person.id)
    roles.block(person.id, actor_id=None)
    roles.unblock(person.id, actor_id=None)
    assert sessions.signed_in(token) is None


def test_a_session_that_runs_is_worth_nothing_while_its_person_is_blocked(make: Makers) -> None:
    person = make.person()
    token = services.start_session(person.id)
    db.session.execute(update(Person).where(Person.id == person.id).values(status=BLOCKED))
    assert sessions.signed_in(token) is None


def test_old_sessions_are_deleted_and_running_ones_stay(make: Makers, real_time: Callable[..., None]) -> None:
    person = make.person()
    services.start_session(person.id)
    real_time(days=95)
    token = services.start_session(person.id)
    sessions.forget_ended(timedelta(days=30))
    assert len(db.session.scalars(select(SignIn.id)).all()) == 1
    assert sessions.signed_in(token) is not None


def test_the_list_shows_only_devices_that_are_signed_in(make: Makers, site: TestSite) -> None:
    person = make.person()
    services.start_session(person.id, user_agent="Mozilla/5.0 (X11; Linux x86_64) Firefox/130.0", address="192.0.2.7")
    gone = services.start_session(person.id)
    sessions.end_by_token(gone)
    assert [(each.device, each.address) for each in sessions.sessions_of(person.id)] == [
        ("Firefox on Linux", "192.0.2.7")
    ]
