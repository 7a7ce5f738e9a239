"""Subscriptions that a program begins. https://docs.stripe.com/api/subscriptions/create"""

from __future__ import annotations

from typing import Any

from lms_stripe_simulator import rules
from lms_stripe_simulator.billing import invoices, subscriptions, tax
from lms_stripe_simulator.billing.customers import living
from lms_stripe_simulator.billing.discounts import redeem, resolve
from lms_stripe_simulator.billing.drafts import InvoiceLine
from lms_stripe_simulator.billing.instruments import default_method
from lms_stripe_simulator.billing.periods import add
from lms_stripe_simulator.billing.prorations import remaining
from lms_stripe_simulator.problem import ApiError, invalid
from lms_stripe_simulator.scope import Scope
from lms_stripe_simulator.state import Object

DAY = 86_400
MOST_ITEMS, MOST_TRIAL_DAYS = 20, 730
ITEM_KNOWN = ("price", "quantity", "metadata")


def start(scope: Scope, params: dict[str, Any]) -> Object:
    """Store a subscription from checked parameters, bill it, and try to collect as ``payment_behavior`` says."""
    rules.required(params, "customer")
    customer = living(scope, params["customer"])
    prices = _prices(scope, params)
    trial_end = _trial_end(scope, params)
    automatic = (params.get("automatic_tax") or {}).get("enabled", False)
    if automatic:
        _check_tax(scope, customer, [price for price, _ in prices])
    behaviour = ((params.get("trial_settings") or {}).get("end_behavior") or {}).get("missing_payment_method")
    sends = params.get("collection_method") == "send_invoice"
    if sends and "days_until_due" not in params:
        raise rules.missing_param("days_until_due")
    subscription = subscriptions.create(
        scope,
        subscriptions.Start(
            customer=customer["id"],
            currency=prices[0][0]["currency"],
            items=prices,
            method=_method(scope, params, customer),
            metadata=params.get("metadata") or {},
            description=params.get("description") or None,
            trial_end=trial_end,
            missing_payment_method=behaviour or "create_invoice",
            automatic_tax=automatic,
            anchor=_anchor(scope, params, prices),
            days_until_due=params["days_until_due"] if sends else None,
            item_metadata=[entry.get("metadata") or {} for entry in params["items"]],
        ),
    )
    marks = [
        redeem(scope, entry, customer=customer["id"], subscription=subscription["id"])["id"]
        for entry in resolve(scope, params.get("discounts") or [])
    ]
    scope.change(subscription, discounts=marks)
    return _bill(scope, subscription, params)


def _prices(scope: Scope, params: dict[str, Any]) -> list[tuple[Object, int]]:
    items = params.get("items") or []
    if not items:
        raise rules.missing_param("items")
    if len(items) > MOST_ITEMS:
        raise invalid(f"A subscription has at most {MOST_ITEMS} items.", "items")
    found = []
    for index, entry in enumerate(items):
        where = f"items[{index}]"
        rules.modelled(entry, ITEM_KNOWN, "subscription items")
        if "price" not in entry:
            raise rules.missing_param(f"{where}[price]")
        price = scope.get("price", entry["price"], f"{where}[price]")
        if not price["recurring"]:
            message = "The price specified is set to `type=one_time` but this field only accepts `type=recurring`."
            raise invalid(message, f"{where}[price]")
        if not price["active"]:
            raise invalid("The price specified is inactive. This field only accepts active prices.", f"{where}[price]")
        found.append((price, entry.get("quantity", 1)))
    if len({price["currency"] for price, _ in found}) > 1:
        raise invalid("All items of a subscription must have the same currency.", "items")
    if len({(p["recurring"]["interval"], p["recurring"]["interval_count"]) for p, _ in found}) > 1:
        message = "The simulator does not model several billing intervals in one subscription."
        raise invalid(message, "items", "simulator_unsupported")
    return found


def _trial_end(scope: Scope, params: dict[str, Any]) -> int | None:
    rules.only_one(params, "trial_end", "trial_period_days")
    days, moment = params.get("trial_period_days"), params.get("trial_end")
    if days is not None:
        if not 0 <= days <= MOST_TRIAL_DAYS:
            raise invalid(f"The trial period must be at most {MOST_TRIAL_DAYS} days.", "trial_period_days")
        return scope.now + days * DAY if days else None
    if moment in (None, "now"):
        return None
    if moment <= scope.now:
        raise invalid("The `trial_end` date has to be in the future.", "trial_end")
    return int(moment)


def _check_tax(scope: Scope, customer: Object, prices: list[Object]) -> None:
    tax.require_settings(scope)
    for price in prices:
        tax.behaviour_of(scope, price)
    if not (customer["address"] or {}).get("country"):
        raise invalid(
            "The customer's location isn't recognized. Set a valid customer address in order to automatically "
            "calculate tax.",
            "automatic_tax[enabled]",
            "customer_tax_location_invalid",
        )


