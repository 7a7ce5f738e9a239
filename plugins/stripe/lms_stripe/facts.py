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
INTENT = "stoa_latest_intent"
"""Where a subscription that we read carries the PaymentIntent of its open invoice."""
RUNNING = frozenset({"trialing", "active", "past_due", "unpaid", "paused", "incomplete"})
_PAUSED_UNPAID = frozenset({"final_payment_failure", "first_payment_failure"})

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
class CardReading:
    """What is charged: a card's brand, last digits and month of expiry (``2028-09``); another method's kind."""

    brand: str = ""
    last4: str = ""
    expires: str = ""


def read_card(method: Any) -> CardReading:
    """The payment method, when it is there as an object; nothing of it is kept but what people recognise it by."""
    if not isinstance(method, Mapping):
        return CardReading()
    kind = str(method.get("type") or "")
    detail = method.get(kind) if isinstance(method.get(kind), Mapping) else {}
    year, month = detail.get("exp_year"), detail.get("exp_month")
    expires = f"{year:04d}-{month:02d}" if isinstance(year, int) and isinstance(month, int) else ""
    brand = str(detail.get("display_brand") or detail.get("brand") or detail.get("bank_name") or kind)
    return CardReading(brand[:40], str(detail.get("last4") or "")[:8], expires)


def read_default_card(customer: Mapping[str, Any]) -> CardReading:
    """What a customer is charged with; best read with ``invoice_settings.default_payment_method`` expanded."""
    return read_card((customer.get("invoice_settings") or {}).get("default_payment_method"))


@dataclass(frozen=True, slots=True)
class ItemReading:
    """One item of a subscription."""

    stripe_id: str
    price_id: str
    product_id: str | None
    quantity: int | None
    unit_amount: int | None
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
    collection_paused: bool
    pause_behavior: str
    pause_resumes_at: datetime | None
    latest_invoice_id: str | None
    latest_invoice_status: str
    hosted_invoice_url: str
    card: CardReading
    next_amount: int | None
    currency: str
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
        collection_paused=bool(pause),
        pause_behavior=str(pause.get("behavior") or ""),
        pause_resumes_at=moment(pause.get("resumes_at")),
        latest_invoice_id=identifier(value.get("latest_invoice")),
        latest_invoice_status=str(invoice.get("status") or ""),
        hosted_invoice_url=str(invoice.get("hosted_invoice_url") or ""),
        card=read_card(value.get("default_payment_method")),
        next_amount=_sum_of(items),
        currency=str(value.get("currency") or ""),
        metadata=metadata(value),
        test=not value.get("livemode", False),
    )


def _sum_of(items: tuple[ItemReading, ...]) -> int | None:
    amounts = [None if item.unit_amount is None else item.unit_amount * (item.quantity or 1) for item in items]
    known = [amount for amount in amounts if amount is not None]
    return sum(known) if amounts and len(known) == len(amounts) else None


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
        why = str(paused.get("type") or "paused")
        # Where the account says that failed charges end in a pause, something is owed all the same.
        return "unpaid" if why in _PAUSED_UNPAID else why
    if status in {"past_due", "unpaid"} and (value.get(INTENT) or {}).get("status") == "requires_action":
        return "action_required"
    if status == "unpaid":
        return "unpaid"
    return ""


