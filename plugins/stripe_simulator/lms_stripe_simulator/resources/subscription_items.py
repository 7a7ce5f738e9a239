"""Subscription items: what a subscription is made of, changed one by one."""

from __future__ import annotations

from typing import Any

from lms_stripe_simulator import rules
from lms_stripe_simulator.billing import changes, subscriptions
from lms_stripe_simulator.problem import invalid, missing
from lms_stripe_simulator.routing import Call, operation
from lms_stripe_simulator.scope import Scope
from lms_stripe_simulator.state import Object

ITEMS = "/v1/subscription_items"
ONE = f"{ITEMS}/{{item}}"
BILLING = ("proration_behavior", "proration_date", "payment_behavior")


def _owner(scope: Scope, identifier: str) -> tuple[Object, Object]:
    """Return a subscription and its item; items are kept in their subscription."""
    for subscription in scope.each("subscription"):
        for item in subscription["items"]["data"]:
            if item["id"] == identifier:
                return subscription, item
    raise missing("subscription_item", identifier, "item")


def _change(call: Call, subscription: Object, entry: dict[str, Any]) -> Object:
    params = call.params
    if subscription["status"] in subscriptions.OVER:
        raise invalid("A canceled subscription has no items to change.", "subscription")
    terms = changes.Terms(
        params.get("proration_behavior", "create_prorations"),
        params.get("payment_behavior", "allow_incomplete"),
        moment=params.get("proration_date"),
    )
    changes.change_items(call.scope, subscription, [entry], terms)
    return call.scope.known(subscription["id"], "subscription")


@operation("POST", ITEMS, params="SubscriptionItemCreateParams", permission="subscription")
def create(call: Call) -> Object:
    """Add an item to a subscription."""
    params = call.params
    rules.modelled(params, ("subscription", "price", "quantity", "metadata", *BILLING), "subscription items")
    rules.required(params, "price")
    subscription = call.scope.get("subscription", params["subscription"], "subscription")
    known = {item["id"] for item in subscription["items"]["data"]}
    entry: dict[str, Any] = {name: params[name] for name in ("price", "quantity") if name in params}
    changed = _change(call, subscription, entry)
    made: Object = next(item for item in changed["items"]["data"] if item["id"] not in known)
    if params.get("metadata"):
        made["metadata"] = params["metadata"]
        call.scope.save(changed)
    return made


@operation("POST", ONE, params="SubscriptionItemUpdateParams", permission="subscription")
def update(call: Call) -> Object:
    """Change an item's price or quantity."""
    params = call.params
    rules.modelled(params, ("price", "quantity", "metadata", "off_session", *BILLING), "subscription items")
    subscription, item = _owner(call.scope, call.path["item"])
    entry: dict[str, Any] = {name: params[name] for name in ("price", "quantity", "metadata") if name in params}
    changed = _change(call, subscription, entry | {"id": item["id"]})
    found: Object = next(i for i in changed["items"]["data"] if i["id"] == item["id"])
    return found


@operation("DELETE", ONE, params="SubscriptionItemDeleteParams", permission="subscription")
def delete(call: Call) -> Object:
    """Take an item away; the last one cannot go."""
    rules.modelled(call.params, BILLING, "subscription items")
    subscription, item = _owner(call.scope, call.path["item"])
    _change(call, subscription, {"id": item["id"], "deleted": True})
    return {"id": item["id"], "object": "subscription_item", "deleted": True}


@operation("GET", ONE, params="SubscriptionItemRetrieveParams", permission="subscription")
def retrieve(call: Call) -> Object:
    """Return an item."""
    return _owner(call.scope, call.path["item"])[1]


@operation("GET", ITEMS, params="SubscriptionItemListParams", permission="subscription")
def list_all(call: Call) -> Object:
    """List a subscription's items."""
    subscription = call.scope.get("subscription", call.params["subscription"], "subscription")
    return call.page(subscription["items"]["data"])
