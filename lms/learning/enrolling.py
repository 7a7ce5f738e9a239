"""Enrolment follows access: whoever is given a course finds it on the dashboard."""

from __future__ import annotations

from lms.access import services as access
from lms.access.events import GrantChanged
from lms.base import clock
from lms.learning import services

_OPENS = frozenset({access.GrantState.ACTIVE, access.GrantState.GRACE})


def on_grant_changed(event: GrantChanged) -> None:
    """Enrol the person in the courses that the grant opens. "Everything" enrols at the first visit of a course."""
    if event.after not in _OPENS:
        return
    product = access.product(event.product_id)
    if product is None:
        return
    now = clock.now()
    open_courses = access.courses_open_to(event.person_id, now)
    for course_id in product.course_ids:
        if course_id in open_courses:
            services.enrol(event.person_id, course_id, now)
