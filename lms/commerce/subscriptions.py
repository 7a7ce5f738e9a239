"""Subscriptions: the facts that providers tell, and the grants that follow from them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, and_, bindparam, exists, select, update
from sqlalchemy.dialects import postgresql, sqlite

from lms.access import services as access
from lms.access.decision import GrantState
from lms.access.models import Product
from lms.base import clock
from lms.commerce import failed_charges, grants, ledger, offer_view, offers, subscription_mails
from lms.commerce.events import SubscriptionChanged
from lms.commerce.facts import RUNNING, UNPAID_REASONS, OrderState, SubscriptionFact, SubscriptionState
from lms.commerce.models import Offer, Order, OrderLine, Subscription
from lms.commerce.offer_view import OfferView
from lms.commerce.orders import lock_order
from lms.db import rows, session
from lms.host import state as host_state
from lms.host.bus import emit

# What a fact says about the subscription itself, as columns of the same name.
_TOLD = (
    "state", "reason", "started_at", "period_end", "trial_end", "cancel_at", "past_due_since", "ended_at",
    "paid_off_at", "collection_paused", "paused_until", "test",
)  # fmt: skip
_NOTHING_PAID = {
    OrderState.AWAITING: grants.GrantPlan(GrantState.PENDING, None, "awaiting", only_existing=True),
    OrderState.HELD: grants.GrantPlan(GrantState.PENDING, None, "held", only_existing=True),
    OrderState.FAILED: grants.GrantPlan(GrantState.REVOKED, None, "payment_failed", only_existing=True),
}


_COLUMNS = (
    Subscription.id,
    Subscription.person_id,
    Subscription.order_id,
    Subscription.provider,
    Subscription.provider_ref,
    *(getattr(Subscription, name) for name in _TOLD),
    OrderLine.amount,
)
# What was agreed once counts for as long as the subscription is to the offer that was ordered.
_AGREED = and_(OrderLine.order_id == Subscription.order_id, OrderLine.offer_id == Subscription.offer_id)


def select_subscriptions(*more: Any) -> Select[*tuple[Any, ...]]:
    """A query for subscriptions as ``view`` reads them, with ``more`` columns behind."""
    return (
        select(*_COLUMNS, *offer_view.COLUMNS, *more)
        .join(Offer, Offer.id == Subscription.offer_id)
        .join(Product, Product.id == Offer.product_id)
        .outerjoin(OrderLine, _AGREED)
    )


_ALL = select_subscriptions()
_NOT_PURGED = ~exists().where(Order.id == Subscription.order_id, Order.purged_at.is_not(None))
# Built once: it runs on every page that shows people their subscription.
_OF_PERSON = _ALL.where(
    Subscription.person_id == bindparam("person_id"), Subscription.state != SubscriptionState.PENDING, _NOT_PURGED
).order_by(Subscription.id.desc())
# What is suspended for another reason rests by the student's own wish, or for want of a first card.
_IS_UNPAID = (Subscription.state == SubscriptionState.PAST_DUE) | (
    (Subscription.state == SubscriptionState.SUSPENDED) & Subscription.reason.in_(UNPAID_REASONS)
)
_UNPAID = _ALL.where(Subscription.person_id == bindparam("person_id"), _IS_UNPAID, _NOT_PURGED).order_by(
    Subscription.id.desc()
)


@dataclass(frozen=True, slots=True)
class SubscriptionView:
    """A subscription as the provider last told it. Times in UTC."""

    id: int
    person_id: int | None
    order_id: int | None
    offer: OfferView
    provider: str
    provider_ref: str
    state: SubscriptionState
    reason: str
    started_at: datetime | None
    period_end: datetime | None
    trial_end: datetime | None
    cancel_at: datetime | None
    past_due_since: datetime | None
    ended_at: datetime | None
    paid_off_at: datetime | None
    collection_paused: bool
    paused_until: datetime | None
    test: bool

    @property
    def is_running(self) -> bool:
        """Whether the provider goes on charging, or would once the payment is mended."""
        return self.state in RUNNING

    @property
    def is_paused(self) -> bool:
        """Whether it rests: nothing is owed, and nothing is open."""
        return self.state is SubscriptionState.SUSPENDED and self.reason not in UNPAID_REASONS

    @property
    def is_unpaid(self) -> bool:
        """Whether a charge of it is open."""
        is_suspended = self.state is SubscriptionState.SUSPENDED and not self.is_paused
        return is_suspended or self.state is SubscriptionState.PAST_DUE

    @property
    def ends_on(self) -> datetime | None:
        """When it ends, or ended; None while it goes on."""
        return self.ended_at or self.cancel_at

    @property
    def next_charge(self) -> datetime | None:
        """When money is taken next; None when it ends before, when the last charge is open, or while none is taken."""
        if self.state not in (SubscriptionState.ACTIVE, SubscriptionState.TRIALING):
            return None
        due = self.trial_end if self.state is SubscriptionState.TRIALING and self.trial_end else self.period_end
        if self.collection_paused and (self.paused_until is None or due is None or self.paused_until > due):
            return None
        ends = min((at for at in (self.cancel_at, self.paid_off_at) if at), default=None)
        return None if ends and due and ends <= due else due

    @property
    def open_until(self) -> datetime | None:
        """Until when an unpaid subscription still opens its courses; None when nothing is unpaid."""
        if self.state is not SubscriptionState.PAST_DUE or self.past_due_since is None:
            return None
        return grants.grace_until(self.past_due_since, self.offer)


def record_subscription(fact: SubscriptionFact, *, now: datetime | None = None) -> SubscriptionView:
    """Keep what a provider says about a subscription, and open or shut what follows from it.

    The same fact twice changes nothing. While the order's money is on its way, nothing opens, whatever the
    subscription says; nor while the order of a guest is not claimed. Raises ``UnknownOrder``, and ``ValueError`` for
    an unknown offer or a subscription that belongs to somebody else. ``now`` (UTC) is domain time unless told
    otherwise.
    """
    now = now or clock.now()
    order = lock_order(fact.order_id) if fact.order_id is not None else None
    offer = offers.find_offer(fact.offer_id)
    if offer is None:
        raise ValueError(f"no offer {fact.offer_id}")
    fact = _of_whom(fact, order)
    row, is_new = _locked(fact)
    if row.person_id != fact.person_id or (order is not None and order.person_id != fact.person_id):
        raise ValueError(f"subscription {fact.provider_ref} belongs to somebody else")
    before = None if is_new else _told(row)
    _end_other_product(row, offer, now)
    _write(row, fact, now)
    apply_grant(row, offer, order, now)
    if _is_unpaid(before) != _is_unpaid(_told(row)):
        # Who owes something is kept in memory (``unpaid``), until the content's version moves.
        host_state.bump_content_version()
    if before != _told(row):
        was = str(before["state"]) if before else ""
        told = _find(row.id)
        failed_charges.of_subscription(told)
        subscription_mails.tell(told, was, str(before["reason"]) if before else "")
        emit(SubscriptionChanged(row.id, row.person_id, was, row.state))
    return _find(row.id)


def _of_whom(fact: SubscriptionFact, order: Order | None) -> SubscriptionFact:
    """The fact with its person, where the provider left that to the order."""
    if fact.person_id is not None:
        return fact
    if order is None:
        raise ValueError(f"subscription {fact.provider_ref} belongs to nobody")
    return replace(fact, person_id=order.person_id)


def give_to(order: Order, person_id: int) -> None:
    """The order's subscriptions, which nobody had claimed, are the person's; nothing is opened here."""
    host_state.bump_content_version()  # one of them may be unpaid
    query = update(Subscription).where(Subscription.order_id == order.id, Subscription.person_id.is_(None))
    session.execute(query.values(person_id=person_id))


def apply_grants_of_order(order: Order, now: datetime) -> None:
    """Open or shut what the order's subscriptions give, after the order's state moved."""
    query = select(Subscription).where(Subscription.order_id == order.id).with_for_update()
    for row in session.scalars(query.execution_options(populate_existing=True)).all():
        offer = offers.find_offer(row.offer_id)
        assert offer is not None  # noqa: S101  a foreign key holds it
        apply_grant(row, offer, order, now)


def apply_grant(row: Subscription, offer: OfferView, order: Order | None, now: datetime) -> None:
    """Make the grant of the subscription what the table in ``grants`` says."""
    if row.person_id is None:
        return
    plan = _NOTHING_PAID.get(OrderState(order.state)) if order is not None else None
    if order is not None and order.purged_at is not None:
        plan = grants.PURGED
    money = ledger.of_order(order.id) if order is not None else grants.NOTHING_BACK
    plan = plan or grants.for_subscription(_fact(row), offer, now, money)
    ref = source_ref(row.provider, row.provider_ref)
    existing = access.find_grant(row.person_id, offer.product_id, "order", ref)
    if plan is None or (existing is None and plan.only_existing):
        return
    # The provider's clock may be a little ahead of ours; nobody waits for that.
    starts_at = existing.starts_at if existing else min(row.started_at or now, now)
    access.set_grant(
        person_id=row.person_id,
        product_id=offer.product_id,
        source="order",
        source_ref=ref,
        state=plan.state,
        starts_at=starts_at,
        ends_at=plan.ends_at,
        reason=plan.reason,
    )


def source_ref(provider: str, provider_ref: str) -> str:
    """By which the grant of a subscription is found again."""
    return f"{provider}:{provider_ref}"


def subscriptions_of(person_id: int) -> tuple[SubscriptionView, ...]:
    """The person's subscriptions, newest first, without those that never began."""
    return tuple(view(row) for row in rows(_OF_PERSON, {"person_id": person_id}))


