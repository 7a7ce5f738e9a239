"""Invoices to read: one, a person's, and the list of staff."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date
from enum import StrEnum
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Select, func, or_, select

from lms.api import db, money
from lms_manual_payments import iban
from lms_manual_payments.models import Invoice, Refund

PROVIDER = "manual_payments"


class State(StrEnum):
    """What became of an invoice. ``held``: another amount came than was agreed, and staff decide."""

    OPEN = "open"
    OVERDUE = "overdue"
    HELD = "held"
    PAID = "paid"
    REFUNDED = "refunded"
    CANCELLED = "cancelled"


UNPAID = (State.OPEN, State.OVERDUE)


@dataclass(frozen=True, slots=True)
class InvoiceView:
    """An invoice. Amounts in minor units of ``currency``; days in the site's zone.

    ``paid_on`` is the bank's day, ``marked_on`` the day on which staff said so and access began.
    """

    id: int
    number: str
    order_id: int
    order_number: str
    person_id: int | None
    state: str
    reason: str
    item: str
    item_detail: str
    amount: int
    currency: str
    buyer_name: str
    buyer_email: str
    buyer_address: str
    buyer_tax_number: str
    seller: str
    account_holder: str
    iban: str
    bank_details: str
    instructions: str
    tax_note: str
    issued_on: date
    due_on: date
    reminded_on: date | None
    paid_on: date | None
    marked_on: date | None
    paid_amount: int | None
    refunded: int
    cancelled_on: date | None

    @property
    def path(self) -> str:
        """The invoice itself, for its buyer and for staff."""
        return f"/ext/manual_payments/invoices/{self.number}"

    @property
    def admin_path(self) -> str:
        """Where staff decide about it."""
        return admin_path(self.number)

    @property
    def order_path(self) -> str:
        """How the buyer's order stands."""
        return f"/account/orders/{self.order_number}"

    @property
    def is_unpaid(self) -> bool:
        """Whether money is still expected."""
        return self.state in UNPAID

    @property
    def remaining(self) -> int:
        """How much of the money that came is still here."""
        return (self.paid_amount or 0) - self.refunded

    @property
    def state_words(self) -> str:
        """The state in a word or two, for the reader."""
        return {
            State.OPEN: _("Open"),
            State.OVERDUE: _("Overdue"),
            State.HELD: _("Held"),
            State.PAID: _("Paid"),
            State.REFUNDED: _("Refunded"),
            State.CANCELLED: _("Cancelled"),
        }[State(self.state)]

    @property
    def iban_in_groups(self) -> str:
        """The account's number as people read it."""
        return iban.grouped(self.iban)

    def plain(self, amount: int) -> str:
        """An amount of the invoice's currency as staff type it: "49.00", "5000" for yen."""
        return str(money.Money(self.currency, amount).major)


def admin_path(number: str) -> str:
    """Where staff decide about the invoice with this number."""
    return f"/ext/manual_payments/admin/invoices/{number}"


@dataclass(frozen=True, slots=True)
class RefundView:
    """Money that went back: ``amount`` in minor units of the invoice's currency."""

    position: int
    amount: int
    reason: str
    refunded_on: date


_COLUMNS = tuple(getattr(Invoice, each.name) for each in fields(InvoiceView))


def _select() -> Select[*tuple[Any, ...]]:
    return select(*_COLUMNS)


def _one(query: Select[*tuple[Any, ...]]) -> InvoiceView | None:
    row = db.session.execute(query).one_or_none()
    return InvoiceView(*row) if row is not None else None


def by_number(number: str) -> InvoiceView | None:
    """The invoice with this number."""
    return _one(_select().where(Invoice.number == number))


def of_order(order_id: int) -> InvoiceView | None:
    """The order's invoice."""
    return _one(_select().where(Invoice.order_id == order_id))


def of_person(person_id: int, *, limit: int = 12) -> tuple[InvoiceView, ...]:
    """The person's invoices: what is to be paid first, then the newest."""
    is_settled = Invoice.state.not_in(UNPAID)
    query = _select().where(Invoice.person_id == person_id).order_by(is_settled, Invoice.id.desc())
    return tuple(InvoiceView(*row) for row in db.session.execute(query.limit(limit)))


def last_buyer(person_id: int) -> tuple[str, str, str] | None:
    """Name, address and tax number that the person gave last."""
    query = select(Invoice.buyer_name, Invoice.buyer_address, Invoice.buyer_tax_number)
    row = db.session.execute(query.where(Invoice.person_id == person_id).order_by(Invoice.id.desc()).limit(1)).first()
    return (row[0], row[1], row[2]) if row is not None else None


def listed(
    *, states: tuple[State, ...] = (), search: str = "", before: int | None = None, limit: int = 50
) -> tuple[InvoiceView, ...]:
    """The newest invoices first, those before the one with the id ``before``.

    ``search`` is looked for in number, order, buyer and what was bought, whatever its case.
    """
    query = _select()
    if states:
        query = query.where(Invoice.state.in_(states))
    if before is not None:
        query = query.where(Invoice.id < before)
    for word in search.lower().split()[:6]:
        places = (Invoice.number, Invoice.order_number, Invoice.buyer_name, Invoice.buyer_email, Invoice.item)
        query = query.where(or_(*(func.lower(place).contains(word, autoescape=True) for place in places)))
    return tuple(InvoiceView(*row) for row in db.session.execute(query.order_by(Invoice.id.desc()).limit(limit)))


def refunds_of(invoice_id: int) -> tuple[RefundView, ...]:
    """What went back, in its order."""
    query = select(Refund.position, Refund.amount, Refund.reason, Refund.refunded_on)
    rows = db.session.execute(query.where(Refund.invoice_id == invoice_id).order_by(Refund.position))
    return tuple(RefundView(*row) for row in rows)


def refund_by_key(key: str) -> str | None:
    """The reference of the refund that was decided under the key: the invoice's number and its position."""
    query = select(Invoice.number, Refund.position).join(Refund, Refund.invoice_id == Invoice.id)
    row = db.session.execute(query.where(Refund.key == key)).one_or_none()
    return f"{row.number}/{row.position}" if row is not None else None


def count(*states: State) -> int:
    """How many invoices are in one of the states."""
    return db.session.scalar(select(func.count()).select_from(Invoice).where(Invoice.state.in_(states))) or 0
