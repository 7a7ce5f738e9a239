"""The fixtures that plugin authors get."""

from __future__ import annotations

from datetime import timedelta
from email.message import EmailMessage
from typing import Any

import pytest

from lms.accounts import services
from lms.api import accounts, db, events, jobs
from lms.api import clock as times
from lms.extend import Job, On, Plugin
from lms.testing.plugins import add_plugin

heard: list[int] = []


class Ear(Plugin):
    """Ear"""

    name = "ear"

    def listeners(self) -> tuple[On, ...]:
        return (On(accounts.PersonRegistered, lambda event: heard.append(event.person_id)),)

    def jobs(self) -> tuple[Job, ...]:
        return (Job(name="hear", run=lambda person_id: heard.append(-person_id)),)


def test_listeners_run_with_the_commit_and_jobs_when_asked(site: Any, make: Any) -> None:
    add_plugin(site.app, Ear())
    heard.clear()
    person = make.person()
    events.emit(accounts.PersonRegistered(person.id))
    site.commit()
    assert heard == [person.id]
    with db.writes():
        jobs.enqueue("ear.hear", {"person_id": person.id})
    assert site.jobs.run_due() == 1
    assert heard == [person.id, -person.id]


def test_letters_are_read_as_they_were_sent(site: Any, client: Any, make: Any, letters: Any) -> None:
    assert letters() == []
    person = make.person(name="Ada", verified=False)
    with db.writes():
        services.resend_verification(person.email)
    site.jobs.run_due()
    (letter,) = letters()
    assert isinstance(letter, EmailMessage)
    assert letter["To"] == person.email


def test_the_clock_moves_domain_time_and_leaves_real_time_alone(site: Any, clock: Any) -> None:
    domain, real = times.now(), times.real_now()
    clock.advance(days=31)
    assert times.now() - domain >= timedelta(days=31)
    assert times.real_now() - real < timedelta(days=1)


def test_the_simulator_answers_on_this_machine(simulator: Any) -> None:
    assert simulator.url.startswith("http://127.0.0.1:")
    assert simulator.key().startswith("rk_test_")


@pytest.mark.parametrize("role", ["owner", "creator", "editor", "student"])
def test_people_of_every_role_can_be_made(make: Any, role: str) -> None:
    assert make.person(role=role).roles == (role,)
