"""Products and prices."""

from __future__ import annotations

from typing import Any

from lms_stripe_simulator import rules
from lms_stripe_simulator.identifiers import new_id
from lms_stripe_simulator.problem import ApiError, invalid
from lms_stripe_simulator.routing import Call, operation
from lms_stripe_simulator.scope import Scope
from lms_stripe_simulator.shapes import blank
from lms_stripe_simulator.state import Object

PRODUCT_FIELDS = (
    "description",
    "statement_descriptor",
    "unit_label",
    "url",
    "shippable",
    "package_dimensions",
    "tax_code",
)


@operation("POST", "/v1/products", params="ProductCreateParams", permission="product")
def create_product(call: Call) -> Object:
    """Store a product, with its first price where ``default_price_data`` is given."""
    known = (*PRODUCT_FIELDS, "id", "name", "active", "metadata", "images", "marketing_features", "default_price_data")
    rules.modelled(call.params, (*known, "type"), "products")
    product = make_product(call.scope, call.params)
    if data := call.params.get("default_price_data"):
        price = make_price(call.scope, data | {"product": product["id"]}, "default_price_data")
        product = call.scope.change(product, default_price=price["id"])
    call.scope.emit("product.created", product)
    return product


def make_product(scope: Scope, params: dict[str, Any]) -> Object:
    """Store a product from checked parameters."""
    rules.lengths(params)
    rules.metadata(params.get("metadata"))
    identifier = params.get("id") or new_id("prod")
    if scope.find(identifier):
        raise ApiError(f"Product already exists: {identifier}", code="resource_already_exists", param="id")
    product = blank(
        "product",
        id=identifier,
        active=params.get("active", True),
        created=scope.now,
        images=params.get("images", []),
        livemode=scope.livemode,
        marketing_features=params.get("marketing_features", []),
        metadata=params.get("metadata") or {},
        name=params["name"],
        type="service",
        updated=scope.now,
        **rules.picked(params, *PRODUCT_FIELDS),
    )
    return scope.add(product)


@operation("GET", "/v1/products/{id}", params="ProductRetrieveParams", permission="product")
def retrieve_product(call: Call) -> Object:
    """Return a product."""
    return call.target("product", "id")


@operation("POST", "/v1/products/{id}", params="ProductUpdateParams", permission="product")
def update_product(call: Call) -> Object:
    """Change a product."""
    known = (*PRODUCT_FIELDS, "name", "active", "metadata", "images", "marketing_features", "default_price")
    rules.modelled(call.params, known, "products")
    rules.lengths(call.params)
    rules.metadata(call.params.get("metadata"))
    product = call.target("product", "id")
    if "default_price" in call.params:
        call.scope.get("price", call.params["default_price"], "default_price")
    changes = rules.picked(call.params, *(name for name in known if name != "metadata"))
    if "metadata" in call.params:
        changes["metadata"] = rules.merged(product["metadata"], call.params["metadata"])
    return call.scope.change(product, "product.updated", updated=call.scope.now, **changes)


@operation("GET", "/v1/products", params="ProductListParams", permission="product")
def list_products(call: Call) -> Object:
    """List products."""
    params = call.params
    return call.page(
        p
        for p in call.scope.each("product")
        if p["active"] == params.get("active", p["active"]) and p["id"] in params.get("ids", [p["id"]])
    )


@operation("DELETE", "/v1/products/{id}", params="ProductDeleteParams", permission="product")
def delete_product(call: Call) -> Object:
    """Delete a product that has no prices."""
    product = call.target("product", "id")
    if any(price["product"] == product["id"] for price in call.scope.each("price")):
        raise invalid("This product cannot be deleted because it has one or more user-created prices.")
    call.scope.remove(product)
    call.scope.emit("product.deleted", product)
    return {"id": product["id"], "object": "product", "deleted": True}


PRICE_KNOWN = (
    "currency",
    "unit_amount",
    "unit_amount_decimal",
    "recurring",
    "product",
    "product_data",
    "active",
    "nickname",
    "lookup_key",
    "transfer_lookup_key",
    "metadata",
    "tax_behavior",
    "billing_scheme",
)


@operation("POST", "/v1/prices", params="PriceCreateParams", permission="price")
def create_price(call: Call) -> Object:
    """Store a price."""
    rules.modelled(call.params, PRICE_KNOWN, "prices")
    params = dict(call.params)
    rules.only_one(params, "product", "product_data")
    if data := params.pop("product_data", None):
        product = make_product(call.scope, data)
        call.scope.emit("product.created", product)
        params["product"] = product["id"]
    rules.required(params, "product")
    price = make_price(call.scope, params)
    call.scope.emit("price.created", price)
    return price


