"""What a fact means for access: pure functions, a table in code."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from lms.access.decision import GrantState
from lms.commerce.facts import SubscriptionFact, SubscriptionState

LEEWAY = timedelta(hours=48)
"""How long access outlives a paid period, so that a late renewal shuts nobody out."""


class Terms(Protocol):
    """Of an offer, what decides about access."""

    @property
    def access_days(self) -> int | None: ...

    @property
    def grace_days(self) -> int: ...


@dataclass(frozen=True, slots=True)
class GrantPlan:
    """What the grant has to be. ``ends_at`` in UTC, None: without end.

    ``only_existing``: shut what is open, but make no grant for somebody who never had one.
    """

    state: GrantState
    ends_at: datetime | None
    reason: str
    only_existing: bool = False


def for_purchase(offer: Terms, paid_at: datetime) -> GrantPlan:
    """The grant of something paid once, or free: for ``access_days``, or for good."""
    ends_at = paid_at + timedelta(days=offer.access_days) if offer.access_days else None
    return GrantPlan(GrantState.ACTIVE, ends_at, "paid")


def for_refund(offer: Terms, paid_at: datetime, paid: int, returned: int) -> GrantPlan:
    """The grant of something paid once, when ``returned`` of the ``paid`` minor units went back.

    All of it shuts the door; a part changes nothing.
    """
    bought = for_purchase(offer, paid_at)
    if 0 < paid <= returned:
        return GrantPlan(GrantState.REVOKED, bought.ends_at, "refunded", only_existing=True)
    return bought


def for_subscription(fact: SubscriptionFact, offer: Terms, now: datetime) -> GrantPlan | None:
    """The grant of a subscription at ``now`` (UTC); None: leave everything as it is."""
    return _PLANS[SubscriptionState(fact.state)](fact, offer, now)


def grace_until(past_due_since: datetime, offer: Terms) -> datetime:
    """Until when an unpaid subscription still opens doors (UTC)."""
    return past_due_since + timedelta(days=offer.grace_days)


def _trialing(fact: SubscriptionFact, offer: Terms, now: datetime) -> GrantPlan:
    ends_at = _earlier(fact.cancel_at, _paid_until(fact.trial_end or fact.period_end))
    return GrantPlan(GrantState.ACTIVE, ends_at, "trial")


def _active(fact: SubscriptionFact, offer: Terms, now: datetime) -> GrantPlan:
    ends_at = _earlier(fact.cancel_at, _paid_until(fact.period_end or fact.trial_end))
    return GrantPlan(GrantState.ACTIVE, ends_at, "paid")


def _past_due(fact: SubscriptionFact, offer: Terms, now: datetime) -> GrantPlan:
    until = grace_until(fact.past_due_since or now, offer)
    if until <= now:
        return GrantPlan(GrantState.SUSPENDED, fact.cancel_at, "past_due")
    return GrantPlan(GrantState.GRACE, _earlier(fact.cancel_at, until), "past_due")


def _suspended(fact: SubscriptionFact, offer: Terms, now: datetime) -> GrantPlan:
    return GrantPlan(GrantState.SUSPENDED, fact.cancel_at, fact.reason or "unpaid")


def _pending(fact: SubscriptionFact, offer: Terms, now: datetime) -> None:
    return None


def _ended(fact: SubscriptionFact, offer: Terms, now: datetime) -> GrantPlan:
    return GrantPlan(GrantState.ACTIVE, fact.ended_at or now, "ended", only_existing=True)


_PLANS: dict[SubscriptionState, Callable[[SubscriptionFact, Terms, datetime], GrantPlan | None]] = {
    SubscriptionState.TRIALING: _trialing,
    SubscriptionState.ACTIVE: _active,
    SubscriptionState.PAST_DUE: _past_due,
    SubscriptionState.SUSPENDED: _suspended,
    SubscriptionState.PENDING: _pending,
    SubscriptionState.ENDED: _ended,
}


def _paid_until(end: datetime | None) -> datetime | None:
    return end + LEEWAY if end else None


def _earlier(first: datetime | None, second: datetime | None) -> datetime | None:
    return min((at for at in (first, second) if at), default=None)
