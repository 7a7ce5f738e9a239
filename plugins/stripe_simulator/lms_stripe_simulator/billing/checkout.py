"""Checkout sessions: totals, and what happens when the buyer presses the button."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from lms_stripe_simulator.agenda import happening
from lms_stripe_simulator.billing import invoices, payments, subscriptions
from lms_stripe_simulator.billing.customers import create_customer
from lms_stripe_simulator.billing.discounts import Line, redeem, taken_off
from lms_stripe_simulator.billing.instruments import Instrument, create_method
from lms_stripe_simulator.billing.invoices import Draft, InvoiceLine
from lms_stripe_simulator.money import words
from lms_stripe_simulator.scope import Scope
from lms_stripe_simulator.state import Object

DAY = 86_400


@dataclass(frozen=True)
class Totals:
    """What a session costs today, in minor units."""

    lines: list[Line]
    off: list[int]
    due: list[bool]
    """Which lines are due today; a trial puts recurring ones off."""

    @property
    def subtotal(self) -> int:
        """Return the sum before discounts."""
        return sum(line.subtotal for line, due in zip(self.lines, self.due, strict=True) if due)

    @property
    def discount(self) -> int:
        """Return what discounts take off."""
        return sum(cut for cut, due in zip(self.off, self.due, strict=True) if due)

    @property
    def total(self) -> int:
        """Return what is to be paid today."""
        return self.subtotal - self.discount


def entries(session: Object) -> list[Object]:
    """Return a session's discounts as ``[{"coupon", "promotion_code"}]``, with the coupon always named."""
    return list(session.get("_discounts", []))


def totals(scope: Scope, session: Object) -> Totals:
    """Return what a session costs today."""
    lines = [Line(scope.known(entry["price"], "price"), entry["quantity"]) for entry in session["_lines"]]
    trial = trial_end(scope, session) is not None
    due = [not (trial and line.price["recurring"]) for line in lines]
    return Totals(lines, taken_off(scope, lines, entries(session)), due)


def amounts(scope: Scope, session: Object) -> dict[str, Any]:
    """Return a session's fields that follow from its lines and discounts."""
    found = totals(scope, session)
    shown = [
        {"coupon": None if e["promotion_code"] else e["coupon"], "promotion_code": e["promotion_code"]}
        for e in entries(session)
    ]
    details = {"amount_discount": found.discount, "amount_shipping": 0, "amount_tax": 0}
    return {
        "amount_subtotal": found.subtotal,
        "amount_total": found.total,
        "discounts": shown,
        "total_details": details,
    }


def trial_end(scope: Scope, session: Object) -> int | None:
    """Return when a session's trial would end if it began now, or None without one."""
    data = session["_data"].get("subscription_data") or {}
    if data.get("trial_end"):
        return int(data["trial_end"])
    days = data.get("trial_period_days")
    return scope.now + days * DAY if days else None


def needs_method(scope: Scope, session: Object) -> bool:
    """Return whether the page asks for a way to pay."""
    if totals(scope, session).total:
        return True
    return bool(session["mode"] == "subscription" and session["payment_method_collection"] != "if_required")


@dataclass(frozen=True)
class Outcome:
    """What came of a submitted checkout page: ``complete``, ``declined`` or ``authenticate``."""

    result: str
    message: str = ""


def submit(
    scope: Scope, session: Object, found: Instrument | None, *, email: str, authenticated: bool = False
) -> Outcome:
    """Pay an open session with an instrument, which is None where nothing is to be paid."""
    if found and found.behaviour == "declines":
        return _declined(scope, session, found, email)
    if found and found.behaviour == "authenticates" and not authenticated:
        return Outcome("authenticate")
    if session["mode"] == "subscription":
        _subscribe(scope, session, found, email)
    else:
        _buy(scope, session, found, email)
    return Outcome("complete")


def fail_authentication(scope: Scope, session: Object, found: Instrument, email: str) -> Outcome:
    """Let 3-D Secure fail; the session stays open."""
    if session["mode"] == "payment":
        _attempt_that_fails(scope, session, found, email, "authentication_required")
    return Outcome("declined", "Your bank could not confirm that it is you. Nothing was paid.")


def _declined(scope: Scope, session: Object, found: Instrument, email: str) -> Outcome:
    code = found.decline_code or "generic_decline"
    if session["mode"] == "payment":  # a subscription, and all that belongs to it, is made only after its payment
        _attempt_that_fails(scope, session, found, email, code)
    return Outcome("declined", payments.DECLINED[code])


def _attempt_that_fails(scope: Scope, session: Object, found: Instrument, email: str, code: str) -> None:
    method = create_method(scope, found, email=email, customer=None, year=_expiry_year(scope))
    intent = _intent(scope, session, session["customer"], method)
    scope.change(intent, payment_method=method["id"])
    payments.decline(scope, intent, method, code)


def _expiry_year(scope: Scope) -> int:
    return datetime.fromtimestamp(scope.now, UTC).year + 3


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


