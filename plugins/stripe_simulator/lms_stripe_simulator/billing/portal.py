"""What the customer portal shows and does."""

from __future__ import annotations

from typing import Any

from lms_stripe_simulator.billing import changes, invoices, preview, subscriptions
from lms_stripe_simulator.billing.customers import invoice_settings
from lms_stripe_simulator.billing.discounts import find_code, redeem, refusal, resolve
from lms_stripe_simulator.billing.instruments import Instrument, create_method
from lms_stripe_simulator.billing.periods import add, date_in_words
from lms_stripe_simulator.billing.prorations import unused
from lms_stripe_simulator.money import words
from lms_stripe_simulator.problem import ApiError
from lms_stripe_simulator.scope import Scope
from lms_stripe_simulator.state import Object


def described(scope: Scope, subscription: Object) -> dict[str, Any]:
    """Return a subscription as the portal shows it."""
    item = subscription["items"]["data"][0]
    product = scope.known(item["price"]["product"], "product")
    return {
        "subscription": subscription,
        "name": product["name"],
        "price": item["price"],
        "quantity": item["quantity"],
        "line": _line(subscription),
        "end": subscriptions.period_end(subscription),
        "running": subscription["status"] in ("active", "trialing", "past_due"),
    }


def _line(subscription: Object) -> str:
    """Return one sentence about how a subscription goes on."""
    status, end = subscription["status"], subscriptions.period_end(subscription)
    if status in subscriptions.OVER:
        return f"Ended on {date_in_words(subscription['ended_at'])}"
    if subscription["cancel_at"]:
        return f"Ends on {date_in_words(subscription['cancel_at'])}"
    if status == "trialing":
        return f"Trial until {date_in_words(subscription['trial_end'])}, then it renews"
    words = {
        "past_due": "The last payment failed",
        "unpaid": "Unpaid",
        "paused": "Paused",
        "incomplete": "Waiting for the first payment",
    }
    return words.get(status, f"Renews on {date_in_words(end)}")


def overview(scope: Scope, customer: Object) -> list[dict[str, Any]]:
    """Return a customer's subscriptions, running ones first, with an open invoice where there is one."""
    result = []
    for subscription in scope.each("subscription", customer=customer["id"]):
        invoice = scope.find(subscription["latest_invoice"] or "", "invoice")
        is_open = invoice is not None and invoice["status"] == "open"
        result.append(described(scope, subscription) | {"open_invoice": invoice if is_open else None})
    return sorted(result, key=lambda entry: entry["subscription"]["status"] in subscriptions.OVER)


def shown_method(scope: Scope, customer: Object) -> Object | None:
    """Return the payment method that the portal names: the customer's default, else the newest."""
    identifier = customer["invoice_settings"]["default_payment_method"]
    if identifier:
        return scope.find(identifier, "payment_method")
    return next(scope.each("payment_method", customer=customer["id"]), None)


def use_method(scope: Scope, customer: Object, found: Instrument) -> None:
    """Make an instrument the customer's default, and that of each running subscription."""
    make_default(scope, customer, create_method(scope, found, email=customer["email"], customer=customer["id"]))


def make_default(scope: Scope, customer: Object, method: Object) -> None:
    """Make one of a customer's payment methods the default of everything."""
    settings = invoice_settings() | customer["invoice_settings"] | {"default_payment_method": method["id"]}
    scope.change(customer, "customer.updated", invoice_settings=settings)
    for subscription in scope.each("subscription", customer=customer["id"]):
        if subscription["status"] not in subscriptions.OVER:
            scope.change(subscription, "customer.subscription.updated", default_payment_method=method["id"])


def plans(scope: Scope, feature: Object, subscription: Object) -> list[dict[str, Any]]:
    """Return the other plans that a configuration offers for a subscription."""
    current = subscription["items"]["data"][0]["price"]
    found = []
    for entry in feature["products"] if "price" in feature["default_allowed_updates"] else []:
        product = scope.known(entry["product"], "product")
        for identifier in entry["prices"]:
            price = scope.known(identifier, "price")
            if identifier != current["id"] and price["active"] and price["currency"] == current["currency"]:
                found.append({"name": product["name"], "price": price})
    return found


