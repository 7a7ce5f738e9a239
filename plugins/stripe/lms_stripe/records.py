"""What staff read about an order besides what every provider tells: sessions, events, readings, and Stripe's own pages.

From our database only.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import or_, select

from lms.api import db
from lms.extend import ProviderRecord
from lms_stripe import connections
from lms_stripe.connections import Connection
from lms_stripe.models import Checkout, Event, Payment, Subscription, SyncTask

DASHBOARD = "https://dashboard.stripe.com"
# Where the Dashboard shows what, by the first letters of an id.
_PLACES = {
    "pi_": "payments",
    "ch_": "payments",
    "in_": "invoices",
    "sub_": "subscriptions",
    "cus_": "customers",
    "prod_": "products",
    "price_": "prices",
    "evt_": "events",
    "dp_": "disputes",
    "du_": "disputes",
    "cs_": "checkout/sessions",
}


def dashboard(connection: Connection, stripe_id: str) -> str:
    """The object's page in Stripe's Dashboard; "" for what has none, and for the simulator's objects."""
    place = next((place for start, place in _PLACES.items() if stripe_id.startswith(start)), "")
    if not place or connections.is_simulated(connection):
        return ""
    mode = "" if connection.livemode else "/test"
    return f"{DASHBOARD}/{connection.account_id}{mode}/{place}/{stripe_id}"


def addresses_of(references: Collection[str]) -> dict[str, str]:
    """The Dashboard's pages about payments and subscriptions that we told commerce of. Three queries."""
    known = {each.id: each for each in connections.all_of_them()}
    paid = select(Payment.connection_id, Payment.invoice_id, Payment.payment_intent_id).where(
        or_(Payment.invoice_id.in_(references), Payment.payment_intent_id.in_(references))
    )
    runs = select(Subscription.connection_id, Subscription.stripe_id).where(Subscription.stripe_id.in_(references))
    found = [*db.session.execute(paid), *db.session.execute(runs)]
    return {
        stripe_id: dashboard(known[connection_id], stripe_id)
        for connection_id, *ids in found
        for stripe_id in ids
        if stripe_id in references
    }


def orders_with(reference: str) -> Iterable[int]:
    """Orders that something at Stripe belongs to, found by its id."""
    checkouts = select(Checkout.order_id).where(
        or_(
            Checkout.session_id == reference,
            Checkout.subscription_id == reference,
            Checkout.invoice_id == reference,
            Checkout.payment_intent_id == reference,
            Checkout.customer_id == reference,
        )
    )
    payments = select(Payment.order_id).where(
        or_(
            Payment.invoice_id == reference,
            Payment.payment_intent_id == reference,
            Payment.charge_id == reference,
            Payment.number == reference,
        )
    )
    subscriptions = select(Subscription.order_id).where(
        or_(Subscription.stripe_id == reference, Subscription.customer_id == reference)
    )
    found = db.session.scalars(checkouts.union(payments, subscriptions))
    return {order_id for order_id in found if order_id is not None}


def records(order: Any) -> Iterator[ProviderRecord]:
    """The lines of one order's story."""
    checkouts = db.session.scalars(select(Checkout).where(Checkout.order_id == order.id)).all()
    payments = db.session.scalars(select(Payment).where(Payment.order_id == order.id)).all()
    subscriptions = db.session.scalars(select(Subscription).where(Subscription.order_id == order.id)).all()
    known = {each.id: each for each in connections.all_of_them()}
    ids: dict[str, int] = {}
    for row in checkouts:
        for stripe_id in (row.session_id, row.subscription_id, row.invoice_id, row.payment_intent_id):
            ids |= {stripe_id: row.connection_id} if stripe_id else {}
    for row in payments:
        for stripe_id in (row.invoice_id, row.payment_intent_id, row.charge_id):
            ids |= {stripe_id: row.connection_id} if stripe_id else {}
    ids |= {row.stripe_id: row.connection_id for row in subscriptions}
    for row in checkouts:
        yield _session(known[row.connection_id], row)
    yield from _events(known, ids)
    yield from _readings(known, ids)


def _session(connection: Connection, row: Checkout) -> ProviderRecord:
    states = {
        "creating": _("not made yet"),
        "open": _("open"),
        "awaiting_payment": _("the money is on its way"),
        "fulfilled": _("paid"),
        "expired": _("expired"),
        "failed": _("the payment failed"),
        "duplicate": _("paid a second time"),
    }
    detail = ", ".join(part for part in (row.session_id or "", states.get(row.status, row.status)) if part)
    return ProviderRecord(
        at=row.created_at,
        title=_("Checkout begun"),
        detail=detail,
        href=dashboard(connection, row.session_id or ""),
        tone="bad" if row.status in ("failed", "duplicate") else "",
    )


def _events(known: dict[int, Connection], ids: dict[str, int]) -> Iterator[ProviderRecord]:
    query = select(Event).where(Event.object_id.in_(ids), Event.connection_id.in_(set(ids.values())))
    states = {
        "queued": _("waits to be read"),
        "done": _("read"),
        "ignored": _("does not concern us"),
        "dead": _("given up"),
    }
    for row in db.session.scalars(query.order_by(Event.id.desc()).limit(100)) if ids else ():
        yield ProviderRecord(
            at=row.received_at,
            title=_("Event %(type)s", type=row.type),
            detail=f"{row.event_id}, {states.get(row.status, row.status)}",
            href=dashboard(known[row.connection_id], row.event_id),
            tone="bad" if row.status == "dead" else "",
        )


def _readings(known: dict[int, Connection], ids: dict[str, int]) -> Iterator[ProviderRecord]:
    query = select(SyncTask).where(SyncTask.object_id.in_(ids), SyncTask.connection_id.in_(set(ids.values())))
    for row in db.session.scalars(query.order_by(SyncTask.id)) if ids else ():
        waits = row.wanted > row.done
        yield ProviderRecord(
            at=row.updated_at,
            title=_("Waits to be read again") if waits else _("Read again"),
            detail=", ".join(part for part in (row.object_id, row.last_error) if part),
            href=dashboard(known[row.connection_id], row.object_id),
            tone="bad" if row.dead_at or row.last_error else "",
        )
