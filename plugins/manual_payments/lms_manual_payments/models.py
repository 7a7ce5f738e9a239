"""Tables: invoices, what was given back, and the numbers that were used."""

from __future__ import annotations

from datetime import date

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from lms.api.db import Model


class Invoice(Model):
    """What one order costs whom, and how to pay it. Its words stay as they were issued; days in the site's zone."""

    __tablename__ = "manual_payments_invoice"
    __table_args__ = (Index(None, "state", "due_on"), Index(None, "person_id", "id"))

    number: Mapped[str] = mapped_column(String(40), unique=True)
    order_id: Mapped[int] = mapped_column(unique=True)
    order_number: Mapped[str] = mapped_column(String(40))
    person_id: Mapped[int | None]
    """None while a guest's order is not claimed."""
    product_id: Mapped[int]
    state: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str] = mapped_column(String(300), default="")

    item: Mapped[str] = mapped_column(String(300))
    item_detail: Mapped[str] = mapped_column(String(300), default="")
    amount: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))

    buyer_name: Mapped[str] = mapped_column(String(200))
    buyer_email: Mapped[str] = mapped_column(String(320))
    buyer_address: Mapped[str] = mapped_column(Text)
    buyer_tax_number: Mapped[str] = mapped_column(String(40), default="")

    seller: Mapped[str] = mapped_column(Text)
    account_holder: Mapped[str] = mapped_column(String(120))
    iban: Mapped[str] = mapped_column(String(34), default="")
    bank_details: Mapped[str] = mapped_column(Text, default="")
    instructions: Mapped[str] = mapped_column(Text, default="")
    tax_note: Mapped[str] = mapped_column(Text, default="")

    issued_on: Mapped[date]
    due_on: Mapped[date]
    reminded_on: Mapped[date | None]
    paid_on: Mapped[date | None]
    marked_on: Mapped[date | None]
    paid_amount: Mapped[int | None] = mapped_column(BigInteger)
    refunded: Mapped[int] = mapped_column(BigInteger, default=0)
    cancelled_on: Mapped[date | None]


class Refund(Model):
    """Money that staff sent back. ``position`` counts the refunds of one invoice from 1."""

    __tablename__ = "manual_payments_refund"
    __table_args__ = (UniqueConstraint("invoice_id", "position"),)

    invoice_id: Mapped[int] = mapped_column(ForeignKey("manual_payments_invoice.id", ondelete="CASCADE"))
    position: Mapped[int]
    amount: Mapped[int] = mapped_column(BigInteger)
    reason: Mapped[str] = mapped_column(String(300))
    refunded_on: Mapped[date]
    key: Mapped[str | None] = mapped_column(String(80), unique=True)
    """Of the decision on the order's page; None for one on the invoice's."""


class Series(Model):
    """The last number that was used with a prefix, so that none is used twice and none is left out."""

    __tablename__ = "manual_payments_series"

    prefix: Mapped[str] = mapped_column(String(20), unique=True)
    last: Mapped[int]
