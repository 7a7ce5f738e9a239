"""What happened, for whoever listens."""

from __future__ import annotations

from dataclasses import dataclass

from lms.extend import Event


@dataclass(frozen=True, slots=True)
class AnnouncementPublished(Event):
    """An announcement has begun: told once, by the button or by the clock. Read it with ``services.find``."""

    announcement_id: int
