"""Money: what providers say has arrived, is on its way, did not arrive, or went back."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects import postgresql, sqlite

from lms.access import services as access
from lms.audit import services as audit
from lms.base import clock
from lms.base.problem import Conflict
from lms.commerce import grants, mails, offers
from lms.commerce.events import OrderAwaiting, OrderFailed, OrderPaid
from lms.commerce.facts import OrderState, PaymentFact, RefundFact
from lms.commerce.models import Order, OrderLine, Payment, Refund
from lms.commerce.offers import OfferView
from lms.commerce.orders import OrderView, find_order, lock_order
from lms.commerce.subscriptions import apply_grants_of_order
from lms.db import session
from lms.host.bus import emit

# From which states a fact may move an order. Money that has arrived settles any of them; nothing unsettles it.
_BEFORE = {
    OrderState.AWAITING: (OrderState.OPEN,),
    OrderState.FAILED: (OrderState.OPEN, OrderState.AWAITING),
    OrderState.EXPIRED: (OrderState.OPEN, OrderState.AWAITING),
}
_SETTLED = (OrderState.PAID, OrderState.HELD)


class UnknownPayment(LookupError):
    """A fact about a payment that is not here."""


def record_payment(fact: PaymentFact) -> OrderView:
    """Keep that money has arrived, and open what was ordered; return the order.

    The same ``(provider, provider_ref)`` twice changes nothing. The first payment of an order has to be what was
    agreed, before discounts and tax; else the order is held: the fact stays, nothing opens, staff decide. Later
    payments of the same order (renewals) are only kept. Raises ``UnknownOrder``, and ``ValueError`` for a payment that
    belongs to another order.
    """
    order = lock_order(fact.order_id)
    _keep(fact)
    if order.state not in _SETTLED:
        offer = _offer(order)
        if _is_as_agreed(fact, order, offer):
            _settle(order, offer, fact.paid_at, fact.test, fact.amount)
        else:
            _hold(order, fact)
    return _view(order)


def record_paid(
    order_id: int,
    *,
    provider: str,
    provider_ref: str,
    subtotal: int,
    total: int,
    currency: str,
    paid_at: datetime,
    test: bool = False,
) -> OrderView:
    """``record_payment`` for a checkout that is through: ``total`` was paid, ``subtotal`` before discounts and tax."""
    return record_payment(
        PaymentFact(
            order_id=order_id,
            provider=provider,
            provider_ref=provider_ref,
            amount=total,
            subtotal=subtotal,
            currency=currency,
            paid_at=paid_at,
            test=test,
        )
    )


def record_order_state(order_id: int, state: str, reason: str = "") -> OrderView:
    """Keep that an order is ``awaiting`` its money, has ``failed`` or ``expired``; the buyer is told once.

    What comes too late, such as a failure after the money, changes nothing. Raises ``UnknownOrder``, and
    ``ValueError`` for any other state.
    """
    wanted = OrderState(state)
    if wanted not in _BEFORE:
        raise ValueError(f"an order is not made {state} like this")
    order = lock_order(order_id)
    if order.state not in _BEFORE[wanted]:
        return _view(order)
    order.state, order.reason = wanted.value, reason[:200]
    session.flush()  # the view and the grants read it
    apply_grants_of_order(order, clock.now())
    view = _view(order)
    if wanted is OrderState.AWAITING:
        mails.order_awaiting(view)
        emit(OrderAwaiting(order.id, order.person_id))
    elif wanted is OrderState.FAILED:
        mails.order_failed(view)
        emit(OrderFailed(order.id, order.person_id, order.reason))
    return view


def release_order(order_id: int, *, actor_id: int) -> OrderView:
    """Open what a held order bought, by decision of staff. Raises ``UnknownOrder``, ``Conflict`` if it is not held."""
    order = lock_order(order_id)
    if order.state != OrderState.HELD:
        raise Conflict(f"Order {order.number} is not held.")
    payment = session.scalars(select(Payment).where(Payment.order_id == order_id).order_by(Payment.id)).first()
    assert payment is not None  # noqa: S101  an order is held by a payment only
    audit.record("order.released", actor_id=actor_id, subject=f"order/{order.number}")
    _settle(order, _offer(order), payment.paid_at, payment.test, payment.amount)
    return _view(order)


def record_refund(fact: RefundFact) -> OrderView:
    """Keep that money goes back. All of a purchase shuts what it opened; a part changes nothing; one that fails opens
    it again. The refund of a subscription's charge leaves the subscription alone. Raises ``UnknownPayment``.
    """
    query = select(Payment.order_id).where(Payment.provider == fact.provider, Payment.provider_ref == fact.payment_ref)
    order_id = session.scalar(query)
    if order_id is None:
        raise UnknownPayment(f"no payment {fact.payment_ref} of {fact.provider}")
    order = lock_order(order_id)
    payment = session.scalars(
        select(Payment).where(Payment.provider == fact.provider, Payment.provider_ref == fact.payment_ref)
    ).one()
    refund = session.scalar(select(Refund).filter_by(payment_id=payment.id, provider_ref=fact.provider_ref))
    if refund is None:
        refund = Refund(payment_id=payment.id, provider_ref=fact.provider_ref, amount=fact.amount, state=fact.state)
        session.add(refund)
    refund.amount, refund.state = fact.amount, fact.state
    session.flush()  # the sum below counts it
    offer = _offer(order)
    if order.state == OrderState.PAID and not offer.is_subscription and order.paid_at is not None:
        paid, returned = _sums(order.id)
        _grant(order, offer, grants.for_refund(offer, order.paid_at, paid, returned))
    return _view(order)


def refunded_amount(order_id: int) -> int:
    """How much of the order's money went back or is on its way back, in minor units of its currency."""
    return _sums(order_id)[1]


