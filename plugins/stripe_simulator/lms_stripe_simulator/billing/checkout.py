"""What happens when the buyer presses the button of a checkout page."""

from __future__ import annotations

from dataclasses import dataclass

from lms_stripe_simulator.billing import invoices, payments, subscriptions
from lms_stripe_simulator.billing.cart import amounts, entries, totals, trial_end
from lms_stripe_simulator.billing.completion import Buyer, complete, customer_of, invoice_of, method_of, product_name
from lms_stripe_simulator.billing.discounts import redeem
from lms_stripe_simulator.billing.drafts import InvoiceLine
from lms_stripe_simulator.billing.instruments import Instrument
from lms_stripe_simulator.identifiers import new_id, token
from lms_stripe_simulator.scope import Scope
from lms_stripe_simulator.shapes import blank
from lms_stripe_simulator.state import Object

AUTHENTICATING = ("authenticates", "authenticates_always", "declines_authenticated")


@dataclass(frozen=True)
class Outcome:
    """What came of a submitted checkout page: ``complete``, ``declined`` or ``authenticate``."""

    result: str
    message: str = ""


def submit(
    scope: Scope, session: Object, found: Instrument | None, buyer: Buyer, *, authenticated: bool = False
) -> Outcome:
    """Pay an open session with an instrument, which is None where nothing is to be paid."""
    if buyer.address:
        scope.change(session, _address=buyer.address)
        scope.change(session, **amounts(scope, session))
    if found and found.behaviour == "declines":
        return _declined(scope, session, found, buyer)
    if found and found.behaviour in AUTHENTICATING and not authenticated:
        return Outcome("authenticate")
    if found and found.behaviour == "declines_authenticated":
        return _declined(scope, session, found, buyer)
    {"subscription": _subscribe, "payment": _buy, "setup": _set_up}[session["mode"]](scope, session, found, buyer)
    return Outcome("complete")


def fail_authentication(scope: Scope, session: Object, found: Instrument, buyer: Buyer) -> Outcome:
    """Let 3-D Secure fail; the session stays open."""
    if session["mode"] == "payment":
        _attempt_that_fails(scope, session, found, buyer, "authentication_required")
    return Outcome("declined", "Your bank could not confirm that it is you. Nothing was paid.")


def _declined(scope: Scope, session: Object, found: Instrument, buyer: Buyer) -> Outcome:
    code = found.decline_code or "generic_decline"
    if session["mode"] == "payment":  # a subscription, and all that belongs to it, is made only after its payment
        _attempt_that_fails(scope, session, found, buyer, code)
    return Outcome("declined", payments.DECLINED[code])


def _attempt_that_fails(scope: Scope, session: Object, found: Instrument, buyer: Buyer, code: str) -> None:
    method = method_of(scope, found, buyer, None)
    intent = _intent(scope, session, session["customer"], method)
    scope.change(intent, payment_method=method["id"])
    payments.decline(scope, intent, method, code)


def _intent(scope: Scope, session: Object, customer: str | None, method: Object) -> Object:
    """Return the session's payment intent; a declined one is used again."""
    earlier = scope.find(session.get("_intent") or "", "payment_intent")
    if earlier:
        return scope.change(earlier, customer=customer, amount=session["amount_total"])
    data = session["_data"].get("payment_intent_data") or {}
    payment = payments.Payment(
        amount=session["amount_total"],
        currency=session["currency"],
        customer=customer,
        description=data.get("description"),
        metadata=data.get("metadata"),
        session=session["id"],
    )
    intent = payments.create_intent(scope, payment, method)
    scope.change(
        intent,
        setup_future_usage=data.get("setup_future_usage"),
        receipt_email=data.get("receipt_email"),
        statement_descriptor=data.get("statement_descriptor"),
    )
    scope.change(session, _intent=intent["id"])
    return intent


