"""Coupons and promotion codes."""

from __future__ import annotations

from lms_stripe_simulator import rules
from lms_stripe_simulator.billing.discounts import code_is_valid, coupon_is_valid
from lms_stripe_simulator.expand import included
from lms_stripe_simulator.identifiers import new_id, token
from lms_stripe_simulator.problem import ApiError, invalid
from lms_stripe_simulator.routing import Call, operation
from lms_stripe_simulator.scope import Scope
from lms_stripe_simulator.shapes import blank
from lms_stripe_simulator.state import Object

COUPON_KNOWN = (
    "id",
    "name",
    "amount_off",
    "percent_off",
    "currency",
    "duration",
    "duration_in_months",
    "max_redemptions",
    "redeem_by",
    "metadata",
    "applies_to",
)


def _check_coupon(call: Call) -> None:
    params = call.params
    rules.modelled(params, COUPON_KNOWN, "coupons")
    rules.lengths(params, {"name": 40})
    rules.metadata(params.get("metadata"))
    rules.only_one(params, "amount_off", "percent_off")
    if "amount_off" not in params and "percent_off" not in params:
        raise invalid("Must provide percent_off or amount_off.", "percent_off", "parameter_missing")
    if "percent_off" in params and not 0 < params["percent_off"] <= 100:
        raise invalid("Invalid decimal: must be greater than 0 and at most 100", "percent_off")
    rules.amount(params.get("amount_off"), "amount_off", least=1)
    if "amount_off" in params:
        rules.required(params, "currency")
    repeating = params.get("duration") == "repeating"
    if repeating and not params.get("duration_in_months"):
        message = "You must pass duration_in_months when passing duration=repeating."
        raise invalid(message, "duration_in_months", "parameter_missing")
    if not repeating and "duration_in_months" in params:
        raise invalid("You can only pass duration_in_months when passing duration=repeating.", "duration_in_months")
    if "redeem_by" in params and params["redeem_by"] <= call.scope.now:
        raise invalid("The redeem_by time must be in the future.", "redeem_by")


@operation("POST", "/v1/coupons", params="CouponCreateParams", permission="coupon")
def create(call: Call) -> Object:
    """Store a coupon."""
    _check_coupon(call)
    params = call.params
    identifier = params.get("id") or token(8)
    if call.scope.find(identifier):
        raise ApiError("Coupon already exists.", code="resource_already_exists", param="id")
    for index, product in enumerate((params.get("applies_to") or {}).get("products", [])):
        call.scope.get("product", product, f"applies_to[products][{index}]")
    coupon = blank(
        "coupon",
        id=identifier,
        created=call.scope.now,
        duration=params.get("duration", "once"),
        livemode=call.scope.livemode,
        metadata=params.get("metadata") or {},
        times_redeemed=0,
        valid=True,
        currency=rules.currency(params.get("currency")) if "amount_off" in params else None,
        **rules.picked(
            params, "name", "amount_off", "percent_off", "duration_in_months", "max_redemptions", "redeem_by"
        ),
    )
    if "applies_to" in params:
        coupon["applies_to"] = {"products": params["applies_to"].get("products", [])}
    call.scope.add(coupon)
    call.scope.emit("coupon.created", coupon)
    return coupon


def _fresh(scope: Scope, coupon: Object) -> Object:
    """Return a coupon that says whether it is valid now."""
    return coupon | {"valid": coupon_is_valid(scope, coupon)}


@operation("GET", "/v1/coupons/{coupon}", params="CouponRetrieveParams", permission="coupon")
def retrieve(call: Call) -> Object:
    """Return a coupon."""
    return _fresh(call.scope, call.target("coupon", "coupon"))


@operation("POST", "/v1/coupons/{coupon}", params="CouponUpdateParams", permission="coupon")
def update(call: Call) -> Object:
    """Change a coupon's name or metadata."""
    rules.modelled(call.params, ("name", "metadata"), "coupons")
    rules.lengths(call.params, {"name": 40})
    rules.metadata(call.params.get("metadata"))
    coupon = call.target("coupon", "coupon")
    changes = rules.picked(call.params, "name")
    if "metadata" in call.params:
        changes["metadata"] = rules.merged(coupon["metadata"], call.params["metadata"])
    return call.scope.change(coupon, "coupon.updated", **changes)


