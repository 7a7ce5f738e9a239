"""Money: what providers say has arrived, is on its way, did not arrive, or went back."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import exists, select
from sqlalchemy.dialects import postgresql, sqlite

from lms.access import services as access
from lms.audit import services as audit
from lms.base import clock
from lms.base.problem import Conflict
from lms.commerce import claim_links, failed_charges, grants, ledger, mails, subscriptions
from lms.commerce.events import OrderAwaiting, OrderFailed, OrderPaid
from lms.commerce.facts import OrderState, PaymentFact, RefundFact
from lms.commerce.models import Dispute, Order, Payment, Refund, RefundRequest
from lms.commerce.offer_view import OfferView
from lms.commerce.orders import AMOUNT_DIFFERS, WENT_BACK, OrderView, find_order, lock_order
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
    is_new = _keep(fact)
    was_settled = order.state in _SETTLED
    # Money that went back is told again with every reading; only other money changes what became of the order.
    if order.state not in _SETTLED and (is_new or order.reason != WENT_BACK):
        offer = _offer(order)
        if _is_as_agreed(fact, order, offer):
            _settle(order, offer, fact.paid_at, fact.test, fact.amount)
        else:
            _hold(order, fact)
    elif is_new and order.state == OrderState.PAID:
        apply_money(order)  # one more instalment, or what a lost dispute had ended is paid anew
    if was_settled and is_new and fact.amount and order.state == OrderState.PAID and fact.paid_at > order.placed_at:
        # What was paid before the order stood here, as with subscriptions that were brought along, is no news.
        mails.payment_received(_view(order), f"{fact.provider} {fact.provider_ref}", fact.amount)
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
    _move(order, wanted, reason)
    view = _view(order)
    if wanted is OrderState.AWAITING:
        mails.order_awaiting(view)
        emit(OrderAwaiting(order.id, order.person_id))
    elif wanted is OrderState.FAILED:
        mails.order_failed(view)
        failed_charges.of_order(view)
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
    it again. A held order whose money went back is over, so that its buyer may order anew. The refund of a
    subscription's charge leaves the subscription alone. Raises ``UnknownPayment``.
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
    apply_money(order)
    view = _view(order)
    if fact.amount and fact.state in ("pending", "succeeded"):
        mails.money_goes_back(
            view, f"{fact.payment_ref} {fact.provider_ref}", fact.amount, _left_open(view, payment.id, fact.amount)
        )
    return view


def payments_going_back(provider: str) -> tuple[str, ...]:
    """The provider's references of payments of which money is going back and nobody knows yet whether it arrives."""
    waiting = exists().where(Refund.payment_id == Payment.id, Refund.state == "pending")
    asked = exists().where(RefundRequest.payment_id == Payment.id, RefundRequest.state == "asked")
    query = select(Payment.provider_ref).where(Payment.provider == provider, waiting | asked)
    return tuple(session.scalars(query.order_by(Payment.id)))


def reversal_states(provider: str, references: Collection[str]) -> dict[str, str]:
    """Of the provider's refunds and disputes that it has told of: the state of each by its reference. Two queries."""
    found: dict[str, str] = {}
    for kind in (Refund, Dispute):
        query = select(kind.provider_ref, kind.state).join(Payment, Payment.id == kind.payment_id)
        query = query.where(Payment.provider == provider, kind.provider_ref.in_(references))
        found |= {reference: str(state) for reference, state in session.execute(query)}
    return found


def apply_money(order: Order) -> None:
    """Open or shut what follows from all that came, went back or is disputed of the order, whose row is held."""
    offer = _offer(order)
    money = ledger.of_order(order.id)
    if order.state == OrderState.PAID and not offer.is_subscription and order.paid_at is not None:
        _grant(order, offer, grants.for_purchase(offer, order.paid_at, money))
    elif order.state == OrderState.PAID:
        apply_grants_of_order(order, clock.now())
    elif order.state == OrderState.HELD and money.is_sent_back:
        _move(order, OrderState.FAILED, WENT_BACK)
    elif order.reason == WENT_BACK and not money.is_sent_back:
        _move(order, OrderState.HELD, AMOUNT_DIFFERS)


