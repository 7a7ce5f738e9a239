"""What happened in the room commerce."""

from __future__ import annotations

from dataclasses import dataclass

from lms.extend import Event


@dataclass(frozen=True, slots=True)
class OrderPaid(Event):
    """The money for an order has arrived, or there was nothing to pay; what was bought is open.

    ``person_id`` is None here and below while a guest's order is not claimed: then nothing is open yet.
    """

    order_id: int
    person_id: int | None


@dataclass(frozen=True, slots=True)
class OrderClaimed(Event):
    """What a guest had bought belongs to a person now, and is open to them."""

    order_id: int
    person_id: int


@dataclass(frozen=True, slots=True)
class OrderAwaiting(Event):
    """The buyer has ordered the payment; the money is on its way, nothing is open yet."""

    order_id: int
    person_id: int | None


@dataclass(frozen=True, slots=True)
class OrderFailed(Event):
    """A payment on its way did not arrive. ``reason`` is the provider's word, or ""."""

    order_id: int
    person_id: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class SubscriptionChanged(Event):
    """A subscription was made, or anything about it moved. ``before`` ("" for a new one) and ``after`` are states."""

    subscription_id: int
    person_id: int | None
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class OfferChanged(Event):
    """An offer was made, or is no longer sold."""

    offer_id: int


@dataclass(frozen=True, slots=True)
class DisputeChanged(Event):
    """A buyer's bank disputes a payment, or goes on with it. ``before`` ("" for a new one) and ``after`` are states."""

    order_id: int
    person_id: int | None
    before: str
    after: str
