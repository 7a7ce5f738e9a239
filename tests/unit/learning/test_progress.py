"""Enrolment and progress."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import func, select, update

from lms import db
from lms.base import clock as base_clock
from lms.base.problem import Conflict
from lms.courses import services as courses
from lms.courses.models import Placement
from lms.extend import Event
from lms.host import bus
from lms.learning import services
from lms.learning.events import CourseCompleted, Enrolled, LessonCompleted
from lms.learning.models import Enrolment, Progress
from lms.sample.blocks import written
from lms.testing import sites
from lms.testing.makers import Makers
from lms.testing.sites import TestSite

NOW = base_clock.real_now().replace(microsecond=0)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[Event]:
    """The events that went out."""
    events: list[Event] = []
    monkeypatch.setattr(bus, "deliver", events.append)
    return events


def test_enrolling_twice_is_once(site: TestSite, make: Makers, told: list[Event]) -> None:
    person, course = make.person(), make.course()
    first = services.enrol(person.id, course.id, NOW)
    again = services.enrol(person.id, course.id, NOW + timedelta(days=1))
    db.commit()
    assert again == first
    assert told.count(Enrolled(person.id, course.id)) == 1


def test_nobody_stands_anywhere_before_enrolling(site: TestSite, make: Makers) -> None:
    assert services.standing(make.person().id, make.course().id) is None


def test_completing_twice_is_once_and_keeps_the_first_time(site: TestSite, make: Makers, told: list[Event]) -> None:
    person, course = make.person(), make.course()
    assert services.complete(person.id, course.outline, course.first_lesson, NOW)
    assert not services.complete(person.id, course.outline, course.first_lesson, NOW + timedelta(days=1))
    db.commit()
    assert db.session.scalars(select(Progress.completed_at)).all() == [NOW]
    assert told.count(LessonCompleted(person.id, course.id, course.first_lesson.id)) == 1


def test_the_last_lesson_completes_the_course(site: TestSite, make: Makers, told: list[Event]) -> None:
    person, course = make.person(), make.course(lessons=3)
    for day, lesson in enumerate(course.lessons):
        services.complete(person.id, course.outline, lesson, NOW + timedelta(days=day))
    db.commit()
    standing = services.standing(person.id, course.id)
    assert standing is not None
    assert standing.completed_at == NOW + timedelta(days=2)
    assert told.count(CourseCompleted(person.id, course.id)) == 1


def test_a_lesson_added_later_does_not_undo_a_completed_course(site: TestSite, make: Makers) -> None:
    person, course = make.person(), make.course(lessons=1)
    services.complete(person.id, course.outline, course.first_lesson, NOW)
    courses.add_lesson(
        course.outline.sections[0].id, title="New", minutes=1, document=written("n", "New."), actor_id=None
    )
    db.commit()
    (taken,) = services.courses_of(person.id)
    assert (taken.completed_at, taken.done, taken.total) == (NOW, 1, 2)


def test_taking_back_undoes_the_press_of_the_button(site: TestSite, make: Makers) -> None:
    person, course = make.person(), make.course()
    services.complete(person.id, course.outline, course.first_lesson, NOW)
    assert services.take_back(person.id, course.outline, course.first_lesson)
    assert not services.take_back(person.id, course.outline, course.first_lesson)
    standing = services.standing(person.id, course.id)
    assert standing is not None
    assert standing.completed == frozenset()


def test_nothing_is_taken_back_from_a_completed_course(site: TestSite, make: Makers) -> None:
    person, course = make.person(), make.course(lessons=1)
    services.complete(person.id, course.outline, course.first_lesson, NOW)
    with pytest.raises(Conflict, match="stay complete"):
        services.take_back(person.id, course.outline, course.first_lesson)


def test_what_was_not_begun_cannot_be_taken_back(site: TestSite, make: Makers) -> None:
    course = make.course()
    assert not services.take_back(make.person().id, course.outline, course.first_lesson)


def test_progress_hangs_on_the_course(site: TestSite, make: Makers) -> None:
    person, one, other = make.person(), make.course(), make.course()
    services.complete(person.id, one.outline, one.first_lesson, NOW)
    services.enrol(person.id, other.id, NOW)
    assert services.completed_counts(person.id, [one.id, other.id, 4711]) == {one.id: 1, other.id: 0}


def test_a_lesson_that_left_the_course_is_not_counted(site: TestSite, make: Makers) -> None:
    person, course, other = make.person(), make.course(lessons=2), make.course(lessons=1)
    services.complete(person.id, course.outline, course.first_lesson, NOW)
    section = other.outline.sections[0].id
    moved = update(Placement).where(Placement.id == course.first_lesson.id)
    db.session.execute(moved.values(course_id=other.id, section_id=section, slug="moved"))
    assert [taken.done for taken in services.courses_of(person.id)] == [0]
    standing = services.standing(person.id, course.id)
    assert standing is not None
    assert standing.done(courses.outline(course.id)) == 0


def test_progress_of_one_person_is_not_that_of_another(site: TestSite, make: Makers) -> None:
    one, other, course = make.person(), make.person(), make.course()
    services.complete(one.id, course.outline, course.first_lesson, NOW)
    assert services.standing(other.id, course.id) is None
    assert services.courses_of(other.id) == ()


def test_the_course_last_active_in_comes_first(site: TestSite, make: Makers) -> None:
    person, old, new = make.person(), make.course(), make.course()
    services.enrol(person.id, old.id, NOW - timedelta(days=9))
    services.enrol(person.id, new.id, NOW)
    assert [taken.course.id for taken in services.courses_of(person.id)] == [new.id, old.id]
    services.complete(person.id, old.outline, old.first_lesson, NOW + timedelta(days=1))
    assert [taken.course.id for taken in services.courses_of(person.id)] == [old.id, new.id]


def test_a_grant_enrols_in_the_courses_that_it_opens(site: TestSite, make: Makers) -> None:
    person, one, other = make.person(), make.course(), make.course()
    make.grant(person, make.product(one, other))
    assert {taken.course.id for taken in services.courses_of(person.id)} == {one.id, other.id}


def test_a_grant_of_everything_enrols_nowhere_by_itself(site: TestSite, make: Makers) -> None:
    person = make.person()
    make.course()
    make.grant(person, make.product())
    assert services.courses_of(person.id) == ()


@pytest.mark.parametrize(
    "facts", [{"state": "pending"}, {"state": "suspended"}, {"starts_at": NOW + timedelta(days=2)}]
)
def test_a_grant_that_opens_nothing_yet_enrols_nobody(site: TestSite, make: Makers, facts: dict[str, Any]) -> None:
    person = make.person()
    make.grant(person, make.product(make.course()), **facts)
    assert services.courses_of(person.id) == ()


def test_an_enrolment_outlives_its_grant(site: TestSite, make: Makers) -> None:
    person, course = make.person(), make.course()
    product = make.product(course)
    make.grant(person, product)
    services.complete(person.id, course.outline, course.first_lesson, NOW)
    make.grant(person, product, ends_at=NOW)
    (taken,) = services.courses_of(person.id)
    assert taken.done == 1


def test_two_who_press_at_once_complete_once(both_databases: str, site: TestSite, make: Makers) -> None:
    person, course = make.person(), make.course(lessons=1)
    changed: list[bool] = []

    def press() -> None:
        with site.app.app_context(), db.writes():
            changed.append(services.complete(person.id, course.outline, course.first_lesson, NOW))

    threads = [threading.Thread(target=press) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(changed) == [False, False, False, True]
    assert db.session.scalar(select(func.count(Enrolment.id))) == 1
    assert db.session.scalar(select(func.count(Enrolment.completed_at))) == 1


class Learner(RuleBasedStateMachine):
    """Presses of two buttons in any order, beside a set that says what should come of them."""

    make: Makers  # one for all runs, which share a site

    def __init__(self) -> None:
        super().__init__()
        self.done: set[int] = set()
        self.finished = False
        self.person = self.make.person().id
        self.course = self.make.course(lessons=4)

    @rule(place=st.integers(0, 3))
    def complete(self, place: int) -> None:
        lesson = self.course.lessons[place]
        assert services.complete(self.person, self.course.outline, lesson, NOW) == (lesson.id not in self.done)
        self.done.add(lesson.id)
        self.finished = self.finished or len(self.done) == 4

    @rule(place=st.integers(0, 3))
    def take_back(self, place: int) -> None:
        lesson = self.course.lessons[place]
        if self.finished:
            with pytest.raises(Conflict):
                services.take_back(self.person, self.course.outline, lesson)
            return
        assert services.take_back(self.person, self.course.outline, lesson) == (lesson.id in self.done)
        self.done.discard(lesson.id)

    @invariant()
    def all_readers_agree(self) -> None:
        standing = services.standing(self.person, self.course.id)
        completed = standing.completed if standing else frozenset()
        assert completed == self.done
        assert bool(standing and standing.completed_at) == self.finished
        counted = services.completed_counts(self.person, [self.course.id]).get(self.course.id, 0)
        listed = sum(taken.done for taken in services.courses_of(self.person))
        assert counted == listed == len(self.done)
        following = self.course.outline.first_unfinished(completed)
        assert (following is None) == (len(self.done) == 4)


def test_any_order_of_presses_leaves_the_same_truth_everywhere(tmp_path: Any) -> None:
    with sites.site(tmp_path):
        Learner.make = Makers()
        run_state_machine_as_test(
            Learner, settings=settings(max_examples=10, stateful_step_count=15, deadline=None, database=None)
        )
