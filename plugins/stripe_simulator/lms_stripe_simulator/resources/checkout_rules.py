"""What Stripe refuses about a checkout session beyond its types."""

from __future__ import annotations

from typing import Any

from lms_stripe_simulator import rules
from lms_stripe_simulator.problem import invalid

SHORTEST, LONGEST = 30 * 60, 24 * 3_600
MOST_TRIAL_DAYS = 730
KNOWN = (
    "allow_promotion_codes",
    "allowed_payment_method_types",
    "automatic_tax",
    "billing_address_collection",
    "cancel_url",
    "client_reference_id",
    "consent_collection",
    "currency",
    "custom_fields",
    "custom_text",
    "customer",
    "customer_creation",
    "customer_email",
    "customer_update",
    "discounts",
    "expires_at",
    "invoice_creation",
    "line_items",
    "locale",
    "metadata",
    "mode",
    "payment_intent_data",
    "payment_method_collection",
    "phone_number_collection",
    "setup_intent_data",
    "submit_type",
    "subscription_data",
    "success_url",
    "ui_mode",
)
SUBSCRIPTION_KNOWN = ("billing_mode", "description", "metadata", "trial_end", "trial_period_days", "trial_settings")
PAYMENT_KNOWN = ("description", "metadata", "receipt_email", "setup_future_usage", "shipping", "statement_descriptor")
MOST_CUSTOM_FIELDS, MOST_KEY = 3, 200


def check(params: dict[str, Any], now: int) -> None:
    """Raise Stripe's error for the first rule that a new session breaks."""
    rules.modelled(params, KNOWN, "checkout sessions")
    rules.required(params, "mode")
    if params.get("ui_mode", "hosted_page") != "hosted_page":
        raise invalid("The simulator models hosted pages only.", "ui_mode", "simulator_unsupported")
    rules.required(params, "success_url")
    for name in ("success_url", "cancel_url"):
        rules.address(params.get(name), name)
    rules.lengths(params)
    rules.metadata(params.get("metadata"))
    rules.email(params.get("customer_email"), "customer_email")
    if params["mode"] == "setup":
        _check_setup(params)
    else:
        _check_lines(params)
    _check_discounts(params)
    _check_fields(params)
    _check_customer(params)
    _check_mode_data(params, now)
    _check_expiry(params, now)


def _check_setup(params: dict[str, Any]) -> None:
    for name in ("line_items", "discounts", "allow_promotion_codes"):
        if params.get(name):
            raise invalid(f"You can not pass `{name}` in `setup` mode.", name)
    rules.required(params, "currency")


def _check_fields(params: dict[str, Any]) -> None:
    fields = params.get("custom_fields", [])
    if len(fields) > MOST_CUSTOM_FIELDS:
        raise invalid(f"A Checkout Session has at most {MOST_CUSTOM_FIELDS} custom fields.", "custom_fields")
    for index, entry in enumerate(fields):
        where = f"custom_fields[{index}]"
        if not entry["key"].isalnum() or len(entry["key"]) > MOST_KEY:
            raise invalid("A custom field's key must be alphanumeric, up to 200 characters.", f"{where}[key]")
        if entry["type"] == "dropdown" and not entry.get("dropdown", {}).get("options"):
            raise rules.missing_param(f"{where}[dropdown][options]")
    if len({entry["key"] for entry in fields}) < len(fields):
        raise invalid("The keys of custom fields must be unique.", "custom_fields")


def _check_lines(params: dict[str, Any]) -> None:
    lines = params.get("line_items")
    if not lines:
        raise rules.missing_param("line_items")
    most = 100 if params["mode"] == "payment" else 20
    if len(lines) > most:
        raise invalid(f"A Checkout Session has at most {most} line items.", "line_items")
    for index, line in enumerate(lines):
        where = f"line_items[{index}]"
        if ("price" in line) == ("price_data" in line):
            raise invalid("You must specify either `price` or `price_data` when using prices.", f"{where}[price]")
        if "quantity" not in line:
            raise invalid(f"Quantity is required. Add `quantity` to `{where}`", where)
        if not 1 <= line["quantity"] <= 999_999:
            raise invalid("Invalid integer: must be between 1 and 999999", f"{where}[quantity]")
        if "price_data" in line and ("product" in line["price_data"]) == ("product_data" in line["price_data"]):
            raise invalid("You must specify either `product` or `product_data`.", f"{where}[price_data]")
        rules.modelled(line, ("price", "price_data", "quantity", "metadata"), "line items")


