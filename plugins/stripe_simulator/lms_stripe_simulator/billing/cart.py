"""What a checkout session holds and costs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lms_stripe_simulator.billing import tax
from lms_stripe_simulator.billing.discounts import Line, taken_off
from lms_stripe_simulator.money import words
from lms_stripe_simulator.scope import Scope
from lms_stripe_simulator.state import Object

DAY = 86_400


@dataclass(frozen=True)
class Totals:
    """What a session costs today, in minor units."""

    lines: list[Line]
    off: list[int]
    due: list[bool]
    """Which lines are due today; a trial puts recurring ones off."""
    tax: tax.Assessment

    @property
    def subtotal(self) -> int:
        """Return the sum before discounts and tax."""
        return sum(line.subtotal for line, due in zip(self.lines, self.due, strict=True) if due)

    @property
    def discount(self) -> int:
        """Return what discounts take off."""
        return sum(cut for cut, due in zip(self.off, self.due, strict=True) if due)

    @property
    def total(self) -> int:
        """Return what is to be paid today."""
        return self.subtotal - self.discount + self.tax.added


def entries(session: Object) -> list[Object]:
    """Return a session's discounts as ``[{"coupon", "promotion_code"}]``, with the coupon always named."""
    return list(session.get("_discounts", []))


def buyers_address(scope: Scope, session: Object) -> Object | None:
    """Return where the buyer is: as said on the page, else as the customer's address says."""
    customer = scope.find(session["customer"] or "", "customer") or {}
    found: Object | None = session.get("_address") or customer.get("address")
    return found


def totals(scope: Scope, session: Object) -> Totals:
    """Return what a session costs today."""
    lines = [Line(scope.known(entry["price"], "price"), entry["quantity"]) for entry in session["_lines"]]
    trial = trial_end(scope, session) is not None
    due = [not (trial and line.price["recurring"]) for line in lines]
    off = taken_off(scope, lines, entries(session))
    if not session["automatic_tax"]["enabled"]:
        return Totals(lines, off, due, tax.Assessment(None, [None for _ in lines]))
    nets = [
        (line.price if counts else None, line.subtotal - cut) for line, cut, counts in zip(lines, off, due, strict=True)
    ]
    return Totals(lines, off, due, tax.assess(scope, buyers_address(scope, session), nets))


def amounts(scope: Scope, session: Object) -> dict[str, Any]:
    """Return a session's fields that follow from its lines, discounts and the buyer's address."""
    if session["mode"] == "setup":
        return {}
    found = totals(scope, session)
    shown = [
        {"coupon": None if e["promotion_code"] else e["coupon"], "promotion_code": e["promotion_code"]}
        for e in entries(session)
    ]
    details = {"amount_discount": found.discount, "amount_shipping": 0, "amount_tax": found.tax.amount}
    return {
        "amount_subtotal": found.subtotal,
        "amount_total": found.total,
        "automatic_tax": session["automatic_tax"] | {"status": found.tax.status},
        "discounts": shown,
        "total_details": details,
    }


def trial_end(scope: Scope, session: Object) -> int | None:
    """Return when a session's trial would end if it began now, or None without one."""
    data = session["_data"].get("subscription_data") or {}
    if data.get("trial_end"):
        return int(data["trial_end"])
    days = data.get("trial_period_days")
    return scope.now + days * DAY if days else None


def needs_method(scope: Scope, session: Object) -> bool:
    """Return whether the page asks for a way to pay."""
    if session["mode"] == "setup" or totals(scope, session).total:
        return True
    return bool(session["mode"] == "subscription" and session["payment_method_collection"] != "if_required")


def blank_details() -> Object:
    """Return ``customer_details`` in which nothing is known."""
    names = ("address", "business_name", "email", "individual_name", "name", "phone")
    return dict.fromkeys(names) | {"tax_exempt": "none", "tax_ids": []}


def price_in_words(price: Object) -> str:
    """Return ``€9.00 a month`` or ``€49.00``."""
    amount = words(int(price["unit_amount"] or 0), price["currency"])
    recurring = price["recurring"]
    if not recurring:
        return amount
    count = recurring["interval_count"]
    return f"{amount} a {recurring['interval']}" if count == 1 else f"{amount} every {count} {recurring['interval']}s"
