"""Checkout sessions as the API sees them."""

from __future__ import annotations

from typing import Any

from lms_stripe_simulator import rules
from lms_stripe_simulator.billing import checkout
from lms_stripe_simulator.billing.discounts import resolve
from lms_stripe_simulator.expand import included
from lms_stripe_simulator.identifiers import token
from lms_stripe_simulator.problem import invalid
from lms_stripe_simulator.resources.catalog import make_price, make_product
from lms_stripe_simulator.resources.checkout_rules import check
from lms_stripe_simulator.resources.customers import living
from lms_stripe_simulator.routing import Call, operation
from lms_stripe_simulator.scope import Scope
from lms_stripe_simulator.shapes import blank, page
from lms_stripe_simulator.state import Object

SESSIONS = "/v1/checkout/sessions"
DAY = 86_400


@operation("POST", SESSIONS, params="checkout.SessionCreateParams", permission="checkout_session")
def create(call: Call) -> Object:
    """Open a session; its ``url`` is the hosted page."""
    params, scope = call.params, call.scope
    check(params, scope.now)
    customer = living(scope, params["customer"]) if "customer" in params else None
    lines = _lines(scope, params)
    identifier = f"cs_{scope.mode}_{token(58)}"
    session = blank(
        "checkout.session",
        id=identifier,
        automatic_tax=_automatic_tax(params),
        created=scope.now,
        currency=_currency(scope, lines),
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
    session["_data"] = {n: params[n] for n in ("subscription_data", "payment_intent_data") if n in params}
    session.update(checkout.amounts(scope, session))
    if not checkout.needs_method(scope, session):
        session["payment_method_types"] = []
    scope.add(session)
    scope.schedule(session["expires_at"], "checkout.expire", identifier)
    return session


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
    return given | {
        "custom_fields": [],
        "custom_text": texts | params.get("custom_text", {}),
        "payment_method_options": {"card": {"request_three_d_secure": "automatic"}},
        "phone_number_collection": {"enabled": False},
        "shipping_options": [],
        "ui_mode": "hosted_page",
    }


def _lines(scope: Scope, params: dict[str, Any]) -> list[Object]:
    result = []
    for index, line in enumerate(params["line_items"]):
        where = f"line_items[{index}]"
        if "price" in line:
            price = scope.get("price", line["price"], f"{where}[price]")
            if not price["active"]:
                raise invalid(
                    "The price specified is inactive. This field only accepts active prices.", f"{where}[price]"
                )
        else:
            price = _inline_price(scope, line["price_data"], f"{where}[price_data]")
        product = scope.known(price["product"], "product")
        if not product["active"]:
            raise invalid(f"The product {product['id']} is not active.", f"{where}[price]")
        result.append(
            {
                "id": f"li_{token(24)}",
                "price": price["id"],
                "quantity": line.get("quantity", 1),
                "description": product["name"],
                "metadata": line.get("metadata") or {},
            }
        )
    _check_kinds(scope, params["mode"], result)
    return result


def _inline_price(scope: Scope, data: Object, where: str) -> Object:
    data = dict(data)
    if inline := data.pop("product_data", None):
        data["product"] = make_product(scope, inline | {"active": False})["id"]
        product = scope.known(data["product"], "product")
        scope.change(product, active=True)
    return make_price(scope, data, where, active=True)


def _check_kinds(scope: Scope, mode: str, lines: list[Object]) -> None:
    prices = [scope.known(line["price"], "price") for line in lines]
    recurring = [price for price in prices if price["recurring"]]
    if mode == "payment" and recurring:
        raise invalid(
            "You specified `payment` mode but passed a recurring price. Either switch to `subscription` mode or use "
            "only one-time prices.",
            f"line_items[{prices.index(recurring[0])}][price]",
        )
    if mode == "subscription" and not recurring:
        raise invalid("You must provide at least one recurring price in `subscription` mode when using prices.")
    currencies = {price["currency"] for price in prices}
    if len(currencies) > 1:
        raise invalid("All line items must have the same currency.", "line_items")
    if len({(p["recurring"]["interval"], p["recurring"]["interval_count"]) for p in recurring}) > 1:
        message = "The simulator does not model several billing intervals in one subscription."
        raise invalid(message, "line_items", "simulator_unsupported")
    total = sum((price["unit_amount"] or 0) * line["quantity"] for price, line in zip(prices, lines, strict=True))
    if mode == "payment" and 0 < total < 50:
        raise invalid(
            "The Checkout Session's total amount due must add up to at least 50 minor units.",
            "line_items",
            "amount_too_small",
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
    return str(params.get("customer_creation", "if_required" if params["mode"] == "payment" else "always"))


def _customer_details(params: dict[str, Any], customer: Object | None) -> Object | None:
    if customer:
        names = ("email", "name", "phone", "address", "tax_exempt")
        return checkout.blank_details() | {name: customer[name] for name in names}
    email = params.get("customer_email")
    return checkout.blank_details() | {"email": email} if email else None


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
    checkout.expire(call.scope, session)
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


def line_items(scope: Scope, session: Object) -> list[Object]:
    """Return a session's lines as API objects."""
    found = checkout.totals(scope, session)
    result = []
    for entry, line, cut, due in zip(session["_lines"], found.lines, found.off, found.due, strict=True):
        subtotal, off = (line.subtotal, cut) if due else (0, 0)
        result.append(
            {
                "id": entry["id"],
                "object": "item",
                "adjustable_quantity": None,
                "amount_discount": off,
                "amount_subtotal": subtotal,
                "amount_tax": 0,
                "amount_total": subtotal - off,
                "currency": session["currency"],
                "description": entry["description"],
                "metadata": entry["metadata"],
                "price": line.price,
                "quantity": line.quantity,
            }
        )
    return result


@included("checkout.session", "line_items")
def _line_items(scope: Scope, session: Object) -> Object:
    stored = scope.known(session["id"], "checkout.session")
    found = line_items(scope, stored)
    return page(f"{SESSIONS}/{session['id']}/line_items", found[:10], has_more=len(found) > 10)
