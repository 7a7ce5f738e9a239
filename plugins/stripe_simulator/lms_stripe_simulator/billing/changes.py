"""Changes of a running subscription: prices, quantities, more and fewer items, with prorations; trials that move."""

from __future__ import annotations

import copy
from dataclasses import asdict, dataclass, field
from typing import Any

from lms_stripe_simulator.agenda import happening
from lms_stripe_simulator.billing import invoices
from lms_stripe_simulator.billing.drafts import InvoiceLine
from lms_stripe_simulator.billing.instruments import default_method
from lms_stripe_simulator.billing.periods import add
from lms_stripe_simulator.billing.prorations import remaining, unused
from lms_stripe_simulator.billing.renewals import cycle, subscription_of
from lms_stripe_simulator.billing.subscriptions import bill, lines_for, new_item, plan_ahead, plan_of
from lms_stripe_simulator.problem import ApiError, invalid
from lms_stripe_simulator.scope import Scope
from lms_stripe_simulator.state import Object

PENDING_FOR = 23 * 3_600
KNOWN = {"id", "price", "quantity", "deleted", "metadata", "clear_usage"}


@dataclass(frozen=True)
class Terms:
    """How a change is billed.

    ``proration``: ``create_prorations`` puts the difference on the next invoice, ``always_invoice`` bills it at once,
    ``none`` forgets it. ``payment``: what happens when a bill that is due at once is not paid.
    """

    proration: str = "create_prorations"
    payment: str = "allow_incomplete"
    moment: int | None = None
    new_period: bool = False


def begins_anew(anchor: Object | None) -> bool:
    """Return whether a ``billing_cycle_anchor`` asks for a new period from now on."""
    return anchor is not None and anchor["type"] == "now"


@dataclass
class Plan:
    """What a subscription is to become."""

    items: list[Object]
    lines: list[InvoiceLine] = field(default_factory=list)
    fresh: bool = False
    """Whether a new period begins now, as it does with another billing interval."""


def change_items(scope: Scope, subscription: Object, given: list[dict[str, Any]], terms: Terms) -> None:
    """Give a subscription other items."""
    plan = _planned(scope, subscription, given, terms)
    before = {"items": {"data": copy.deepcopy(subscription["items"]["data"])}}
    if terms.proration == "create_prorations" and not plan.fresh:
        subscription["_pending"] = subscription.get("_pending", []) + [asdict(line) for line in plan.lines]
        plan.lines = []
    if plan.fresh and subscription["status"] != "trialing":
        plan.lines += lines_for(scope, subscription, plan.items)
    invoice = _invoice(scope, subscription, plan, terms) if plan.lines else None
    if invoice and invoice["status"] not in ("paid", "draft") and terms.payment == "pending_if_incomplete":
        _wait(scope, subscription, plan, invoice)
        return
    if invoice and invoice["status"] == "open" and terms.payment == "error_if_incomplete":
        raise _unpaid(scope, invoice)
    _apply(scope, subscription, plan.items, fresh=plan.fresh)
    scope.emit("customer.subscription.updated", subscription, before)


def _planned(scope: Scope, subscription: Object, given: list[dict[str, Any]], terms: Terms) -> Plan:
    plan = Plan([copy.deepcopy(item) for item in subscription["items"]["data"]])
    old = {item["id"]: item for item in subscription["items"]["data"]}
    for index, entry in enumerate(given):
        _change(scope, subscription, plan, entry, index)
    if not plan.items:
        raise invalid("A subscription must have at least one active item.", "items")
    intervals = {_interval(item["price"]) for item in plan.items}
    if len(intervals) > 1:
        message = "The simulator does not model several billing intervals in one subscription."
        raise invalid(message, "items", "simulator_unsupported")
    plan.fresh = terms.new_period or intervals != {_interval(item["price"]) for item in old.values()}
    trialing = subscription["status"] == "trialing"
    if plan.fresh and not trialing:
        for item in plan.items:
            interval, count = _interval(item["price"])
            item |= {"current_period_start": scope.now, "current_period_end": add(scope.now, interval, count)}
    if not trialing and terms.proration != "none":
        plan.lines = _prorations(scope, subscription, plan, old, terms.moment)
    return plan


def _change(scope: Scope, subscription: Object, plan: Plan, entry: dict[str, Any], index: int) -> None:
    where = f"items[{index}]"
    if unknown := entry.keys() - KNOWN:
        raise invalid(
            f"The simulator does not model {where}[{min(unknown)}].",
            f"{where}[{min(unknown)}]",
            "simulator_unsupported",
        )
    price = scope.get("price", entry["price"], f"{where}[price]") if "price" in entry else None
    if price and (not price["recurring"] or price["currency"] != subscription["currency"]):
        raise invalid("The price must be recurring and in the subscription's currency.", f"{where}[price]")
    if "id" not in entry:
        if price is None:
            raise invalid(f"Missing required param: {where}[price].", f"{where}[price]", "parameter_missing")
        end = plan.items[0]["current_period_end"] if plan.items else None
        plan.items.append(new_item(scope, subscription["id"], price, entry.get("quantity", 1), end))
        return
    found = next((item for item in plan.items if item["id"] == entry["id"]), None)
    if found is None:
        raise invalid(f"No such subscription item: '{entry['id']}'", f"{where}[id]", "resource_missing")
    if entry.get("deleted"):
        plan.items.remove(found)
        return
    price = price or found["price"]
    found |= {"price": price, "quantity": entry.get("quantity", found["quantity"]), "plan": plan_of(price)}
    if "metadata" in entry:
        found["metadata"] = entry["metadata"] or {}


