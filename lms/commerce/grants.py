"""What a fact means for access: pure functions, a table in code."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from lms.access.decision import GrantState
from lms.commerce.facts import UNPAID_REASONS, SubscriptionFact, SubscriptionState

LEEWAY = timedelta(hours=48)
"""How long access outlives a paid period, so that a late renewal shuts nobody out."""


class Terms(Protocol):
    """Of an offer, what decides about access."""

    @property
    def access_days(self) -> int | None: ...

    @property
    def grace_days(self) -> int: ...

    @property
    def instalments(self) -> int | None: ...

    @property
    def pause_closes(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class GrantPlan:
    """What the grant has to be. ``ends_at`` in UTC, None: without end.

    ``only_existing``: shut what is open, but make no grant for somebody who never had one.
    """

    state: GrantState
    ends_at: datetime | None
    reason: str
    only_existing: bool = False


@dataclass(frozen=True, slots=True)
class Ledger:
    """What became of an order's money, in minor units of its currency.

    ``returned`` went back or is on its way back; ``part_ends_access``: staff decided that this ends the access.
    ``disputed``: a bank has asked for money back, and it is not decided. ``lost``: it was decided against the seller,
    and nothing was paid since. ``instalments``: payments that were for something, without those that
    went back whole or were lost.
    """

    paid: int = 0
    returned: int = 0
    part_ends_access: bool = False
    disputed: bool = False
    lost: bool = False
    instalments: int = 0

    @property
    def is_sent_back(self) -> bool:
        """Whether all that came went back."""
        return 0 < self.paid <= self.returned


NOTHING_BACK = Ledger()
PURGED = GrantPlan(GrantState.REVOKED, None, "test_purged", only_existing=True)
"""Of a test purchase that the site has done away with, whatever its provider goes on telling."""


def for_purchase(offer: Terms, paid_at: datetime, money: Ledger = NOTHING_BACK) -> GrantPlan:
    """The grant of something paid once, or free: for ``access_days``, or for good.

    All of the money back shuts the door; a part changes nothing, unless staff said so. A dispute shuts it until it is
    won.
    """
    ends_at = paid_at + timedelta(days=offer.access_days) if offer.access_days else None
    bought = GrantPlan(GrantState.ACTIVE, ends_at, "paid")
    if money.is_sent_back or (money.returned and money.part_ends_access):
        return _shut(bought, GrantState.REVOKED, "refunded")
    return _after_disputes(bought, money)


def for_subscription(
    fact: SubscriptionFact, offer: Terms, now: datetime, money: Ledger = NOTHING_BACK
) -> GrantPlan | None:
    """The grant of a subscription at ``now`` (UTC); None: leave everything as it is.

    Money of a charge that went back changes nothing by itself: the subscription says what runs. Instalments that are
    all paid are the buyer's to keep, whatever the subscription says afterwards.
    """
    plan = _PLANS[SubscriptionState(fact.state)](fact, offer, now)
    if offer.instalments and money.instalments >= offer.instalments:
        plan = GrantPlan(GrantState.ACTIVE, None, "plan_completed")
    elif plan is not None and fact.collection_paused and offer.pause_closes and plan.state is GrantState.ACTIVE:
        plan = plan if plan.only_existing else GrantPlan(GrantState.SUSPENDED, plan.ends_at, "paused")
    return _after_disputes(plan, money) if plan is not None else None


def _after_disputes(plan: GrantPlan, money: Ledger) -> GrantPlan:
    if money.lost:
        return _shut(plan, GrantState.REVOKED, "dispute_lost")
    return _shut(plan, GrantState.SUSPENDED, "disputed") if money.disputed else plan


def _shut(plan: GrantPlan, state: GrantState, reason: str) -> GrantPlan:
    return GrantPlan(state, plan.ends_at, reason, only_existing=True)


def grace_until(past_due_since: datetime, offer: Terms) -> datetime:
    """Until when an unpaid subscription still opens doors (UTC)."""
    return past_due_since + timedelta(days=offer.grace_days)


def _ends_on(fact: SubscriptionFact) -> datetime | None:
    """When it ends, by somebody's wish or because its instalments end: nothing is renewed then, late or not."""
    return _earlier(fact.cancel_at, fact.paid_off_at)


def _trialing(fact: SubscriptionFact, offer: Terms, now: datetime) -> GrantPlan:
    ends_at = _earlier(_ends_on(fact), _paid_until(fact.trial_end or fact.period_end))
    return GrantPlan(GrantState.ACTIVE, ends_at, "trial")


def _active(fact: SubscriptionFact, offer: Terms, now: datetime) -> GrantPlan:
    ends_at = _earlier(_ends_on(fact), _paid_until(fact.period_end or fact.trial_end))
    return GrantPlan(GrantState.ACTIVE, ends_at, "paid")


def _past_due(fact: SubscriptionFact, offer: Terms, now: datetime) -> GrantPlan:
    until = grace_until(fact.past_due_since or now, offer)
    if until <= now:
        return GrantPlan(GrantState.SUSPENDED, _ends_on(fact), "past_due")
    return GrantPlan(GrantState.GRACE, _earlier(_ends_on(fact), until), "past_due")


def _suspended(fact: SubscriptionFact, offer: Terms, now: datetime) -> GrantPlan:
    reason = "unpaid" if fact.reason in UNPAID_REASONS else "paused"
    return GrantPlan(GrantState.SUSPENDED, _ends_on(fact), reason)


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
