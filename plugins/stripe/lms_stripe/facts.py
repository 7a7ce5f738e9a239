"""Pure: what a Stripe object says, in the words that commerce understands. No database, no network.

Objects come as plain dictionaries (``to_dict`` of the SDK's). Statuses are an allow-list: Stripe's enums are open, and
a word that we do not know changes nobody's access.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

# Stripe's status → commerce's state (docs.stripe.com/billing/subscriptions/overview#subscription-statuses).
SUBSCRIPTION_STATES = {
    "trialing": "trialing",
    "active": "active",
    "past_due": "past_due",
    "unpaid": "suspended",
    "paused": "suspended",
    "incomplete": "pending",
    "incomplete_expired": "ended",
    "canceled": "ended",
}
RUNNING = frozenset({"trialing", "active", "past_due", "unpaid", "paused", "incomplete"})

# A PaymentIntent in one of these will not become money any more without the buyer doing something.
_FAILED_INTENTS = frozenset({"requires_payment_method", "canceled"})


def moment(seconds: int | None) -> datetime | None:
    """Stripe's whole seconds as an aware time in UTC."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def identifier(value: Any) -> str | None:
    """The id of a field that holds an id or, when expanded, the object."""
    if isinstance(value, Mapping):
        value = value.get("id")
    return value if isinstance(value, str) and value else None


def metadata(value: Mapping[str, Any]) -> dict[str, str]:
    """The object's metadata; empty when it has none."""
    found = value.get("metadata")
    return {str(k): str(v) for k, v in found.items()} if isinstance(found, Mapping) else {}


@dataclass(frozen=True, slots=True)
class ItemReading:
    """One item of a subscription."""

    stripe_id: str
    price_id: str
    product_id: str | None
    quantity: int | None
    period_start: datetime | None
    period_end: datetime | None


@dataclass(frozen=True, slots=True)
class SubscriptionReading:
    """A subscription as just read. ``state`` is None for a status that we do not know."""

    stripe_id: str
    customer_id: str | None
    status: str
    state: str | None
    reason: str
    items: tuple[ItemReading, ...]
    period_start: datetime | None
    period_end: datetime | None
    cancel_at: datetime | None
    cancel_at_period_end: bool
    ends_on: datetime | None
    canceled_at: datetime | None
    ended_at: datetime | None
    trial_end: datetime | None
    started_at: datetime | None
    open_invoice_since: datetime | None
    pause_behavior: str
    pause_resumes_at: datetime | None
    latest_invoice_id: str | None
    latest_invoice_status: str
    hosted_invoice_url: str
    metadata: Mapping[str, str]
    test: bool

    @property
    def price_ids(self) -> tuple[str, ...]:
        """The prices of all items."""
        return tuple(item.price_id for item in self.items)


def read_subscription(value: Mapping[str, Any]) -> SubscriptionReading:
    """What the subscription says; best read with ``latest_invoice`` expanded."""
    items = tuple(_read_item(item) for item in _listed(value.get("items")))
    period_end = _latest(item.period_end for item in items)
    cancel_at, at_period_end = moment(value.get("cancel_at")), bool(value.get("cancel_at_period_end"))
    pause = value.get("pause_collection") or {}
    invoice = value.get("latest_invoice")
    invoice = invoice if isinstance(invoice, Mapping) else {}
    status = str(value.get("status"))
    state = SUBSCRIPTION_STATES.get(status)
    if state in {"active", "trialing"} and _first_invoice_is_open(invoice):
        # A delayed method (bank debit): Stripe counts the subscription as active while the money is on its way.
        state = "pending"
    return SubscriptionReading(
        stripe_id=str(value["id"]),
        customer_id=identifier(value.get("customer")),
        status=status,
        state=state,
        reason=_reason(value, status, pause),
        items=items,
        period_start=_earliest(item.period_start for item in items),
        period_end=period_end,
        cancel_at=cancel_at,
        cancel_at_period_end=at_period_end,
        ends_on=_earliest((cancel_at, period_end if at_period_end else None)),
        canceled_at=moment(value.get("canceled_at")),
        ended_at=moment(value.get("ended_at")),
        trial_end=moment(value.get("trial_end")),
        started_at=moment(value.get("start_date") or value.get("created")),
        open_invoice_since=moment(invoice.get("created")) if invoice.get("status") == "open" else None,
        pause_behavior=str(pause.get("behavior") or ""),
        pause_resumes_at=moment(pause.get("resumes_at")),
        latest_invoice_id=identifier(value.get("latest_invoice")),
        latest_invoice_status=str(invoice.get("status") or ""),
        hosted_invoice_url=str(invoice.get("hosted_invoice_url") or ""),
        metadata=metadata(value),
        test=not value.get("livemode", False),
    )


