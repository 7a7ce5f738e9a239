"""Who may buy while the site sells in test mode: staff, and the people whom the owner named."""

from __future__ import annotations

from typing import Any

from lms.api import settings
from lms_stripe import connections

_STAFF = frozenset({"owner", "creator"})


def named(words: str) -> frozenset[str]:
    """The addresses in the setting, one in each line or with commas between, compared without case."""
    return frozenset(part.casefold() for part in words.replace(",", " ").split())


def may_buy(person: Any) -> bool:
    """Whether the person may make test purchases. An address counts only once its owner has confirmed it."""
    if _STAFF & set(person.roles):
        return True
    invited = named(str(settings.get(connections.SECTION, "testers", "") or ""))
    return bool(person.verified) and person.email.casefold() in invited
