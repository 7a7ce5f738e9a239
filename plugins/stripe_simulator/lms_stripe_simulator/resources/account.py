"""The account itself, its balance, and its events."""

from __future__ import annotations

import itertools

from lms_stripe_simulator.accounts import account
from lms_stripe_simulator.oauth import connected
from lms_stripe_simulator.problem import ApiError, missing
from lms_stripe_simulator.routing import Call, operation
from lms_stripe_simulator.scope import Scope
from lms_stripe_simulator.shapes import blank
from lms_stripe_simulator.state import Object

KEPT_FOR = 30 * 86_400
"""https://docs.stripe.com/api/events/list: events of the last 30 days."""
NOTHING_DUE: Object = {
    "alternatives": [],
    "current_deadline": None,
    "currently_due": [],
    "disabled_reason": None,
    "errors": [],
    "eventually_due": [],
    "past_due": [],
    "pending_verification": [],
}


@operation("GET", "/v1/account", params="AccountRetrieveCurrentParams", permission="account")
def retrieve_current(call: Call) -> Object:
    """Return the account that the key belongs to."""
    return account_object(call.scope)


def account_object(scope: Scope) -> Object:
    """Return the account as an API object."""
    row = account(scope.state, scope.account)
    profile = {"mcc": "8299", "name": row["name"], "product_description": None, "support_email": None, "url": None}
    return blank(
        "account",
        id=row["id"],
        business_profile=profile,
        business_type="individual",
        capabilities={"card_payments": "active", "sepa_debit_payments": "active", "transfers": "active"},
        charges_enabled=True,
        country=row["country"],
        created=row["created"],
        default_currency=row["currency"],
        details_submitted=True,
        email="owner@example.org",
        future_requirements=dict(NOTHING_DUE),
        payouts_enabled=True,
        requirements=dict(NOTHING_DUE),
        settings=_settings(row["name"]),
        tos_acceptance={"date": row["created"]},
        type="standard",
    )


def _settings(name: str) -> Object:
    return {
        "branding": {"icon": None, "logo": None, "primary_color": None, "secondary_color": None},
        "card_payments": {"statement_descriptor_prefix": None},
        "dashboard": {"display_name": name, "timezone": "Europe/Berlin"},
        "payments": {"statement_descriptor": name.upper()[:22]},
    }


@operation("GET", "/v1/accounts/{account}", params="AccountRetrieveParams", permission="account")
def retrieve(call: Call) -> Object:
    """Return the account itself, or one that this platform is connected to."""
    scope, wanted = call.scope, call.path["account"]
    if wanted not in (scope.account, *connected(scope.state, scope.account, scope.mode)):
        raise ApiError(
            f"The provided key does not have access to account '{wanted}' (or that account does not exist). "
            "Application access may have been revoked.",
            status=403,
            code="account_invalid",
            stored=False,
        )
    return account_object(Scope(scope.state, wanted, scope.livemode))


@operation("GET", "/v1/balance", params="BalanceRetrieveParams", permission="balance")
def balance(call: Call) -> Object:
    """Return what has been paid and not refunded, all of it available at once."""
    row = account(call.scope.state, call.scope.account)
    paid = [c for c in call.scope.each("charge") if c["paid"] and c["currency"] == row["currency"]]
    amount = sum(charge["amount"] - charge["amount_refunded"] for charge in paid)
    entry = {"amount": amount, "currency": row["currency"], "source_types": {"card": amount}}
    none = {"amount": 0, "currency": row["currency"], "source_types": {"card": 0}}
    return {
        "object": "balance",
        "available": [entry],
        "livemode": call.scope.livemode,
        "pending": [none],
        "refund_and_dispute_prefunding": {
            "available": [{"amount": 0, "currency": row["currency"]}],
            "pending": [{"amount": 0, "currency": row["currency"]}],
        },
    }


@operation("GET", "/v1/events", params="EventListParams", permission="event")
def list_events(call: Call) -> Object:
    """List events, newest first, by type."""
    kinds = set(call.params.get("types") or ([call.params["type"]] if "type" in call.params else []))
    oldest = call.scope.state.wall() - KEPT_FOR
    delivered = call.params.get("delivery_success")
    return call.page(
        e
        for e in itertools.takewhile(lambda event: event["created"] > oldest, call.scope.each("event"))
        if "account" not in e
        and (not kinds or _is_among(e["type"], kinds))
        and delivered in (None, e["pending_webhooks"] == 0)
    )


def _is_among(kind: str, kinds: set[str]) -> bool:
    """Return whether an event's type is wanted; ``invoice.*`` stands for all of them."""
    return kind in kinds or any(k.endswith(".*") and kind.startswith(k[:-1]) for k in kinds)


@operation("GET", "/v1/events/{id}", params="EventRetrieveParams", permission="event")
def retrieve_event(call: Call) -> Object:
    """Return an event with the object as it was then; after 30 days it is gone."""
    event = call.target("event", "id")
    if event["created"] <= call.scope.state.wall() - KEPT_FOR:
        raise missing("event", event["id"], "id")
    return event
