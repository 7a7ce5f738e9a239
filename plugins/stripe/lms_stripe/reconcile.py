"""Looking things over again: what an event should have told, and did not. Asks for re-reads; writes nothing itself.

Webhooks are lost: a server is down for longer than Stripe tries, an endpoint was switched off, a backup was restored.
Five questions find what is missing, each cheap enough for how often it is asked:

replay      the list of events since the last time (hourly; every five minutes where Stripe cannot reach the site)
due         subscriptions whose period or grace ends within a day (hourly)
checkouts   sessions that are open for half an hour, or whose money is on its way (hourly)
everything  all subscriptions at Stripe beside our rows (nightly, and when events are too old to be listed)
money       payments, refunds and disputes at Stripe beside ours (at the same times)
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import or_, select

from lms.api import clock, db
from lms_stripe import (
    catalog,
    client,
    connections,
    coupons,
    customers,
    endpoints,
    facts,
    listed_prices,
    mirror,
    money,
    operations,
    polling,
    tasks,
)
from lms_stripe.connections import Connection
from lms_stripe.failures import PermissionMissing, StripeFailure
from lms_stripe.found import Found
from lms_stripe.models import Checkout, Drift, ReconcileRun, Subscription

_log = logging.getLogger("lms_stripe")
_SOON = timedelta(hours=24)
_STALE = timedelta(minutes=30)
_A_PAGE = 100


Question = Callable[[Connection], Found]


def replay(connection: Connection) -> Found:
    """Events that never arrived. What is older than Stripe's list goes back is found in what they were about."""
    found, forbidden = Found(), None
    if polling.is_long_ago(connection):
        # First, since asking for events says that we have heard everything: where this fails, it is asked again.
        try:
            found = everything(connection) + money.look(connection)
        except PermissionMissing as failure:
            # That does not mend itself by asking again; what the key may read must not wait for it.
            db.rollback()
            forbidden = failure
    new = polling.take(connection)
    if forbidden is not None:
        raise forbidden
    return found + Found(checked=new, drifted=new)


def due(connection: Connection) -> Found:
    """Subscriptions whose access is about to end: they are read before it does; and invoices that hang. Commits."""
    soon = clock.now() + _SOON
    query = select(Subscription.stripe_id).where(
        Subscription.connection_id == connection.id,
        Subscription.status.in_(facts.RUNNING),
        or_(Subscription.period_end < soon, Subscription.trial_end < soon, Subscription.cancel_at < soon),
    )
    stuck = [row.business_key for row in operations.noted(connection.id, mirror.STUCK, "failed")]
    found = _ask_for(connection, "subscription", db.session.scalars(query))
    return Found(found.checked + _ask_for(connection, "payment", stuck).checked)


def checkouts(connection: Connection) -> Found:
    """Sessions of which we should have heard by now. Commits."""
    query = select(Checkout.session_id).where(
        Checkout.connection_id == connection.id,
        Checkout.session_id.is_not(None),
        or_(
            Checkout.status == "awaiting_payment",
            (Checkout.status == "open") & (Checkout.created_at < clock.real_now() - _STALE),
        ),
    )
    return _ask_for(connection, "checkout", db.session.scalars(query))


def _ask_for(connection: Connection, kind: str, ids: Iterable[str | None]) -> Found:
    wanted = [str(each) for each in ids]
    for each in wanted:
        tasks.want(connection.id, kind, each)
    if wanted:
        tasks.wake()
    db.commit()
    return Found(checked=len(wanted))


def everything(connection: Connection) -> Found:
    """Every subscription at Stripe, ended ones too, beside our rows. Commits. Raises ``StripeFailure``.

    Pages of a hundred: far below Stripe's limit of requests, however large the account.
    """
    stripe = connections.client_of(connection)
    found = Found()
    after: dict[str, str] = {}
    while True:
        asked: Any = {"status": "all", "limit": _A_PAGE, **after}
        db.commit()
        with client.outside():
            page = client.plain(stripe.v1.subscriptions.list(asked))
        _compare(connection, page["data"], found)
        if not page["has_more"]:
            return found
        after = {"starting_after": str(page["data"][-1]["id"])}