def read_debtors(connection: Connection) -> frozenset[int]:
    """Ids of all people with a charge that failed."""
    query = select(Subscription.person_id).where(_IS_UNPAID, _NOT_PURGED, Subscription.person_id.is_not(None))
    return frozenset(id_ for id_ in connection.execute(query).scalars() if id_ is not None)


def unpaid_of(person_id: int) -> SubscriptionView | None:
    """The newest subscription of the person with a charge that failed. One query."""
    row = rows(_UNPAID, {"person_id": person_id}).first()
    return view(row) if row else None


def subscriptions_of_order(order_id: int) -> tuple[SubscriptionView, ...]:
    """The subscriptions that began with the order, oldest first."""
    found = session.execute(_ALL.where(Subscription.order_id == order_id).order_by(Subscription.id))
    return tuple(view(row) for row in found)


def running_subscription(
    person_id: int, *, offer_id: int | None = None, product_id: int | None = None
) -> SubscriptionView | None:
    """The newest subscription that runs, to this offer or product where one is given."""
    query = _ALL.where(Subscription.person_id == person_id, Subscription.state.in_(RUNNING), _NOT_PURGED)
    if offer_id is not None:
        query = query.where(Offer.id == offer_id)
    if product_id is not None:
        query = query.where(Offer.product_id == product_id)
    row = session.execute(query.order_by(Subscription.id.desc()).limit(1)).one_or_none()
    return view(row) if row else None