def _buy(scope: Scope, session: Object, found: Instrument | None, buyer: Buyer) -> None:
    customer = customer_of(scope, session, buyer)
    status, intent = "no_payment_required", None
    if found:
        data = session["_data"].get("payment_intent_data") or {}
        keep = customer if data.get("setup_future_usage") else None
        method = method_of(scope, found, buyer, keep)
        intent = _intent(scope, session, customer, method)
        state = payments.attempt(scope, intent, method, on_session=True, authenticated=True)
        status = "paid" if state == "succeeded" else "unpaid"
    for entry in entries(session):
        redeem(scope, entry, customer=customer, subscription=None, session=session["id"])
    invoice = invoice_of(scope, session, customer, buyer.email, intent) if status != "unpaid" else None
    complete(
        scope,
        session,
        buyer,
        customer=customer,
        payment_intent=intent["id"] if intent else None,
        payment_status=status,
        invoice=invoice["id"] if invoice else None,
    )


def _set_up(scope: Scope, session: Object, found: Instrument | None, buyer: Buyer) -> None:
    """Keep a payment method and charge nothing."""
    if found is None:
        raise ValueError("setup mode always asks for a payment method")
    customer = customer_of(scope, session, buyer)
    method, identifier = method_of(scope, found, buyer, customer), new_id("seti")
    data = session["_data"].get("setup_intent_data") or {}
    intent = blank(
        "setup_intent",
        id=identifier,
        client_secret=f"{identifier}_secret_{token(25)}",
        created=scope.now,
        customer=customer,
        description=data.get("description"),
        livemode=scope.livemode,
        metadata=data.get("metadata") or {},
        payment_method=method["id"],
        payment_method_options={},
        payment_method_types=["card", "sepa_debit"],
        status="succeeded",
        usage="off_session",
    )
    scope.add(intent)
    scope.emit("setup_intent.created", intent)
    scope.emit("setup_intent.succeeded", intent)
    changes = {"payment_status": "no_payment_required", "setup_intent": identifier}
    complete(scope, session, buyer, customer=customer, **changes)


def _subscribe(scope: Scope, session: Object, found: Instrument | None, buyer: Buyer) -> None:
    customer = customer_of(scope, session, buyer) or ""
    method = method_of(scope, found, buyer, customer) if found else None
    subscription = _subscription(scope, session, customer, method)
    marks = [
        redeem(scope, e, customer=customer, subscription=subscription["id"], session=session["id"])["id"]
        for e in entries(session)
    ]
    scope.change(subscription, discounts=marks)
    trialing = subscription["trial_end"] is not None
    items = subscription["items"]["data"]
    lines = subscriptions.lines_for(scope, subscription, items, free=trialing) + _one_time_lines(scope, session)
    invoice = invoices.finalize(
        scope, subscriptions.bill(scope, subscription, lines, "subscription_create", first=True)
    )
    needed = invoice["amount_due"] > 0
    state = invoices.collect(scope, invoice, method, on_session=True, session=session["id"], authenticated=True)
    subscription = scope.known(subscription["id"], "subscription")  # collecting has changed it
    complete(
        scope,
        session,
        buyer,
        customer=customer,
        subscription=subscription["id"],
        invoice=invoice["id"],
        payment_status=("paid" if state == "paid" else "unpaid") if needed else "no_payment_required",
    )


def _subscription(scope: Scope, session: Object, customer: str, method: Object | None) -> Object:
    data = session["_data"].get("subscription_data") or {}
    behaviour = ((data.get("trial_settings") or {}).get("end_behavior") or {}).get("missing_payment_method")
    recurring = [line for line in totals(scope, session).lines if line.price["recurring"]]
    start = subscriptions.Start(
        customer=customer,
        currency=session["currency"],
        items=[(line.price, line.quantity) for line in recurring],
        method=method["id"] if method else None,
        metadata=data.get("metadata") or {},
        description=data.get("description"),
        trial_end=trial_end(scope, session),
        missing_payment_method=behaviour or "create_invoice",
        automatic_tax=session["automatic_tax"]["enabled"],
    )
    return subscriptions.create(scope, start)


def _one_time_lines(scope: Scope, session: Object) -> list[InvoiceLine]:
    lines = [line for line in totals(scope, session).lines if not line.price["recurring"]]
    return [InvoiceLine(x.price, x.quantity, scope.now, scope.now, product_name(scope, x.price)) for x in lines]
