"""Letters to buyers, each once: the invoice and the reminder.

That the money has come, or goes back, is told by the core's own letters, which every provider's payments have.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

from flask_babel import force_locale, format_date, get_locale
from flask_babel import gettext as _

from lms.api import accounts, config, mail
from lms.api.money import Money
from lms_manual_payments.invoices import InvoiceView


def invoice(made: InvoiceView) -> None:
    """The new invoice, with all that a transfer needs."""
    _send(made, "invoice", lambda: _("Invoice %(number)s for %(item)s", number=made.number, item=made.item))


def reminder(overdue: InvoiceView) -> None:
    """The invoice's day has passed, and no money has come."""
    _send(overdue, "reminder", lambda: _("Reminder: invoice %(number)s is not paid yet", number=overdue.number))


def _send(about: InvoiceView, template: str, subject: Any) -> None:
    person = accounts.person(about.person_id) if about.person_id is not None else None
    with _language(person.locale if person is not None else ""):
        context = {
            "name": person.name if person is not None else about.buyer_name,
            "invoice": about,
            "amount": _money(about, about.amount),
            "due": _day(about.due_on),
            # A guest's invoice opens in the browser that ordered it; the letter says all that a transfer needs.
            "address": config.current().site_url + about.path if person is not None else "",
        }
        mail.send(
            to=person.email if person is not None else about.buyer_email,
            subject=subject(),
            template=f"manual_payments/mail/{template}",
            context=context,
            key=f"manual_payments.{template}.{about.number}",
            about=f"order/{about.order_number}",
        )


def _money(about: InvoiceView, amount: int) -> str:
    return Money(about.currency, amount).format(str(get_locale() or "en"))


def _day(day: date) -> str:
    return format_date(day, "long")


@contextmanager
def _language(locale: str) -> Iterator[None]:
    if not locale:
        yield
        return
    with force_locale(locale):
        yield
