"""One person at one course or lesson: what the doors say, and how far the person is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import g
from flask_babel import gettext as _

from lms.access import services as access
from lms.access.decision import PREVIEW
from lms.access.services import Decision, NextStep, Reason, Thing
from lms.base import clock
from lms.base.problem import NotFound
from lms.commerce.offer_view import OfferView
from lms.commerce.offers import note_changes, offers_of_product, open_to
from lms.courses import outline as courses
from lms.courses.outline import Outline, PlacementView
from lms.db import writes
from lms.learning import prices, services
from lms.learning.services import Standing

_NOTHING: frozenset[int] = frozenset()
# Who was given access and lost it mends that; a second purchase would not.
_NOT_FOR_SALE = frozenset({NextStep.PAY, NextStep.WAIT})


@dataclass(frozen=True, slots=True)
class Visit:
    """``course_decision`` is about the whole course, ``decision`` about the page: they differ on a free lesson."""

    outline: Outline
    person: Any
    decision: Decision
    course_decision: Decision
    standing: Standing | None
    lesson: PlacementView | None = None

    @property
    def completed(self) -> frozenset[int]:
        """Ids of the placements that are complete."""
        return self.standing.completed if self.standing else _NOTHING

    @property
    def done(self) -> int:
        """How many lessons are complete."""
        return self.standing.done(self.outline) if self.standing else 0

    @property
    def owns(self) -> bool:
        """Whether every lesson is open to the person."""
        return self.course_decision.allowed

    @property
    def is_preview_of_staff(self) -> bool:
        """Whether only staff see this page, because the course is not published."""
        return not self.outline.course.is_published

    @property
    def is_complete(self) -> bool:
        """Whether the lesson of the page is complete."""
        return self.lesson is not None and self.lesson.id in self.completed

    @property
    def next_unfinished(self) -> PlacementView | None:
        """Where Continue leads: never to a lock, None when nothing open is left to do."""
        if self.owns:
            return self.outline.first_unfinished(self.completed)
        return None

    @property
    def free_lesson(self) -> PlacementView | None:
        """The first lesson that everybody may read."""
        return next((lesson for lesson in self.outline.lessons if lesson.preview), None)


def find(course_slug: str) -> Outline:
    """The course at this address. One query. Raises ``NotFound``, ``Moved`` for an address that it once had."""
    found = courses.outline_by_slug(course_slug)
    if found is not None:
        return found
    present = courses.present_slug(course_slug)
    if present is not None:
        raise Moved(present)
    raise _not_found()


class Moved(Exception):
    """The course has another address now."""

    def __init__(self, slug: str) -> None:
        super().__init__(slug)
        self.slug = slug


def to_course(person: Any, outline: Outline, now: datetime) -> Visit:
    """A look at the course. Two queries, none for a guest. Raises ``NotFound`` where people may not know of it."""
    course = outline.course
    decision = access.decide(person, Thing(course.id, published=course.is_published), now)
    if decision.reason is Reason.UNPUBLISHED:
        raise _not_found()
    standing = services.standing(person.id, course.id) if person is not None else None
    return Visit(outline, person, decision, decision, standing)


def remember(visit: Visit) -> Visit:
    """Let the blocks of the page know the visit, so that they do not ask again for what it knows."""
    g.lms_learning_visit = visit
    return visit


def of_request(person: Any, outline: Outline) -> Visit | None:
    """The visit for which the page is drawn, if it is this person's to this course."""
    visit: Visit | None = g.get("lms_learning_visit")
    is_it = visit is not None and visit.outline.course.id == outline.course.id and visit.person is person
    return visit if is_it else None


def to_lesson(person: Any, outline: Outline, lesson_slug: str, now: datetime) -> Visit:
    """A look at the lesson. Two queries, none for a guest. Raises ``NotFound``."""
    lesson = outline.lesson(lesson_slug)
    if lesson is None:
        raise NotFound(
            _("This course has no lesson at this address."), next_step=_("Choose one from the course’s page.")
        )
    course = outline.course
    published = course.is_published
    # A free lesson says nothing about the others, so the course is asked for it; any other lesson speaks for itself.
    decision = access.decide(person, Thing(course.id, None if lesson.preview else lesson.id, published=published), now)
    if decision.reason is Reason.UNPUBLISHED:
        raise _not_found()
    page = decision
    if lesson.preview and not decision.allowed:
        page = access.decide(person, Thing(course.id, lesson.id, is_preview=True, published=published), now)
    standing = services.standing(person.id, course.id) if person is not None else None
    return Visit(outline, person, page, decision, standing, lesson)


def to_look_at(person: Any, outline: Outline, lesson_slug: str) -> Visit:
    """The lesson as whoever may read it finds it, for editors: no door is asked. No query. Raises ``NotFound``."""
    lesson = outline.lesson(lesson_slug)
    if lesson is None:
        raise _not_found()
    return Visit(outline, person, PREVIEW, PREVIEW, None, lesson)


def enrolled(visit: Visit, now: datetime) -> Visit:
    """The visit of somebody enrolled: a grant for everything enrols at the first visit of each course.

    This is the one write of these pages, in a scope of its own, so that all other visits only read.
    """
    if visit.standing is not None or visit.course_decision.reason is not Reason.GRANTED:
        return visit
    with writes():
        standing = services.enrol(visit.person.id, visit.outline.course.id, now)
    return Visit(visit.outline, visit.person, visit.decision, visit.course_decision, standing, visit.lesson)


def offers(visit: Visit) -> tuple[OfferView, ...]:
    """What the person is offered to get in; the one to renew first. One query, none for who is in or only has to pay.

    Without what the creator shows elsewhere only, but for people who had it.
    """
    decision = visit.course_decision
    if decision.allowed or decision.next_step in _NOT_FOR_SALE:
        return ()
    now = clock.now()
    person_id = visit.person.id if visit.person is not None else None
    sold = prices.of_course(visit.outline.course.id)
    note_changes(sold, now)
    found = open_to(sold, person_id, now)
    if decision.next_step is NextStep.RENEW:
        return tuple(sorted(found, key=lambda offer: offer.product_id != decision.product_id))
    return tuple(each for each in found if each.show_button is not False)


def offers_instead(visit: Visit, product_id: int | None) -> tuple[OfferView, ...]:
    """What the product costs that a creator offers to whoever may not enter. One query, none without a product."""
    if product_id is None:
        return ()
    now = clock.now()
    sold = offers_of_product(product_id)
    note_changes(sold, now)
    return open_to(sold, visit.person.id if visit.person is not None else None, now)


def _not_found() -> NotFound:
    return NotFound(
        _("There is no course at this address."),
        next_step=_("It may have moved. All courses are listed under Courses."),
    )
