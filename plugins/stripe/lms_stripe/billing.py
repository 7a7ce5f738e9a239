"""What the plugin adds to the Billing page: from our own rows, so that it is there while Stripe is not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import g
from markupsafe import Markup
from sqlalchemy import bindparam, select

from lms.api import db
from lms.api.urls import is_loopback, origin
from lms.api.web import render
from lms.extend import LinkContext, Slot
from lms_stripe import client, own
from lms_stripe.facts import CardReading
from lms_stripe.models import Payment
from lms_stripe.own import OwnSubscription

_MOST = 24
PROVIDER = "stripe"


@dataclass(frozen=True, slots=True)
class Invoice:
    """Something that was paid, and where its invoice can be read; amounts in minor units."""

    paid_at: datetime
    number: str
    amount: int
    amount_refunded: int
    currency: str
    url: str


_INVOICES = (
    select(
        Payment.paid_at,
        Payment.number,
        Payment.amount,
        Payment.amount_refunded,
        Payment.currency,
        Payment.hosted_invoice_url,
    )
    .where(Payment.person_id == bindparam("person"), Payment.paid_at.is_not(None))
    .order_by(Payment.paid_at.desc(), Payment.id.desc())
    .limit(_MOST)
)


def invoices(person_id: int) -> list[Invoice]:
    """The person's newest payments, at most two dozen; the portal has all of them."""
    rows = db.session.execute(_INVOICES, {"person": person_id})
    return [Invoice(*row[:5], url=_hosted(row.hosted_invoice_url)) for row in rows]


def _hosted(url: str) -> str:
    """The address, if it is one of Stripe's own (or of the simulator beside us): it comes from their answer."""
    base = client.api_base()
    is_theirs = url.startswith("https://invoice.stripe.com/") or (
        bool(base) and is_loopback(base) and origin(url) == origin(base)
    )
    return url if is_theirs else ""


def _ctx(person: Any) -> LinkContext:
    """One context for all slots of a page, so that they ask once."""
    if "stripe_context" not in g:
        g.stripe_context = own.context_of(person)
    kept: LinkContext = g.stripe_context
    return kept


def _mine(person: Any, subscription: Any) -> OwnSubscription | None:
    if subscription.provider != PROVIDER:
        return None
    return next((each for each in own.subscriptions(_ctx(person)) if each.stripe_id == subscription.provider_ref), None)


def card_of(ctx: LinkContext, subscription: OwnSubscription) -> CardReading:
    """What the subscription is charged to: its own card, else its customer's."""
    if subscription.card.last4:
        return subscription.card
    holder = (each for each in own.customers(ctx) if each.stripe_id == subscription.customer_id)
    return next((each.card for each in holder), subscription.card)


def _facts(context: Mapping[str, Any]) -> Markup:
    """Card and amount, in the list of facts of a subscription."""
    subscription = context["subscription"]
    person = _Person(subscription.person_id)
    mine = _mine(person, subscription)
    if mine is None:
        return Markup("")
    return _drawn("stripe/billing/facts.html", mine=mine, card=card_of(_ctx(person), mine), subscription=subscription)


def _unpaid(context: Mapping[str, Any]) -> Markup:
    """What to do about a payment that failed: another card, or paying the invoice."""
    subscription = context["subscription"]
    mine = _mine(_Person(subscription.person_id), subscription)
    if mine is None:
        return Markup("")
    invoice = _hosted(mine.hosted_invoice_url) if mine.latest_invoice_status == "open" else ""
    return _drawn("stripe/billing/unpaid.html", invoice=invoice)


def _section(context: Mapping[str, Any]) -> Markup:
    """The portal's button, and the invoices."""
    person = context["person"]
    return _drawn("stripe/billing/section.html", invoices=invoices(person.id))


@dataclass(frozen=True, slots=True)
class _Person:
    id: int


def _drawn(template: str, **values: Any) -> Markup:
    return Markup(render(template, **values))  # noqa: S704  a template's own text, escaped


SLOTS = (
    Slot(name="portal", place="account.billing", render=_section),
    Slot(name="card", place="commerce.subscription.facts", render=_facts),
    Slot(name="unpaid", place="account.billing.unpaid", render=_unpaid),
)
