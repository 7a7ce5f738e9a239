"""What a change in the middle of a period gives back and charges, to the second, and after discounts."""

from __future__ import annotations

from lms_stripe_simulator.billing.discounts import Line, running, taken_off
from lms_stripe_simulator.billing.drafts import InvoiceLine
from lms_stripe_simulator.scope import Scope
from lms_stripe_simulator.state import Object


def unused(scope: Scope, subscription: Object, item: Object, moment: int | None = None) -> InvoiceLine:
    """Return the credit for the rest of an item's period."""
    return _line(scope, subscription, item, item, -1, "Unused time on", moment)


def remaining(
    scope: Scope, subscription: Object, item: Object, period: Object, moment: int | None = None
) -> InvoiceLine:
    """Return the charge for an item until the end of ``period``, an item whose period goes on."""
    return _line(scope, subscription, item, period, 1, "Remaining time on", moment)


def _line(
    scope: Scope, subscription: Object, item: Object, period: Object, sign: int, words: str, moment: int | None
) -> InvoiceLine:
    start, end = period["current_period_start"], period["current_period_end"]
    at = min(max(scope.now if moment is None else moment, start), end)
    share = (end - at) / (end - start) if end > start else 0.0
    product = scope.known(item["price"]["product"], "product")["name"]
    return InvoiceLine(
        item["price"],
        item["quantity"],
        at,
        end,
        f"{words} {product}",
        subscription["id"],
        item["id"],
        proration=True,
        amount=sign * round(_full(scope, subscription, item) * share),
        metadata=subscription["metadata"],
    )


def _full(scope: Scope, subscription: Object, item: Object) -> int:
    """Return what a whole period of an item costs after the discounts that run."""
    line = Line(item["price"], item["quantity"])
    off = taken_off(scope, [line], running(scope, subscription["discounts"], first=False))
    return line.subtotal - off[0]
