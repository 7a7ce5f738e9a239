"""Courses as lists show them: what each costs, and how far the person is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lms.access import services as access
from lms.commerce.offer_view import OfferView
from lms.courses.outline import CourseView
from lms.learning import prices, services


@dataclass(frozen=True, slots=True)
class Tile:
    """A course with what it costs, and how far the person is: ``is_open`` says that every lesson is."""

    course: CourseView
    offer: OfferView | None
    done: int = 0
    is_open: bool = False


def tiles(found: Sequence[CourseView], person: Any, now: datetime) -> tuple[Tile, ...]:
    """Three queries for ``person``, one for a guest (None), whatever the number of courses; none for no courses."""
    ids = [each.id for each in found]
    if not ids:
        return ()
    offers = prices.lowest(ids)
    done = services.completed_counts(person.id, ids) if person is not None else {}
    is_open = access.courses_open_to(person.id, now) if person is not None else {}
    return tuple(Tile(each, offers.get(each.id), done.get(each.id, 0), each.id in is_open) for each in found)
