"""The letters of an order, each once however often its fact is told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _

from lms.accounts import services as accounts
from lms.accounts.services import PersonView
from lms.commerce import claim_links, consents, orders, posting
from lms.commerce.claim_links import Letter
from lms.commerce.orders import OrderView
from lms.mail import services as mail


def order_paid(order: OrderView, amount: int) -> None:
    """The receipt: ``amount`` minor units of the order's currency arrived. Nothing to pay is said so."""
    with _buyer(order) as buyer:
        subject = _("Your receipt for %(product)s") if amount else _("%(product)s is open for you")
        paid = posting.money(amount, order.currency) if amount else ""
        _send(buyer, order, subject % {"product": order.offer.product_name}, "order_paid", paid=paid)


def guest_paid(order: OrderView, amount: int, letter: Letter) -> None:
    """The receipt of somebody without an account, with the link that opens what was bought."""
    with posting.language_of(letter.locale):
        subject = _("Your receipt for %(product)s") if amount else _("%(product)s is paid for")
        paid = posting.money(amount, order.currency) if amount else ""
        _to_guest(order, letter, subject % {"product": order.offer.product_name}, "guest_paid", paid=paid)


def guest_link(order: OrderView, letter: Letter) -> None:
    """A new link, asked for by whoever knows the address."""
    with posting.language_of(letter.locale):
        _to_guest(order, letter, _("Your link to %(product)s", product=order.offer.product_name), "guest_link")


def claimed_elsewhere(order: OrderView, person: PersonView) -> None:
    """Tells the address given at checkout that an account with another address has the purchase now."""
    with posting.language_of(person.locale):
        subject = _("%(product)s was added to an account", product=order.offer.product_name)
        _write(order, order.guest_email, subject, "claimed_elsewhere", {})


def order_awaiting(order: OrderView) -> None:
    """The payment is ordered, the money on its way."""
    with _buyer(order) as buyer:
        subject = _("Your payment for %(product)s is on its way", product=order.offer.product_name)
        _send(buyer, order, subject, "order_awaiting")


def order_failed(order: OrderView) -> None:
    """The money did not arrive; nothing was opened, and how to try again."""
    with _buyer(order) as buyer:
        subject = _("Your payment for %(product)s did not arrive", product=order.offer.product_name)
        _send(buyer, order, subject, "order_failed")


def money_goes_back(order: OrderView, reference: str, amount: int, left_open: bool | None) -> None:
    """``amount`` minor units of the order's currency go back, once for each refund ``reference``.

    ``left_open``: whether what was bought is open yet; None where nothing had been opened.
    """
    with _buyer(order) as buyer:
        back = posting.money(amount, order.currency)
        subject = _("%(amount)s go back to you", amount=back)
        _send(buyer, order, subject, "money_goes_back", about=reference, back=back, left_open=left_open)


def payment_received(order: OrderView, reference: str, amount: int) -> None:
    """The receipt of a later charge of the same order, once for each payment ``reference``."""
    with _buyer(order) as buyer:
        subject = _("Your receipt for %(product)s", product=order.offer.product_name)
        paid = posting.money(amount, order.currency)
        _send(buyer, order, subject, "payment_received", about=reference, paid=paid)


@dataclass(frozen=True, slots=True)
class _Buyer:
    """To whom a letter goes: a person, or the address that a guest gave."""

    name: str
    email: str


@contextmanager
def _buyer(order: OrderView) -> Iterator[_Buyer]:
    """The buyer, in whose language the letter is written."""
    if order.person_id is None:
        with posting.language_of(claim_links.locale_of(order.id)):
            yield _Buyer("", order.guest_email)
        return
    person = accounts.person(order.person_id)
    assert person is not None  # noqa: S101  a foreign key holds them
    with posting.language_of(person.locale):
        yield _Buyer(person.name, person.email)


def _send(buyer: _Buyer, order: OrderView, subject: str, template: str, *, about: str = "", **more: Any) -> None:
    """``about``: which of several facts of one order the letter tells of."""
    context = {
        "name": buyer.name,
        "begin": posting.address(
            orders.CLAIM_PATH if order.person_id is None else orders.product_path(order.offer.product_id)
        ),
        # A guest has no page of an order that a letter could lead to: it opens in the browser that ordered.
        "order": posting.address(order.path) if order.person_id is not None else "",
        "again": posting.address(order.offer.checkout_path),
        "manage": posting.way_to(order.provider, "manage") if order.person_id is not None else "",
        **more,
    }
    _write(order, buyer.email, subject, template, context, about)


def _to_guest(order: OrderView, letter: Letter, subject: str, template: str, *, paid: str = "") -> None:
    link = posting.address(f"{orders.CLAIM_PATH}/{letter.token}")
    context = {"link": link, "days": claim_links.LIFETIME.days, "paid": paid}
    _write(order, letter.email, subject, template, context, str(letter.number))


def _document_address(document: str) -> str:
    """Where a document can be read from a letter: a page of this site in full, another address as it is."""
    return posting.address(document) if document.startswith("/") else document


def _write(order: OrderView, to: str, subject: str, template: str, context: dict[str, Any], about: str = "") -> None:
    if order.is_purged:
        return
    known = {
        "number": order.number,
        "product": order.offer.product_name,
        "label": order.offer.label,
        "test": order.test,
        # To be repeated on something that the buyer keeps: Directive 2011/83/EU, article 8 (7).
        "agreed": [each for each in consents.of_order(order.id) if each.kind == consents.WITHDRAWAL],
        "read_at": _document_address,
    }
    mail.send(
        to=to,
        subject=subject,
        template=f"mail/commerce/{template}",
        context=known | context,
        key=posting.key_of(f"commerce.{template}.{order.number}", about),
        about=f"order/{order.number}",
    )
