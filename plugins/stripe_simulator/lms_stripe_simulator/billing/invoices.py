"""Invoices: built as drafts, finalised, collected, paid or voided."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from lms_stripe_simulator.accounts import account
from lms_stripe_simulator.billing import payments
from lms_stripe_simulator.billing.discounts import Line, taken_off
from lms_stripe_simulator.identifiers import new_id, token
from lms_stripe_simulator.money import words
from lms_stripe_simulator.scope import Scope
from lms_stripe_simulator.shapes import blank, page
from lms_stripe_simulator.state import Object


@dataclass(frozen=True)
class InvoiceLine:
    """One line; ``amount`` overrides price × quantity for prorations."""

    price: Object
    quantity: int
    start: int
    end: int
    description: str
    subscription: str | None = None
    item: str | None = None
    proration: bool = False
    amount: int | None = None
    metadata: Object = field(default_factory=dict)


@dataclass(frozen=True)
class Draft:
    """What an invoice is made of."""

    customer: str | None
    currency: str
    reason: str
    lines: list[InvoiceLine]
    subscription: Object | None = None
    discounts: list[Object] = field(default_factory=list)
    """``[{"coupon", "discount"}]``"""
    metadata: Object = field(default_factory=dict)
    description: str | None = None
    footer: str | None = None
    email: str | None = None


def create(scope: Scope, draft: Draft) -> Object:
    """Store a draft invoice and emit ``invoice.created``."""
    identifier = new_id("in")
    priced = [Line(line.price, line.quantity) for line in draft.lines]
    off = taken_off(scope, priced, draft.discounts) if draft.discounts else [0] * len(priced)
    lines = [_line(scope, identifier, line, draft, cut) for line, cut in zip(draft.lines, off, strict=True)]
    subtotal, discount = sum(line["subtotal"] for line in lines), sum(off)
    invoice = blank(
        "invoice",
        id=identifier,
        auto_advance=True,
        billing_reason=draft.reason,
        collection_method="charge_automatically",
        created=scope.now,
        currency=draft.currency,
        description=draft.description,
        discounts=[entry["discount"] for entry in draft.discounts if entry.get("discount")],
        footer=draft.footer,
        lines=page(f"/v1/invoices/{identifier}/lines", lines),
        livemode=scope.livemode,
        metadata=dict(draft.metadata),
        parent=_parent(draft.subscription),
        period_end=max((line.start for line in draft.lines), default=scope.now),
        period_start=min((line.start for line in draft.lines), default=scope.now),
        status="draft",
        status_transitions=dict.fromkeys(("finalized_at", "marked_uncollectible_at", "paid_at", "voided_at")),
        **_parties(scope, draft),
        **_amounts(draft, subtotal, discount),
    )
    scope.add(invoice)
    scope.emit("invoice.created", invoice)
    return invoice


def _parties(scope: Scope, draft: Draft) -> Object:
    """Return an invoice's fields about who sells and who buys, as they are when it is made."""
    seller = account(scope.state, scope.account)
    customer = scope.find(draft.customer or "", "customer") or {}
    return {
        "account_country": seller["country"],
        "account_name": seller["name"],
        "automatic_tax": dict.fromkeys(("disabled_reason", "liability", "provider", "status")) | {"enabled": False},
        "customer": draft.customer,
        "customer_address": customer.get("address"),
        "customer_email": draft.email or customer.get("email"),
        "customer_name": customer.get("name"),
        "customer_phone": customer.get("phone"),
        "customer_tax_exempt": customer.get("tax_exempt"),
        "customer_tax_ids": [],
        "default_tax_rates": [],
        "issuer": {"type": "self"},
        "payment_settings": dict.fromkeys(("default_mandate", "payment_method_options", "payment_method_types")),
    }


def _amounts(draft: Draft, subtotal: int, discount: int) -> Object:
    """Return an invoice's sums; what would be below zero is nothing."""
    total = max(subtotal - discount, 0)
    marks = [entry["discount"] for entry in draft.discounts if entry.get("discount")]
    zeros = (
        "amount_overpaid",
        "amount_paid",
        "amount_shipping",
        "attempt_count",
        "post_payment_credit_notes_amount",
        "pre_payment_credit_notes_amount",
        "starting_balance",
    )
    return dict.fromkeys(zeros, 0) | {
        "amount_due": total,
        "amount_remaining": total,
        "attempted": False,
        "subtotal": subtotal,
        "subtotal_excluding_tax": subtotal,
        "total": total,
        "total_discount_amounts": [{"amount": discount, "discount": marks[0]}] if marks and discount else [],
        "total_excluding_tax": total,
        "total_pretax_credit_amounts": [],
        "total_taxes": [],
    }


