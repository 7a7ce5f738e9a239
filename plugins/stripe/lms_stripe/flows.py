"""From a click to a portal session: which customer, which subscription, which task; a question where several fit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from flask import current_app
from flask_babel import format_date
from flask_babel import gettext as _
from itsdangerous import BadData, URLSafeSerializer

from lms.api import access, commerce, db
from lms.api.problem import Problem
from lms.api.web import site_url
from lms.extend import LinkContext, LinkRefused
from lms_stripe import connections, customers, own, portal, returning, tasks
from lms_stripe.failures import KeyRefused, Missing, Refused, StripeFailure, for_buyers
from lms_stripe.own import OwnCustomer, OwnSubscription

_SALT = "lms_stripe.choose"


@dataclass(frozen=True, slots=True)
class Target:
    """One place that a click may lead to. ``key`` names it in the question; it is looked up among the person's own."""

    key: str
    customer: OwnCustomer
    subscription: OwnSubscription | None = None
    flow: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Option:
    """A target in the words of the question."""

    key: str
    title: str
    detail: str


def option(target: Target) -> Option:
    """What the person recognises it by: the product and its plan, or the account and since when."""
    offer = commerce.find_offer(target.subscription.offer_id) if target.subscription is not None else None
    if offer is not None:
        return Option(target.key, offer.product_name, offer.label)
    customer = target.customer
    card = customer.card
    words = _("Since %(date)s", date=format_date(customer.first_purchase_at, "long"))
    if card.last4:
        ending = _("%(brand)s ending in %(last4)s", brand=card.brand.capitalize(), last4=card.last4)
        words = f"{words} · {ending}"
    return Option(target.key, customer.account_name, words)


@dataclass(frozen=True, slots=True)
class Question:
    """What the page asks that lists several targets; signed, so that a link's arguments stay the editor's."""

    link: str
    args: Mapping[str, Any]
    back: str


def lead(ctx: LinkContext, link: str, args: Mapping[str, Any], targets: list[Target]) -> str:
    """Where the click goes: a portal session, or our question where several targets fit. May call Stripe.

    Raises ``LinkRefused`` when nothing fits (any longer), and what ``for_buyers`` makes of a failure.
    """
    back = _back(ctx, args)
    if not targets:
        raise LinkRefused(
            _("There is nothing of yours here to change"), next_step=_("Billing shows what runs and what has ended.")
        )
    if len(targets) > 1:
        signed = _signer().dumps([link, dict(args), back])
        return "/ext/stripe/choose?c=" + quote(signed if isinstance(signed, str) else signed.decode())
    return session(ctx, targets[0], back, str(args.get("locale") or ctx.person.locale))


def _back(ctx: LinkContext, args: Mapping[str, Any]) -> str:
    wanted = str(args.get("return_page") or "")
    return wanted if wanted and returning.is_allowed(wanted) else ctx.return_to or site_url(returning.HOME)


def question(signed: str | None) -> Question:
    """What was asked. Raises ``Problem`` for what we did not sign."""
    try:
        link, args, back = _signer().loads(signed or "")
    except (BadData, ValueError) as error:
        raise Problem(
            _("This question was changed on its way"), next_step=_("Open the page that holds the link, and press it.")
        ) from error
    return Question(str(link), args if isinstance(args, dict) else {}, str(back))


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(str(current_app.secret_key), salt=_SALT)


def session(ctx: LinkContext, target: Target, back: str, locale: str) -> str:
    """The address of a portal session for the target. Commits, calls Stripe. Raises ``Problem``."""
    customer = target.customer
    db.commit()
    with db.scope(db.Mode.READ):
        connection = connections.get(customer.connection_id)
        db.commit()
    try:
        is_card = (target.flow or {}).get("type") == "payment_method_update"
        return portal.open_session(
            connection,
            customer.stripe_id,
            returning.address(back),
            locale,
            target.flow,
            returning.address(back, new_card_of=ctx.person.id) if is_card else "",
        )
    except StripeFailure as failure:
        if isinstance(failure, Missing) or _is_about_the_task(failure):
            return _without(ctx, target, failure, back, locale)
        if isinstance(failure, KeyRefused):
            connections.degrade(connection.id, failure.sentence, status="revoked")
            db.commit()
        raise for_buyers(failure) from failure


def _is_about_the_task(failure: StripeFailure) -> bool:
    """Stripe knows the subscription and does not let this be done with it: it is not as we knew it."""
    return isinstance(failure, Refused) and failure.param.startswith("flow_data")


def _without(ctx: LinkContext, target: Target, failure: StripeFailure, back: str, locale: str) -> str:
    """Something is gone at Stripe: what we hold is mended, and another customer of the person's is taken."""
    customer = target.customer
    if failure.param == "customer":
        customers.mark_deleted(customer.connection_id, customer.stripe_id)
        db.commit()
        left = [each for each in own.customers(own.context_of(ctx.person)) if each.key != customer.key]
        if target.subscription is None and left:
            return session(ctx, Target(left[0].key, left[0]), back, locale)
        raise LinkRefused(
            _("Your customer account at Stripe is gone"),
            next_step=_("Your courses are not affected. Write to the school if you need an invoice."),
        ) from failure
    if target.subscription is not None:
        tasks.want(customer.connection_id, "subscription", target.subscription.stripe_id)
        tasks.wake()
        db.commit()
        raise LinkRefused(
            _("This subscription has changed at Stripe"), next_step=_("Billing shows in a moment how it stands.")
        ) from failure
    raise for_buyers(failure) from failure


def is_meant(ctx: LinkContext, args: Mapping[str, Any], each: OwnSubscription) -> bool:
    """Whether the argument ``product`` (its short name) leaves the subscription in; without it all are meant."""
    slug = str(args.get("product") or "")
    if not slug:
        return True
    product = ctx.once(("stripe", "product", slug), lambda: access.product_by_slug(slug))
    offer = ctx.once(("stripe", "offer", each.offer_id), lambda: commerce.find_offer(each.offer_id))
    return product is not None and offer is not None and offer.product_id == product.id
