"""Money at Stripe beside ours: what was paid, what went back, what a bank disputes, whoever failed to tell of it.

Events are gone after thirty days, and a subscription says nothing about a refund. So payments are compared themselves:
invoices of the last months, and reversals of the last half year, counted back from when we last heard everything. A
dispute takes months, and a refund may fail weeks after it began.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from lms.api import clock, commerce, db
from lms_stripe import client, connections, facts, mirror, tasks
from lms_stripe.connections import Connection
from lms_stripe.found import Found
from lms_stripe.models import Payment

_INVOICES_BACK, _REVERSALS_BACK = timedelta(days=90), timedelta(days=180)
_CLOCKS_MAY_DIFFER = timedelta(minutes=5)
_A_PAGE = 100

Read = Callable[[Mapping[str, Any]], tuple[str, str | None]]
"""The id of a refund or dispute and what it means; None for a word that we do not know."""


def look(connection: Connection) -> Found:
    """Ask for a reading of each payment that Stripe knows otherwise than we do. Commits. Raises ``StripeFailure``."""
    heard = connection.cursor or connection.connected_at or clock.now()
    found = Found()
    for page in _pages(connection, lambda s: s.v1.invoices, heard - _INVOICES_BACK, {"status": "paid"}):
        _compare_invoices(connection, page, found)
    for page in _pages(connection, lambda s: s.v1.refunds, heard - _REVERSALS_BACK):
        _compare_reversals(connection, page, _refund, found)
    for page in _pages(connection, lambda s: s.v1.disputes, heard - _REVERSALS_BACK):
        _compare_reversals(connection, page, _dispute, found)
    return found


def _pages(
    connection: Connection, of: Callable[[Any], Any], since: datetime, wanted: Mapping[str, Any] | None = None
) -> Iterator[list[dict[str, Any]]]:
    """What was made since then, a hundred at a time; each page is fetched outside any transaction."""
    stripe = connections.client_of(connection)
    after: dict[str, str] = {}
    while True:
        asked: Any = {"created": {"gte": int(since.timestamp())}, "limit": _A_PAGE, **(wanted or {}), **after}
        db.commit()
        with client.outside():
            page = client.plain(of(stripe).list(asked))
        if page["data"]:
            yield page["data"]
        if not page["has_more"]:
            return
        after = {"starting_after": str(page["data"][-1]["id"])}


def _compare_invoices(connection: Connection, listed: list[dict[str, Any]], found: Found) -> None:
    query = select(Payment.invoice_id, Payment.status).where(
        Payment.connection_id == connection.id, Payment.invoice_id.in_([each["id"] for each in listed])
    )
    known = {row.invoice_id: row.status for row in db.session.execute(query)}
    for each in listed:
        found.checked += 1
        ours = known.get(each["id"])
        if ours == each["status"]:
            continue
        if ours is None and not _is_of_an_order(connection, facts.read_invoice(each)):
            found.foreign_objects += 1
            continue
        differences = {} if ours is None else {"status": [ours, str(each["status"])]}
        _note(connection, str(each["id"]), differences, found)
    db.commit()


def _is_of_an_order(connection: Connection, reading: facts.PaymentReading) -> bool:
    """Whether it was paid for an order of ours, and since that stands here: a subscription that was brought along was
    paid for before, which is no business of this site's."""
    order_id = mirror.order_of_payment(connection, reading)
    order = commerce.find_order(order_id) if order_id is not None else None
    if order is None or reading.paid_at is None:
        return False
    return reading.paid_at > order.placed_at - _CLOCKS_MAY_DIFFER


def _compare_reversals(connection: Connection, listed: list[dict[str, Any]], read: Read, found: Found) -> None:
    """Of payments that we know. One that we do not know is found by its invoice, and read with all that went back."""
    query = select(Payment.payment_intent_id).where(
        Payment.connection_id == connection.id,
        Payment.payment_intent_id.in_([facts.identifier(each.get("payment_intent")) for each in listed]),
    )
    known = set(db.session.scalars(query))
    told = commerce.reversal_states(mirror.PROVIDER, [str(each["id"]) for each in listed])
    for each in listed:
        found.checked += 1
        payment, (stripe_id, theirs) = facts.identifier(each.get("payment_intent")), read(each)
        if payment is None or payment not in known:
            found.foreign_objects += 1
        elif theirs is not None and told.get(stripe_id) != theirs:
            _note(connection, payment, {stripe_id: [told.get(stripe_id, ""), theirs]}, found)
    db.commit()


def _refund(value: Mapping[str, Any]) -> tuple[str, str | None]:
    reading = facts.read_refund(value)
    return reading.stripe_id, reading.state


def _dispute(value: Mapping[str, Any]) -> tuple[str, str | None]:
    reading = facts.read_dispute(value)
    return reading.stripe_id, reading.state


def _note(connection: Connection, stripe_id: str, differences: dict[str, list[str]], found: Found) -> None:
    wish = tasks.want(connection.id, "payment", stripe_id)
    tasks.wake()
    found.drifted += 1
    found.differing.append(
        {"object_type": "payment", "object_id": stripe_id, "differences": differences, "wanted": wish.number}
    )