def _parent(subscription: Object | None) -> Object | None:
    if subscription is None:
        return None
    details = {
        "metadata": dict(subscription["metadata"]),
        "subscription": subscription["id"],
        "subscription_proration_date": None,
    }
    return {"quote_details": None, "subscription_details": details, "type": "subscription_details"}


def _line(scope: Scope, invoice: str, line: InvoiceLine, draft: Draft, cut: int) -> Object:
    subtotal = line.quantity * int(line.price["unit_amount"] or 0) if line.amount is None else line.amount
    names = [entry["discount"] for entry in draft.discounts if entry.get("discount")]
    return blank(
        "line_item",
        id=new_id("il"),
        amount=subtotal,
        currency=draft.currency,
        description=line.description,
        discount_amounts=[{"amount": cut, "discount": names[0]}] if cut and names else [],
        discountable=not line.proration,
        discounts=[],
        invoice=invoice,
        livemode=scope.livemode,
        metadata=dict(line.metadata),
        parent=_line_parent(line),
        period={"end": line.end, "start": line.start},
        pretax_credit_amounts=[],
        pricing={
            "price_details": {"price": line.price["id"], "product": line.price["product"]},
            "type": "price_details",
            "unit_amount_decimal": line.price["unit_amount_decimal"],
        },
        quantity=line.quantity,
        quantity_decimal=str(line.quantity),
        subscription=line.subscription,
        subtotal=subtotal,
        taxes=[],
    )


def _line_parent(line: InvoiceLine) -> Object | None:
    shared = {"proration": line.proration, "proration_details": {"credited_items": None}}
    if line.item:
        details = shared | {"invoice_item": None, "subscription": line.subscription, "subscription_item": line.item}
        return {
            "invoice_item_details": None,
            "subscription_item_details": details,
            "type": "subscription_item_details",
        }
    details = shared | {"invoice_item": new_id("ii"), "subscription": line.subscription}
    return {"invoice_item_details": details, "subscription_item_details": None, "type": "invoice_item_details"}


def finalize(scope: Scope, invoice: Object) -> Object:
    """Give a draft its number and its hosted page; an amount of zero is paid at once."""
    secret = token(32)
    scope.change(
        invoice,
        status="open",
        number=_number(scope, invoice),
        effective_at=scope.now,
        hosted_invoice_url=f"{scope.state.base_url}/i/{secret}",
        invoice_pdf=f"{scope.state.base_url}/i/{secret}/pdf",
        status_transitions=invoice["status_transitions"] | {"finalized_at": scope.now},
        _secret=secret,
    )
    scope.emit("invoice.finalized", invoice)
    return invoice


def _number(scope: Scope, invoice: Object) -> str:
    customer = scope.find(invoice["customer"] or "", "customer")
    if customer is None:
        return f"{token(8).upper()}-0001"
    sequence = customer["next_invoice_sequence"]
    scope.change(customer, next_invoice_sequence=sequence + 1)
    return f"{customer['invoice_prefix']}-{sequence:04d}"


def payment_of(scope: Scope, invoice: Object) -> Object | None:
    """Return an invoice's own invoice payment, or None."""
    identifier = invoice.get("_payment")
    return scope.find(identifier, "invoice_payment") if identifier else None


def intent_of(scope: Scope, invoice: Object) -> Object | None:
    """Return the payment intent of an invoice, or None."""
    payment = payment_of(scope, invoice)
    return scope.find(payment["payment"]["payment_intent"], "payment_intent") if payment else None


def link_payment(scope: Scope, invoice: Object, intent: Object) -> Object:
    """Store that a payment intent pays an invoice."""
    paid = intent["status"] == "succeeded"
    made = blank(
        "invoice_payment",
        id=new_id("inpay"),
        amount_paid=intent["amount"] if paid else None,
        amount_requested=invoice["amount_due"],
        created=scope.now,
        currency=invoice["currency"],
        invoice=invoice["id"],
        is_default=True,
        livemode=scope.livemode,
        payment={"payment_intent": intent["id"], "type": "payment_intent"},
        status="paid" if paid else "open",
        status_transitions={"canceled_at": None, "paid_at": scope.now if paid else None},
    )
    scope.add(made)
    scope.change(invoice, _payment=made["id"])
    return made


