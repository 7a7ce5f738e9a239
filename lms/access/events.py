"""What happened in the room access."""

from __future__ import annotations

from dataclasses import dataclass

from lms.extend import Event


@dataclass(frozen=True, slots=True)
class GrantChanged(Event):
    """A grant was made or changed. ``before`` ("" for a new one) and ``after`` are states; both may be equal when only
    the dates moved."""

    grant_id: int
    person_id: int
    product_id: int
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class GrantReopened(Event):
    """Staff took back that they had closed a grant: whoever tells its facts may say anew what it is."""

    grant_id: int
    person_id: int
    product_id: int
    source: str
    source_ref: str
