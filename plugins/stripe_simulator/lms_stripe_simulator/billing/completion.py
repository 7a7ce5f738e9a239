"""How a checkout session ends: with its buyer, its customer and its invoice, or by time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from lms_stripe_simulator.agenda import happening
from lms_stripe_simulator.billing import drafts, invoices, payments
from lms_stripe_simulator.billing.cart import blank_details, buyers_address, entries, totals
from lms_stripe_simulator.billing.customers import create_customer
from lms_stripe_simulator.billing.drafts import Draft, InvoiceLine
from lms_stripe_simulator.billing.instruments import Instrument, create_method
from lms_stripe_simulator.scope import Scope
from lms_stripe_simulator.state import Object


@dataclass(frozen=True)
class Buyer:
    """What a buyer has filled in on the page."""

    email: str
    name: str | None = None
    phone: str | None = None
    address: Object | None = None
    terms_accepted: bool = False
    promotions: str | None = None
    custom: dict[str, str] = field(default_factory=dict)
    """Values of custom fields by their key."""


def method_of(scope: Scope, found: Instrument, buyer: Buyer, customer: str | None) -> Object:
    billing = {"name": buyer.name, "phone": buyer.phone, "address": buyer.address}
    return create_method(scope, found, email=buyer.email, customer=customer, billing=billing)


def customer_of(scope: Scope, session: Object, buyer: Buyer) -> str | None:
    """Return the id of the session's customer, made or brought up to date where the session says so."""
    known = {"address": buyer.address, "name": buyer.name}
    if session["customer"]:
        wanted = session["_data"].get("customer_update") or {}
        changes = {name: value for name, value in known.items() if value and wanted.get(name) == "auto"}
        if changes:
            scope.change(scope.known(session["customer"], "customer"), "customer.updated", **changes)
        return str(session["customer"])
    if session["mode"] != "subscription" and session["customer_creation"] != "always":
        return None
    given = {name: value for name, value in (known | {"phone": buyer.phone}).items() if value}
    return str(create_customer(scope, {"email": buyer.email} | given)["id"])


def invoice_of(scope: Scope, session: Object, customer: str | None, email: str, intent: Object | None) -> Object | None:
    """Make the paid invoice of a one-time purchase, where the session asks for one."""
    creation = session["invoice_creation"] or {}
    if not creation.get("enabled"):
        return None
    data = creation.get("invoice_data") or {}
    found = totals(scope, session)
    lines = [
        InvoiceLine(line.price, line.quantity, scope.now, scope.now, product_name(scope, line.price))
        for line in found.lines
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
        automatic_tax=session["automatic_tax"]["enabled"],
        address=buyers_address(scope, session),
        uses_balance=False,
    )
    invoice = invoices.finalize(scope, drafts.create(scope, draft))
    if intent:
        invoices.link_payment(scope, invoice, intent)
    invoices.mark_paid(scope, invoice)
    return invoice


def product_name(scope: Scope, price: Object) -> str:
    return str(scope.known(price["product"], "product")["name"])


def complete(scope: Scope, session: Object, buyer: Buyer, **changes: Any) -> None:
    given = {"email": buyer.email, "name": buyer.name, "phone": buyer.phone, "address": buyer.address}
    details = (session["customer_details"] or blank_details()) | {n: v for n, v in given.items() if v}
    scope.change(
        session,
        status="complete",
        url=None,
        customer_details=details,
        consent=_consent(session, buyer),
        custom_fields=[_filled(entry, buyer) for entry in session["custom_fields"]],
        **changes,
    )
    scope.unschedule("checkout.expire", session["id"])
    scope.emit("checkout.session.completed", session)


def _consent(session: Object, buyer: Buyer) -> Object | None:
    asked = session["consent_collection"] or {}
    if not asked:
        return None
    terms = "accepted" if asked.get("terms_of_service") == "required" and buyer.terms_accepted else None
    return {"promotions": buyer.promotions, "terms_of_service": terms}


def _filled(entry: Object, buyer: Buyer) -> Object:
    kind = entry["type"]
    return entry | {kind: entry[kind] | {"value": buyer.custom.get(entry["key"]) or None}}


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
        invoice = invoice_of(scope, session, session["customer"], email, intent)
        scope.change(session, invoice=invoice["id"] if invoice else None)
    scope.emit("checkout.session.async_payment_succeeded", session)


payments.SETTLED.append(_debit_settled)
