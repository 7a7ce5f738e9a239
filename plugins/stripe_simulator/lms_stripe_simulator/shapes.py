"""The fields of Stripe's objects, read from the installed SDK's resource classes.

An object starts as a blank: every field that its class declares as optional is null, so that an SDK upgrade
brings new fields by itself. What is not optional must be given, and the test suite's oracle notices what is not.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import types
import typing
from typing import Any

from stripe._api_version import _ApiVersion

Object = dict[str, Any]

API_VERSION: str = _ApiVersion.CURRENT

# Stripe leaves these out of an answer, unless they are expanded or belong to the object's own type.
OMITTED: dict[str, set[str]] = {
    "account": {"company", "individual", "groups", "controller", "external_accounts", "metadata"},
    "billing_portal.configuration": {"application"},
    "charge": {"authorization_code", "level3", "radar_options", "refunds", "transfer", "presentment_details"},
    "checkout.session": {"line_items", "presentment_details", "name_collection", "integration_identifier"},
    "coupon": {"applies_to", "currency_options"},
    "customer": {
        "cash_balance",
        "invoice_credit_balance",
        "sources",
        "subscriptions",
        "tax",
        "tax_ids",
    },
    "event": {"account", "context"},
    "invoice": {"payments", "confirmation_secret", "threshold_reason", "amount_paid_off_stripe"},
    "payment_intent": {"hooks", "payment_details", "presentment_details", "payment_record"},
    "price": {"currency_options", "tiers"},
    "product": {"tax_details"},
    "refund": {"presentment_details", "next_action", "instructions_email"},
    "subscription": {"presentment_details", "status_details"},
    "webhook_endpoint": {"secret"},
}
ALWAYS_OMITTED = {"deleted"}


def resource(module: str, name: str) -> type:
    """Return a class of the SDK by its module below ``stripe`` and its dotted name."""
    found: Any = importlib.import_module(f"stripe.{module}")
    for part in name.split("."):
        found = getattr(found, part)
    return typing.cast(type, found)


@functools.cache
def resource_of(kind: str) -> type:
    """Return the SDK's class of an ``object`` word."""
    from_object = importlib.import_module("stripe._object_classes").OBJECT_CLASSES
    module, name = from_object[kind]
    return typing.cast(type, getattr(importlib.import_module(module), name))


def is_optional(hint: Any) -> bool:
    """Return whether an annotation allows null."""
    if isinstance(hint, str):
        return hint.startswith("Optional[")
    origin = typing.get_origin(hint)
    return origin in (typing.Union, types.UnionType) and type(None) in typing.get_args(hint)


def is_expandable(kind: str, name: str) -> bool:
    """Return whether a field of an object holds an id that can be expanded."""
    hint = inspect.get_annotations(resource_of(kind)).get(name)
    members = {m for m in typing.get_args(hint) if m is not type(None)}
    return str in members and any(isinstance(m, typing.ForwardRef) for m in members)


@functools.cache
def optional_names(found: type) -> tuple[str, ...]:
    """Return the names of a class's fields that may be null."""
    hints = inspect.get_annotations(found)
    return tuple(name for name, hint in hints.items() if is_optional(hint) and name not in ALWAYS_OMITTED)


def blank(kind: str, **fields: Any) -> Object:
    """Return an object of a kind: the given fields, and null for each optional field that is not given."""
    skip = OMITTED.get(kind, set())
    nulls: Object = {name: None for name in optional_names(resource_of(kind)) if name not in skip}
    start = {"id": fields.pop("id"), "object": kind} if "id" in fields else {"object": kind}
    return start | nulls | fields


def blank_payment_method(**fields: Any) -> Object:
    """Return a payment method; the details of other types than its own are left out."""
    return {
        "id": fields["id"],
        "object": "payment_method",
        "allow_redisplay": "limited",
        "customer": None,
        "customer_account": None,
        "metadata": {},
    } | fields


def page(url: str, data: list[Object], *, has_more: bool = False) -> Object:
    """Return one page of a list."""
    return {"object": "list", "data": data, "has_more": has_more, "url": url}
