"""Pages of the buyer: checkout, billing, one order."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, request
from flask_babel import gettext as _

from lms.base import clock
from lms.base.problem import Problem
from lms.commerce import policies, services
from lms.commerce.facts import OrderState, SubscriptionState
from lms.commerce.services import AlreadyOwned, OfferView, OrderView, SubscriptionView
from lms.db import commit, rollback
from lms.web import CurrentPerson, current_person, flash, redirect, render, signed_in

blueprint = Blueprint("commerce", __name__, template_folder="templates")
_ORDERS_A_PAGE = 20


def _buyer() -> CurrentPerson:
    person = current_person()
    assert person is not None  # noqa: S101  @signed_in lets nobody else in
    return person


@blueprint.get("/checkout/<public_id>")
@signed_in
def checkout(public_id: str) -> Any:
    """What can be bought, and what happens next."""
    offer = _offer(public_id)
    owned = services.already(_buyer().id, offer, clock.now())
    if owned is not None:
        flash(owned.sentence, "info")
        return redirect(owned.path)
    return _checkout_page(offer)


@blueprint.post("/checkout/<public_id>")
@signed_in
def confirm(public_id: str) -> Any:
    """Make the order, then send the buyer to where it is paid."""
    addressed = _offer(public_id)
    offer = _offer(request.form.get("offer", public_id))
    if offer.product_id != addressed.product_id:
        abort(404)
    provider = services.can_sell(offer)
    if isinstance(provider, str):
        return _checkout_page(offer), 409
    try:
        order = services.place_order(_buyer().id, offer.id, provider.name, clock.now())
    except AlreadyOwned as owned:
        flash(owned.sentence, "info")
        return redirect(owned.path)
    commit()
    try:
        return redirect(provider.start(order, offer.checkout_path))
    except Problem as problem:
        rollback()
        return _checkout_page(offer, problem), problem.status


@blueprint.get("/account/billing")
@signed_in
def billing() -> Any:
    """What the person pays and has paid, from our own rows."""
    person = _buyer()
    subscriptions = services.subscriptions_of(person.id)
    before = request.args.get("before", type=int)
    found = services.orders_of(person.id, before=before, limit=_ORDERS_A_PAGE + 1)
    orders = found[:_ORDERS_A_PAGE]
    return render(
        "commerce/billing.html",
        now=clock.now(),
        subscriptions=subscriptions,
        orders=orders,
        older=orders[-1].id if len(found) > len(orders) else None,
        unpaid=_first_unpaid(subscriptions),
        unsettled=None if before else _first_unsettled(orders),
        bought_once=[o for o in orders if o.state is OrderState.PAID and not o.offer.is_subscription],
    )


@blueprint.get("/account/orders/<number>")
@signed_in
def order(number: str) -> Any:
    """How one order stands, for the buyer only."""
    found = services.order_by_number(number)
    if found is None or not policies.may_read(_buyer().id, found):
        abort(404)
    product_id = found.offer.product_id
    return render(
        "commerce/order.html",
        order=found,
        begin=services.product_path(product_id),
        back=services.sales_path(product_id),
        refunded=services.refunded_amount(found.id),
    )


def _offer(public_id: str) -> OfferView:
    offer = services.offer_by_public_id(public_id)
    if offer is None or not services.is_sold(offer):
        abort(404)
    return offer


def _checkout_page(offer: OfferView, problem: Problem | None = None) -> str:
    person = _buyer()
    ways = {each: services.can_sell(each) for each in services.offers_of_product(offer.product_id)}
    on_sale = {each: way for each, way in ways.items() if not isinstance(way, str)}
    reasons = dict.fromkeys(way for way in ways.values() if isinstance(way, str))
    chosen = offer if offer in on_sale else next(iter(on_sale), None)
    return render(
        "commerce/checkout.html",
        offer=offer,
        offers=list(on_sale),
        chosen=chosen,
        provider=on_sale[chosen] if chosen else None,
        reason=" ".join(reasons),
        may_connect=person.can(policies.CONNECT),
        problem=problem,
        back=services.sales_path(offer.product_id),
    )


def _first_unpaid(subscriptions: tuple[SubscriptionView, ...]) -> SubscriptionView | None:
    unpaid = (SubscriptionState.PAST_DUE, SubscriptionState.SUSPENDED)
    return next((each for each in subscriptions if each.state in unpaid), None)


def _first_unsettled(orders: tuple[OrderView, ...]) -> OrderView | None:
    """The newest order whose money is on its way or did not arrive, unless a newer one for the same settled it."""
    seen: set[int] = set()
    for each in orders:
        if each.offer.product_id in seen:
            continue
        seen.add(each.offer.product_id)
        if each.state in (OrderState.AWAITING, OrderState.HELD, OrderState.FAILED):
            return each
    return None


def state_words(state: str) -> str:
    """The state of an order in a word or two."""
    return {
        OrderState.OPEN: _("Not finished"),
        OrderState.AWAITING: _("On its way"),
        OrderState.HELD: _("Held"),
        OrderState.PAID: _("Paid"),
        OrderState.FAILED: _("Failed"),
        OrderState.EXPIRED: _("Expired"),
    }[OrderState(state)]


@blueprint.app_template_filter("order_state")
def order_state(state: str) -> str:
    """The state of an order, for templates."""
    return state_words(state)
