"""Checkout sessions as the API sees them."""

from __future__ import annotations

from typing import Any

from lms_stripe_simulator import rules
from lms_stripe_simulator.billing import cart, completion, discounts, tax
from lms_stripe_simulator.billing.customers import living
from lms_stripe_simulator.billing.discounts import resolve
from lms_stripe_simulator.expand import included
from lms_stripe_simulator.identifiers import token
from lms_stripe_simulator.problem import invalid
from lms_stripe_simulator.resources.checkout_lines import line_items, lines_of
from lms_stripe_simulator.resources.checkout_rules import check
from lms_stripe_simulator.routing import Call, operation
from lms_stripe_simulator.scope import Scope
from lms_stripe_simulator.shapes import blank, page
from lms_stripe_simulator.state import Object

SESSIONS = "/v1/checkout/sessions"
DAY = 86_400
KEPT = ("subscription_data", "payment_intent_data", "setup_intent_data", "customer_update")


@operation("POST", SESSIONS, params="checkout.SessionCreateParams", permission="checkout_session")
def create(call: Call) -> Object:
    """Open a session; its ``url`` is the hosted page."""
    params, scope = call.params, call.scope
    check(params, scope.now)
    customer = living(scope, params["customer"]) if "customer" in params else None
    lines = lines_of(scope, params) if params["mode"] != "setup" else []
    identifier = f"cs_{scope.mode}_{token(58)}"
    session = blank(
        "checkout.session",
        id=identifier,
        automatic_tax=_automatic_tax(params),
        created=scope.now,
        currency=_currency(scope, lines) if lines else params.get("currency"),
        customer=customer["id"] if customer else None,
        customer_creation=_customer_creation(params),
        customer_details=_customer_details(params, customer),
        expires_at=params.get("expires_at", scope.now + DAY),
        invoice_creation=_invoice_creation(params),
        livemode=scope.livemode,
        metadata=params.get("metadata") or {},
        mode=params["mode"],
        payment_method_collection=params.get("payment_method_collection", "always")
        if params["mode"] == "subscription"
        else "if_required",
        payment_method_types=["card", "sepa_debit"],
        payment_status="unpaid",
        status="open",
        url=f"{call.base_url}/c/pay/{identifier}",
        **_page_settings(params),
    )
    session["_lines"] = lines
    session["_discounts"] = resolve(scope, params.get("discounts") or [])
    session["_data"] = {name: params[name] for name in KEPT if name in params}
    if session["automatic_tax"]["enabled"]:
        _check_tax(scope, customer, params, lines)
    session.update(cart.amounts(scope, session))
    _check_discounts(scope, session)
    if not cart.needs_method(scope, session):
        session["payment_method_types"] = []
    scope.add(session)
    scope.schedule(session["expires_at"], "checkout.expire", identifier)
    return session


def _check_discounts(scope: Scope, session: Object) -> None:
    """Refuse a discount that the page would refuse if a buyer typed it."""
    for index, entry in enumerate(session["_discounts"]):
        code = scope.known(entry["promotion_code"], "promotion_code") if entry["promotion_code"] else None
        if code is not None:
            why = discounts.refusal(
                scope,
                code,
                customer=session["customer"],
                subtotal=session["amount_subtotal"],
                currency=session["currency"],
            )
        else:
            coupon = scope.known(entry["coupon"], "coupon")
            is_other = discounts.is_for_another_currency(coupon, session["currency"])
            why = "This coupon is for another currency." if is_other else None
        if why:
            raise invalid(why, f"discounts[{index}][{'promotion_code' if code else 'coupon'}]")


def _page_settings(params: dict[str, Any]) -> dict[str, Any]:
    """Return the session's fields about its page: what was asked for, and what every hosted page has."""
    texts = dict.fromkeys(("after_submit", "shipping_address", "submit", "terms_of_service_acceptance"))
    given = rules.picked(
        params,
        "allow_promotion_codes",
        "billing_address_collection",
        "cancel_url",
        "client_reference_id",
        "customer_email",
        "locale",
        "submit_type",
        "success_url",
    )
    reuse = params.get("consent_collection")
    names = ("payment_method_reuse_agreement", "promotions", "terms_of_service")
    return given | {
        "consent_collection": dict.fromkeys(names) | reuse if reuse else None,
        "custom_fields": [_custom_field(entry) for entry in params.get("custom_fields", [])],
        "custom_text": texts | params.get("custom_text", {}),
        "payment_method_options": {"card": {"request_three_d_secure": "automatic"}},
        "phone_number_collection": {"enabled": params.get("phone_number_collection", {}).get("enabled", False)},
        "shipping_options": [],
        "ui_mode": "hosted_page",
    }


