"""From an order to its invoice: one for each, with a number of its own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite

from lms.api import audit, clock, commerce, db
from lms.api.problem import Unavailable
from lms_manual_payments import calendar_days, invoices, letters, settings
from lms_manual_payments.invoices import InvoiceView, State
from lms_manual_payments.models import Invoice, Series


@dataclass(frozen=True, slots=True)
class Buyer:
    """To whom an invoice goes."""

    name: str
    email: str
    address: str
    tax_number: str = ""


def issue(order: Any, buyer: Buyer) -> InvoiceView:
    """The invoice of an open order of ours: a new one, which goes out by mail, or the one that is there.

    Raises ``Conflict`` where the order is settled or was bought otherwise meanwhile, ``Unavailable`` while bank
    transfer is not set up; ``NotFound`` once the offer is not sold any longer.
    """
    # Holds the buyer, so that two windows make one invoice; and says whether there is still something to buy.
    commerce.still_open(order.id, clock.now())
    there = invoices.of_order(order.id)
    if there is not None:
        return there
    terms = settings.terms()
    if not terms.is_complete:
        raise Unavailable(_("Bank transfer is not set up yet."), next_step=_("Choose another way to pay."))
    made = _make(order, buyer, terms)
    detail = {"order": order.number, "amount": order.total, "currency": order.currency}
    audit.record("manual_payments.issued", actor_id=order.person_id, subject=f"invoice/{made.number}", detail=detail)
    letters.invoice(made)
    return made


def _make(order: Any, buyer: Buyer, terms: settings.Terms) -> InvoiceView:
    today = calendar_days.today()
    number = _next_number(terms.number_prefix)
    row = Invoice(
        number=number,
        order_id=order.id,
        order_number=order.number,
        person_id=order.person_id,
        product_id=order.offer.product_id,
        state=State.OPEN.value,
        item=order.offer.product_name[:300],
        item_detail=order.offer.terms[:300],
        amount=order.total,
        currency=order.currency,
        buyer_name=buyer.name,
        buyer_email=buyer.email,
        buyer_address=buyer.address,
        buyer_tax_number=buyer.tax_number,
        seller=terms.seller,
        account_holder=terms.account_holder,
        iban=terms.iban,
        bank_details=terms.bank_details,
        instructions=terms.instructions,
        tax_note=terms.tax_note,
        issued_on=today,
        due_on=today + timedelta(days=terms.days_until_due),
    )
    db.session.add(row)
    db.session.flush()  # the view reads it
    made = invoices.of_order(order.id)
    assert made is not None  # noqa: S101  it was written above
    return made


def _next_number(prefix: str) -> str:
    """The next number with the prefix. Its row is held until the commit, so that no number is left out."""
    dialect: Any = postgresql if db.session.get_bind().dialect.name == "postgresql" else sqlite
    now = clock.real_now()
    first = dialect.insert(Series).values(prefix=prefix, last=0, created_at=now, updated_at=now)
    db.session.execute(first.on_conflict_do_nothing())
    db.session.execute(update(Series).where(Series.prefix == prefix).values(last=Series.last + 1))
    last = db.session.scalar(select(Series.last).where(Series.prefix == prefix))
    return f"{prefix}{last:04d}"
