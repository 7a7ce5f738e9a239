"""The dynamic links: into the customer portal, and straight to one task in it.

Availability reads our rows; nothing that the browser sends chooses the customer or the subscription.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from lms.api import commerce, db
from lms.extend import DynamicLink, LinkContext
from lms_stripe import catalog, connections, flows, own, portal, returning
from lms_stripe.flows import Target
from lms_stripe.link_forms import CancelForm, ChangePlanForm, ProductForm
from lms_stripe.models import Customer, SubscriptionItem
from lms_stripe.own import OwnSubscription

Targets = Callable[[LinkContext, Mapping[str, Any]], list[Target]]
Test = Callable[[OwnSubscription], bool]
_ANY: Mapping[str, Any] = {}
_FOR_BUYERS = ("purchased", "lapsed")


def _home(ctx: LinkContext, _args: Mapping[str, Any]) -> list[Target]:
    return [Target(each.key, each) for each in own.customers(ctx)]


def _cards(ctx: LinkContext, args: Mapping[str, Any]) -> list[Target]:
    """One target for each customer whose card pays for something; only those that owe, where any does."""
    paying = [
        (customer, each)
        for customer, each in own.with_feature(ctx, "payment_method_update")
        if flows.is_meant(ctx, args, each)
    ]
    owing = [pair for pair in paying if pair[1].is_owed]
    found = {
        customer.key: Target(customer.key, customer, flow={"type": "payment_method_update"})
        for customer, _each in owing or paying
    }
    return list(found.values())


def _of_subscriptions(
    feature: str, test: Test, flow: Callable[[OwnSubscription, Mapping[str, Any]], Mapping[str, Any] | None]
) -> Targets:
    def targets(ctx: LinkContext, args: Mapping[str, Any]) -> list[Target]:
        return [
            Target(each.stripe_id, customer, each, flow(each, args))
            for customer, each in own.with_feature(ctx, feature)
            if test(each) and flows.is_meant(ctx, args, each)
        ]

    return targets


def _cancel_flow(each: OwnSubscription, args: Mapping[str, Any]) -> Mapping[str, Any]:
    task: dict[str, Any] = {"subscription": each.stripe_id}
    coupon = str(args.get("coupon") or "").strip()
    if coupon:
        task["retention"] = {"type": "coupon_offer", "coupon_offer": {"coupon": coupon}}
    return {"type": "subscription_cancel", "subscription_cancel": task}


def _pause_flow(each: OwnSubscription, _args: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"type": "subscription_pause", "subscription_pause": {"subscription": each.stripe_id}}


def _plan_flow(each: OwnSubscription, args: Mapping[str, Any]) -> Mapping[str, Any]:
    """To the list of plans; with an offer in the arguments straight to its price, which the student confirms."""
    confirmed = _price_change(each, str(args.get("offer") or ""))
    if confirmed is None:
        return {"type": "subscription_update", "subscription_update": {"subscription": each.stripe_id}}
    item_id, price_id = confirmed
    task = {"subscription": each.stripe_id, "items": [{"id": item_id, "price": price_id, "quantity": 1}]}
    return {"type": "subscription_update_confirm", "subscription_update_confirm": task}


def _price_change(each: OwnSubscription, offer_public_id: str) -> tuple[str, str] | None:
    offer = commerce.offer_by_public_id(offer_public_id) if offer_public_id else None
    if offer is None or offer.id == each.offer_id or not portal.is_plan(offer):
        return None
    price = catalog.price_of(each.connection_id, offer.agreed(offer.amount, 0))
    price_id = price.price_id if price is not None else None
    items = db.session.scalars(
        select(SubscriptionItem.stripe_id)
        .filter_by(connection_id=each.connection_id, removed_at=None)
        .where(SubscriptionItem.subscription_id == each.id)
        .limit(2)
    ).all()
    # Stripe changes subscriptions with one item only (docs.stripe.com/customer-management/portal-deep-links).
    return (items[0], price_id) if price_id and len(items) == 1 else None


_cancelling = _of_subscriptions(
    "subscription_cancel",
    lambda each: each.ends_on is None and each.status != "paused" and each.may_change,
    _cancel_flow,
)
_pausing = _of_subscriptions(
    "subscription_pause",
    # The end of instalments moves with a pause.
    lambda each: each.status == "active" and not each.is_paused and (each.ends_on is None or not each.may_change),
    _pause_flow,
)
_changing = _of_subscriptions(
    "subscription_update",
    lambda each: each.status in {"active", "trialing"} and each.ends_on is None and each.may_change,
    _plan_flow,
)


def _resuming(ctx: LinkContext, args: Mapping[str, Any]) -> list[Target]:
    """The portal's first page, where a planned end is taken back: no task of its own leads there."""
    known = {(each.connection_id, each.stripe_id): each for each in own.customers(ctx)}
    found = {}
    for each in own.subscriptions(ctx):
        customer = known.get((each.connection_id, each.customer_id))
        is_ending = each.ends_on is not None and each.may_change
        can_be_resumed = each.is_alive and (is_ending or each.is_paused)
        if customer is not None and can_be_resumed and flows.is_meant(ctx, args, each):
            found[customer.key] = Target(customer.key, customer)
    return list(found.values())


