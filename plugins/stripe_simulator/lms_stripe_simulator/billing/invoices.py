"""Invoices: finalised, collected, paid, voided, given up, or deleted while they are drafts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lms_stripe_simulator.billing import payments
from lms_stripe_simulator.billing.drafts import give_back_balance, settle_balance
from lms_stripe_simulator.identifiers import new_id, token
from lms_stripe_simulator.scope import Scope
from lms_stripe_simulator.shapes import blank
from lms_stripe_simulator.state import Object


def finalize(scope: Scope, invoice: Object) -> Object:
    """Give a draft its number and its hosted page; an amount of zero is paid at once."""
    secret = token(32)
    settle_balance(scope, invoice)
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
    if status == "requires_action":
        scope.emit("invoice.payment_action_required", invoice)
    if status in ("requires_payment_method", "requires_action"):
        tell(FAILED, scope, invoice)
    return "failed" if status == "requires_payment_method" else status


def expect(scope: Scope, invoice: Object) -> None:
    """Make the payment intent with which somebody is to pay a finalised invoice."""
    if intent_of(scope, invoice) is None:
        _intent(scope, invoice, None)


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


def send(scope: Scope, invoice: Object) -> None:
    """Say that an open invoice was sent to the buyer (nothing is sent), and note when it will be overdue."""
    scope.emit("invoice.sent", invoice)
    if invoice["due_date"]:
        scope.schedule(invoice["due_date"], "invoice.overdue", invoice["id"])


def delete(scope: Scope, invoice: Object) -> None:
    """Forget a draft."""
    scope.unschedule("invoice.finalize", invoice["id"])
    scope.remove(invoice)
    scope.emit("invoice.deleted", invoice)


def void(scope: Scope, invoice: Object) -> None:
    """Void an open invoice, and cancel its payment."""
    intent = intent_of(scope, invoice)
    if intent:
        payments.cancel_intent(scope, intent, "void_invoice")
    transitions = invoice["status_transitions"] | {"voided_at": scope.now}
    changes: dict[str, Any] = {"status": "void", "auto_advance": False, "next_payment_attempt": None}
    scope.change(invoice, status_transitions=transitions, **changes)
    for name in ("invoice.retry", "invoice.overdue"):
        scope.unschedule(name, invoice["id"])
    give_back_balance(scope, invoice)
    scope.emit("invoice.voided", invoice)


def mark_uncollectible(scope: Scope, invoice: Object) -> None:
    """Give up on an open invoice."""
    transitions = invoice["status_transitions"] | {"marked_uncollectible_at": scope.now}
    changes: dict[str, Any] = {"status": "uncollectible", "auto_advance": False, "next_payment_attempt": None}
    scope.change(invoice, status_transitions=transitions, **changes)
    scope.unschedule("invoice.retry", invoice["id"])
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
    if invoice is None or invoice["status"] not in ("open", "uncollectible"):
        return
    if intent["status"] == "succeeded":
        mark_paid(scope, invoice)  # also one that was given up: the money is there
    elif invoice["status"] == "open":
        tell(FAILED, scope, invoice)


payments.SETTLED.append(_debit_settled)
