"""Fixtures of the plugin's tests: a site that takes bank transfers, and short words for what people do there."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest
from lms_manual_payments import bookkeeping, calendar_days, invoices, issuing, settings
from lms_manual_payments.invoices import InvoiceView
from lms_manual_payments.issuing import Buyer
from lms_manual_payments.provider import BankTransfer

from lms.api import access, clock, commerce, db
from lms.api import settings as site_settings

# The number with which the standard's own handbook shows its check digits.
IBAN = "DE02120300000000202051"
TERMS = {
    "account_holder": "Long Table School",
    "iban": IBAN,
    "bank_details": "BIC BYLADEM1001\nDeutsche Kreditbank Berlin",
    "seller": "Long Table School\nHarbour Street 7\n20457 Hamburg",
    "currencies": "EUR, JPY KWD",
    "days_until_due": 14,
    "cancel_after_days": None,
    "number_prefix": "INV-",
    "instructions": "One transfer for each invoice, please.",
    "tax_note": "No VAT is charged (small business).",
}
ANNA = Buyer("Anna Nowak", "anna@example.org", "Rose Lane 3\nBristol")


@dataclass
class Stage:
    """A site that takes bank transfers, and what people do with it."""

    site: Any
    make: Any
    anna: Buyer = ANNA

    def set_up(self, **changes: Any) -> None:
        site_settings.save(settings.SECTION, TERMS | changes, actor_id=None)
        db.commit()
        # The first look after a change brings it to all threads.
        settings.terms()
        db.rollback()

    def offer(self, kind: str = "one_time", **facts: Any) -> Any:
        course = self.make.course(lessons=1, sections=1)
        facts.setdefault("amount", 900 if kind == "subscription" else 4900)
        return self.make.offer(self.make.product(course), kind=kind, **facts)

    def order(self, person: Any, offer: Any, provider: str = BankTransfer.name) -> Any:
        placed = commerce.place_order(person.id, offer.id, provider, clock.now())
        db.commit()
        return placed

    def invoice(self, person: Any = None, offer: Any = None, buyer: Buyer = ANNA) -> InvoiceView:
        """A new invoice, sent."""
        order = self.order(person or self.make.person(), offer or self.offer())
        made = issuing.issue(order, buyer)
        db.commit()
        return made

    def paid(self, invoice: InvoiceView, amount: int = 0, on: date | None = None) -> InvoiceView:
        made = bookkeeping.mark_paid(
            invoice.number, amount=amount or invoice.amount, paid_on=on or calendar_days.today(), actor_id=None
        )
        db.commit()
        return made

    def refunded(self, invoice: InvoiceView, amount: int, reason: str = "Changed her mind") -> InvoiceView:
        here = self.fresh(invoice).remaining
        made = bookkeeping.refund(invoice.number, amount=amount, remaining=here, reason=reason, actor_id=None)
        db.commit()
        return made

    def fresh(self, invoice: InvoiceView) -> InvoiceView:
        db.rollback()
        found = invoices.by_number(invoice.number)
        assert found is not None
        return found

    def work(self) -> None:
        self.site.commit()
        self.site.jobs.run_due()

    def is_in(self, invoice: InvoiceView) -> bool:
        """Whether the buyer may enter what the invoice sells."""
        db.rollback()
        order = commerce.find_order(invoice.order_id)
        assert order is not None
        return access.decide_product(order.person_id, order.offer.product_id, clock.now()).allowed

    def letters(self, start: str = "manual_payments.") -> list[str]:
        """Keys of the letters that begin like this, oldest first."""
        db.rollback()
        table = db.Model.metadata.tables["mail_message"]
        keys = db.session.scalars(table.select().with_only_columns(table.c.key).order_by(table.c.id))
        return [key for key in keys if key.startswith(start)]

    @staticmethod
    def words(page: Any) -> str:
        """The page's text, without markup, on one line."""
        text = re.sub(r"<[^>]+>", " ", page.get_data(as_text=True))
        return html.unescape(" ".join(text.split()))

    @staticmethod
    def send(browser: Any, page: str, action: str = "", **fields: Any) -> Any:
        """Post a form of the page, with its token."""
        found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', browser.get(page).text)
        assert found, page
        return browser.post(action or page, data={**fields, "csrf_token": found.group(1)})

    def audited(self) -> list[str]:
        db.rollback()
        table = db.Model.metadata.tables["audit_entry"]
        actions = db.session.scalars(table.select().with_only_columns(table.c.action).order_by(table.c.id))
        return [action for action in actions if action.startswith("manual_payments.")]


@pytest.fixture
def site_options() -> dict[str, Any]:
    return {"plugins": ("manual_payments",)}


@pytest.fixture
def stage(site: Any, make: Any) -> Stage:
    """A site on which everything is set up."""
    made = Stage(site, make)
    made.set_up()
    return made
