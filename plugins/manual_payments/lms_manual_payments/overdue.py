"""The job that looks at the calendar: reminds once, and gives up where the settings say so."""

from __future__ import annotations

from datetime import timedelta

from flask_babel import gettext as _
from sqlalchemy import select

from lms.api import audit, db, jobs
from lms_manual_payments import bookkeeping, calendar_days, invoices, letters, settings
from lms_manual_payments.invoices import State
from lms_manual_payments.models import Invoice

JOB = "manual_payments.overdue"
_AT_ONCE = 100


def run() -> None:
    """Open invoices whose day has passed are overdue, and their buyers reminded; the oldest of them are cancelled."""
    more = _remind() + _give_up() > 0
    if more:
        jobs.enqueue(JOB, key="more")


def _remind() -> bool:
    today = calendar_days.today()
    late = select(Invoice).where(Invoice.state == State.OPEN, Invoice.due_on < today)
    rows = db.session.scalars(late.order_by(Invoice.id).limit(_AT_ONCE).with_for_update()).all()
    for row in rows:
        row.state, row.reminded_on = State.OVERDUE.value, today
        audit.record("manual_payments.overdue", actor_id=None, subject=f"invoice/{row.number}")
    db.session.flush()  # the letters read the rows as views
    for row in rows:
        view = invoices.by_number(row.number)
        if view is not None:
            letters.reminder(view)
    return len(rows) == _AT_ONCE


def _give_up() -> bool:
    days = settings.terms().cancel_after_days
    if not days:
        return False
    since = calendar_days.today() - timedelta(days=days)
    silent = select(Invoice.number).where(Invoice.state == State.OVERDUE, Invoice.reminded_on <= since)
    numbers = db.session.scalars(silent.order_by(Invoice.id).limit(_AT_ONCE)).all()
    for number in numbers:
        bookkeeping.cancel(number, reason=_("No money came."), actor_id=None)
    return len(numbers) == _AT_ONCE