def make_price(scope: Scope, params: dict[str, Any], prefix: str = "", *, active: bool | None = None) -> Object:
    """Store a price from checked parameters; ``prefix`` is where they stood in the request."""

    def at(name: str) -> str:
        return f"{prefix}[{name}]" if prefix else name

    rules.lengths(params)
    rules.metadata(params.get("metadata"), at("metadata"))
    scope.get("product", params["product"], at("product"))
    amount = _unit_amount(params, at)
    if params.get("billing_scheme", "per_unit") != "per_unit":
        raise invalid("The simulator does not model tiered prices.", at("billing_scheme"), "simulator_unsupported")
    _take_lookup_key(scope, params)
    recurring = _recurring(params.get("recurring"), at)
    price = blank(
        "price",
        id=new_id("price"),
        active=params.get("active", True) if active is None else active,
        billing_scheme="per_unit",
        created=scope.now,
        currency=rules.currency(params["currency"], at("currency")),
        livemode=scope.livemode,
        lookup_key=params.get("lookup_key"),
        metadata=params.get("metadata") or {},
        nickname=params.get("nickname"),
        product=params["product"],
        recurring=recurring,
        tax_behavior=params.get("tax_behavior", "unspecified"),
        type="recurring" if recurring else "one_time",
        unit_amount=amount,
        unit_amount_decimal=str(amount),
    )
    return scope.add(price)


def _unit_amount(params: dict[str, Any], at: Any) -> int:
    rules.only_one(params, "unit_amount", "unit_amount_decimal")
    if "unit_amount_decimal" in params:
        text = str(params["unit_amount_decimal"])
        if "." in text:
            message = "The simulator does not model fractions of minor units."
            raise invalid(message, at("unit_amount_decimal"), "simulator_unsupported")
        params["unit_amount"] = int(text)
    if "unit_amount" not in params:
        raise rules.missing_param(at("unit_amount"))
    rules.amount(params["unit_amount"], at("unit_amount"))
    return int(params["unit_amount"])


def _recurring(given: Object | None, at: Any) -> Object | None:
    if not given:
        return None
    count = given.get("interval_count", 1)
    most = {"year": 3, "month": 36, "week": 156, "day": 1095}[given["interval"]]
    if not 1 <= count <= most:
        message = f"Invalid interval_count: must be between 1 and {most} for the interval {given['interval']}."
        raise invalid(message, at("recurring][interval_count") if "[" in at("x") else "recurring[interval_count]")
    if given.get("usage_type", "licensed") != "licensed":
        raise invalid("The simulator does not model metered prices.", at("recurring"), "simulator_unsupported")
    return {
        "interval": given["interval"],
        "interval_count": count,
        "meter": None,
        "trial_period_days": None,
        "usage_type": "licensed",
    }


def _take_lookup_key(scope: Scope, params: dict[str, Any], owner: str | None = None) -> None:
    key = params.get("lookup_key")
    if not key:
        return
    for price in scope.each("price"):
        if price["lookup_key"] == key and price["id"] != owner:
            if not params.get("transfer_lookup_key"):
                message = f"A price (`{price['id']}`) already uses that lookup key."
                raise invalid(message, "lookup_key", "resource_already_exists")
            scope.change(price, "price.updated", lookup_key=None)


@operation("GET", "/v1/prices/{price}", params="PriceRetrieveParams", permission="price")
def retrieve_price(call: Call) -> Object:
    """Return a price."""
    return call.target("price", "price")


@operation("POST", "/v1/prices/{price}", params="PriceUpdateParams", permission="price")
def update_price(call: Call) -> Object:
    """Change what of a price may change: not its amount."""
    known = ("active", "nickname", "lookup_key", "transfer_lookup_key", "metadata", "tax_behavior")
    rules.modelled(call.params, known, "prices")
    rules.lengths(call.params)
    rules.metadata(call.params.get("metadata"))
    price = call.target("price", "price")
    if call.params.get("tax_behavior", price["tax_behavior"]) != price["tax_behavior"] != "unspecified":
        raise invalid("You cannot change `tax_behavior` once it has been set.", "tax_behavior")
    _take_lookup_key(call.scope, call.params, price["id"])
    changes = rules.picked(call.params, "active", "nickname", "lookup_key", "tax_behavior")
    if "metadata" in call.params:
        changes["metadata"] = rules.merged(price["metadata"], call.params["metadata"])
    return call.scope.change(price, "price.updated", **changes)


@operation("GET", "/v1/prices", params="PriceListParams", permission="price")
def list_prices(call: Call) -> Object:
    """List prices by product, kind, state, currency or lookup keys."""
    params = call.params
    wanted = {name: params[name] for name in ("active", "currency", "product", "type") if name in params}
    keys, recurring = params.get("lookup_keys"), params.get("recurring") or {}
    return call.page(
        price
        for price in call.scope.each("price")
        if all(price[name] == value for name, value in wanted.items())
        and (keys is None or price["lookup_key"] in keys)
        and all((price["recurring"] or {}).get(name) == value for name, value in recurring.items())
    )
