"""What a person finds under "My courses". The same number of queries for one course and for a hundred."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lms.access import services as access
from lms.access.decision import STAFF
from lms.access.policies import is_staff_of_courses
from lms.access.services import Decision, NextStep
from lms.commerce import offers as commerce
from lms.courses import services as courses
from lms.courses.outline import CourseView, PlacementView, known_outline
from lms.learning import services
from lms.learning.services import CourseProgress

_SHOWN_TO_BEGIN = 6


@dataclass(frozen=True, slots=True)
class Entry:
    """A course on the dashboard. ``mend_path`` leads to renewing or paying; "" while it is open."""

    progress: CourseProgress
    decision: Decision
    mend_path: str = ""

    @property
    def is_open(self) -> bool:
        return self.decision.allowed

    @property
    def wants_payment(self) -> bool:
        """Whether paying, not buying, opens it again."""
        return self.decision.next_step is NextStep.PAY

    @property
    def is_paused(self) -> bool:
        """Whether the subscription behind it rests, and nothing is owed."""
        return self.wants_payment and self.decision.detail == "paused"


@dataclass(frozen=True, slots=True)
class Dashboard:
    """``going_on`` with ``next_lesson`` stands first; it is not listed again. ``included`` are courses that the person
    may begin without having been enrolled."""

    going_on: Entry | None
    next_lesson: PlacementView | None
    under_way: tuple[Entry, ...]
    not_begun: tuple[Entry, ...]
    included: tuple[CourseView, ...]
    finished: tuple[Entry, ...]
    ended: tuple[Entry, ...]

    @property
    def is_empty(self) -> bool:
        return not (self.going_on or self.not_begun or self.included or self.finished or self.ended)


def of(person: Any, now: datetime) -> Dashboard:
    """The dashboard of the person at ``now`` (domain time, UTC)."""
    taken = [each for each in services.courses_of(person.id) if each.course.is_published]
    decisions = access.course_decisions(person.id, now)
    standing_in = STAFF if is_staff_of_courses(person) else access.NO_GRANT
    entries = _with_ways_back([Entry(each, decisions.get(each.course.id, standing_in)) for each in taken])
    finished = tuple(entry for entry in entries if entry.progress.completed_at)
    unfinished = [entry for entry in entries if not entry.progress.completed_at]
    is_open = [entry for entry in unfinished if entry.is_open]
    # Something under way goes on before something new begins.
    going_on = next((entry for entry in is_open if entry.progress.done), is_open[0] if is_open else None)
    rest = [entry for entry in is_open if entry is not going_on]
    return Dashboard(
        going_on=going_on,
        next_lesson=_next_lesson(person.id, going_on) if going_on else None,
        under_way=tuple(entry for entry in rest if entry.progress.done),
        not_begun=tuple(entry for entry in rest if not entry.progress.done),
        included=_included(decisions, {each.course.id for each in taken}),
        finished=finished,
        ended=tuple(entry for entry in unfinished if not entry.is_open),
    )


def _next_lesson(person_id: int, entry: Entry) -> PlacementView | None:
    outline = known_outline(entry.progress.course)
    standing = services.standing(person_id, entry.progress.course.id)
    return outline.first_unfinished(standing.completed if standing else frozenset())


def _with_ways_back(entries: list[Entry]) -> list[Entry]:
    if all(entry.is_open for entry in entries):
        return entries
    checkouts: dict[int, str] = {}
    for offer in commerce.active_offers():
        checkouts.setdefault(offer.product_id, offer.checkout_path)
    return [entry if entry.is_open else _with_way_back(entry, checkouts) for entry in entries]


def _with_way_back(entry: Entry, checkouts: dict[int, str]) -> Entry:
    if entry.wants_payment:
        return Entry(entry.progress, entry.decision, "/account/billing")
    path = entry.progress.course.path
    return Entry(entry.progress, entry.decision, checkouts.get(entry.decision.product_id or 0, path))


def _included(decisions: dict[int, Decision], taken: set[int]) -> tuple[CourseView, ...]:
    new = {course_id for course_id, decision in decisions.items() if decision.allowed} - taken
    if not new:
        return ()
    newest = courses.list_published(limit=_SHOWN_TO_BEGIN + len(taken))
    return tuple(course for course in newest if course.id in new)[:_SHOWN_TO_BEGIN]
