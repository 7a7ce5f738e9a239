"""Flows: portal sessions that begin at one step and end there.

https://docs.stripe.com/customer-management/portal-deep-links
"""

from __future__ import annotations

from lms_stripe_simulator import rules
from lms_stripe_simulator.billing.discounts import coupon_is_valid, resolve
from lms_stripe_simulator.problem import invalid
from lms_stripe_simulator.scope import Scope
from lms_stripe_simulator.state import Object

FEATURE_OF_FLOW = {
    "customer_update": "customer_update",
    "payment_method_update": "payment_method_update",
    "subscription_cancel": "subscription_cancel",
    "subscription_pause": "subscription_pause",
    "subscription_update": "subscription_update",
    "subscription_update_confirm": "subscription_update",
}
SHOWN = tuple(name for name in FEATURE_OF_FLOW if name != "payment_method_update")


def flow_of(scope: Scope, data: Object | None, configuration: Object, customer: Object) -> Object | None:
    """Return a session's flow from its ``flow_data``; raises where the configuration or the customer forbids it."""
    if data is None:
        return None
    kind = data["type"]
    feature = FEATURE_OF_FLOW[kind]
    if not configuration["features"][feature]["enabled"]:
        raise invalid(
            f"This portal configuration does not have {feature} enabled, which the flow {kind} needs: set "
            f"`features[{feature}][enabled]` to true.",
            "flow_data[type]",
        )
    flow: Object = dict.fromkeys(SHOWN) | {"after_completion": _after(data), "type": kind}
    if kind.startswith("subscription"):
        if kind not in data:
            raise rules.missing_param(f"flow_data[{kind}]")
        subscription = _subscription(scope, data[kind]["subscription"], customer, kind)
        flow[kind] = dict(data[kind])
        if kind == "subscription_cancel":
            flow[kind]["retention"] = _retention(scope, data[kind].get("retention"))
        if kind == "subscription_update_confirm":
            _check_confirm(scope, flow[kind], subscription, configuration["features"][feature])
    return flow


def _after(data: Object) -> Object:
    after = {"hosted_confirmation": None, "redirect": None, "type": "portal_homepage"}
    given = data.get("after_completion") or {}
    if given.get("type") == "redirect":
        if "redirect" not in given:
            raise rules.missing_param("flow_data[after_completion][redirect]")
        rules.address(given["redirect"]["return_url"], "flow_data[after_completion][redirect][return_url]")
    return after | given


def _subscription(scope: Scope, identifier: str, customer: Object, kind: str) -> Object:
    param = f"flow_data[{kind}][subscription]"
    subscription = scope.get("subscription", identifier, param)
    if subscription["customer"] != customer["id"]:
        message = f"The subscription {identifier} does not belong to the customer {customer['id']}."
        raise invalid(message, param)
    if subscription["status"] in ("canceled", "incomplete_expired"):
        raise invalid(f"The subscription {identifier} is already canceled.", param)
    if kind == "subscription_cancel" and (subscription["cancel_at"] or subscription["cancel_at_period_end"]):
        raise invalid(f"The subscription {identifier} is already set to be canceled at the period end.", param)
    if kind == "subscription_pause" and subscription["status"] == "paused":
        raise invalid(f"The subscription {identifier} is already paused.", param)
    return subscription


def _retention(scope: Scope, given: Object | None) -> Object | None:
    if not given:
        return None
    param = "flow_data[subscription_cancel][retention][coupon_offer][coupon]"
    coupon = scope.get("coupon", given["coupon_offer"]["coupon"], param)
    if not coupon_is_valid(scope, coupon):
        raise invalid(f"Coupon expired: {coupon['id']}", param, "coupon_expired")
    return {"coupon_offer": {"coupon": coupon["id"]}, "type": "coupon_offer"}


def _check_confirm(scope: Scope, flow: Object, subscription: Object, feature: Object) -> None:
    where = "flow_data[subscription_update_confirm]"
    if len(flow["items"]) != 1:
        raise invalid("The portal can only update one item.", f"{where}[items]")
    entry = flow["items"][0]
    if entry["id"] not in [item["id"] for item in subscription["items"]["data"]]:
        raise invalid(f"No such subscription item: '{entry['id']}'", f"{where}[items][0][id]", "resource_missing")
    offered = [price for product in feature["products"] for price in product["prices"]]
    if "price" in entry and entry["price"] not in offered:
        message = "The price is not among the products of the portal configuration."
        raise invalid(message, f"{where}[items][0][price]")
    discounts = flow.get("discounts")
    if discounts and "promotion_code" not in feature["default_allowed_updates"]:
        message = "The portal configuration does not allow promotion codes."
        raise invalid(message, f"{where}[discounts]")
    resolve(scope, discounts or [])
    entry |= {"price": entry.get("price"), "quantity": entry.get("quantity")}
    flow["discounts"] = [{"coupon": None, "promotion_code": None} | discount for discount in discounts or []]
