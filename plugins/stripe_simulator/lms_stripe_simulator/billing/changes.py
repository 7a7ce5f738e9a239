"""Changes of a running subscription: other prices and quantities with prorations, and trials that move."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from lms_stripe_simulator.billing import invoices
from lms_stripe_simulator.billing.instruments import default_method
from lms_stripe_simulator.billing.invoices import InvoiceLine
from lms_stripe_simulator.billing.periods import add
from lms_stripe_simulator.billing.renewals import cycle
from lms_stripe_simulator.billing.subscriptions import bill, lines_for, plan_ahead, plan_of
from lms_stripe_simulator.problem import invalid
from lms_stripe_simulator.scope import Scope
from lms_stripe_simulator.state import Object


def change_items(scope: Scope, subscription: Object, given: list[dict[str, Any]], proration: str) -> None:
    """Give items another price or quantity.

    ``proration``: ``create_prorations`` puts the difference on the next invoice, ``always_invoice`` bills it at once,
    ``none`` forgets it. Another billing interval begins a new period, which is billed at once.
    """
    before = {"items": {"data": [dict(item) for item in subscription["items"]["data"]]}}
    lines: list[InvoiceLine] = []
    fresh: list[Object] = []
    for index, entry in enumerate(given):
        item = _item(subscription, entry, index)
        price = scope.get("price", entry["price"], f"items[{index}][price]") if "price" in entry else item["price"]
        if not price["recurring"] or price["currency"] != subscription["currency"]:
            raise invalid("The price must be recurring and in the subscription's currency.", f"items[{index}][price]")
        old = dict(item)
        item |= {"price": price, "quantity": entry.get("quantity", item["quantity"]), "plan": plan_of(price)}
        same = _interval(old["price"]) == _interval(price)
        if subscription["status"] != "trialing":
            lines += _prorations(scope, subscription, old, item, proration, same=same)
            if not same:
                _begin(scope, item)
                fresh.append(item)
    scope.save(subscription)
    if proration == "create_prorations" and not fresh:
        subscription["_pending"] = subscription.get("_pending", []) + [asdict(line) for line in lines]
        lines = []
    if fresh:
        scope.change(subscription, billing_cycle_anchor=scope.now)
    _invoice_now(scope, subscription, lines + lines_for(scope, subscription, fresh))
    scope.save(subscription)
    plan_ahead(scope, subscription)
    scope.emit("customer.subscription.updated", subscription, before)


def _invoice_now(scope: Scope, subscription: Object, lines: list[InvoiceLine]) -> None:
    if not lines:
        return
    invoice = invoices.finalize(scope, bill(scope, subscription, lines, "subscription_update"))
    invoices.collect(scope, invoice, default_method(scope, subscription), on_session=False)
    subscription.update(scope.known(subscription["id"], "subscription"))


def _item(subscription: Object, entry: dict[str, Any], index: int) -> Object:
    items: list[Object] = subscription["items"]["data"]
    unknown = entry.keys() - {"id", "price", "quantity"}
    if unknown:
        where = f"items[{index}][{min(unknown)}]"
        raise invalid(f"The simulator does not model {where}.", where, "simulator_unsupported")
    if "id" not in entry:
        where = f"items[{index}][id]"
        raise invalid("The simulator does not model adding items: name one.", where, "simulator_unsupported")
    found = next((item for item in items if item["id"] == entry["id"]), None)
    if found is None:
        message = f"No such subscription item: '{entry['id']}'"
        raise invalid(message, f"items[{index}][id]", "resource_missing")
    return found


def _interval(price: Object) -> tuple[str, int]:
    return price["recurring"]["interval"], price["recurring"]["interval_count"]


def _begin(scope: Scope, item: Object) -> None:
    interval, count = _interval(item["price"])
    item |= {"current_period_start": scope.now, "current_period_end": add(scope.now, interval, count)}


def _prorations(
    scope: Scope, subscription: Object, old: Object, new: Object, proration: str, *, same: bool
) -> list[InvoiceLine]:
    """Return what is credited for the old and, with the same interval, charged for the new price until the end."""
    if proration == "none":
        return []
    start, end = old["current_period_start"], old["current_period_end"]
    left = (end - scope.now) / (end - start)
    lines = [_line(scope, subscription, old, -left, f"Unused time on {_name(scope, old)}", end)]
    if same:
        lines.append(_line(scope, subscription, new, left, f"Remaining time on {_name(scope, new)}", end))
    return lines


def _line(scope: Scope, subscription: Object, item: Object, share: float, text: str, end: int) -> InvoiceLine:
    full = int(item["price"]["unit_amount"] or 0) * item["quantity"]
    return InvoiceLine(
        item["price"],
        item["quantity"],
        scope.now,
        end,
        text,
        subscription["id"],
        item["id"],
        proration=True,
        amount=round(full * share),
        metadata=subscription["metadata"],
    )


def _name(scope: Scope, item: Object) -> str:
    return str(scope.known(item["price"]["product"], "product")["name"])


def move_trial(scope: Scope, subscription: Object, trial_end: int | str) -> None:
    """End a trial now, or at another time."""
    if subscription["status"] != "trialing":
        message = "The simulator does not model a trial for a subscription that is not in one."
        raise invalid(message, "trial_end", "simulator_unsupported")
    moment = scope.now if trial_end == "now" else int(trial_end)
    if moment < scope.now:
        raise invalid("The `trial_end` date has to be in the future.", "trial_end")
    for item in subscription["items"]["data"]:
        item["current_period_end"] = moment
    scope.change(subscription, "customer.subscription.updated", trial_end=moment, billing_cycle_anchor=moment)
    if moment == scope.now:
        cycle(scope, subscription)
    plan_ahead(scope, subscription)
