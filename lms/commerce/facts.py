"""What payment providers tell: plain facts, the same words for every provider.

A fact may be told any number of times, late and out of order; each is what the provider says now, not a change.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class OrderState(StrEnum):
    """``open``: nothing paid yet. ``awaiting``: the money is on its way. ``held``: it came, but not as agreed."""

    OPEN = "open"
    AWAITING = "awaiting"
    HELD = "held"
    PAID = "paid"
    FAILED = "failed"
    EXPIRED = "expired"


class SubscriptionState(StrEnum):
    """What a subscription is, in words that no provider owns."""

    PENDING = "pending"
    TRIALING = "trialing"
    ACTIVE = "active"
    PAST_DUE = "past_due"
    SUSPENDED = "suspended"
    ENDED = "ended"


RUNNING = frozenset(
    {
        SubscriptionState.TRIALING,
        SubscriptionState.ACTIVE,
        SubscriptionState.PAST_DUE,
        SubscriptionState.SUSPENDED,
    }
)
"""States in which the provider goes on charging, or would once the card is mended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentFact:
    """Money has arrived for an order; nothing to pay is an ``amount`` of 0.

    ``amount`` is what arrived, ``subtotal`` the same before discounts and tax (None: the provider does not say, then
    ``amount`` counts); both in minor units of ``currency``. ``paid_at`` in UTC. ``test``: no real money.
    """

    order_id: int
    provider: str
    provider_ref: str
    amount: int
    currency: str
    paid_at: datetime
    subtotal: int | None = None
    test: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionFact:
    """A subscription as the provider has it now. Times in UTC.

    Needs ``period_end`` (or ``trial_end``) while trialing or active: raises ``ValueError`` without, since access would
    never end.
    """

    offer_id: int
    person_id: int
    provider: str
    provider_ref: str
    state: SubscriptionState | str
    order_id: int | None = None
    period_end: datetime | None = None
    cancel_at: datetime | None = None
    ended_at: datetime | None = None
    trial_end: datetime | None = None
    past_due_since: datetime | None = None
    started_at: datetime | None = None
    reason: str = ""

    def __post_init__(self) -> None:
        state = SubscriptionState(self.state)
        if state in (SubscriptionState.TRIALING, SubscriptionState.ACTIVE) and not (self.period_end or self.trial_end):
            raise ValueError(f"a subscription that is {state} has an end of its period")


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundFact:
    """Money of a payment goes back: ``amount`` in minor units of the payment's currency.

    ``state`` is pending, succeeded, failed or canceled; the last two mean that nothing went back.
    """

    provider: str
    payment_ref: str
    provider_ref: str
    amount: int
    state: str
