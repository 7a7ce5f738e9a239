"""Payments that a buyer's bank asks back: kept as the provider tells them, and what follows for access."""

from __future__ import annotations

from sqlalchemy import func, select

from lms.audit import services as audit
from lms.commerce.events import DisputeChanged
from lms.commerce.facts import DisputeFact, DisputeState
from lms.commerce.models import Dispute, Order, Payment
from lms.commerce.orders import OrderView, find_order, lock_order
from lms.commerce.payments import UnknownPayment, apply_money
from lms.db import commit, session
from lms.host.bus import emit


def record_dispute(fact: DisputeFact) -> OrderView:
    """Keep what the provider says about a dispute, and open or shut what follows; return the order.

    While it is open, what the payment opened rests; won opens it again; lost ends it, until something is paid anew. An
    inquiry changes nothing. The same fact twice changes nothing. Raises ``UnknownPayment``, and ``ValueError`` for an
    unknown state.
    """
    state = DisputeState(fact.state)
    query = select(Payment).where(Payment.provider == fact.provider, Payment.provider_ref == fact.payment_ref)
    payment = session.scalar(query)
    if payment is None:
        raise UnknownPayment(f"no payment {fact.payment_ref} of {fact.provider}")
    order = lock_order(payment.order_id)
    row = session.scalar(select(Dispute).filter_by(payment_id=payment.id, provider_ref=fact.provider_ref))
    before = row.state if row else ""
    if row is None:
        row = Dispute(payment_id=payment.id, provider_ref=fact.provider_ref)
        session.add(row)
    row.amount, row.state, row.reason, row.opened_at = fact.amount, state.value, fact.reason[:80], fact.opened_at
    session.flush()  # what follows counts it
    apply_money(order)
    if before != row.state:
        detail = {"dispute": fact.provider_ref, "before": before, "after": row.state, "amount": fact.amount}
        audit.record("order.dispute", actor_id=None, subject=f"order/{order.number}", detail=detail)
        emit(DisputeChanged(order.id, order.person_id, before, row.state))
    view = find_order(order.id)
    assert view is not None  # noqa: S101  its row is held
    return view


def open_ones() -> tuple[int, int, str]:
    """How many payments are disputed, of how many a bank only asks, and the order of the oldest. One query."""
    is_open = Dispute.state == DisputeState.OPEN
    query = (
        select(func.count().filter(is_open), func.count().filter(~is_open), func.min(Order.id))
        .select_from(Dispute)
        .join(Payment, Payment.id == Dispute.payment_id)
        .join(Order, Order.id == Payment.order_id)
        .where(Dispute.state.in_((DisputeState.OPEN, DisputeState.INQUIRY)))
    )
    disputed, asked, order_id = session.execute(query).one()
    order = find_order(order_id) if order_id is not None else None
    return disputed, asked, order.number if order is not None else ""


def follow_setting() -> None:
    """The job: what open disputes mean for access is what the settings say now. Commits after each order."""
    orders = select(Payment.order_id).join(Dispute, Dispute.payment_id == Payment.id)
    for order_id in session.scalars(orders.where(Dispute.state == DisputeState.OPEN).distinct()).all():
        apply_money(lock_order(order_id))
        commit()