def _is_as_agreed(fact: PaymentFact, order: Order, offer: OfferView) -> bool:
    subtotal = fact.amount if fact.subtotal is None else fact.subtotal
    # A trial begins with nothing to pay; a person who had one before pays at once.
    agreed = {order.total, 0} if offer.trial_days else {order.total}
    return subtotal in agreed and fact.currency.lower() == order.currency


def _hold(order: Order, fact: PaymentFact) -> None:
    order.state, order.reason, order.test = OrderState.HELD.value, "amount_differs", fact.test
    session.flush()  # the grants read it
    apply_grants_of_order(order, clock.now())
    detail = {"agreed": order.total, "came": fact.amount, "subtotal": fact.subtotal, "currency": fact.currency}
    audit.record("order.held", actor_id=None, subject=f"order/{order.number}", detail=detail)


def _settle(order: Order, offer: OfferView, paid_at: datetime, test: bool, amount: int) -> None:
    order.state, order.reason, order.test, order.paid_at = OrderState.PAID.value, "", test, paid_at
    session.flush()  # the grants and the mail read it
    if offer.is_subscription:
        apply_grants_of_order(order, clock.now())
    else:
        _grant(order, offer, grants.for_purchase(offer, paid_at))
    mails.order_paid(_view(order), amount)
    emit(OrderPaid(order.id, order.person_id))


def _grant(order: Order, offer: OfferView, plan: grants.GrantPlan) -> None:
    existing = access.find_grant(order.person_id, offer.product_id, "order", order.number)
    if existing is None and plan.only_existing:
        return
    now = clock.now()
    access.set_grant(
        person_id=order.person_id,
        product_id=offer.product_id,
        source="order",
        source_ref=order.number,
        state=plan.state,
        # The provider's clock may be a little ahead of ours; nobody waits for that.
        starts_at=existing.starts_at if existing else min(order.paid_at or now, now),
        ends_at=plan.ends_at,
        reason=plan.reason,
    )


def _keep(fact: PaymentFact) -> None:
    dialect: Any = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    now = clock.real_now()
    values = {name: getattr(fact, name) for name in fact.__slots__}
    values |= {"currency": fact.currency.lower(), "created_at": now, "updated_at": now}
    insert = dialect.insert(Payment).values(values)
    session.execute(insert.on_conflict_do_nothing(index_elements=("provider", "provider_ref")))
    query = select(Payment.order_id).filter_by(provider=fact.provider, provider_ref=fact.provider_ref)
    if session.scalars(query).one() != fact.order_id:
        raise ValueError(f"payment {fact.provider_ref} belongs to another order")


def _sums(order_id: int) -> tuple[int, int]:
    paid = session.scalar(select(func.sum(Payment.amount)).where(Payment.order_id == order_id))
    returned = session.scalar(
        select(func.sum(Refund.amount))
        .join(Payment, Payment.id == Refund.payment_id)
        .where(Payment.order_id == order_id, Refund.state.in_(("pending", "succeeded")))
    )
    # PostgreSQL sums whole numbers into decimals.
    return int(paid or 0), int(returned or 0)


def _offer(order: Order) -> OfferView:
    offer_id = session.scalars(select(OrderLine.offer_id).where(OrderLine.order_id == order.id)).one()
    offer = offers.find_offer(offer_id)
    assert offer is not None  # noqa: S101  a foreign key holds it
    return offer


def _view(order: Order) -> OrderView:
    view = find_order(order.id)
    assert view is not None  # noqa: S101  its row is held
    return view