def _read_item(item: Mapping[str, Any]) -> ItemReading:
    price = item.get("price") or {}
    return ItemReading(
        stripe_id=str(item["id"]),
        price_id=identifier(price) or "",
        product_id=identifier(price.get("product")) if isinstance(price, Mapping) else None,
        quantity=item.get("quantity"),
        unit_amount=price.get("unit_amount") if isinstance(price, Mapping) else None,
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
    paid_at: datetime | None
    metadata: Mapping[str, str]
    test: bool


def read_checkout(value: Mapping[str, Any], intent: Mapping[str, Any] | None = None) -> CheckoutReading:
    """What the session says; best read with ``invoice`` expanded. ``intent`` is the PaymentIntent behind it, if any.

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
        paid_at=_paid_at(value, intent),
        metadata=metadata(value),
        test=not value.get("livemode", False),
    )


def _paid_at(session: Mapping[str, Any], intent: Mapping[str, Any] | None) -> datetime | None:
    """When the money came, and not when we heard of it; for what cost nothing, when the session began."""
    invoice = session.get("invoice")
    transitions = invoice.get("status_transitions") if isinstance(invoice, Mapping) else None
    return moment((transitions or {}).get("paid_at") or _charge(intent).get("created") or session.get("created"))


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
    customer_id: str | None
    number: str
    hosted_invoice_url: str
    metadata: Mapping[str, str]
    test: bool
    stuck: str = ""
    """Why Stripe could not finish the invoice, in its words: nothing is charged until somebody mends that."""

    @property
    def is_money(self) -> bool:
        """Whether something was paid for: a trial's empty invoice is not, a 100 % code is."""
        return self.status == "paid" and (self.amount > 0 or self.subtotal > 0)


def subscription_of_invoice(invoice: Mapping[str, Any]) -> str | None:
    """The subscription that an invoice belongs to, if any; events of older versions have it at the top."""
    details = _part(_part(invoice, "parent"), "subscription_details")
    return identifier(details.get("subscription")) or identifier(invoice.get("subscription"))


def _part(value: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = value.get(name)
    return found if isinstance(found, Mapping) else {}


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
        customer_id=identifier(invoice.get("customer")),
        number=str(invoice.get("number") or "")[:80],
        hosted_invoice_url=str(invoice.get("hosted_invoice_url") or ""),
        # A renewal's invoice has the subscription's metadata here, and none of its own.
        metadata=metadata(invoice) or metadata(details),
        test=not invoice.get("livemode", False),
        stuck=_stuck(invoice),
    )


def _stuck(invoice: Mapping[str, Any]) -> str:
    error = _part(invoice, "last_finalization_error")
    if invoice.get("status") != "draft" or not error:
        return ""
    return str(error.get("message") or error.get("code") or "finalization failed")


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
        customer_id=identifier(intent.get("customer")),
        number="",
        hosted_invoice_url="",
        metadata=metadata(intent),
        test=not intent.get("livemode", False),
    )


@dataclass(frozen=True, slots=True)
class RefundReading:
    """Money that goes back. ``state`` is pending, succeeded, failed or canceled."""

    stripe_id: str
    amount: int
    state: str
    failure_reason: str


def read_refund(value: Mapping[str, Any]) -> RefundReading:
    """What a refund says; a status that we do not know counts as pending, since the money has left the charge."""
    status = str(value.get("status") or "")
    state = status if status in {"succeeded", "failed", "canceled"} else "pending"
    return RefundReading(str(value["id"]), int(value.get("amount") or 0), state, str(value.get("failure_reason") or ""))


# What a dispute's status means for the money (docs.stripe.com/api/disputes/object#dispute_object-status).
DISPUTE_STATES = {
    "warning_needs_response": "inquiry",
    "warning_under_review": "inquiry",
    "warning_closed": "closed",
    "needs_response": "open",
    "under_review": "open",
    "appeal_needs_response": "open",
    "appeal_under_review": "open",
    "won": "won",
    "lost": "lost",
    "prevented": "lost",
}


@dataclass(frozen=True, slots=True)
class DisputeReading:
    """A dispute as just read. ``state`` is None for a status that we do not know."""

    stripe_id: str
    amount: int
    status: str
    state: str | None
    reason: str
    opened_at: datetime


def read_dispute(value: Mapping[str, Any]) -> DisputeReading:
    """What a dispute says."""
    status = str(value.get("status") or "")
    state = DISPUTE_STATES.get(status)
    if state is None and status.startswith("appeal_"):
        state = "open"
    opened = datetime.fromtimestamp(int(value.get("created") or 0), UTC)
    return DisputeReading(
        str(value["id"]), int(value.get("amount") or 0), status, state, str(value.get("reason") or ""), opened
    )


def _charge(intent: Mapping[str, Any] | None) -> Mapping[str, Any]:
    charge = (intent or {}).get("latest_charge")
    return charge if isinstance(charge, Mapping) else {}
