"""Short ways to an answer."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from flask_babel import format_timedelta

from lms.base import clock
from lms.extend import HealthResult, Remedy


def good(sentence: Any) -> HealthResult:
    """As it should be."""
    return HealthResult("good", str(sentence))


def advice(sentence: Any, do: Any, remedy: Remedy | None = None) -> HealthResult:
    """It works, and could be better."""
    return HealthResult("advice", str(sentence), str(do), remedy)


def broken(sentence: Any, do: Any, remedy: Remedy | None = None) -> HealthResult:
    """It does not work."""
    return HealthResult("broken", str(sentence), str(do), remedy)


def age(moment: datetime) -> timedelta:
    """How long ago the moment was (real time)."""
    return clock.real_now() - moment


def ago(moment: datetime) -> str:
    """How long ago the moment was, in words: "3 hours ago"."""
    return str(format_timedelta(-age(moment), add_direction=True))