def _left_open(order: OrderView, payment_id: int, amount: int) -> bool | None:
    """Whether what the order opened is open yet after this refund; None for an order that opened nothing."""
    if order.state is not OrderState.PAID or order.person_id is None:
        return None
    # The provider tells of a refund before what staff decided with it is carried out to its end.
    ending = select(RefundRequest.id).filter_by(payment_id=payment_id, amount=amount, state="asked", ends_access=True)
    if session.scalar(ending.limit(1)) is not None:
        return False
    return access.decide_product(order.person_id, order.offer.product_id, clock.now()).allowed


def give_to(order: Order, person_id: int) -> None:
    """What a guest ordered is the person's now: what the payments and subscriptions say opens for them.

    The order's row is held by the caller, and belongs to nobody so far.
    """
    order.person_id = person_id
    subscriptions.give_to(order, person_id)
    session.flush()  # the grants read the person
    offer = _offer(order)
    if offer.is_subscription:
        apply_grants_of_order(order, clock.now())
    else:
        apply_money(order)


def refunded_amount(order_id: int) -> int:
    """How much of the order's money went back or is on its way back, in minor units of its currency."""
    return ledger.of_order(order_id).returned


def is_sent_back(order_id: int) -> bool:
    """Whether all of the order's money went back, or is on its way back."""
    return ledger.of_order(order_id).is_sent_back


def _is_as_agreed(fact: PaymentFact, order: Order, offer: OfferView) -> bool:
    subtotal = fact.amount if fact.subtotal is None else fact.subtotal
    # A trial begins with nothing to pay; a person who had one before pays at once.
    agreed = {order.total, 0} if offer.trial_days else {order.total}
    return subtotal in agreed and fact.currency.lower() == order.currency


def _hold(order: Order, fact: PaymentFact) -> None:
    order.test = fact.test
    _move(order, OrderState.HELD, AMOUNT_DIFFERS)
    detail = {"agreed": order.total, "came": fact.amount, "subtotal": fact.subtotal, "currency": fact.currency}
    audit.record("order.held", actor_id=None, subject=f"order/{order.number}", detail=detail)


def _move(order: Order, state: OrderState, reason: str) -> None:
    order.state, order.reason = state.value, reason[:200]
    session.flush()  # the view and the grants read it
    apply_grants_of_order(order, clock.now())


def _settle(order: Order, offer: OfferView, paid_at: datetime, test: bool, amount: int) -> None:
    order.state, order.reason, order.test, order.paid_at = OrderState.PAID.value, "", test, paid_at
    session.flush()  # the grants and the mail read it
    if offer.is_subscription:
        apply_grants_of_order(order, clock.now())
    else:
        _grant(order, offer, grants.for_purchase(offer, paid_at, ledger.of_order(order.id)))
    if order.person_id is None:
        mails.guest_paid(_view(order), amount, claim_links.issue(order.id))
    else:
        mails.order_paid(_view(order), amount)
    emit(OrderPaid(order.id, order.person_id))


def _grant(order: Order, offer: OfferView, plan: grants.GrantPlan) -> None:
    if order.person_id is None:
        return
    if order.purged_at is not None:
        plan = grants.PURGED
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


def _keep(fact: PaymentFact) -> bool:
    """Whether the fact is told for the first time."""
    dialect: Any = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    now = clock.real_now()
    values = {name: getattr(fact, name) for name in fact.__slots__}
    values |= {"currency": fact.currency.lower(), "created_at": now, "updated_at": now}
    insert = dialect.insert(Payment).values(values)
    kept = session.scalar(
        insert.on_conflict_do_nothing(index_elements=("provider", "provider_ref")).returning(Payment.id)
    )
    query = select(Payment.order_id).filter_by(provider=fact.provider, provider_ref=fact.provider_ref)
    if session.scalars(query).one() != fact.order_id:
        raise ValueError(f"payment {fact.provider_ref} belongs to another order")
    return kept is not None


def _offer(order: Order) -> OfferView:
    """The offer as it was agreed."""
    return _view(order).offer


def _view(order: Order) -> OrderView:
    view = find_order(order.id)
    assert view is not None  # noqa: S101  its row is held
    return view