def change_plan(
    scope: Scope, feature: Object, subscription: Object, price: str | None, quantity: int | None = None
) -> None:
    """Change a subscription's first item to another price or quantity, as the configuration bills it."""
    entry = _entry(subscription, price, quantity)
    if subscription["status"] == "trialing" and feature["trial_update_behavior"] == "end_trial":
        changes.change_items(scope, subscription, [entry], changes.Terms("none"))
        changes.move_trial(scope, scope.known(subscription["id"], "subscription"), "now")
        return
    changes.change_items(scope, subscription, [entry], _terms(feature))


def _entry(subscription: Object, price: str | None, quantity: int | None) -> dict[str, Any]:
    entry: dict[str, Any] = {"id": subscription["items"]["data"][0]["id"]}
    if price:
        entry["price"] = price
    if quantity:
        entry["quantity"] = quantity
    return entry


def _terms(feature: Object) -> changes.Terms:
    return changes.Terms(feature["proration_behavior"], new_period=feature["billing_cycle_anchor"] == "now")


def next_invoice(
    scope: Scope, feature: Object, subscription: Object, price: str | None, quantity: int | None
) -> Object | None:
    """Return the invoice that a change would lead to, or None where none can be told."""
    details: Object = {
        "items": [_entry(subscription, price, quantity)],
        "proration_behavior": feature["proration_behavior"],
    }
    if feature["billing_cycle_anchor"] == "now":
        details["billing_cycle_anchor"] = {"type": "now"}
    try:
        return preview.preview(scope, {"subscription": subscription["id"], "subscription_details": details})
    except ApiError:
        return None


def apply_discounts(scope: Scope, subscription: Object, given: list[Object]) -> None:
    """Give a subscription coupons or promotion codes; those it has stay."""
    wanted = [{name: value for name, value in entry.items() if value} for entry in given]
    marks = list(subscription["discounts"])
    for entry in resolve(scope, wanted):
        made = redeem(scope, entry, customer=subscription["customer"], subscription=subscription["id"])
        scope.change(made, _once=False, _until_used=made.get("_once", False))
        marks.append(made["id"])
    scope.change(subscription, "customer.subscription.updated", discounts=marks)


def apply_code(scope: Scope, subscription: Object, text: str) -> str | None:
    """Give a subscription the promotion code that somebody typed; return what is wrong with it, or None."""
    code = find_code(scope, text)
    if code is None:
        return "This code is not valid."
    item = subscription["items"]["data"][0]
    problem = refusal(
        scope,
        code,
        customer=subscription["customer"],
        subtotal=int(item["price"]["unit_amount"] or 0) * item["quantity"],
        currency=subscription["currency"],
    )
    if problem is None:
        apply_discounts(scope, subscription, [{"promotion_code": code["id"]}])
    return problem


def pause_end(scope: Scope, feature: Object, chosen: str) -> int | None:
    """Return when a pause ends: after the chosen option, or never by itself."""
    duration = feature["duration"]
    if duration["type"] != "interval_options" or not duration["interval_options"]:
        return None
    options = duration["interval_options"]
    index = int(chosen) if chosen.isdigit() and int(chosen) < len(options) else 0
    return add(scope.now, options[index]["interval"], options[index]["interval_count"])


def cancel_now(scope: Scope, feature: Object, subscription: Object, details: Object) -> None:
    """End a subscription at once; unused time is credited where the configuration says so."""
    lines = []
    if feature["proration_behavior"] != "none" and subscription["status"] == "active":
        lines = [unused(scope, subscription, item) for item in subscription["items"]["data"]]
    if lines and feature["proration_behavior"] == "always_invoice":
        invoice = invoices.finalize(scope, subscriptions.bill(scope, subscription, lines, "subscription_update"))
        scope.save(subscription)
        if not invoice["amount_due"]:
            invoices.mark_paid(scope, invoice)
    subscriptions.end(scope, subscription, "cancellation_requested", details)


def coupon_in_words(coupon: Object) -> str:
    """Return ``20 % off for 3 months``."""
    percent = coupon["percent_off"]
    off = f"{percent:g} %" if percent else words(int(coupon["amount_off"]), coupon["currency"])
    lasts = {"once": "your next invoice", "forever": "all invoices"}
    if coupon["duration"] == "repeating":
        months = coupon["duration_in_months"]
        return f"{off} off for {months} month{'' if months == 1 else 's'}"
    return f"{off} off {lasts[coupon['duration']]}"
