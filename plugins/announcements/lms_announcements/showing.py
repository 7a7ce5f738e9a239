"""Which announcements are shown: from memory, by the clock, at the cost of at most one query a page.

All that are shown now or later are kept in each process until something changes (``kept``). The clock decides which of
them are current, and tells the pages that guests share when that changes next (``good_until``).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from flask import g
from sqlalchemy import Connection, or_, select

from lms.api import clock
from lms.api.content import kept
from lms.api.db import session
from lms.api.web import current_person, good_until
from lms_announcements.models import Announcement, Dismissal, Tone, Where
from lms_announcements.services import COLUMNS, AnnouncementView, State


def current(where: Where, now: datetime, course_id: int = 0) -> tuple[AnnouncementView, ...]:
    """Those shown at ``now`` (domain time, UTC): warnings first, then the newest. No query."""
    here = [each for each in _coming() if each.where == where and each.course_id == course_id]
    good_until(_next_change(here, now))
    shown = [each for each in here if each.state(now) is State.CURRENT]
    return tuple(sorted(shown, key=lambda each: each.tone != Tone.WARNING))


def first_undismissed(shown: Iterable[AnnouncementView]) -> AnnouncementView | None:
    """The first one that whoever asks has not dismissed. No query unless somebody could have dismissed one."""
    person = current_person()
    for each in shown:
        if person is None or not each.dismissible or each.id not in _dismissed_by(person.id):
            return each
    return None


def _coming() -> tuple[AnnouncementView, ...]:
    return kept("announcements.coming", _read)


def _read(connection: Connection) -> tuple[AnnouncementView, ...]:
    is_to_come = or_(Announcement.ends_at.is_(None), Announcement.ends_at > clock.now())
    query = select(*COLUMNS).where(Announcement.starts_at.is_not(None), is_to_come)
    rows = connection.execute(query.order_by(Announcement.starts_at.desc(), Announcement.id.desc()))
    return tuple(AnnouncementView(*row) for row in rows)


def _next_change(of: Iterable[AnnouncementView], now: datetime) -> datetime | None:
    moments = (moment for each in of for moment in (each.starts_at, each.ends_at))
    return min((moment for moment in moments if moment is not None and moment > now), default=None)


def _dismissed_by(person_id: int) -> frozenset[int]:
    """Asked once for all places of a page."""
    if "announcements_dismissed" not in g:
        query = select(Dismissal.announcement_id).where(Dismissal.person_id == person_id)
        g.announcements_dismissed = frozenset(session.scalars(query))
    found: frozenset[int] = g.announcements_dismissed
    return found
