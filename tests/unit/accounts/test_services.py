"""What other rooms and plugins may rely on: people, events, and what is refused."""

from __future__ import annotations

import pytest

from lms import db
from lms.accounts import roles, services, tokens
from lms.accounts.events import AccountEmailChanged, EmailVerified, PersonRegistered
from lms.accounts.tokens import Purpose
from lms.base.problem import Problem
from lms.extend import Event
from lms.host import bus
from lms.testing.makers import Makers
from lms.testing.sites import TestSite


@pytest.fixture
def told(site: TestSite, monkeypatch: pytest.MonkeyPatch) -> list[Event]:
    """The events that were delivered, in order."""
    events: list[Event] = []
    deliver = bus.deliver

    def listen(event: Event) -> None:
        events.append(event)
        deliver(event)

    monkeypatch.setattr(bus, "deliver", listen)
    return events


def test_a_person_is_found_however_the_address_is_written(make: Makers, both_databases: str) -> None:
    made = make.person(email="Anna.Berg@Example.org", role="editor")
    found = services.by_email(" anna.berg@example.ORG")
    assert found == services.person(made.id) == made
    assert made.roles == ("editor",)


def test_nobody_is_found_as_nobody(site: TestSite) -> None:
    assert services.person(4711) is None
    assert services.by_email("nobody@example.org") is None
    assert services.by_email("not an address") is None


def test_a_second_account_with_one_address_is_refused_and_the_first_stays(make: Makers, both_databases: str) -> None:
    made = make.person(email="anna@example.org", name="Anna")
    with pytest.raises(services.AddressTaken):
        services.create_person(email="ANNA@example.org", name="Other", password_hash=None)
    db.commit()
    assert services.person(made.id) == made


def test_an_unknown_role_is_a_mistake_of_the_program(make: Makers) -> None:
    with pytest.raises(ValueError, match="emperor"):
        services.create_person(email="a@example.org", name="A", password_hash=None, roles=("emperor",))
    with pytest.raises(ValueError, match="emperor"):
        roles.give_role(make.person().id, "emperor", actor_id=None)


@pytest.mark.parametrize(("typed", "kept"), [("  Anna \t Berg ", "Anna Berg"), ("Anna\r\nBcc: x", "Anna Bcc: x")])
def test_a_name_is_one_line(site: TestSite, typed: str, kept: str) -> None:
    made = services.create_person(email="a@example.org", name=typed, password_hash=None)
    assert made.name == kept


def test_a_name_of_nothing_is_refused(site: TestSite) -> None:
    with pytest.raises(Problem, match="Write your name"):
        services.create_person(email="a@example.org", name="\x00 \n", password_hash=None)


def test_what_happens_to_an_account_is_told_after_the_commit(make: Makers, told: list[Event]) -> None:
    services.register(email="anna@example.org", name="Anna", password_hash="x")
    assert told == []
    db.commit()
    anna = services.by_email("anna@example.org")
    assert anna is not None
    link = tokens.issue(anna.id, Purpose.VERIFY, anna.email)
    services.confirm_address(link.token)
    change = tokens.issue(anna.id, Purpose.CHANGE, "berg@example.org")
    services.confirm_address(change.token)
    db.commit()
    assert told == [
        PersonRegistered(anna.id),
        EmailVerified(anna.id, "anna@example.org"),
        AccountEmailChanged(anna.id, "anna@example.org", "berg@example.org"),
        EmailVerified(anna.id, "berg@example.org"),
    ]


def test_a_capability_is_gone_with_the_right_to_sign_in(make: Makers) -> None:
    make.person(role="owner")
    other = make.person(role="owner")
    assert other.can("people.manage")
    roles.block(other.id, actor_id=None)
    after = services.person(other.id)
    assert after is not None
    assert not after.can("people.manage")


def test_a_blocked_owner_does_not_count_as_the_other_owner(make: Makers) -> None:
    first, second = make.person(role="owner"), make.person(role="owner")
    roles.block(second.id, actor_id=None)
    with pytest.raises(roles.LastOwner):
        roles.take_role(first.id, "owner", actor_id=None)


def test_giving_a_role_twice_changes_nothing_and_is_recorded_once(make: Makers) -> None:
    person = make.person(role="")
    assert roles.give_role(person.id, "editor", actor_id=None)
    assert not roles.give_role(person.id, "editor", actor_id=None)
    assert roles.take_role(person.id, "editor", actor_id=None)
    assert not roles.take_role(person.id, "editor", actor_id=None)
