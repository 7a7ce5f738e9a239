"""One order's whole story: all that is known about it, from every room and its provider, in the order of time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from lms.access import services as access
from lms.access import words as access_words
from lms.accounts import services as accounts
from lms.audit import services as audit
from lms.commerce import consents, records, refunds, subscriptions, words
from lms.commerce.facts import DisputeState, OrderState
from lms.commerce.models import Consent, Dispute, FailedCharge, Payment, Refund
from lms.commerce.orders import ADOPTED, OrderView
from lms.commerce.refunds import RefundView
from lms.commerce.subscriptions import SubscriptionView
from lms.db import session
from lms.mail import services as mail
from lms.mail.models import State as LetterState


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line: what happened. ``tone`` is good, bad or ""; ``href`` leads to where more is known, "" for nowhere.

    ``source`` says who tells: order, money, access, mail, staff or provider.
    """

    at: datetime
    source: str
    title: str
    detail: str = ""
    tone: str = ""
    href: str = ""
    href_words: str = ""


@dataclass(frozen=True, slots=True)
class PaymentLine:
    """A payment with what went back of it; minor units of ``currency``."""

    id: int
    provider: str
    provider_ref: str
    amount: int
    currency: str
    paid_at: datetime
    returned: int
    address: str
    requests: tuple[RefundView, ...] = ()

    @property
    def left(self) -> int:
        """What is still here of it, less what staff have asked for."""
        asked = sum(each.amount for each in self.requests if each.state == refunds.ASKED)
        return max(self.amount - self.returned - asked, 0)


@dataclass(frozen=True, slots=True)
class Story:
    """The order, what belongs to it, and every line newest first."""

    order: OrderView
    person_name: str
    person_email: str
    payments: tuple[PaymentLine, ...]
    subscriptions: tuple[tuple[SubscriptionView, str], ...]
    """Each with the provider's own page about it."""
    grants: tuple[access.GrantView, ...]
    entries: tuple[Entry, ...]

    @property
    def paid(self) -> int:
        """What came in, in minor units of the order's currency."""
        return sum(each.amount for each in self.payments)

    @property
    def returned(self) -> int:
        """What went back, or is on its way back."""
        return sum(each.returned for each in self.payments)


def about_order(number: str) -> str:
    """How letters and the audit name the order."""
    return f"order/{number}"


def story_of(order: OrderView) -> Story:
    """Everything about the order. A fixed number of queries, however much there is to tell."""
    person = accounts.person(order.person_id) if order.person_id is not None else None
    payments, money = _payments(order)
    of_order = subscriptions.subscriptions_of_order(order.id)
    refs = [order.number, *(subscriptions.source_ref(each.provider, each.provider_ref) for each in of_order)]
    held = access.grants_from(order.person_id, "order", refs) if order.person_id is not None else ()
    parts = [
        _beginning(order),
        _agreed(order),
        money,
        _subscriptions(of_order),
        _disputes(order),
        _failures(order),
        _consents(order),
        _access(held),
        _letters(order),
        _staff(order),
        _provider(order),
    ]
    addresses = records.addresses_of(order.provider, [each.provider_ref for each in of_order])
    entries = sorted((entry for part in parts for entry in part), key=lambda entry: entry.at, reverse=True)
    return Story(
        order=order,
        person_name=person.name if person else "",
        person_email=person.email if person else order.guest_email,
        payments=payments,
        subscriptions=tuple((each, addresses.get(each.provider_ref, "")) for each in of_order),
        grants=held,
        entries=tuple(entries),
    )


def _beginning(order: OrderView) -> Iterator[Entry]:
    detail = _("%(product)s, %(price)s", product=order.offer.product_name, price=order.offer.label)
    title = _("Taken over from the provider") if order.reason == ADOPTED else _("Ordered")
    yield Entry(at=order.placed_at, source="order", title=title, detail=detail)
    if order.state is OrderState.PAID and order.paid_at and not order.total:
        yield Entry(at=order.paid_at, source="order", title=_("Open, with nothing to pay"), tone="good")