def _method(scope: Scope, params: dict[str, Any], customer: Object) -> str | None:
    identifier = params.get("default_payment_method")
    if not identifier:
        return None
    method = scope.get("payment_method", identifier, "default_payment_method")
    if method["customer"] != customer["id"]:
        raise invalid(
            f"The customer does not have a payment method with the ID {identifier}. The payment method must be "
            "attached to the customer.",
            "default_payment_method",
            "resource_missing",
        )
    return str(identifier)


def _anchor(scope: Scope, params: dict[str, Any], prices: list[tuple[Object, int]]) -> int | None:
    anchor = params.get("billing_cycle_anchor")
    if anchor is None:
        return None
    recurring = prices[0][0]["recurring"]
    natural = add(scope.now, recurring["interval"], recurring["interval_count"])
    if not scope.now < anchor <= natural:
        message = "`billing_cycle_anchor` cannot be later than next natural billing date for plan."
        raise invalid(message, "billing_cycle_anchor")
    return int(anchor)


def _bill(scope: Scope, subscription: Object, params: dict[str, Any]) -> Object:
    trialing, items = subscription["trial_end"] is not None, subscription["items"]["data"]
    lines = _first_lines(scope, subscription, params) if not trialing else []
    if trialing:
        lines = subscriptions.lines_for(scope, subscription, items, free=True)
    lines += _extra_lines(scope, params)
    invoice = invoices.finalize(
        scope, subscriptions.bill(scope, subscription, lines, "subscription_create", first=True)
    )
    behaviour, method = params.get("payment_behavior", "allow_incomplete"), default_method(scope, subscription)
    if subscription["days_until_due"] is not None:
        _send(scope, subscription, invoice)
    elif invoice["amount_due"] == 0 or behaviour != "default_incomplete":
        if method is None and invoice["amount_due"]:
            raise invalid(
                "This customer has no attached payment source or default payment method. Please consider adding a "
                "default payment method. For more information, visit "
                "https://stripe.com/docs/billing/subscriptions/payment-methods-setting#payment-method-priority.",
                code="resource_missing",
            )
        result = invoices.collect(scope, invoice, method, on_session=False)
        if behaviour == "error_if_incomplete" and result in ("failed", "requires_action"):
            raise _unpaid(scope, invoice)
    else:
        invoices.expect(scope, invoice)
    return scope.known(subscription["id"], "subscription")


def _first_lines(scope: Scope, subscription: Object, params: dict[str, Any]) -> list[InvoiceLine]:
    """Return the first period's lines: whole, or until the anchor in proportion, or none at all."""
    items = subscription["items"]["data"]
    if "billing_cycle_anchor" not in params:
        return subscriptions.lines_for(scope, subscription, items)
    if params.get("proration_behavior", "create_prorations") == "none":
        return []
    lines = []
    for item in items:
        recurring = item["price"]["recurring"]
        whole = add(item["current_period_end"], recurring["interval"], -recurring["interval_count"])
        lines.append(remaining(scope, subscription, item, item | {"current_period_start": whole}))
    return lines


def _extra_lines(scope: Scope, params: dict[str, Any]) -> list[InvoiceLine]:
    lines = []
    for index, entry in enumerate(params.get("add_invoice_items", [])):
        where = f"add_invoice_items[{index}]"
        rules.modelled(entry, ("price", "quantity", "metadata"), "add_invoice_items")
        if "price" not in entry:
            raise rules.missing_param(f"{where}[price]")
        price = scope.get("price", entry["price"], f"{where}[price]")
        if price["recurring"]:
            raise invalid("Only one-time prices can be added to the invoice.", f"{where}[price]")
        name = scope.known(price["product"], "product")["name"]
        lines.append(InvoiceLine(price, entry.get("quantity", 1), scope.now, scope.now, name))
    return lines


def _send(scope: Scope, subscription: Object, invoice: Object) -> None:
    """Let a subscription run whose invoices are sent instead of charged."""
    if subscription["status"] == "incomplete":
        scope.unschedule("subscription.first_payment_due", subscription["id"])
        subscriptions.set_status(scope, subscription, "active")
        subscriptions.plan_ahead(scope, subscription)
    if invoice["amount_due"]:
        invoices.send(scope, invoice)
    else:
        invoices.mark_paid(scope, invoice)


def _unpaid(scope: Scope, invoice: Object) -> ApiError:
    intent = invoices.intent_of(scope, invoice) or {}
    error = intent.get("last_payment_error") or {}
    asks = intent.get("status") == "requires_action"
    return ApiError(
        error.get("message", "Payment for this subscription requires additional user action."),
        status=402,
        kind="card_error",
        code="subscription_payment_intent_requires_action" if asks else error.get("code", "card_declined"),
    )
