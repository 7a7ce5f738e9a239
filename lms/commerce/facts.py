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


class DisputeState(StrEnum):
    """``inquiry``: the bank only asks. ``open``: the money is gone until it is decided.

    ``closed``: an inquiry is over, and nothing came of it.
    """

    INQUIRY = "inquiry"
    OPEN = "open"
    WON = "won"
    LOST = "lost"
    CLOSED = "closed"


RUNNING = frozenset(
    {
        SubscriptionState.TRIALING,
        SubscriptionState.ACTIVE,
        SubscriptionState.PAST_DUE,
        SubscriptionState.SUSPENDED,
    }
)
"""States in which the provider goes on charging, or would once the payment is mended."""

UNPAID_REASONS = frozenset({"", "unpaid", "action_required"})
"""Reasons of what is suspended for want of money; with any other it rests, by the buyer's wish or the provider's."""


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
    """A subscription as the provider has it now. Times in UTC. ``test``: it moves no real money.

    ``reason`` says why it is past due or suspended: "action_required" (the buyer's bank asks the buyer), "unpaid",
    "paused", or the provider's own word.

    ``person_id`` None means: whoever the order belongs to, now or once it is claimed.

    ``paid_off_at``: when its instalments end as agreed; that is no ``cancel_at``, which somebody wished.

    ``collection_paused``: it runs on, and nothing is charged until ``paused_until`` (None: until somebody resumes it).

    Needs ``period_end`` (or ``trial_end``) while trialing or active: raises ``ValueError`` without, since access would
    never end.
    """

    offer_id: int
    person_id: int | None
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
    paid_off_at: datetime | None = None
    collection_paused: bool = False
    paused_until: datetime | None = None
    test: bool = False

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


@dataclass(frozen=True, slots=True, kw_only=True)
class DisputeFact:
    """A buyer's bank disputes a payment: ``amount`` in minor units of the payment's currency. ``opened_at`` in UTC.

    ``reason`` is the bank's, in the provider's word.
    """

    provider: str
    payment_ref: str
    provider_ref: str
    amount: int
    state: DisputeState | str
    opened_at: datetime
    reason: str = ""
