"""What became of an order's money, added up: what came, what went back, and what a bank disputes."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select

from lms.commerce import checkout_settings
from lms.commerce.facts import DisputeState
from lms.commerce.grants import Ledger
from lms.commerce.models import Dispute, Payment, Refund, RefundRequest
from lms.db import session

GONE = ("pending", "succeeded")
"""States of refunds whose money went back, or is on its way back."""


def of_order(order_id: int) -> Ledger:
    """What the order's access hangs on; see ``grants.Ledger``."""
    payments = session.scalars(select(Payment).where(Payment.order_id == order_id).order_by(Payment.id)).all()
    if not payments:
        return Ledger()
    back = _back(order_id)
    worth = [each for each in payments if (each.amount if each.subtotal is None else each.subtotal) > 0]
    disputes = _disputes(order_id)
    gone = {each.id for each in payments if 0 < each.amount <= back.get(each.id, 0)}
    gone |= {payment.id for state, payment in disputes if state == DisputeState.LOST}
    return Ledger(
        paid=sum(each.amount for each in payments),
        returned=sum(back.values()),
        part_ends_access=_part_ends_access(order_id),
        disputed=checkout_settings.disputes_suspend()
        and any(state == DisputeState.OPEN for state, _payment in disputes),
        lost=any(state == DisputeState.LOST and not _paid_since(payment, payments) for state, payment in disputes),
        instalments=sum(each.id not in gone for each in worth),
    )


def _back(order_id: int) -> dict[int, int]:
    query = (
        select(Refund.payment_id, func.sum(Refund.amount))
        .join(Payment, Payment.id == Refund.payment_id)
        .where(Payment.order_id == order_id, Refund.state.in_(GONE))
        .group_by(Refund.payment_id)
    )
    # PostgreSQL sums whole numbers into decimals.
    return {payment_id: int(amount) for payment_id, amount in session.execute(query)}


def _disputes(order_id: int) -> list[tuple[str, Payment]]:
    query = select(Dispute.state, Payment).join(Payment, Payment.id == Dispute.payment_id)
    return [(state, payment) for state, payment in session.execute(query.where(Payment.order_id == order_id))]


def _paid_since(disputed: Payment, payments: Sequence[Payment]) -> bool:
    return any(each.paid_at > disputed.paid_at and each.amount > 0 for each in payments)


def _part_ends_access(order_id: int) -> bool:
    """Whether staff decided, with a refund that did not fail, that its part ends the access."""
    failed = select(Refund.id).where(
        Refund.payment_id == RefundRequest.payment_id,
        Refund.provider_ref == RefundRequest.provider_ref,
        Refund.state.not_in(GONE),
    )
    query = (
        select(RefundRequest.id)
        .join(Payment, Payment.id == RefundRequest.payment_id)
        .where(Payment.order_id == order_id, RefundRequest.ends_access.is_(True), RefundRequest.state == "done")
        .where(~failed.exists())
    )
    return session.scalar(query.limit(1)) is not None
