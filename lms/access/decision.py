"""The one decision about every door, as a pure function of the grants that could open it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class Reason(StrEnum):
    """Why a door is open or shut."""

    STAFF = "staff"
    PREVIEW = "preview"
    GRANTED = "granted"
    SIGN_IN_NEEDED = "sign_in_needed"
    NO_GRANT = "no_grant"
    NOT_BEGUN = "not_begun"
    ENDED = "ended"
    SUSPENDED = "suspended"
    COURSE_NOT_OPEN = "course_not_open"
    COURSE_CLOSED = "course_closed"
    FULL = "full"
    NOT_RELEASED = "not_released"
    UNPUBLISHED = "unpublished"


class NextStep(StrEnum):
    """What the page offers instead."""

    SIGN_IN = "sign_in"
    BUY = "buy"
    RENEW = "renew"
    PAY = "pay"
    WAIT = "wait"
    FINISH_FIRST = "finish_first"


class GrantState(StrEnum):
    """What a grant is. Ended is none of these: it is ``ends_at <= now``."""

    PENDING = "pending"
    ACTIVE = "active"
    GRACE = "grace"
    SUSPENDED = "suspended"
    REVOKED = "revoked"


class Person(Protocol):
    """Who asks: an id, and what the roles allow."""

    @property
    def id(self) -> int: ...

    def can(self, capability: str) -> bool: ...


@dataclass(frozen=True, slots=True)
class Thing:
    """What is asked for: a course, or one placement in it."""

    course_id: int
    placement_id: int | None = None
    is_preview: bool = False
    published: bool = True


@dataclass(frozen=True, slots=True)
class Held:
    """A grant as the decision sees it. Times in UTC; None is without end, or from the beginning."""

    grant_id: int
    product_id: int
    state: str
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether the door opens, why, and what to offer if not.

    ``until`` (UTC): when an open door shuts, or a shut one opens by itself, or when access ended; None: no such time.
    ``detail`` is the grant's own reason in one word, such as "past_due"; "" without a grant.
    """

    allowed: bool
    reason: Reason
    until: datetime | None = None
    next_step: NextStep | None = None
    product_id: int | None = None
    grant_id: int | None = None
    detail: str = ""


STAFF = Decision(True, Reason.STAFF)
PREVIEW = Decision(True, Reason.PREVIEW)
UNPUBLISHED = Decision(False, Reason.UNPUBLISHED)
SIGN_IN_NEEDED = Decision(False, Reason.SIGN_IN_NEEDED, next_step=NextStep.SIGN_IN)
NO_GRANT = Decision(False, Reason.NO_GRANT, next_step=NextStep.BUY)

# A shut door with several grants tells what can be mended soonest.
_URGENCY = {Reason.GRANTED: 3, Reason.SUSPENDED: 2, Reason.NOT_BEGUN: 1, Reason.ENDED: 0}
_FOREVER = float("inf")


def judge(grants: Iterable[Held], now: datetime) -> Decision:
    """The best that ``grants`` allow at ``now`` (UTC): the one that opens longest, else the refusal to mend first."""
    decisions = [_of_one(grant, now) for grant in grants]
    return max(decisions, key=_rank, default=NO_GRANT)


def _rank(decision: Decision) -> tuple[int, float, int]:
    at = decision.until.timestamp() if decision.until else None
    if decision.reason is Reason.GRANTED:
        best = _FOREVER if at is None else at
    elif decision.reason is Reason.NOT_BEGUN:
        best = -_FOREVER if at is None else -at
    else:
        best = -_FOREVER if at is None else at
    # The newest of equals, so that the answer does not hang on the order of rows.
    return _URGENCY[decision.reason], best, decision.grant_id or 0


def _of_one(grant: Held, now: datetime) -> Decision:
    if grant.state == GrantState.SUSPENDED and not _is_over(grant, now):
        # Nobody can pay a dispute away; whether the money stays is the banks' to decide.
        step = NextStep.WAIT if grant.reason == "disputed" else NextStep.PAY
        return _refusal(grant, Reason.SUSPENDED, step)
    if grant.state == GrantState.REVOKED:
        return _refusal(grant, Reason.ENDED, NextStep.RENEW)
    if grant.state == GrantState.GRACE and _is_over(grant, now):
        # The days of grace are over and nothing was paid: paying mends this, a new purchase would be the second.
        return _refusal(grant, Reason.SUSPENDED, NextStep.PAY, grant.ends_at)
    if _is_over(grant, now):
        return _refusal(grant, Reason.ENDED, NextStep.RENEW, grant.ends_at)
    if grant.state == GrantState.PENDING:
        return _refusal(grant, Reason.NOT_BEGUN, NextStep.WAIT, grant.starts_at)
    if grant.starts_at is not None and grant.starts_at > now:
        return _refusal(grant, Reason.NOT_BEGUN, NextStep.WAIT, grant.starts_at)
    return Decision(True, Reason.GRANTED, grant.ends_at, None, grant.product_id, grant.grant_id, grant.reason)


def _is_over(grant: Held, now: datetime) -> bool:
    return grant.ends_at is not None and grant.ends_at <= now


def _refusal(grant: Held, reason: Reason, step: NextStep, until: datetime | None = None) -> Decision:
    return Decision(False, reason, until, step, grant.product_id, grant.grant_id, grant.reason)