def _locked(fact: SubscriptionFact) -> tuple[Subscription, bool]:
    """The subscription's row, held until the commit, and whether this very call made it."""
    dialect: Any = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    now = clock.real_now()
    key = {"provider": fact.provider, "provider_ref": fact.provider_ref}
    values: dict[str, Any] = {**key, "person_id": fact.person_id, "offer_id": fact.offer_id, "order_id": fact.order_id}
    values |= {"state": "", "reason": "", "created_at": now, "updated_at": now}
    insert = dialect.insert(Subscription).values(values).on_conflict_do_nothing(index_elements=tuple(key))
    is_new = session.execute(insert.returning(Subscription.id)).scalar() is not None
    query = select(Subscription).filter_by(**key).with_for_update().execution_options(populate_existing=True)
    return session.scalars(query).one(), is_new


def _write(row: Subscription, fact: SubscriptionFact, now: datetime) -> None:
    """Copy the fact; a beginning that the provider does not date keeps the time at which we first heard of it."""
    told = {name: getattr(fact, name) for name in _TOLD}
    state = told["state"] = SubscriptionState(fact.state).value
    if state == SubscriptionState.PAST_DUE:
        told["past_due_since"] = fact.past_due_since or row.past_due_since or now
    else:
        told["past_due_since"] = None
    if state == SubscriptionState.ENDED:
        told["ended_at"] = fact.ended_at or row.ended_at or now
    told["started_at"] = fact.started_at or row.started_at or now
    for name, value in told.items():
        setattr(row, name, value)
    row.offer_id = fact.offer_id
    row.order_id = fact.order_id if fact.order_id is not None else row.order_id
    session.flush()  # the view below reads columns


def _end_other_product(row: Subscription, offer: OfferView, now: datetime) -> None:
    """A plan changed to another product: what the old one opened ends."""
    before = offers.find_offer(row.offer_id)
    if row.person_id is None or before is None or before.product_id == offer.product_id:
        return
    ref = source_ref(row.provider, row.provider_ref)
    old = access.find_grant(row.person_id, before.product_id, "order", ref)
    if old is not None and (old.ends_at is None or old.ends_at > now):
        access.set_grant(
            person_id=row.person_id,
            product_id=before.product_id,
            source="order",
            source_ref=ref,
            state=old.state,
            starts_at=old.starts_at,
            ends_at=now,
            reason="plan_changed",
        )


def _is_unpaid(told: dict[str, Any] | None) -> bool:
    if told is None:
        return False
    is_suspended = told["state"] == SubscriptionState.SUSPENDED and told["reason"] in UNPAID_REASONS
    return is_suspended or told["state"] == SubscriptionState.PAST_DUE


def _told(row: Subscription) -> dict[str, Any]:
    return {name: getattr(row, name) for name in (*_TOLD, "offer_id")}


def _fact(row: Subscription) -> SubscriptionFact:
    return SubscriptionFact(
        offer_id=row.offer_id,
        person_id=row.person_id,
        order_id=row.order_id,
        provider=row.provider,
        provider_ref=row.provider_ref,
        **{name: getattr(row, name) for name in _TOLD},
    )


def _find(subscription_id: int) -> SubscriptionView:
    return view(session.execute(_ALL.where(Subscription.id == subscription_id)).one())


def view(row: Any) -> SubscriptionView:
    """The subscription in a row of ``select_subscriptions``."""
    id_, person_id, order_id, provider, provider_ref, state, *told, amount = row[: len(_COLUMNS)]
    offer = offer_view.view(row[len(_COLUMNS) :])
    offer = offer.agreed(offer.amount if amount is None else amount, offer.trial_days)
    return SubscriptionView(id_, person_id, order_id, offer, provider, provider_ref, SubscriptionState(state), *told)
