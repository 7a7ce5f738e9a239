"""Coupons and promotion codes: who may use them, and what they take off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from lms_stripe_simulator.billing.periods import add
from lms_stripe_simulator.identifiers import new_id
from lms_stripe_simulator.money import share, spread
from lms_stripe_simulator.problem import invalid
from lms_stripe_simulator.scope import Scope
from lms_stripe_simulator.shapes import blank
from lms_stripe_simulator.state import Object


@dataclass(frozen=True)
class Line:
    """A price times a quantity; amounts in minor units."""

    price: Object
    quantity: int
    discountable: bool = True

    @property
    def subtotal(self) -> int:
        """Return the amount before discounts."""
        return int(self.price["unit_amount"] or 0) * self.quantity

    @property
    def product(self) -> str | None:
        """Return the id of what is sold."""
        return str(self.price["product"])


class Discountable(Protocol):
    """What coupons can take something off."""

    @property
    def subtotal(self) -> int: ...

    @property
    def product(self) -> str | None: ...

    @property
    def discountable(self) -> bool: ...


def coupon_is_valid(scope: Scope, coupon: Object) -> bool:
    """Return whether a coupon can still be redeemed."""
    used_up = coupon["max_redemptions"] is not None and coupon["times_redeemed"] >= coupon["max_redemptions"]
    too_late = coupon["redeem_by"] is not None and scope.now >= coupon["redeem_by"]
    return not used_up and not too_late


def code_is_valid(scope: Scope, code: Object) -> bool:
    """Return whether a promotion code can still be redeemed."""
    used_up = code["max_redemptions"] is not None and code["times_redeemed"] >= code["max_redemptions"]
    too_late = code["expires_at"] is not None and scope.now >= code["expires_at"]
    coupon = scope.find(code["promotion"]["coupon"], "coupon")
    return bool(code["active"] and not used_up and not too_late and coupon and coupon_is_valid(scope, coupon))


def find_code(scope: Scope, text: str) -> Object | None:
    """Return the active promotion code that a buyer typed, or None; case does not count."""
    wanted = text.strip().casefold()
    codes = scope.each("promotion_code")
    return next((c for c in codes if c["code"].casefold() == wanted and code_is_valid(scope, c)), None)


def refusal(scope: Scope, code: Object, *, customer: str | None, subtotal: int, currency: str) -> str | None:
    """Return why a promotion code does not apply to a purchase, or None."""
    limits = code["restrictions"]
    if code["customer"] and code["customer"] != customer:
        return "This code belongs to another customer."
    if limits["minimum_amount"] and subtotal < limits["minimum_amount"]:
        return "The total is too low for this code."
    if limits["first_time_transaction"] and customer and _has_bought(scope, customer):
        return "This code is for first purchases."
    if is_for_another_currency(scope.known(code["promotion"]["coupon"], "coupon"), currency):
        return "This code is for another currency."
    return None


def is_for_another_currency(coupon: Object, currency: str) -> bool:
    """Return whether the coupon takes off an amount of other money than the purchase is in."""
    return bool(coupon["amount_off"]) and coupon["currency"] != currency


def _has_bought(scope: Scope, customer: str) -> bool:
    return any(c["paid"] for c in scope.each("charge", customer=customer)) or any(
        True for _ in scope.each("subscription", customer=customer)
    )


def resolve(scope: Scope, given: list[Object]) -> list[Object]:
    """Return ``[{"coupon", "promotion_code"}]`` for a ``discounts`` parameter; raises where one is unknown or spent."""
    resolved = []
    for index, entry in enumerate(given):
        where = f"discounts[{index}]"
        if entry.get("promotion_code"):
            param = f"{where}[promotion_code]"
            code = scope.get("promotion_code", entry["promotion_code"], param)
            if not code_is_valid(scope, code):
                raise invalid("This promotion code is no longer active.", param, "promotion_code_inactive")
            resolved.append({"coupon": code["promotion"]["coupon"], "promotion_code": code["id"]})
        elif entry.get("coupon"):
            coupon = scope.get("coupon", entry["coupon"], f"{where}[coupon]")
            if not coupon_is_valid(scope, coupon):
                raise invalid(f"Coupon expired: {coupon['id']}", f"{where}[coupon]", "coupon_expired")
            resolved.append({"coupon": coupon["id"], "promotion_code": None})
    return resolved


def taken_off(scope: Scope, lines: Sequence[Discountable], discounts: list[Object]) -> list[int]:
    """Return what ``[{"coupon"}]`` takes off each line, one discount after the other."""
    off = [0] * len(lines)
    for discount in discounts:
        coupon = scope.known(discount["coupon"], "coupon")
        products = (coupon.get("applies_to") or {}).get("products")
        left = [
            max(line.subtotal - already, 0) if line.discountable and (not products or line.product in products) else 0
            for line, already in zip(lines, off, strict=True)
        ]
        total = share(sum(left), coupon["percent_off"]) if coupon["percent_off"] else int(coupon["amount_off"] or 0)
        parts = spread(min(total, sum(left)), left)
        off = [already + part for already, part in zip(off, parts, strict=True)]
    return off


def redeem(
    scope: Scope, entry: Object, *, customer: str | None, subscription: str | None, session: str | None = None
) -> Object:
    """Store a discount that was used, and count its coupon and code."""
    coupon = scope.known(entry["coupon"], "coupon")
    scope.change(coupon, times_redeemed=coupon["times_redeemed"] + 1)
    if entry["promotion_code"]:
        code = scope.known(entry["promotion_code"], "promotion_code")
        scope.change(code, times_redeemed=code["times_redeemed"] + 1)
    end = None
    if subscription and coupon["duration"] == "repeating":
        end = add(scope.now, "month", coupon["duration_in_months"])
    made = blank(
        "discount",
        id=new_id("di"),
        checkout_session=session,
        customer=customer,
        end=end,
        promotion_code=entry["promotion_code"],
        source={"coupon": coupon["id"], "type": "coupon"},
        start=scope.now,
        subscription=subscription,
    )
    made["_once"] = coupon["duration"] == "once"
    return scope.add(made)


def running(scope: Scope, identifiers: list[str], *, first: bool) -> list[Object]:
    """Return ``[{"coupon", "discount"}]`` for those discounts of a subscription that count for its next invoice.

    ``first``: for the invoice of the checkout that redeemed them. A coupon that was added later and counts once is
    used up by ``used``.
    """
    result = []
    for identifier in identifiers:
        discount = scope.known(identifier, "discount")
        over = discount["end"] is not None and discount["end"] <= scope.now
        if not over and (first or not discount.get("_once")):
            result.append({"coupon": discount["source"]["coupon"], "discount": identifier})
    return result


def used(scope: Scope, identifiers: list[str]) -> None:
    """Note that discounts were on an invoice: those that count once count no more."""
    for identifier in identifiers:
        discount = scope.known(identifier, "discount")
        if discount.get("_until_used"):
            scope.change(discount, _once=True, _until_used=False)
