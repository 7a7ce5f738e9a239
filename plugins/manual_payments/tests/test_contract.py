"""Bank transfer keeps what every payment provider keeps."""

from __future__ import annotations

from typing import Any

import pytest
from lms_manual_payments import bookkeeping, calendar_days, invoices, issuing
from lms_manual_payments.invoices import UNPAID, InvoiceView
from lms_manual_payments.provider import BankTransfer

from lms.api import db
from lms.testing.payments import Hands, PaymentProviderContract


class TransferHands(Hands):
    """The buyer transfers; the site is told when staff look at the bank statement."""

    provider = BankTransfer()
    unsold = {"kind": "subscription", "amount": 900}

    def __init__(self, stage: Any) -> None:
        self.stage = stage
        self.transfers: list[tuple[int, int]] = []
        self.given_up: list[int] = []
        self.sent_back: list[tuple[int, int]] = []

    def arrive(self, order: Any, address: str) -> None:
        issuing.issue(order, self.stage.anna)
        db.commit()

    def open_payments(self) -> list[tuple[int, str]]:
        db.rollback()
        return [(made.amount, made.currency) for made in invoices.listed(states=UNPAID)]

    def pay(self, order: Any, address: str) -> None:
        self.transfers.append((order.id, order.total))

    def pay_otherwise(self, order: Any, address: str, amount: int) -> None:
        self.transfers.append((order.id, amount))

    def pay_confusingly(self, order: Any, address: str) -> None:
        # One of the staff gives up on an invoice while another reads the statement.
        self.pay(order, address)
        self.fail(order, address)
        self.tell()

    def fail(self, order: Any, address: str) -> None:
        self.given_up.append(order.id)

    def refund(self, order: Any, amount: int) -> None:
        self.sent_back.append((order.id, amount))

    def tell(self) -> None:
        today = calendar_days.today()
        for order_id in self.given_up:
            if self.invoice(order_id).is_unpaid:
                bookkeeping.cancel(self.invoice(order_id).number, reason="No money came", actor_id=None)
        for order_id, amount in self.transfers:
            on = self.invoice(order_id).paid_on or today
            bookkeeping.mark_paid(self.invoice(order_id).number, amount=amount, paid_on=on, actor_id=None)
        while self.sent_back:
            order_id, amount = self.sent_back.pop(0)
            made = self.invoice(order_id)
            bookkeeping.refund(made.number, amount=amount, remaining=made.remaining, reason="Asked", actor_id=None)
        self.stage.work()

    def invoice(self, order_id: int) -> InvoiceView:
        found = invoices.of_order(order_id)
        assert found is not None
        return found

    def go_down(self) -> None:
        self.stage.set_up(iban="", bank_details="")

    def come_back(self) -> None:
        self.stage.set_up()


class TestBankTransfer(PaymentProviderContract):
    @pytest.fixture
    def hands(self, stage: Any) -> TransferHands:
        return TransferHands(stage)