def _check_discounts(params: dict[str, Any]) -> None:
    if "allow_promotion_codes" in params and "discounts" in params:
        raise invalid(
            "You may only specify one of these parameters: allow_promotion_codes, discounts.", "allow_promotion_codes"
        )
    discounts = params.get("discounts") or []
    if len(discounts) > 1:
        raise invalid("You can only apply one discount to a Checkout Session.", "discounts")
    for index, entry in enumerate(discounts):
        if ("coupon" in entry) == ("promotion_code" in entry):
            raise invalid("You must specify either `coupon` or `promotion_code`.", f"discounts[{index}]")


def _check_customer(params: dict[str, Any]) -> None:
    rules.only_one(params, "customer", "customer_email")
    if "customer_creation" in params:
        if params["mode"] == "subscription":
            raise invalid("`customer_creation` can only be used in `payment` and `setup` mode.", "customer_creation")
        if "customer" in params:
            raise invalid("You may only specify one of these parameters: customer, customer_creation.", "customer")
    if "customer_update" in params and "customer" not in params:
        raise invalid("`customer_update` can only be used with `customer`.", "customer_update")


def _check_mode_data(params: dict[str, Any], now: int) -> None:
    mode = params["mode"]
    belongs = {
        "subscription_data": "subscription",
        "payment_intent_data": "payment",
        "invoice_creation": "payment",
        "setup_intent_data": "setup",
    }
    for name, needed in belongs.items():
        if name in params and mode != needed:
            raise invalid(f"You can not pass `{name}` in `{mode}` mode.", name)
        data = params.get(name) or {}
        rules.metadata(data.get("metadata"), f"{name}[metadata]")
    if "payment_method_collection" in params and mode != "subscription":
        raise invalid(
            "`payment_method_collection` can only be used in `subscription` mode.", "payment_method_collection"
        )
    subscription = params.get("subscription_data") or {}
    rules.modelled(subscription, SUBSCRIPTION_KNOWN, "subscription_data")
    rules.modelled(params.get("payment_intent_data") or {}, PAYMENT_KNOWN, "payment_intent_data")
    if subscription.get("billing_mode", {}).get("type", "flexible") != "flexible":
        message = "The simulator models the flexible billing mode only."
        raise invalid(message, "subscription_data[billing_mode]", "simulator_unsupported")
    _check_trial(subscription, now)


def _check_trial(data: dict[str, Any], now: int) -> None:
    rules.only_one(data, "trial_end", "trial_period_days")
    if "trial_period_days" in data and not 1 <= data["trial_period_days"] <= MOST_TRIAL_DAYS:
        where = "subscription_data[trial_period_days]"
        raise invalid(f"The trial period must be between 1 and {MOST_TRIAL_DAYS} days.", where)
    if "trial_end" in data and data["trial_end"] < now + 2 * 86_400:
        raise invalid("The `trial_end` date has to be at least 2 days in the future.", "subscription_data[trial_end]")


def _check_expiry(params: dict[str, Any], now: int) -> None:
    moment = params.get("expires_at")
    if moment is None:
        return
    if moment < now + SHORTEST - 5:  # the clocks of both sides differ a little
        raise invalid(
            "The `expires_at` timestamp must be at least 30 minutes from Checkout Session creation.", "expires_at"
        )
    if moment > now + LONGEST + 5:
        raise invalid(
            "The `expires_at` timestamp must be less than 24 hours from Checkout Session creation.", "expires_at"
        )
