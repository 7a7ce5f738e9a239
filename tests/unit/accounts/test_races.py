"""Two at the same moment: one wins, nothing is half done. On both databases."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, select

from lms import db
from lms.accounts import roles, services, tokens
from lms.accounts.models import Person
from lms.accounts.tokens import Purpose
from lms.base.problem import Problem
from lms.mail.models import Message
from lms.testing.makers import Makers
from lms.testing.sites import TestSite

pytestmark = pytest.mark.usefixtures("both_databases")


def at_once(site: TestSite, *acts: Callable[[], Any]) -> list[Any]:
    """What each act returned or refused with; all start together, each in a unit of work of its own."""
    answers: list[Any] = [None] * len(acts)
    start = threading.Barrier(len(acts))

    def run(index: int, act: Callable[[], Any]) -> None:
        with site.app.app_context():
            start.wait(timeout=10)
            try:
                with db.writes():
                    answers[index] = act()
            except Problem as problem:
                answers[index] = problem
            finally:
                db.db.session.remove()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(acts)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(timeout=30)
    return answers


def test_one_address_registered_twice_at_once_is_one_person(site: TestSite) -> None:
    def register() -> None:
        services.register(email="Anna@example.org", name="Anna", password_hash="x", next_path="")

    answers = at_once(site, *[register] * 6)
    assert answers == [None] * 6
    assert db.session.scalar(select(func.count()).select_from(Person)) == 1
    keys = db.session.scalars(select(Message.key).where(Message.recipient == "Anna@example.org")).all()
    # An hour may end between two of them; then there is one more of the second kind.
    assert {key.split(".")[1] for key in keys} == {"already", "verify"}
    assert len([key for key in keys if ".verify." in key]) == 1


def test_one_link_used_twice_at_once_works_once(site: TestSite, make: Makers) -> None:
    person = make.person(verified=False)
    link = tokens.issue(person.id, Purpose.RESET, person.email)
    db.commit()
    answers = at_once(site, *[lambda: tokens.consume(link.token, Purpose.RESET)] * 4)
    assert sorted(type(answer).__name__ for answer in answers) == ["Link", "LinkDead", "LinkDead", "LinkDead"]


def test_two_owners_who_demote_each_other_at_once_leave_one(site: TestSite, make: Makers) -> None:
    first, second = make.person(role="owner"), make.person(role="owner")
    answers = at_once(
        site,
        lambda: roles.take_role(first.id, "owner", actor_id=second.id),
        lambda: roles.take_role(second.id, "owner", actor_id=first.id),
    )
    assert sorted(type(answer).__name__ for answer in answers) == ["LastOwner", "bool"]


def test_two_who_take_one_new_address_at_once_do_not_share_it(site: TestSite, make: Makers) -> None:
    people = [make.person(), make.person()]
    links = [tokens.issue(person.id, Purpose.CHANGE, "shared@example.org") for person in people]
    db.commit()
    answers = at_once(site, *[lambda link=link: services.confirm_address(link.token) for link in links])
    assert sorted(type(answer).__name__ for answer in answers) == ["AddressTaken", "Confirmed"]
