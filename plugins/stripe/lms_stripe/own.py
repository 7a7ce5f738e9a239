"""What belongs to one person at Stripe, from our database only: two queries for all links and facts of a page."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, bindparam, case, select

from lms.api import clock, db
from lms.extend import LinkContext
from lms_stripe import connections, facts, portal, portal_features
from lms_stripe.models import ConnectionRow, Customer, PortalConfiguration, Subscription


@dataclass(frozen=True, slots=True)
class OwnCustomer:
    """A customer of the person with something to see in a portal that is on."""

    connection_id: int
    stripe_id: str
    features: Any
    account_name: str
    mode: str
    card: facts.CardReading
    first_purchase_at: datetime

    @property
    def key(self) -> str:
        """Names it in a form; only looked up among the person's own."""
        return f"{self.connection_id}:{self.stripe_id}"

    def allows(self, feature: str) -> bool:
        """Whether students may do this in the portal."""
        return portal_features.allows(self.features, feature)


@dataclass(frozen=True, slots=True)
class OwnSubscription:
    """A subscription of the person, as last read; ``id`` is our row's."""

    id: int
    connection_id: int
    stripe_id: str
    customer_id: str
    offer_id: int
    status: str
    ends_on: datetime | None
    pause_behavior: str
    latest_invoice_status: str
    hosted_invoice_url: str
    next_amount: int | None
    currency: str
    card: facts.CardReading
    instalments: int | None = None

    @property
    def may_change(self) -> bool:
        """Whether its person may end it or change its plan: what is paid in instalments was agreed to its end."""
        return self.instalments is None

    @property
    def is_alive(self) -> bool:
        """Whether it has not ended: it runs, waits for money or is paused."""
        return self.status in facts.RUNNING and self.status != "incomplete"

    @property
    def is_owed(self) -> bool:
        """Whether a payment of it is open."""
        return self.status in {"past_due", "unpaid"}

    @property
    def is_paused(self) -> bool:
        """Whether it rests, by the student's wish or for want of a card."""
        return self.status == "paused" or bool(self.pause_behavior)


_SOURCE = case((ConnectionRow.portal_source == portal.DASHBOARD, portal.DASHBOARD), else_=portal.PURPOSE)

# The connection that sells comes first, then the newest purchase.
_CUSTOMERS = (
    select(
        Customer.connection_id,
        Customer.stripe_id,
        PortalConfiguration.features,
        ConnectionRow.account_name,
        ConnectionRow.mode,
        Customer.card_brand,
        Customer.card_last4,
        Customer.card_expires,
        Customer.first_purchase_at,
    )
    .join(ConnectionRow, ConnectionRow.id == Customer.connection_id)
    .outerjoin(
        PortalConfiguration,
        and_(PortalConfiguration.connection_id == ConnectionRow.id, PortalConfiguration.purpose == _SOURCE),
    )
    .where(
        Customer.person_id == bindparam("person"),
        Customer.deleted_at.is_(None),
        Customer.first_purchase_at.is_not(None),
        ConnectionRow.portal_enabled.is_(True),
        ConnectionRow.portal_status == "active",
        ConnectionRow.status.in_(connections.USABLE),
    )
    .order_by(ConnectionRow.is_selling.desc(), Customer.first_purchase_at.desc(), Customer.id.desc())
)

_SUBSCRIPTIONS = (
    select(
        Subscription.id,
        Subscription.connection_id,
        Subscription.stripe_id,
        Subscription.customer_id,
        Subscription.offer_id,
        Subscription.status,
        Subscription.cancel_at,
        Subscription.cancel_at_period_end,
        Subscription.period_end,
        Subscription.pause_behavior,
        Subscription.latest_invoice_status,
        Subscription.hosted_invoice_url,
        Subscription.next_amount,
        Subscription.currency,
        Subscription.card_brand,
        Subscription.card_last4,
        Subscription.card_expires,
        Subscription.instalments,
    )
    .where(Subscription.person_id == bindparam("person"), Subscription.customer_id.is_not(None))
    .order_by(Subscription.id)
)


def context_of(person: Any) -> LinkContext:
    """A context outside a page, for our own pages."""
    return LinkContext(person=person, now=clock.now())


def customers(ctx: LinkContext) -> list[OwnCustomer]:
    """The person's customers with a portal, the one to take first in front. One query for all links of a page."""
    if ctx.person is None:
        return []
    person_id = ctx.person.id
    return ctx.once(("stripe", "customers", person_id), lambda: _customers(person_id))


def _customers(person_id: int) -> list[OwnCustomer]:
    return [
        OwnCustomer(
            row.connection_id,
            row.stripe_id,
            row.features,
            row.account_name,
            row.mode,
            facts.CardReading(row.card_brand, row.card_last4, row.card_expires),
            row.first_purchase_at,
        )
        for row in db.rows(_CUSTOMERS, {"person": person_id})
    ]


def subscriptions(ctx: LinkContext) -> list[OwnSubscription]:
    """The person's subscriptions, oldest first, whatever became of them. One query for all links of a page."""
    if ctx.person is None:
        return []
    person_id = ctx.person.id
    return ctx.once(("stripe", "subscriptions", person_id), lambda: _subscriptions(person_id))


def _subscriptions(person_id: int) -> list[OwnSubscription]:
    return [
        OwnSubscription(
            row.id,
            row.connection_id,
            row.stripe_id,
            row.customer_id,
            row.offer_id,
            row.status,
            row.cancel_at or (row.period_end if row.cancel_at_period_end else None),
            row.pause_behavior,
            row.latest_invoice_status,
            row.hosted_invoice_url,
            row.next_amount,
            row.currency,
            facts.CardReading(row.card_brand, row.card_last4, row.card_expires),
            row.instalments,
        )
        for row in db.rows(_SUBSCRIPTIONS, {"person": person_id})
    ]


def with_feature(ctx: LinkContext, feature: str) -> Iterable[tuple[OwnCustomer, OwnSubscription]]:
    """The person's living subscriptions, each with its customer, where the portal lets students do this."""
    known = {(each.connection_id, each.stripe_id): each for each in customers(ctx) if each.allows(feature)}
    for each in subscriptions(ctx):
        customer = known.get((each.connection_id, each.customer_id))
        if customer is not None and each.is_alive:
            yield customer, each
