"""Calendar arithmetic of billing periods, in UTC."""

from __future__ import annotations

import calendar
from datetime import UTC, datetime, timedelta


def add(moment: int, interval: str, count: int, *, anchor: int | None = None) -> int:
    """Return the moment ``count`` intervals later, in UTC seconds.

    Months keep the anchor's day of the month where it exists: 31 January, 28 February, 31 March.
    """
    start = datetime.fromtimestamp(moment, UTC)
    if interval in ("day", "week"):
        return int((start + timedelta(days=count * (7 if interval == "week" else 1))).timestamp())
    months = start.year * 12 + start.month - 1 + count * (12 if interval == "year" else 1)
    year, month = divmod(months, 12)
    day = datetime.fromtimestamp(moment if anchor is None else anchor, UTC).day
    last = calendar.monthrange(year, month + 1)[1]
    return int(start.replace(year=year, month=month + 1, day=min(day, last)).timestamp())


def date_in_words(moment: int) -> str:
    """Return ``18 December 2026``."""
    day = datetime.fromtimestamp(moment, UTC)
    return f"{day.day} {day:%B %Y}"


def moment_in_words(moment: int) -> str:
    """Return ``18 December 2026, 14:05 UTC``."""
    return f"{date_in_words(moment)}, {datetime.fromtimestamp(moment, UTC):%H:%M} UTC"