def _agreed(order: OrderView) -> Iterator[Entry]:
    for each in consents.of_order(order.id):
        title = _("Agreed: %(words)s", words=each.words)
        detail = _("%(document)s, version %(version)s", document=each.document, version=each.version)
        yield Entry(at=each.at, source="order", title=title, detail=detail)


def _payments(order: OrderView) -> tuple[tuple[PaymentLine, ...], list[Entry]]:
    paid = session.scalars(select(Payment).where(Payment.order_id == order.id).order_by(Payment.id)).all()
    back = session.scalars(
        select(Refund).join(Payment, Payment.id == Refund.payment_id).where(Payment.order_id == order.id)
    ).all()
    addresses = records.addresses_of(order.provider, [row.provider_ref for row in paid])
    decided = refunds.requests_of([row.id for row in paid])
    lines, told = [], []
    for number, row in enumerate(paid):
        address = addresses.get(row.provider_ref, "")
        mine = [each for each in back if each.payment_id == row.id]
        returned = sum(each.amount for each in mine if each.state in ("pending", "succeeded"))
        lines.append(
            PaymentLine(
                row.id,
                row.provider,
                row.provider_ref,
                row.amount,
                row.currency,
                row.paid_at,
                returned,
                address,
                tuple(each for each in decided if each.payment_id == row.id),
            )
        )
        amount = words.format_money(row.amount, row.currency)
        if row.amount or row.subtotal:
            title = _("Renewed, %(amount)s", amount=amount) if number else _("Paid, %(amount)s", amount=amount)
            told.append(
                Entry(at=row.paid_at, source="money", title=title, detail=row.provider_ref, tone="good", href=address)
            )
        told += [_refund(each, row.currency) for each in mine if each.amount]
    return tuple(lines), told


def _refund(row: Refund, currency: str) -> Entry:
    amount = words.format_money(row.amount, currency)
    titles = {
        "pending": _("%(amount)s on the way back", amount=amount),
        "succeeded": _("%(amount)s went back", amount=amount),
        "failed": _("Sending %(amount)s back failed", amount=amount),
        "canceled": _("Sending %(amount)s back was called off", amount=amount),
    }
    tone = "bad" if row.state in ("failed", "canceled") else ""
    title = titles.get(row.state, row.state)
    return Entry(at=row.created_at, source="money", title=title, detail=row.provider_ref, tone=tone)


def _disputes(order: OrderView) -> Iterator[Entry]:
    query = select(Dispute, Payment.currency).join(Payment, Payment.id == Dispute.payment_id)
    for row, currency in session.execute(query.where(Payment.order_id == order.id).order_by(Dispute.id)):
        amount = words.format_money(row.amount, currency)
        titles = {
            DisputeState.INQUIRY: _("The buyer’s bank asks about %(amount)s", amount=amount),
            DisputeState.OPEN: _("The buyer’s bank wants %(amount)s back", amount=amount),
            DisputeState.WON: _("A dispute about %(amount)s, won", amount=amount),
            DisputeState.LOST: _("A dispute about %(amount)s, lost", amount=amount),
            DisputeState.CLOSED: _("The buyer’s bank asked about %(amount)s, and nothing came of it", amount=amount),
        }
        state = DisputeState(row.state)
        detail = ", ".join(part for part in (row.reason.replace("_", " "), row.provider_ref) if part)
        tone = {DisputeState.WON: "good", DisputeState.CLOSED: ""}.get(state, "bad")
        yield Entry(at=row.opened_at, source="money", title=titles[state], detail=detail, tone=tone)


def _subscriptions(of_order: Iterable[SubscriptionView]) -> Iterator[Entry]:
    for each in of_order:
        if each.ended_at:
            yield Entry(at=each.ended_at, source="money", title=_("The subscription ended"))