def _customer(scope: Scope, session: Object, email: str) -> str | None:
    """Return the id of the session's customer, made where the session says so."""
    if session["customer"]:
        return str(session["customer"])
    if session["mode"] == "payment" and session["customer_creation"] != "always":
        return None
    return str(create_customer(scope, {"email": email})["id"])


def _buy(scope: Scope, session: Object, found: Instrument | None, email: str) -> None:
    customer = _customer(scope, session, email)
    status, intent = "no_payment_required", None
    if found:
        data = session["_data"].get("payment_intent_data") or {}
        keep = customer if data.get("setup_future_usage") else None
        method = create_method(scope, found, email=email, customer=keep, year=_expiry_year(scope))
        intent = _intent(scope, session, customer, method)
        state = payments.attempt(scope, intent, method, on_session=True, authenticated=True)
        status = "paid" if state == "succeeded" else "unpaid"
    for entry in entries(session):
        redeem(scope, entry, customer=customer, subscription=None, session=session["id"])
    invoice = _invoice(scope, session, customer, email, intent) if status != "unpaid" else None
    _complete(
        scope,
        session,
        email,
        customer=customer,
        payment_intent=intent["id"] if intent else None,
        payment_status=status,
        invoice=invoice["id"] if invoice else None,
    )


def _invoice(scope: Scope, session: Object, customer: str | None, email: str, intent: Object | None) -> Object | None:
    """Make the paid invoice of a one-time purchase, where the session asks for one."""
    creation = session["invoice_creation"] or {}
    if not creation.get("enabled"):
        return None
    data = creation.get("invoice_data") or {}
    found = totals(scope, session)
    lines = [
        InvoiceLine(line.price, line.quantity, scope.now, scope.now, _name(scope, line.price)) for line in found.lines
    ]
    draft = Draft(
        customer=customer,
        currency=session["currency"],
        reason="manual",
        lines=lines,
        discounts=entries(session),
        metadata=data.get("metadata") or {},
        description=data.get("description"),
        footer=data.get("footer"),
        email=email,
    )
    invoice = invoices.finalize(scope, invoices.create(scope, draft))
    if intent:
        invoices.link_payment(scope, invoice, intent)
    invoices.mark_paid(scope, invoice)
    return invoice


def _name(scope: Scope, price: Object) -> str:
    return str(scope.known(price["product"], "product")["name"])


def _subscribe(scope: Scope, session: Object, found: Instrument | None, email: str) -> None:
    customer = _customer(scope, session, email) or ""
    method = None
    if found:
        method = create_method(scope, found, email=email, customer=customer, year=_expiry_year(scope))
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
    _complete(
        scope,
        session,
        email,
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
    )
    return subscriptions.create(scope, start)


def _one_time_lines(scope: Scope, session: Object) -> list[InvoiceLine]:
    lines = [line for line in totals(scope, session).lines if not line.price["recurring"]]
    return [InvoiceLine(x.price, x.quantity, scope.now, scope.now, _name(scope, x.price)) for x in lines]


def _complete(scope: Scope, session: Object, email: str, **changes: Any) -> None:
    details = (session["customer_details"] or blank_details()) | {"email": email}
    scope.change(session, status="complete", url=None, customer_details=details, **changes)
    scope.unschedule("checkout.expire", session["id"])
    scope.emit("checkout.session.completed", session)


def blank_details() -> Object:
    """Return ``customer_details`` in which nothing is known."""
    names = ("address", "business_name", "email", "individual_name", "name", "phone")
    return dict.fromkeys(names) | {"tax_exempt": "none", "tax_ids": []}


@happening("checkout.expire", "checkout.session")
def expire(scope: Scope, session: Object) -> None:
    """Close an open session."""
    if session["status"] == "open":
        scope.change(session, status="expired", url=None)
        scope.unschedule("checkout.expire", session["id"])
        scope.emit("checkout.session.expired", session)


def _debit_settled(scope: Scope, intent: Object) -> None:
    session = scope.find(intent.get("_session") or "", "checkout.session")
    if session is None or session["payment_status"] != "unpaid":
        return
    if intent["status"] != "succeeded":
        scope.emit("checkout.session.async_payment_failed", session)
        return
    scope.change(session, payment_status="paid")
    if session["mode"] == "payment":
        email = session["customer_details"]["email"]
        invoice = _invoice(scope, session, session["customer"], email, intent)
        scope.change(session, invoice=invoice["id"] if invoice else None)
    scope.emit("checkout.session.async_payment_succeeded", session)


payments.SETTLED.append(_debit_settled)


def price_in_words(price: Object) -> str:
    """Return ``€9.00 a month`` or ``€49.00``."""
    amount = words(int(price["unit_amount"] or 0), price["currency"])
    recurring = price["recurring"]
    if not recurring:
        return amount
    count = recurring["interval_count"]
    return f"{amount} a {recurring['interval']}" if count == 1 else f"{amount} every {count} {recurring['interval']}s"
