"""What the customer portal shows and does."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from lms_stripe_simulator.billing import changes, subscriptions
from lms_stripe_simulator.billing.customers import invoice_settings
from lms_stripe_simulator.billing.instruments import Instrument, create_method
from lms_stripe_simulator.billing.periods import add, date_in_words
from lms_stripe_simulator.scope import Scope
from lms_stripe_simulator.state import Object

CARD_YEARS = 3


def described(scope: Scope, subscription: Object) -> dict[str, Any]:
    """Return a subscription as the portal shows it."""
    item = subscription["items"]["data"][0]
    product = scope.known(item["price"]["product"], "product")
    return {
        "subscription": subscription,
        "name": product["name"],
        "price": item["price"],
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
    year = datetime.fromtimestamp(scope.now, UTC).year + CARD_YEARS
    method = create_method(scope, found, email=customer["email"], customer=customer["id"], year=year)
    settings = invoice_settings() | customer["invoice_settings"] | {"default_payment_method": method["id"]}
    scope.change(customer, "customer.updated", invoice_settings=settings)
    for subscription in scope.each("subscription", customer=customer["id"]):
        if subscription["status"] not in subscriptions.OVER:
            scope.change(subscription, "customer.subscription.updated", default_payment_method=method["id"])


def plans(scope: Scope, feature: Object, subscription: Object) -> list[dict[str, Any]]:
    """Return the other plans that a configuration offers for a subscription."""
    current = subscription["items"]["data"][0]["price"]
    found = []
    for entry in feature["products"]:
        product = scope.known(entry["product"], "product")
        for identifier in entry["prices"]:
            price = scope.known(identifier, "price")
            if identifier != current["id"] and price["active"] and price["currency"] == current["currency"]:
                found.append({"name": product["name"], "price": price})
    return found


def change_plan(scope: Scope, feature: Object, subscription: Object, price: str) -> None:
    """Change a subscription's first item to another price."""
    item = subscription["items"]["data"][0]
    given = [{"id": item["id"], "price": price}]
    changes.change_items(scope, subscription, given, feature["proration_behavior"])


def pause_end(scope: Scope, feature: Object, chosen: str) -> int | None:
    """Return when a pause ends: after the chosen option, or never by itself."""
    duration = feature["duration"]
    if duration["type"] != "interval_options" or not duration["interval_options"]:
        return None
    options = duration["interval_options"]
    index = int(chosen) if chosen.isdigit() and int(chosen) < len(options) else 0
    return add(scope.now, options[index]["interval"], options[index]["interval_count"])