TARGETS: dict[str, Targets] = {
    "customer-portal": _home,
    "update-payment-method": _cards,
    "cancel-subscription": _cancelling,
    "pause-subscription": _pausing,
    "change-plan": _changing,
    "resume": _resuming,
}


def _link(name: str, label: Any, help_words: Any, form: Any, why_not: Any) -> DynamicLink:
    targets = TARGETS[name]

    def available(ctx: LinkContext) -> bool | str:
        return True if targets(ctx, _ANY) else str(why_not)

    def fits(ctx: LinkContext, args: Mapping[str, Any]) -> bool | str:
        return True if targets(ctx, args) else str(why_not)

    def open_link(ctx: LinkContext, args: Mapping[str, Any]) -> str:
        return flows.lead(ctx, name, args, targets(ctx, args))

    return DynamicLink(
        name=name,
        label=label,
        help=help_words,
        source_label="Stripe",
        form=form,
        states=_FOR_BUYERS,
        available=available,
        fits=fits,
        open=open_link,
        hosts=connections.hosted_origins,
        ready=_is_connected,
        mended_at="/admin/settings/stripe",
        order=10 * list(TARGETS).index(name),
    )


def _is_connected() -> bool | str:
    return connections.selling() is not None or _("Stripe is not connected, so nobody gets this link yet.")


def has_bought(ctx: LinkContext) -> bool | str:
    """Invoices stay readable when the portal is off, Stripe is disconnected or the subscription has ended."""
    if ctx.person is None:
        return _NOTHING_BOUGHT
    person_id = ctx.person.id
    bought = select(Customer.id).where(Customer.person_id == person_id, Customer.first_purchase_at.is_not(None))
    found = ctx.once(("stripe", "bought", person_id), lambda: db.session.scalar(bought.limit(1)))
    return True if found is not None else _("You have not bought anything yet.")


def _open_invoices(_ctx: LinkContext, _args: Mapping[str, Any]) -> str:
    return f"{returning.HOME}#invoices"


_NOTHING_BOUGHT = _l("There is nothing to manage until you have bought something.")

ALL = (
    _link(
        "customer-portal",
        _l("Customer portal"),
        _l("Each student's own page at Stripe: change the card, read invoices, cancel."),
        returning.ReturnPageForm,
        _NOTHING_BOUGHT,
    ),
    _link(
        "update-payment-method",
        _l("Update payment method"),
        _l("Straight to the form for a new card. Where a payment failed, to the card that owes it."),
        ProductForm,
        _l("No subscription of yours is charged to a card."),
    ),
    _link(
        "cancel-subscription",
        _l("Cancel subscription"),
        _l("Straight to the confirmation. Access stays to the end of the paid period."),
        CancelForm,
        _l("No subscription of yours can be cancelled here."),
    ),
    _link(
        "pause-subscription",
        _l("Pause subscription"),
        _l("Straight to the choice of how long it rests, where you let students pause."),
        ProductForm,
        _l("No subscription of yours can be paused here."),
    ),
    _link(
        "change-plan",
        _l("Change plan"),
        _l("To the plans a student may move to; with an offer, straight to its price."),
        ChangePlanForm,
        _l("No subscription of yours can change its plan here."),
    ),
    _link(
        "resume",
        _l("Resume subscription"),
        _l("Only for students who planned to cancel or paused: they take it back there."),
        ProductForm,
        _l("No subscription of yours is about to end."),
    ),
    DynamicLink(
        name="invoices",
        label=_l("Invoices"),
        help=_l("The list of invoices under Billing; each opens at Stripe."),
        source_label="Stripe",
        states=_FOR_BUYERS,
        available=has_bought,
        open=_open_invoices,
        order=10 * len(TARGETS),
    ),
)
