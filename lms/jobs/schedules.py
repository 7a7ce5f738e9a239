"""Jobs that come back: one row each, moved on by whichever worker sees it first."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from lms.base import clock
from lms.db import session, writes
from lms.extend import Job
from lms.jobs import services
from lms.jobs.models import ScheduleRow


def remember(items: dict[str, Job], now: datetime) -> None:
    """Give every scheduled job its row; the first run is one interval from now. A changed interval applies at once."""
    try:
        with writes():
            rows = {row.name: row for row in session.execute(select(ScheduleRow.name, ScheduleRow.every_seconds))}
            for name, item in items.items():
                if item.every is not None:
                    _keep(name, int(item.every.total_seconds()), rows.get(name), now)
    except IntegrityError:
        # Another worker started at the same moment and wrote them.
        return


def _keep(name: str, every: int, row: object | None, now: datetime) -> None:
    times = {"every_seconds": every, "next_at": now + timedelta(seconds=every)}
    if row is None:
        moment = clock.real_now()
        session.execute(insert(ScheduleRow).values(name=name, created_at=moment, updated_at=moment, **times))
    elif row.every_seconds != every:  # type: ignore[attr-defined]
        session.execute(update(ScheduleRow).where(ScheduleRow.name == name).values(**times))


def next_at(items: dict[str, Job]) -> datetime | None:
    """When the next schedule is due; None without schedules."""
    return session.scalar(
        select(ScheduleRow.next_at)
        .where(ScheduleRow.name.in_([name for name, item in items.items() if item.every is not None]))
        .order_by(ScheduleRow.next_at)
        .limit(1)
    )


def enqueue_due(items: dict[str, Job], now: datetime) -> int:
    """Enqueue every schedule that is due, once however many workers try; returns how many.

    A site that slept through several intervals catches up with one run, not with all of them.
    """
    count = 0
    with writes():
        due = session.execute(
            select(ScheduleRow.name, ScheduleRow.next_at, ScheduleRow.every_seconds).where(ScheduleRow.next_at <= now)
        ).all()
        for row in due:
            if row.name not in items:
                continue
            moved = session.execute(
                update(ScheduleRow)
                .where(ScheduleRow.name == row.name, ScheduleRow.next_at == row.next_at)
                .values(next_at=now + timedelta(seconds=row.every_seconds))
            )
            if moved.rowcount:  # type: ignore[attr-defined]
                services.enqueue(row.name, key="schedule", run_at=now)
                count += 1
    return count
