"""Doing away with test purchases: what nobody paid real money for opens nothing any longer."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, or_, select

from lms.access.decision import GrantState
from lms.access.models import Grant
from lms.audit import services as audit
from lms.commerce import orders, payments, subscriptions
from lms.commerce.facts import RUNNING, OrderState
from lms.commerce.models import Order, Payment, Subscription
from lms.db import session
from lms.host import state as host_state

_UNSETTLED = (OrderState.AWAITING, OrderState.HELD)


@dataclass(frozen=True, slots=True)
class TestPurchases:
    """Test purchases that have not been done away with, in numbers.

    ``people``: who bought them, guests left out; ``doors``: what is open to somebody now through one of them;
    ``running``: subscriptions that go on at the provider, where nothing is changed.
    """

    orders: int = 0
    people: int = 0
    doors: int = 0
    running: int = 0


def find_test_purchases(provider: str, now: datetime, *, known: Collection[int] = ()) -> TestPurchases:
    """What ``purge_test_purchases`` would do away with at ``now`` (domain time, UTC).

    ``known``: ids of orders that are not paid yet, of which the provider knows that they are tests.
    """
    wanted = _wanted(provider, known)
    of_them = select(func.count(), func.count(Order.person_id.distinct())).select_from(Order)
    count, people = session.execute(of_them.where(*wanted)).one()
    running = (
        select(func.count(Subscription.id))
        .join(Order, Order.id == Subscription.order_id)
        .where(Subscription.state.in_(RUNNING), *wanted)
    )
    return TestPurchases(count, people, _doors(wanted, now), session.scalar(running) or 0)


def purge_test_purchases(
    provider: str, now: datetime, *, actor_id: int | None, known: Collection[int] = ()
) -> TestPurchases:
    """Shut every door that a test purchase of the provider opened, for good; returns what was done away with.

    Whatever the provider tells of them afterwards opens nothing and is told to nobody. An order for which real money
    came, too, is left alone, and so is every other grant of the same people. A second time does nothing. ``now`` is
    domain time, UTC; ``known`` as in ``find_test_purchases``.
    """
    before = find_test_purchases(provider, now, known=known)
    count = 0
    for order_id in session.scalars(select(Order.id).where(*_wanted(provider, known)).order_by(Order.id)).all():
        row = orders.lock_order(order_id)
        # Somebody may have paid real money while we waited for the row.
        if session.scalar(select(Order.id).where(Order.id == order_id, *_wanted(provider, known))) is None:
            continue
        row.purged_at = now
        session.flush()  # the grants read it
        payments.apply_money(row)
        subscriptions.apply_grants_of_order(row, now)
        audit.record("order.purged", actor_id=actor_id, subject=f"order/{row.number}")
        count += 1
    if count:
        # Who owes something is kept in memory until the content's version moves.
        host_state.bump_content_version()
    return TestPurchases(count, before.people, before.doors, before.running)


def _wanted(provider: str, known: Collection[int]) -> tuple[ColumnElement[bool], ...]:
    subscribed = select(Subscription.id).where(Subscription.order_id == Order.id).correlate(Order)
    # An order that was begun in one mode may have been paid in the other one too.
    paid = select(Payment.id).where(Payment.order_id == Order.id, Payment.test.is_(False)).correlate(Order)
    tested = subscribed.where(Subscription.test.is_(True))
    unsettled = and_(Order.id.in_(known), Order.state.in_(_UNSETTLED))
    return (
        Order.provider == provider, Order.purged_at.is_(None), or_(Order.test.is_(True), tested.exists(), unsettled),
        ~paid.exists(), ~subscribed.where(Subscription.test.is_(False)).exists(),
    )  # fmt: skip


def _doors(wanted: tuple[ColumnElement[bool], ...], now: datetime) -> int:
    """How many grants are open through one of the orders."""
    is_open = (
        Grant.source == "order",
        Grant.state.in_((GrantState.ACTIVE, GrantState.GRACE)),
        or_(Grant.ends_at.is_(None), Grant.ends_at > now),
    )
    bought = select(func.count(Grant.id)).join(
        Order, and_(Order.number == Grant.source_ref, Order.person_id == Grant.person_id)
    )
    reference = Subscription.provider + ":" + Subscription.provider_ref
    subscribed = (
        select(func.count(Grant.id))
        .join(Subscription, and_(reference == Grant.source_ref, Subscription.person_id == Grant.person_id))
        .join(Order, Order.id == Subscription.order_id)
    )
    return sum(session.scalar(each.where(*is_open, *wanted)) or 0 for each in (bought, subscribed))
