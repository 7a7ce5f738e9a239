"""Pages of the buyer: billing, one order."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, request
from flask_babel import gettext as _

from lms.base import clock
from lms.commerce import claims, consents, policies, providers, services
from lms.commerce.facts import OrderState
from lms.commerce.services import OrderView, SubscriptionView
from lms.web import CurrentPerson, current_person, render, row_number, signed_in

blueprint = Blueprint("commerce", __name__, template_folder="templates")
_ORDERS_A_PAGE = 20


def _buyer() -> CurrentPerson:
    person = current_person()
    assert person is not None  # noqa: S101  @signed_in lets nobody else in
    return person


@blueprint.get("/account/billing")
@signed_in
def billing() -> Any:
    """What the person pays and has paid, from our own rows."""
    person = _buyer()
    subscriptions = services.subscriptions_of(person.id)
    before = request.args.get("before", type=row_number)
    found = services.orders_of(person.id, before=before, limit=_ORDERS_A_PAGE + 1)
    orders = found[:_ORDERS_A_PAGE]
    return render(
        "commerce/billing.html",
        now=clock.now(),
        subscriptions=subscriptions,
        orders=orders,
        older=orders[-1].id if len(found) > len(orders) else None,
        unpaid=_first_unpaid(subscriptions),
        waiting=claims.waiting_for(person),
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
        consents=consents.of_order(found.id),
    )


def _first_unpaid(subscriptions: tuple[SubscriptionView, ...]) -> SubscriptionView | None:
    return next((each for each in subscriptions if each.is_unpaid), None)


def _first_unsettled(orders: tuple[OrderView, ...]) -> OrderView | None:
    """The newest order whose money is on its way or did not arrive, unless a newer one for the same settled it."""
    seen: set[int] = set()
    for each in orders:
        if each.offer.product_id in seen:
            continue
        seen.add(each.offer.product_id)
        if each.state in (OrderState.AWAITING, OrderState.HELD, OrderState.FAILED) and not each.went_back:
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


@blueprint.app_template_filter("provider_words")
def provider_words(name: str) -> str:
    """How staff know a provider, for templates."""
    return providers.title_of(name)
