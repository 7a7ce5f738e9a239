"""What staff read about an order beside what every provider tells: the invoice, and what became of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import format_date
from flask_babel import gettext as _
from sqlalchemy import select

from lms.api import db, settings
from lms.extend import ProviderRecord
from lms_manual_payments.invoices import admin_path
from lms_manual_payments.models import Invoice


def records(order: Any) -> Iterator[ProviderRecord]:
    """The lines of one order's story. One query."""
    row = db.session.scalar(select(Invoice).where(Invoice.order_id == order.id))
    if row is None:
        return
    href = admin_path(row.number)
    due = format_date(row.due_on, "long")
    yield ProviderRecord(
        at=row.created_at, title=_("Invoice %(number)s issued", number=row.number), detail=_("due %(day)s", day=due),
        href=href,
    )  # fmt: skip
    if row.reminded_on:
        yield ProviderRecord(at=_noon(row.reminded_on), title=_("Reminded of the invoice"), href=href)
    if row.cancelled_on:
        yield ProviderRecord(
            at=_noon(row.cancelled_on), title=_("Invoice cancelled"), detail=row.reason, href=href, tone="bad"
        )


def _noon(day: date) -> datetime:
    """A day of the seller's calendar as a moment."""
    return datetime.combine(day, time(12), ZoneInfo(str(settings.get("site", "timezone", "UTC")))).astimezone(UTC)
