from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from lms.extend import Job
from lms.host.registry import Contribution, Registry
from lms.jobs.plugin import Jobs


@pytest.fixture
def with_jobs(site: Any) -> Callable[..., None]:
    """``with_jobs(name=function)`` gives the site jobs ``trial.<name>`` beside the room's own."""

    def add(*listeners: Any, lease: timedelta = timedelta(seconds=60), **functions: Any) -> None:
        every = functions.pop("every", None)
        attempts = functions.pop("max_attempts", 3)
        room = Jobs()
        items = [
            Job(name=name, run=run, plugin="trial", lease=lease, every=every, max_attempts=attempts)
            for name, run in functions.items()
        ]
        own = [replace(item, plugin="jobs") for item in room.jobs() if item.name == "listener"]
        site.app.extensions["lms_registry"] = Registry(
            [Contribution("jobs", room, tuple(own), ()), Contribution("trial", room, (*items, *listeners), ())]
        )

    return add


@pytest.fixture
def contained(site: Any) -> None:
    """Failures of plugins are kept, not raised."""
    site.app.config["LMS"] = replace(site.app.config["LMS"], strict_plugins=False)