@operation("DELETE", "/v1/coupons/{coupon}", params="CouponDeleteParams", permission="coupon")
def delete(call: Call) -> Object:
    """Delete a coupon; who has it, keeps it, so it stays known to their discounts."""
    coupon = call.target("coupon", "coupon")
    in_use = any(d["source"]["coupon"] == coupon["id"] for d in call.scope.each("discount"))
    if not in_use:
        call.scope.remove(coupon)
    else:
        call.scope.change(coupon, valid=False, max_redemptions=coupon["times_redeemed"])
    call.scope.emit("coupon.deleted", coupon)
    return {"id": coupon["id"], "object": "coupon", "deleted": True}


@operation("GET", "/v1/coupons", params="CouponListParams", permission="coupon")
def list_all(call: Call) -> Object:
    """List coupons."""
    return call.page(_fresh(call.scope, coupon) for coupon in call.scope.each("coupon"))


CODE_KNOWN = (
    "promotion",
    "code",
    "active",
    "customer",
    "expires_at",
    "max_redemptions",
    "metadata",
    "restrictions",
)


@operation("POST", "/v1/promotion_codes", params="PromotionCodeCreateParams", permission="promotion_code")
def create_code(call: Call) -> Object:
    """Store a promotion code for a coupon."""
    params, scope = call.params, call.scope
    rules.modelled(params, CODE_KNOWN, "promotion codes")
    rules.metadata(params.get("metadata"))
    identifier = params["promotion"].get("coupon")
    if not identifier:
        raise rules.missing_param("promotion[coupon]")
    coupon = scope.get("coupon", identifier, "promotion[coupon]")
    if not coupon_is_valid(scope, coupon):
        raise invalid("The coupon is no longer valid.", "promotion[coupon]", "coupon_expired")
    if "customer" in params:
        scope.get("customer", params["customer"], "customer")
    code = params.get("code") or token(8).upper()
    if not code.replace("-", "").isalnum() or not code.isascii():
        raise invalid("Promotion codes may hold letters, digits and dashes only.", "code")
    _refuse_twice(scope, code)
    limits = params.get("restrictions") or {}
    made = blank(
        "promotion_code",
        id=new_id("promo"),
        active=params.get("active", True),
        code=code,
        created=scope.now,
        livemode=scope.livemode,
        metadata=params.get("metadata") or {},
        promotion={"coupon": coupon["id"], "type": "coupon"},
        restrictions={
            "first_time_transaction": limits.get("first_time_transaction", False),
            "minimum_amount": limits.get("minimum_amount"),
            "minimum_amount_currency": limits.get("minimum_amount_currency"),
        },
        times_redeemed=0,
        **rules.picked(params, "customer", "expires_at", "max_redemptions"),
    )
    scope.add(made)
    scope.emit("promotion_code.created", made)
    return made


def _refuse_twice(scope: Scope, code: str) -> None:
    for other in scope.each("promotion_code"):
        if other["code"].casefold() == code.casefold() and code_is_valid(scope, other):
            message = f"An active promotion code with `code: {code}` already exists."
            raise invalid(message, "code", "resource_already_exists")


@operation(
    "GET", "/v1/promotion_codes/{promotion_code}", params="PromotionCodeRetrieveParams", permission="promotion_code"
)
def retrieve_code(call: Call) -> Object:
    """Return a promotion code."""
    return call.target("promotion_code", "promotion_code")


@operation(
    "POST", "/v1/promotion_codes/{promotion_code}", params="PromotionCodeUpdateParams", permission="promotion_code"
)
def update_code(call: Call) -> Object:
    """Switch a promotion code on or off, or change its metadata."""
    rules.modelled(call.params, ("active", "metadata"), "promotion codes")
    rules.metadata(call.params.get("metadata"))
    code = call.target("promotion_code", "promotion_code")
    if call.params.get("active") and not code["active"]:
        _refuse_twice(call.scope, code["code"])
    changes = rules.picked(call.params, "active")
    if "metadata" in call.params:
        changes["metadata"] = rules.merged(code["metadata"], call.params["metadata"])
    return call.scope.change(code, "promotion_code.updated", **changes)


@operation("GET", "/v1/promotion_codes", params="PromotionCodeListParams", permission="promotion_code")
def list_codes(call: Call) -> Object:
    """List promotion codes; a code's case does not count."""
    params, scope = call.params, call.scope
    code = params.get("code")
    return call.page(
        found
        for found in scope.each("promotion_code")
        if (code is None or found["code"].casefold() == code.casefold())
        and ("active" not in params or code_is_valid(scope, found) == params["active"])
        and params.get("coupon", found["promotion"]["coupon"]) == found["promotion"]["coupon"]
        and params.get("customer", found["customer"]) == found["customer"]
    )


@included("coupon", "applies_to")
def _applies_to(_scope: Scope, coupon: Object) -> Object:
    return dict(coupon.get("applies_to") or {"products": []})