def past_due_since(
    reading: SubscriptionReading, previous_status: str, previous_since: datetime | None
) -> datetime | None:
    """When the unpaid time began: the open invoice's birth, kept while the status stays ``past_due``."""
    if reading.status != "past_due":
        return None
    if previous_status == "past_due" and previous_since is not None:
        return previous_since
    return reading.open_invoice_since or reading.period_start


def _first_invoice_is_open(invoice: Mapping[str, Any]) -> bool:
    return invoice.get("billing_reason") == "subscription_create" and invoice.get("status") in {"draft", "open"}


def _reason(value: Mapping[str, Any], status: str, pause: Mapping[str, Any]) -> str:
    if status == "paused":
        details = value.get("status_details") or {}
        paused = (details.get("paused") or {}).get("subscription") or {}
        return str(paused.get("type") or "paused")
    if status == "unpaid":
        return "unpaid"
    return "collection_paused" if pause else ""


def _read_item(item: Mapping[str, Any]) -> ItemReading:
    price = item.get("price") or {}
    return ItemReading(
        stripe_id=str(item["id"]),
        price_id=identifier(price) or "",
        product_id=identifier(price.get("product")) if isinstance(price, Mapping) else None,
        quantity=item.get("quantity"),
        period_start=moment(item.get("current_period_start")),
        period_end=moment(item.get("current_period_end")),
    )


def _listed(value: Any) -> list[Mapping[str, Any]]:
    if isinstance(value, Mapping):
        value = value.get("data")
    return [entry for entry in value or () if isinstance(entry, Mapping)]


def _latest(values: Iterable[datetime | None]) -> datetime | None:
    return max((value for value in values if value is not None), default=None)


def _earliest(values: Iterable[datetime | None]) -> datetime | None:
    return min((value for value in values if value is not None), default=None)


@dataclass(frozen=True, slots=True)
class CheckoutReading:
    """A Checkout Session as just read.

    ``state`` is open, paid, awaiting, failed, expired, or None for a word that we do not know.
    """

    session_id: str
    reference: str
    state: str | None
    reason: str
    mode: str
    customer_id: str | None
    subscription_id: str | None
    payment_intent_id: str | None
    invoice_id: str | None
    amount_subtotal: int
    amount_total: int
    currency: str
    metadata: Mapping[str, str]
    test: bool


def read_checkout(value: Mapping[str, Any], intent: Mapping[str, Any] | None = None) -> CheckoutReading:
    """What the session says. ``intent`` is the PaymentIntent behind it, if there is one.

    A session whose delayed payment failed stays ``complete`` and ``unpaid``: only the PaymentIntent tells.
    """
    expanded = value.get("payment_intent")
    intent = intent or (expanded if isinstance(expanded, Mapping) else None)
    state = _checkout_state(value, intent)
    error = (intent or {}).get("last_payment_error") or {}
    return CheckoutReading(
        session_id=str(value["id"]),
        reference=str(value.get("client_reference_id") or ""),
        state=state,
        reason=str(error.get("message") or "") if state == "failed" else "",
        mode=str(value.get("mode")),
        customer_id=identifier(value.get("customer")),
        subscription_id=identifier(value.get("subscription")),
        payment_intent_id=identifier(expanded) or identifier(intent),
        invoice_id=identifier(value.get("invoice")),
        amount_subtotal=int(value.get("amount_subtotal") or 0),
        amount_total=int(value.get("amount_total") or 0),
        currency=str(value.get("currency") or ""),
        metadata=metadata(value),
        test=not value.get("livemode", False),
    )


