"""Subscriptions: the facts that providers tell, and the grants that follow from them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.dialects import postgresql, sqlite

from lms.access import services as access
from lms.access.decision import GrantState
from lms.access.models import Product
from lms.base import clock
from lms.commerce import grants, offers
from lms.commerce.events import SubscriptionChanged
from lms.commerce.facts import RUNNING, OrderState, SubscriptionFact, SubscriptionState
from lms.commerce.models import Offer, Order, Subscription
from lms.commerce.offers import OfferView
from lms.commerce.orders import lock_order
from lms.db import session
from lms.host.bus import emit

# What a fact says about the subscription itself, as columns of the same name.
_TOLD = ("state", "reason", "started_at", "period_end", "trial_end", "cancel_at", "past_due_since", "ended_at")
_NOTHING_PAID = {
    OrderState.AWAITING: grants.GrantPlan(GrantState.PENDING, None, "awaiting", only_existing=True),
    OrderState.HELD: grants.GrantPlan(GrantState.PENDING, None, "held", only_existing=True),
    OrderState.FAILED: grants.GrantPlan(GrantState.REVOKED, None, "payment_failed", only_existing=True),
}


@dataclass(frozen=True, slots=True)
class SubscriptionView:
    """A subscription as the provider last told it. Times in UTC."""

    id: int
    person_id: int
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

    @property
    def is_running(self) -> bool:
        """Whether the provider goes on charging, or would once the card is mended."""
        return self.state in RUNNING

    @property
    def ends_on(self) -> datetime | None:
        """When it ends, or ended; None while it goes on."""
        return self.ended_at or self.cancel_at

    @property
    def next_charge(self) -> datetime | None:
        """When money is taken next; None when it ends before, or when the last charge is open."""
        if self.state not in (SubscriptionState.ACTIVE, SubscriptionState.TRIALING):
            return None
        due = self.trial_end if self.state is SubscriptionState.TRIALING and self.trial_end else self.period_end
        return None if self.cancel_at and due and self.cancel_at <= due else due

    @property
    def open_until(self) -> datetime | None:
        """Until when an unpaid subscription still opens its courses; None when nothing is unpaid."""
        if self.state is not SubscriptionState.PAST_DUE or self.past_due_since is None:
            return None
        return grants.grace_until(self.past_due_since, self.offer)


def record_subscription(fact: SubscriptionFact, *, now: datetime | None = None) -> SubscriptionView:
    """Keep what a provider says about a subscription, and open or shut what follows from it.

    The same fact twice changes nothing. While the order's money is on its way, nothing opens, whatever the
    subscription says. Raises ``UnknownOrder``, and ``ValueError`` for an unknown offer or a subscription that belongs
    to somebody else. ``now`` (UTC) is domain time unless told otherwise.
    """
    now = now or clock.now()
    order = lock_order(fact.order_id) if fact.order_id is not None else None
    offer = offers.find_offer(fact.offer_id)
    if offer is None:
        raise ValueError(f"no offer {fact.offer_id}")
    row, is_new = _locked(fact)
    if row.person_id != fact.person_id or (order is not None and order.person_id != fact.person_id):
        raise ValueError(f"subscription {fact.provider_ref} belongs to somebody else")
    before = None if is_new else _told(row)
    _end_other_product(row, offer, now)
    _write(row, fact, now)
    apply_grant(row, offer, order, now)
    if before != _told(row):
        was = str(before["state"]) if before else ""
        emit(SubscriptionChanged(row.id, row.person_id, was, row.state))
    return _find(row.id)


def apply_grants_of_order(order: Order, now: datetime) -> None:
    """Open or shut what the order's subscriptions give, after the order's state moved."""
    query = select(Subscription).where(Subscription.order_id == order.id).with_for_update()
    for row in session.scalars(query.execution_options(populate_existing=True)).all():
        offer = offers.find_offer(row.offer_id)
        assert offer is not None  # noqa: S101  a foreign key holds it
        apply_grant(row, offer, order, now)


def apply_grant(row: Subscription, offer: OfferView, order: Order | None, now: datetime) -> None:
    """Make the grant of the subscription what the table in ``grants`` says."""
    plan = _NOTHING_PAID.get(OrderState(order.state)) if order is not None else None
    plan = plan or grants.for_subscription(_fact(row), offer, now)
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
    query = _select().where(Subscription.person_id == person_id, Subscription.state != SubscriptionState.PENDING)
    rows = session.execute(query.order_by(Subscription.id.desc()))
    return tuple(_view(row) for row in rows)


def running_subscription(
    person_id: int, *, offer_id: int | None = None, product_id: int | None = None
) -> SubscriptionView | None:
    """The newest subscription that runs, to this offer or product where one is given."""
    query = _select().where(Subscription.person_id == person_id, Subscription.state.in_(RUNNING))
    if offer_id is not None:
        query = query.where(Offer.id == offer_id)
    if product_id is not None:
        query = query.where(Offer.product_id == product_id)
    row = session.execute(query.order_by(Subscription.id.desc()).limit(1)).one_or_none()
    return _view(row) if row else None


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
    if before is None or before.product_id == offer.product_id:
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


_COLUMNS = (
    Subscription.id,
    Subscription.person_id,
    Subscription.order_id,
    Subscription.provider,
    Subscription.provider_ref,
    *(getattr(Subscription, name) for name in _TOLD),
)


def _select() -> Select[*tuple[Any, ...]]:
    return (
        select(*_COLUMNS, *offers.COLUMNS)
        .join(Offer, Offer.id == Subscription.offer_id)
        .join(Product, Product.id == Offer.product_id)
    )


def _find(subscription_id: int) -> SubscriptionView:
    return _view(session.execute(_select().where(Subscription.id == subscription_id)).one())


def _view(row: Any) -> SubscriptionView:
    id_, person_id, order_id, provider, provider_ref, state, *told = row[: len(_COLUMNS)]
    offer = offers.view(row[len(_COLUMNS) :])
    return SubscriptionView(id_, person_id, order_id, offer, provider, provider_ref, SubscriptionState(state), *told)