def _consents(order: OrderView) -> Iterator[Entry]:
    kinds = {"terms": _("Agreed to the terms"), "withdrawal": _("Gave up the right of withdrawal")}
    for row in session.scalars(select(Consent).where(Consent.order_id == order.id).order_by(Consent.id)):
        document = " ".join(part for part in (row.document, row.version) if part)
        detail = f"“{row.words}” {document}".strip()
        yield Entry(at=row.at, source="order", title=kinds.get(row.kind, row.kind), detail=detail)


def _failures(order: OrderView) -> Iterator[Entry]:
    query = select(FailedCharge).where(FailedCharge.order_id == order.id).order_by(FailedCharge.id)
    for row in session.scalars(query):
        amount = words.format_money(row.amount, row.currency)
        title = _("A charge failed, %(amount)s", amount=amount)
        yield Entry(at=row.failed_at, source="money", title=title, detail=row.reason, tone="bad")


def _access(held: tuple[access.GrantView, ...]) -> Iterator[Entry]:
    histories = access.histories([each.id for each in held])
    names = accounts.names_of(
        change.actor_id for changes in histories.values() for change in changes if change.actor_id is not None
    )
    for each in held:
        for change in histories[each.id]:
            yield Entry(
                at=change.at,
                source="access",
                title=access_words.change_title(change, each.product_name),
                detail=access_words.change_detail(change, names),
                tone=access_words.change_tone(change),
                href=f"/admin/access/{each.id}",
                href_words=_("Access"),
            )


def _letters(order: OrderView) -> Iterator[Entry]:
    states = {
        LetterState.WAITING: _("waits to be sent"),
        LetterState.SENT: _("sent"),
        LetterState.REFUSED: _("refused"),
    }
    for letter in mail.letters_about(about_order(order.number)):
        yield Entry(
            at=letter.written_at,
            source="mail",
            title=_("Mail “%(subject)s”", subject=letter.subject),
            detail=", ".join(part for part in (letter.recipient, states[letter.state], letter.reason) if part),
            tone="bad" if letter.state is LetterState.REFUSED else "",
        )


def _staff(order: OrderView) -> Iterator[Entry]:
    found = audit.entries(subject=about_order(order.number))
    names = accounts.names_of(entry.actor_id for entry in found if entry.actor_id is not None)
    for entry in found:
        detail = ", ".join(f"{key}: {value}" for key, value in _readable(entry.detail) if value not in (None, ""))
        by = names.get(entry.actor_id or 0, "")
        yield Entry(
            at=entry.at,
            source="staff",
            title=audit_words(entry.action),
            detail=", ".join(part for part in (by, detail) if part),
        )


def _readable(detail: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """What stands in the record, with amounts as money instead of minor units."""
    currency = detail.get("currency")
    for key, value in detail.items():
        if isinstance(currency, str) and isinstance(value, int) and not isinstance(value, bool):
            yield key, words.format_money(value, currency)
        elif key != "currency":
            yield key, value


def audit_words(action: str) -> str:
    """What staff did, in words; what a plugin calls its own stays as it is, made readable."""
    known = {
        "order.claimed": _("Claimed: what a guest bought belongs to an account now"),
        "order.bought_twice": _("Claimed by somebody who had it already: look whether money has to go back"),
        "order.held": _("Held: another amount came than was agreed"),
        "order.released": _("Accepted and opened by staff"),
        "order.purged": _("Removed as a test purchase: it opens nothing any longer"),
        "order.adopted": _("Taken over with the import"),
        "order.refund_asked": _("Refund asked for"),
        "order.refund_refused": _("The refund was refused"),
        "order.dispute": _("The dispute moved"),
        "order.paid_twice": _("Paid a second time: send one of the payments back"),
    }
    return known.get(action) or action.replace(".", " ").replace("_", " ").capitalize()


def _provider(order: OrderView) -> Iterator[Entry]:
    for record in records.records_of(order):
        yield Entry(
            at=record.at,
            source="provider",
            title=record.title,
            detail=record.detail,
            tone=record.tone,
            href=record.href,
        )