def _checkout_state(value: Mapping[str, Any], intent: Mapping[str, Any] | None) -> str | None:
    status, payment = value.get("status"), value.get("payment_status")
    if status in {"open", "expired"}:
        return str(status)
    if status != "complete":
        return None
    if payment in {"paid", "no_payment_required"}:
        return "paid"
    if payment != "unpaid":
        return None
    return "failed" if intent and intent.get("status") in _FAILED_INTENTS else "awaiting"


@dataclass(frozen=True, slots=True)
class PaymentReading:
    """Money that moved, or did not: an invoice or a payment without one."""

    invoice_id: str | None
    payment_intent_id: str | None
    charge_id: str | None
    subscription_id: str | None
    status: str
    amount: int
    subtotal: int
    amount_refunded: int
    currency: str
    disputed: bool
    paid_at: datetime | None
    metadata: Mapping[str, str]
    test: bool

    @property
    def is_money(self) -> bool:
        """Whether something was paid for: a trial's empty invoice is not, a 100 % code is."""
        return self.status == "paid" and (self.amount > 0 or self.subtotal > 0)


def subscription_of_invoice(invoice: Mapping[str, Any]) -> str | None:
    """The subscription that an invoice belongs to, if any."""
    details = (invoice.get("parent") or {}).get("subscription_details") or {}
    return identifier(details.get("subscription"))


def read_invoice(invoice: Mapping[str, Any], intent: Mapping[str, Any] | None = None) -> PaymentReading:
    """What the invoice says; ``intent`` (its PaymentIntent with ``latest_charge``) adds refunds and disputes."""
    charge = _charge(intent)
    details = (invoice.get("parent") or {}).get("subscription_details") or {}
    transitions = invoice.get("status_transitions") or {}
    return PaymentReading(
        invoice_id=identifier(invoice),
        payment_intent_id=identifier(intent),
        charge_id=identifier(charge),
        subscription_id=subscription_of_invoice(invoice),
        status=str(invoice.get("status") or ""),
        amount=int(invoice.get("amount_paid") or 0),
        subtotal=int(invoice.get("subtotal") or 0),
        amount_refunded=int(charge.get("amount_refunded") or 0),
        currency=str(invoice.get("currency") or ""),
        disputed=bool(charge.get("disputed")),
        paid_at=moment(transitions.get("paid_at") or invoice.get("created")),
        # A renewal's invoice has the subscription's metadata here, and none of its own.
        metadata=metadata(invoice) or metadata(details),
        test=not invoice.get("livemode", False),
    )


def read_intent(intent: Mapping[str, Any]) -> PaymentReading:
    """What a PaymentIntent without an invoice says; best read with ``latest_charge`` expanded."""
    charge = _charge(intent)
    succeeded = intent.get("status") == "succeeded"
    return PaymentReading(
        invoice_id=None,
        payment_intent_id=identifier(intent),
        charge_id=identifier(charge),
        subscription_id=None,
        status="paid" if succeeded else str(intent.get("status") or ""),
        amount=int(intent.get("amount_received") or 0),
        subtotal=int(intent.get("amount") or 0),
        amount_refunded=int(charge.get("amount_refunded") or 0),
        currency=str(intent.get("currency") or ""),
        disputed=bool(charge.get("disputed")),
        paid_at=moment(charge.get("created") or intent.get("created")) if succeeded else None,
        metadata=metadata(intent),
        test=not intent.get("livemode", False),
    )


def _charge(intent: Mapping[str, Any] | None) -> Mapping[str, Any]:
    charge = (intent or {}).get("latest_charge")
    return charge if isinstance(charge, Mapping) else {}
