"""Fixtures of the plugin's tests: a site with the plugin, and short words for what people announce."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from lms_announcements import services
from lms_announcements.services import AnnouncementView

from lms.api import clock, settings

Announce = Callable[..., AnnouncementView]


@pytest.fixture
def site_options() -> dict[str, Any]:
    return {"plugins": ("announcements",)}


@pytest.fixture
def announce(site: Any) -> Announce:
    """``announce("Snow")`` shows it to everybody, from now on; hours count from now, None leaves a time out."""

    def announced(title: str, *, begins: float | None = 0, ends: float | None = None, **more: Any) -> AnnouncementView:
        def at(hours: float | None) -> Any:
            return None if hours is None else clock.now() + timedelta(hours=hours)

        values = {
            "title": title, "words": f"About {title}.", "link": None, "link_words": "", "tone": "info",
            "where": "site", "course_id": 0, "dismissible": True, **more,
        }  # fmt: skip
        made = services.save(values | {"starts_at": at(begins), "ends_at": at(ends)}, actor_id=None)
        site.commit()
        return made

    return announced


@pytest.fixture
def warm(site: Any) -> None:
    """A process reads the site's settings once, until one changes: that belongs to no page."""
    settings.get("site", "name")
