"""Days as the seller's calendar has them: an invoice is due on a day, not at a moment."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

from lms.api import clock, settings


def today() -> date:
    """The day in the site's zone, domain time."""
    return clock.now().astimezone(ZoneInfo(str(settings.get("site", "timezone", "UTC")))).date()
