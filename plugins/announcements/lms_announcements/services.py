"""What announcements can do; the only writer of the plugin's tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import IntegrityError

from lms.api import audit, clock
from lms.api.content import bump_content_version
from lms.api.db import session
from lms.api.events import emit
from lms.api.problem import Conflict, NotFound
from lms_announcements.events import AnnouncementPublished
from lms_announcements.models import Announcement, Dismissal


class State(StrEnum):
    """Where an announcement stands in its life: a matter of its two times."""

    DRAFT = "draft"
    SCHEDULED = "scheduled"
    CURRENT = "current"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class AnnouncementView:
    """An announcement. Times in UTC, domain time; ``link`` as ``lms.api.content.resolve`` takes it."""

    id: int
    title: str
    words: str
    link: Mapping[str, Any] | None
    link_words: str
    tone: str
    where: str
    course_id: int
    dismissible: bool
    starts_at: datetime | None
    ends_at: datetime | None

    def state(self, now: datetime) -> State:
        """Where it stands at ``now`` (domain time, UTC)."""
        if self.starts_at is None:
            return State.DRAFT
        if self.ends_at is not None and self.ends_at <= now:
            return State.ENDED
        return State.SCHEDULED if self.starts_at > now else State.CURRENT


COLUMNS = [getattr(Announcement, name) for name in AnnouncementView.__dataclass_fields__]


def find(announcement_id: int) -> AnnouncementView:
    """The announcement. Raises ``NotFound``."""
    row = session.execute(select(*COLUMNS).where(Announcement.id == announcement_id)).one_or_none()
    if row is None:
        raise NotFound(_("This announcement is not there any more."))
    return AnnouncementView(*row)


def newest(*, before: int | None = None, limit: int = 50) -> tuple[AnnouncementView, ...]:
    """The newest ones, drafts and ended ones too; ``before`` is the id of the last one of the page above."""
    query = select(*COLUMNS).order_by(Announcement.id.desc()).limit(limit)
    if before is not None:
        query = query.where(Announcement.id < before)
    return tuple(AnnouncementView(*row) for row in session.execute(query))


def save(values: Mapping[str, Any], *, announcement_id: int | None = None, actor_id: int | None) -> AnnouncementView:
    """Make an announcement, or change one. ``values`` are fields of ``AnnouncementView``. Raises ``NotFound``."""
    if announcement_id is None:
        made = Announcement(**values)
        session.add(made)
        session.flush()  # its id goes into the record of changes
        announcement_id = made.id
    else:
        _change(announcement_id, **values)
    return _recorded("saved", announcement_id, actor_id)


def publish(announcement_id: int, *, actor_id: int | None) -> AnnouncementView:
    """Let it begin now, and tell of it. Raises ``NotFound``, ``Conflict`` for one that has begun or ended."""
    now = clock.now()
    state = find(announcement_id).state(now)
    if state is State.CURRENT:
        raise Conflict(_("This announcement has begun already."))
    if state is State.ENDED:
        raise Conflict(_("This announcement has ended."), next_step=_("Give it a later end, then publish it."))
    _change(announcement_id, starts_at=now)
    _tell(announcement_id, now)
    return _recorded("published", announcement_id, actor_id)


def end(announcement_id: int, *, actor_id: int | None) -> AnnouncementView:
    """Let it end now. Raises ``NotFound``, ``Conflict`` for one that is not shown."""
    now = clock.now()
    if find(announcement_id).state(now) is not State.CURRENT:
        raise Conflict(_("This announcement is not shown now."))
    _change(announcement_id, ends_at=now)
    return _recorded("ended", announcement_id, actor_id)


def remove(announcement_id: int, *, actor_id: int | None) -> None:
    """Delete it for good. Raises ``NotFound``."""
    _recorded("deleted", announcement_id, actor_id)
    session.execute(delete(Announcement).where(Announcement.id == announcement_id))


def dismiss(announcement_id: int, person_id: int) -> None:
    """Never show it to the person again; twice is once. Raises ``NotFound``, ``Conflict`` for one that has to stay."""
    if not find(announcement_id).dismissible:
        raise Conflict(_("This announcement stays until it ends."))
    try:
        # The unique columns decide, not a look before: two windows may be closed at the same moment.
        with session.begin_nested():
            session.add(Dismissal(announcement_id=announcement_id, person_id=person_id))
    except IntegrityError:
        return


def tell_begun() -> None:
    """The job: tell of everything that has begun by the clock. What ended before it could be told stays untold.

    It switches nothing: what is shown follows from the times. So a worker that stands still costs a late event, and
    never a wrong page.
    """
    now = clock.now()
    for announcement_id in session.scalars(select(Announcement.id).where(*_is_due(now))).all():
        _tell(announcement_id, now)


def untold(since: datetime) -> int:
    """How many of those that are shown had begun by ``since`` (domain time, UTC), and nobody was told."""
    return session.scalar(select(func.count()).where(*_is_due(clock.now()), Announcement.starts_at <= since)) or 0


def _is_due(now: datetime) -> tuple[Any, ...]:
    is_over = (Announcement.ends_at.is_not(None)) & (Announcement.ends_at <= now)
    return Announcement.told_at.is_(None), Announcement.starts_at <= now, ~is_over


def _tell(announcement_id: int, now: datetime) -> None:
    """Emit the event, unless that was done: the button and the job may meet."""
    untold_still = (Announcement.id == announcement_id) & Announcement.told_at.is_(None)
    if session.execute(update(Announcement).where(untold_still).values(told_at=now)).rowcount:  # type: ignore[attr-defined]
        emit(AnnouncementPublished(announcement_id))


def _change(announcement_id: int, **values: Any) -> None:
    session.execute(update(Announcement).where(Announcement.id == announcement_id).values(**values))


def _recorded(what: str, announcement_id: int, actor_id: int | None) -> AnnouncementView:
    """Write the change down, and let every process and every kept page notice it."""
    found = find(announcement_id)
    audit.record(
        f"announcements.{what}",
        actor_id=actor_id,
        subject=f"announcement/{announcement_id}",
        detail={"title": found.title},
    )
    bump_content_version()
    return found