def _custom_field(entry: Object) -> Object:
    kind = entry["type"]
    settings: Object = {"default_value": None, "value": None} | entry.get(kind, {})
    if kind != "dropdown":
        settings = {"maximum_length": None, "minimum_length": None} | settings
    label = {"custom": entry["label"]["custom"], "type": "custom"}
    shared = {"key": entry["key"], "label": label, "optional": entry.get("optional", False), "type": kind}
    return shared | dict.fromkeys(("dropdown", "numeric", "text")) | {kind: settings}


def _check_tax(scope: Scope, customer: Object | None, params: dict[str, Any], lines: list[Object]) -> None:
    """Raise Stripe's error where automatic tax lacks a head office, a tax behaviour, or a way to know the place."""
    tax.require_settings(scope)
    for line in lines:
        tax.behaviour_of(scope, scope.known(line["price"], "price"))
    update = params.get("customer_update", {})
    if (
        customer
        and not (customer["address"] or {}).get("country")
        and "auto" not in (update.get("address"), update.get("shipping"))
    ):
        raise invalid(
            "Automatic tax calculation in Checkout requires a valid address on the Customer. Add a valid address to "
            "the Customer or set either `customer_update[address]` to 'auto' or `customer_update[shipping]` to 'auto'.",
            "customer",
            "customer_tax_location_invalid",
        )


def _currency(scope: Scope, lines: list[Object]) -> str:
    return str(scope.known(lines[0]["price"], "price")["currency"])


def _automatic_tax(params: dict[str, Any]) -> Object:
    enabled = params.get("automatic_tax", {}).get("enabled", False)
    liability = {"type": "self"} if enabled else None
    return {"enabled": enabled, "liability": liability, "provider": "stripe" if enabled else None, "status": None}


def _customer_creation(params: dict[str, Any]) -> str | None:
    if "customer" in params:
        return None
    return str(params.get("customer_creation", "always" if params["mode"] == "subscription" else "if_required"))


def _customer_details(params: dict[str, Any], customer: Object | None) -> Object | None:
    if customer:
        names = ("email", "name", "phone", "address", "tax_exempt")
        return cart.blank_details() | {name: customer[name] for name in names}
    email = params.get("customer_email")
    return cart.blank_details() | {"email": email} if email else None


def _invoice_creation(params: dict[str, Any]) -> Object | None:
    if params["mode"] != "payment":
        return None
    given = params.get("invoice_creation") or {"enabled": False}
    names = ("account_tax_ids", "custom_fields", "description", "footer", "issuer", "metadata", "rendering_options")
    data = dict.fromkeys(names) | {"metadata": {}} | (given.get("invoice_data") or {})
    return {"enabled": given["enabled"], "invoice_data": data}


@operation("GET", f"{SESSIONS}/{{session}}", params="checkout.SessionRetrieveParams", permission="checkout_session")
def retrieve(call: Call) -> Object:
    """Return a session."""
    return call.target("checkout.session", "session")


@operation("POST", f"{SESSIONS}/{{session}}", params="checkout.SessionUpdateParams", permission="checkout_session")
def update(call: Call) -> Object:
    """Change a session's metadata."""
    rules.modelled(call.params, ("metadata",), "checkout sessions")
    rules.metadata(call.params.get("metadata"))
    session = call.target("checkout.session", "session")
    return call.scope.change(session, metadata=rules.merged(session["metadata"], call.params.get("metadata")))


@operation(
    "POST", f"{SESSIONS}/{{session}}/expire", params="checkout.SessionExpireParams", permission="checkout_session"
)
def expire(call: Call) -> Object:
    """Close an open session."""
    session = call.target("checkout.session", "session")
    if session["status"] != "open":
        raise invalid(
            f'Only Checkout Sessions with a status in ["open"] can be expired. This Session has a status of '
            f"`{session['status']}`."
        )
    completion.expire(call.scope, session)
    return session


@operation("GET", SESSIONS, params="checkout.SessionListParams", permission="checkout_session")
def list_all(call: Call) -> Object:
    """List sessions."""
    params = call.params
    names = ("customer", "payment_intent", "subscription", "status")
    wanted = {name: params[name] for name in names if name in params}
    email = (params.get("customer_details") or {}).get("email")
    return call.page(
        session
        for session in call.scope.each("checkout.session")
        if all(session[name] == value for name, value in wanted.items())
        and (email is None or (session["customer_details"] or {}).get("email") == email)
    )


@operation(
    "GET",
    f"{SESSIONS}/{{session}}/line_items",
    params="checkout.SessionLineItemListParams",
    permission="checkout_session",
)
def list_line_items(call: Call) -> Object:
    """List a session's lines in their order."""
    return call.page(line_items(call.scope, call.target("checkout.session", "session")))


@included("checkout.session", "line_items")
def _line_items(scope: Scope, session: Object) -> Object:
    stored = scope.known(session["id"], "checkout.session")
    found = line_items(scope, stored)
    return page(f"{SESSIONS}/{session['id']}/line_items", found[:10], has_more=len(found) > 10)
