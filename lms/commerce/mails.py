"""The letters of an order, each once however often its fact is told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from flask_babel import force_locale
from flask_babel import gettext as _

from lms.accounts import services as accounts
from lms.accounts.services import PersonView
from lms.commerce import orders, words
from lms.commerce.orders import OrderView
from lms.host import config
from lms.mail import services as mail


def order_paid(order: OrderView, amount: int) -> None:
    """The receipt: ``amount`` minor units of the order's currency arrived. Nothing to pay is said so."""
    person = accounts.person(order.person_id)
    if person is None:
        return
    with _language(person):
        subject = _("Your receipt for %(product)s") if amount else _("%(product)s is open for you")
        paid = words.format_money(amount, order.currency) if amount else ""
        _send(person, order, subject % {"product": order.offer.product_name}, "order_paid", paid=paid)


def order_awaiting(order: OrderView) -> None:
    """The payment is ordered, the money on its way."""
    person = accounts.person(order.person_id)
    if person is None:
        return
    with _language(person):
        subject = _("Your payment for %(product)s is on its way", product=order.offer.product_name)
        _send(person, order, subject, "order_awaiting")


def order_failed(order: OrderView) -> None:
    """The money did not arrive; nothing was opened, and how to try again."""
    person = accounts.person(order.person_id)
    if person is None:
        return
    with _language(person):
        subject = _("Your payment for %(product)s did not arrive", product=order.offer.product_name)
        _send(person, order, subject, "order_failed")


@contextmanager
def _language(person: PersonView) -> Iterator[None]:
    if not person.locale:
        yield
        return
    with force_locale(person.locale):
        yield


def _send(person: PersonView, order: OrderView, subject: str, template: str, *, paid: str = "") -> None:
    site = config.current().site_url
    context = {
        "name": person.name,
        "number": order.number,
        "product": order.offer.product_name,
        "label": order.offer.label,
        "paid": paid,
        "test": order.test,
        "begin": site + orders.product_path(order.offer.product_id),
        "order": site + order.path,
        "again": site + order.offer.checkout_path,
    }
    key = f"commerce.{template}.{order.number}"
    mail.send(to=person.email, subject=subject, template=f"mail/commerce/{template}", context=context, key=key)