def _compare(connection: Connection, listed: list[dict[str, Any]], found: Found) -> None:
    readings = [facts.read_subscription(entry) for entry in listed]
    query = select(Subscription).where(
        Subscription.connection_id == connection.id, Subscription.stripe_id.in_([each.stripe_id for each in readings])
    )
    known = {row.stripe_id: row for row in db.session.scalars(query)}
    holders = customers.known(connection.id, [each.customer_id for each in readings if each.customer_id])
    for reading in readings:
        found.checked += 1
        row = known.get(reading.stripe_id)
        if row is None and not _is_ours(connection, reading, holders):
            found.foreign_objects += 1
        elif row is None or _differences(row, reading):
            found.drifted += 1
            wish = tasks.want(connection.id, "subscription", reading.stripe_id)
            found.differing.append(
                {
                    "object_type": "subscription",
                    "object_id": reading.stripe_id,
                    "differences": _differences(row, reading) if row is not None else {},
                    "wanted": wish.number,
                }
            )
    if found.drifted:
        tasks.wake()
    db.commit()


def _is_ours(connection: Connection, reading: facts.SubscriptionReading, holders: frozenset[str]) -> bool:
    """Whether we would take it: it has our mark, or a price of ours and a customer whose person we know."""
    if reading.metadata.get("site_id") == connection.site_id:
        return True
    return reading.customer_id in holders and catalog.offer_of(connection.id, reading.price_ids) is not None


_COMPARED = ("status", "period_end", "cancel_at", "cancel_at_period_end", "ended_at", "trial_end", "pause_behavior")


def _differences(row: Subscription, reading: facts.SubscriptionReading) -> dict[str, list[str]]:
    """Of each value that differs: what we knew, and what Stripe says."""
    pairs = {name: (getattr(row, name), getattr(reading, name)) for name in _COMPARED}
    return {name: [_said(ours), _said(theirs)] for name, (ours, theirs) in pairs.items() if ours != theirs}


def _said(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else "" if value is None else str(value)


QUESTIONS: dict[str, Question] = {
    "replay": replay,
    "due": due,
    "checkouts": checkouts,
    "everything": everything,
    "money": money.look,
}
THOROUGH = ("everything", "money")
"""What takes as long as the account is large: asked at night, and when somebody wants it."""


def ask(connection: Connection, kind: str) -> ReconcileRun:
    """Ask one question of one connection, and keep what it found. Commits; a failure is kept, not raised."""
    started = clock.real_now()
    error, found = "", Found()
    try:
        found = QUESTIONS[kind](connection)
    except StripeFailure as failure:
        db.rollback()
        error = f"{failure.sentence} {failure.detail}".strip()
        _log.warning("Looking over %s again failed: %s", kind, error)
    run = ReconcileRun(
        connection_id=connection.id,
        kind=kind,
        started_at=started,
        ended_at=clock.real_now(),
        checked=found.checked,
        drifted=found.drifted,
        foreign_objects=found.foreign_objects,
        error=error,
    )
    db.session.add(run)
    db.session.flush()  # what differed points at it
    db.session.add_all(Drift(connection_id=connection.id, run_id=run.id, **each) for each in found.differing)
    db.commit()
    return run


def hourly() -> None:
    """The job ``stripe.reconcile``."""
    for connection in connections.in_use():
        _tell_us_all(connection)
        for kind in ("replay", "due", "checkouts"):
            ask(connection, kind)


def _tell_us_all(connection: Connection) -> None:
    """An endpoint that an older version made is asked for what this version reads besides. Commits."""
    try:
        endpoints.follow_types(connection)
    except StripeFailure as failure:
        db.rollback()
        _log.warning("The webhook endpoint stays as it is: %s", failure.detail)


def nightly() -> None:
    """The job ``stripe.reconcile_everything``."""
    for connection in connections.in_use():
        for kind in THOROUGH:
            ask(connection, kind)
        listed_prices.ask(connection.id)
        coupons.ask(connection.id)
        db.commit()


def last(connection_id: int, kind: str) -> tuple[datetime, int, str] | None:
    """When the question was last asked (real time), how much had drifted, and what failed."""
    query = select(ReconcileRun.started_at, ReconcileRun.drifted, ReconcileRun.error)
    query = query.where(ReconcileRun.connection_id == connection_id, ReconcileRun.kind == kind)
    row = db.session.execute(query.order_by(ReconcileRun.id.desc()).limit(1)).one_or_none()
    return tuple(row) if row is not None else None