def _interval(price: Object) -> tuple[str, int]:
    return price["recurring"]["interval"], price["recurring"]["interval_count"]


def _prorations(
    scope: Scope, subscription: Object, plan: Plan, old: dict[str, Object], moment: int | None
) -> list[InvoiceLine]:
    """Return what is credited for the old items and, where the period goes on, charged for the new ones."""
    lines: list[InvoiceLine] = []
    new = {item["id"]: item for item in plan.items}
    for identifier in [*old, *(name for name in new if name not in old)]:
        before, after = old.get(identifier), new.get(identifier)
        same = before and after and _sold(before) == _sold(after)
        if same and not plan.fresh:
            continue
        if before:
            lines.append(unused(scope, subscription, before, moment))
        if after and not plan.fresh:
            lines.append(remaining(scope, subscription, after, before or _running(old), moment))
    return lines


def _sold(item: Object) -> tuple[str, int]:
    return item["price"]["id"], item["quantity"]


def _running(old: dict[str, Object]) -> Object:
    return next(iter(old.values()))


def _invoice(scope: Scope, subscription: Object, plan: Plan, terms: Terms) -> Object:
    invoice = invoices.finalize(scope, bill(scope, subscription, plan.lines, "subscription_update"))
    if terms.payment == "pending_if_incomplete":
        scope.change(invoice, _waits=True)
    scope.save(subscription)
    invoices.collect(scope, invoice, default_method(scope, subscription), on_session=False)
    subscription.update(scope.known(subscription["id"], "subscription"))
    return scope.known(invoice["id"], "invoice")


def _unpaid(scope: Scope, invoice: Object) -> ApiError:
    intent = invoices.intent_of(scope, invoice) or {}
    error = intent.get("last_payment_error") or {}
    message = error.get("message", "The payment needs the customer.")
    return ApiError(message, status=402, kind="card_error", code=error.get("code", "card_declined"))


def _wait(scope: Scope, subscription: Object, plan: Plan, invoice: Object) -> None:
    """Keep a change until its invoice is paid, for 23 hours."""
    expires_at = scope.now + PENDING_FOR
    pending: Object = dict.fromkeys(("billing_cycle_anchor", "trial_end", "trial_from_plan"))
    pending |= {"expires_at": expires_at, "subscription_items": plan.items}
    subscription["_fresh"] = plan.fresh
    scope.change(subscription, "customer.subscription.updated", pending_update=pending)
    scope.schedule(expires_at, "subscription.pending_update_expires", subscription["id"])


def apply_pending(scope: Scope, subscription: Object) -> None:
    """Carry out a change whose invoice has been paid."""
    items = subscription["pending_update"]["subscription_items"]
    scope.unschedule("subscription.pending_update_expires", subscription["id"])
    scope.change(subscription, pending_update=None)
    _apply(scope, subscription, items, fresh=subscription.pop("_fresh", False))
    scope.emit("customer.subscription.pending_update_applied", subscription)


@happening("subscription.pending_update_expires", "subscription")
def _nobody_paid(scope: Scope, subscription: Object) -> None:
    if subscription["pending_update"] is None:
        return
    invoice = scope.find(subscription["latest_invoice"] or "", "invoice")
    if invoice and invoice["status"] == "open":
        invoices.void(scope, invoice)
    subscription.pop("_fresh", None)
    scope.change(subscription, pending_update=None)
    scope.emit("customer.subscription.pending_update_expired", subscription)


def _paid(scope: Scope, invoice: Object) -> None:
    subscription = subscription_of(scope, invoice) if invoice.get("_waits") else None
    if subscription and subscription["pending_update"] and subscription["latest_invoice"] == invoice["id"]:
        apply_pending(scope, subscription)


invoices.PAID.append(_paid)


def _apply(scope: Scope, subscription: Object, items: list[Object], *, fresh: bool) -> None:
    subscription["items"]["data"] = items
    if fresh:
        subscription["billing_cycle_anchor"] = scope.now
    scope.save(subscription)
    plan_ahead(scope, subscription)


def move_trial(scope: Scope, subscription: Object, trial_end: int | str) -> None:
    """End a trial now, or at another time; a subscription without one gets a trial until then."""
    moment = scope.now if trial_end == "now" else int(trial_end)
    if moment < scope.now:
        raise invalid("The `trial_end` date has to be in the future.", "trial_end")
    if subscription["status"] not in ("trialing", "active"):
        raise invalid(f"A subscription that is {subscription['status']} cannot get a trial.", "trial_end")
    if subscription["status"] == "active":
        if moment == scope.now:
            return
        scope.change(subscription, status="trialing", trial_start=scope.now)
    for item in subscription["items"]["data"]:
        item["current_period_end"] = moment
    scope.change(subscription, "customer.subscription.updated", trial_end=moment, billing_cycle_anchor=moment)
    scope.schedule(max(moment - 3 * 86_400, scope.now), "subscription.trial_will_end", subscription["id"])
    if moment == scope.now:
        cycle(scope, subscription)
    plan_ahead(scope, subscription)