def collect(
    scope: Scope,
    invoice: Object,
    method: Object | None,
    *,
    on_session: bool,
    session: str | None = None,
    authenticated: bool = False,
) -> str:
    """Try to get a finalised invoice paid; return ``paid``, ``processing``, ``requires_action`` or ``failed``."""
    if invoice["amount_remaining"] == 0:
        mark_paid(scope, invoice)
        return "paid"
    intent = intent_of(scope, invoice) or _intent(scope, invoice, session)
    scope.change(invoice, attempted=True, attempt_count=invoice["attempt_count"] + 1, next_payment_attempt=None)
    if method is None:
        error = {"type": "invalid_request_error", "message": "There is no payment method to charge."}
        scope.change(intent, last_payment_error=error)
        status = "requires_payment_method"
    else:
        status = payments.attempt(scope, intent, method, on_session=on_session, authenticated=authenticated)
    if status == "succeeded":
        mark_paid(scope, invoice)
        return "paid"
    if status == "requires_payment_method":
        tell(FAILED, scope, invoice)
        return "failed"
    if status == "requires_action":
        scope.emit("invoice.payment_action_required", invoice)
    return status


def _intent(scope: Scope, invoice: Object, session: str | None) -> Object:
    subscription = (invoice["parent"] or {}).get("subscription_details")
    what = "Subscription creation" if invoice["billing_reason"] == "subscription_create" else "Subscription update"
    payment = payments.Payment(
        amount=invoice["amount_remaining"],
        currency=invoice["currency"],
        customer=invoice["customer"],
        description=what if subscription else f"Payment for invoice {invoice['number']}",
        invoice=invoice["id"],
        session=session,
    )
    intent = payments.create_intent(scope, payment, None)
    link_payment(scope, invoice, intent)
    return intent


def mark_paid(scope: Scope, invoice: Object, *, out_of_band: bool = False) -> None:
    """Close an invoice as paid, and tell who waits for it."""
    payment = payment_of(scope, invoice)
    if payment and payment["status"] != "paid" and not out_of_band:
        transitions = payment["status_transitions"] | {"paid_at": scope.now}
        scope.change(payment, status="paid", amount_paid=invoice["amount_remaining"], status_transitions=transitions)
        scope.emit("invoice_payment.paid", payment)
    scope.change(
        invoice,
        status="paid",
        attempted=True,
        amount_paid=invoice["amount_due"],
        amount_remaining=0,
        auto_advance=False,
        next_payment_attempt=None,
        status_transitions=invoice["status_transitions"] | {"paid_at": scope.now},
    )
    scope.unschedule("invoice.retry", invoice["id"])
    scope.emit("invoice.paid", invoice)
    scope.emit("invoice.payment_succeeded", invoice)
    tell(PAID, scope, invoice)


def void(scope: Scope, invoice: Object) -> None:
    """Void an open invoice, and cancel its payment."""
    intent = intent_of(scope, invoice)
    if intent:
        payments.cancel_intent(scope, intent, "void_invoice")
    transitions = invoice["status_transitions"] | {"voided_at": scope.now}
    changes: dict[str, Any] = {"status": "void", "auto_advance": False, "next_payment_attempt": None}
    scope.change(invoice, status_transitions=transitions, **changes)
    scope.unschedule("invoice.retry", invoice["id"])
    scope.emit("invoice.voided", invoice)


def mark_uncollectible(scope: Scope, invoice: Object) -> None:
    """Give up on an open invoice."""
    transitions = invoice["status_transitions"] | {"marked_uncollectible_at": scope.now}
    scope.change(invoice, status="uncollectible", status_transitions=transitions, auto_advance=False)
    scope.emit("invoice.marked_uncollectible", invoice)


# Who wants to know: subscriptions.
Listener = Callable[[Scope, Object], None]
PAID: list[Listener] = []
FAILED: list[Listener] = []


def tell(listeners: list[Listener], scope: Scope, invoice: Object) -> None:
    """Tell all listeners about an invoice."""
    for listener in listeners:
        listener(scope, invoice)


def _debit_settled(scope: Scope, intent: Object) -> None:
    invoice = scope.find(intent.get("_invoice") or "", "invoice")
    if invoice is None or invoice["status"] != "open":
        return
    if intent["status"] == "succeeded":
        mark_paid(scope, invoice)
    else:
        tell(FAILED, scope, invoice)


payments.SETTLED.append(_debit_settled)


def line_in_words(price: Object, product: Object, quantity: int) -> str:
    """Return ``1 × Every course (at €9.00 / month)``."""
    amount = words(int(price["unit_amount"] or 0), price["currency"])
    recurring = price["recurring"]
    if not recurring:
        return str(product["name"])
    count = recurring["interval_count"]
    every = recurring["interval"] if count == 1 else f"{count} {recurring['interval']}s"
    return f"{quantity} × {product['name']} (at {amount} / {every})"
