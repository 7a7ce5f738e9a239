"""What happened in the room commerce."""

from __future__ import annotations

from dataclasses import dataclass

from lms.extend import Event


@dataclass(frozen=True, slots=True)
class OrderPaid(Event):
    """The money for an order has arrived, or there was nothing to pay; what was bought is open."""

    order_id: int
    person_id: int


@dataclass(frozen=True, slots=True)
class OrderAwaiting(Event):
    """The buyer has ordered the payment; the money is on its way, nothing is open yet."""

    order_id: int
    person_id: int


@dataclass(frozen=True, slots=True)
class OrderFailed(Event):
    """A payment on its way did not arrive. ``reason`` is the provider's word, or ""."""

    order_id: int
    person_id: int
    reason: str


@dataclass(frozen=True, slots=True)
class SubscriptionChanged(Event):
    """A subscription was made, or anything about it moved. ``before`` ("" for a new one) and ``after`` are states."""

    subscription_id: int
    person_id: int
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class OfferChanged(Event):
    """An offer was made, or is no longer sold."""

    offer_id: int
