"""What the clock does to subscriptions: trials end, periods renew, failed payments are tried again."""

from __future__ import annotations

from lms_stripe_simulator.agenda import happening
from lms_stripe_simulator.billing import invoices
from lms_stripe_simulator.billing.instruments import default_method
from lms_stripe_simulator.billing.pausing import pause, resume, run_again
from lms_stripe_simulator.billing.periods import add
from lms_stripe_simulator.billing.subscriptions import (
    DAY,
    OVER,
    RUNNING,
    bill,
    end,
    expire,
    lines_for,
    period_end,
    plan_ahead,
    set_status,
)
from lms_stripe_simulator.scope import Scope
from lms_stripe_simulator.state import Object, State

DRAFT_FOR = 3_600
"""A renewal's invoice stays a draft for an hour: https://docs.stripe.com/billing/invoices/subscription"""
RETRIES = (3 * DAY, 5 * DAY, 7 * DAY)
"""Time from one failed attempt to the next; the simulator's stand-in for Stripe's Smart Retries."""
ENDINGS = ("canceled", "unpaid", "past_due", "paused")


def subscription_of(scope: Scope, invoice: Object) -> Object | None:
    """Return the subscription that an invoice bills, or None."""
    details = (invoice["parent"] or {}).get("subscription_details")
    return scope.find(details["subscription"], "subscription") if details else None


@happening("subscription.cancel", "subscription")
def _planned_end(scope: Scope, subscription: Object) -> None:
    if subscription["status"] not in OVER:
        end(scope, subscription, "cancellation_requested")


@happening("subscription.trial_will_end", "subscription")
def _trial_will_end(scope: Scope, subscription: Object) -> None:
    if subscription["status"] == "trialing":
        scope.emit("customer.subscription.trial_will_end", subscription)


@happening("subscription.upcoming", "subscription")
def _renews_soon(scope: Scope, subscription: Object) -> None:
    found = upcoming(scope, subscription)
    if found is not None:
        scope.emit("invoice.upcoming", {name: value for name, value in found.items() if name != "id"})


def upcoming(scope: Scope, subscription: Object) -> Object | None:
    """Return the invoice of the next renewal, which is made in a rehearsal and forgotten; None where none comes."""
    if subscription["status"] not in RUNNING:
        return None
    end = period_end(subscription)
    if subscription["cancel_at"] and subscription["cancel_at"] <= end:
        return None
    with scope.state.rehearsal(), scope.state.frozen(end):
        fresh = scope.known(subscription["id"], "subscription")
        before = fresh["latest_invoice"]
        cycle(scope, fresh)
        made = scope.known(fresh["id"], "subscription")["latest_invoice"]
        return as_preview(scope.known(made, "invoice")) if made != before else None


def as_preview(invoice: Object) -> Object:
    """Return an invoice that was only rehearsed."""
    return invoice | {"id": f"upcoming_{invoice['id']}", "status": "draft", "ending_balance": None}


@happening("subscription.resume", "subscription")
def _planned_resume(scope: Scope, subscription: Object) -> None:
    if subscription["status"] == "paused":
        resume(scope, subscription)


@happening("subscription.first_payment_due", "subscription")
def _first_payment_never_came(scope: Scope, subscription: Object) -> None:
    if subscription["status"] == "incomplete" and not _is_processing(scope, subscription):
        expire(scope, subscription)


def _is_processing(scope: Scope, subscription: Object) -> bool:
    """Return whether a bank debit for one of its invoices is on its way."""
    found = ((each, subscription_of(scope, each)) for each in scope.each("invoice"))
    mine = (each for each, billed in found if billed is not None and billed["id"] == subscription["id"])
    intents = [invoices.intent_of(scope, each) for each in mine]
    return any(each is not None and each["status"] == "processing" for each in intents)


@happening("collection.resume", "subscription")
def _collection_resumes(scope: Scope, subscription: Object) -> None:
    scope.change(subscription, "customer.subscription.updated", pause_collection=None)


@happening("subscription.cycle", "subscription")
def cycle(scope: Scope, subscription: Object) -> None:
    """Begin the next period of each item whose period is over, and draft its invoice."""
    if subscription["status"] == "incomplete":
        expire(scope, subscription)
        return
    if subscription["status"] not in RUNNING:
        return
    if subscription["status"] == "trialing" and not _trial_ends(scope, subscription):
        return
    before = {"items": {"data": [dict(item) for item in subscription["items"]["data"]]}}
    before["latest_invoice"] = subscription["latest_invoice"]
    due = [item for item in subscription["items"]["data"] if item["current_period_end"] <= scope.now]
    for item in due:
        recurring = item["price"]["recurring"]
        item["current_period_start"] = item["current_period_end"]
        item["current_period_end"] = add(
            item["current_period_end"],
            recurring["interval"],
            recurring["interval_count"],
            anchor=subscription["billing_cycle_anchor"],
        )
    scope.save(subscription)
    invoice = bill(scope, subscription, lines_for(scope, subscription, due), "subscription_cycle")
    scope.save(subscription)
    scope.emit("customer.subscription.updated", subscription, before)
    _collect_later(scope, subscription, invoice)
    plan_ahead(scope, subscription)


def _trial_ends(scope: Scope, subscription: Object) -> bool:
    """Leave the trial; return whether the subscription goes on."""
    if default_method(scope, subscription) is None:
        behaviour = subscription["trial_settings"]["end_behavior"]["missing_payment_method"]
        if behaviour == "cancel":
            end(scope, subscription, "cancellation_requested")
            return False
        if behaviour == "pause":
            pause(scope, subscription, "trial_end_without_payment_method")
            return False
    set_status(scope, subscription, "active")
    return True


def _collect_later(scope: Scope, subscription: Object, invoice: Object) -> None:
    """Plan what happens to a renewal's draft."""
    collection = subscription["pause_collection"]
    if subscription["status"] == "unpaid" or (collection and collection["behavior"] == "keep_as_draft"):
        scope.change(invoice, auto_advance=False)
    elif collection:
        invoices.finalize(scope, invoice)
        (invoices.void if collection["behavior"] == "void" else invoices.mark_uncollectible)(scope, invoice)
    else:
        scope.schedule(scope.now + DRAFT_FOR, "invoice.finalize", invoice["id"])


@happening("invoice.finalize", "invoice")
def _finalize(scope: Scope, invoice: Object) -> None:
    if invoice["status"] == "draft":
        invoices.finalize(scope, invoice)
        try_again(scope, invoice)


@happening("invoice.retry", "invoice")
def try_again(scope: Scope, invoice: Object) -> str:
    """Try to collect an open invoice with its own, the subscription's or the customer's payment method."""
    if invoice["status"] != "open":
        return str(invoice["status"])
    if invoice["collection_method"] == "send_invoice":
        invoices.send(scope, invoice)
        return "open"
    subscription = subscription_of(scope, invoice)
    owner = subscription or {"customer": invoice["customer"], "default_payment_method": None}
    own = scope.find(invoice["default_payment_method"] or "", "payment_method")
    return invoices.collect(scope, invoice, own or default_method(scope, owner), on_session=False)


@happening("invoice.overdue", "invoice")
def _overdue(scope: Scope, invoice: Object) -> None:
    if invoice["status"] != "open":
        return
    scope.emit("invoice.overdue", invoice)
    subscription = subscription_of(scope, invoice)
    if subscription and subscription["status"] == "active":
        set_status(scope, subscription, "past_due")


def _paid(scope: Scope, invoice: Object) -> None:
    subscription = subscription_of(scope, invoice)
    if subscription is None:
        return
    scope.unschedule("invoice.overdue", invoice["id"])
    if subscription["status"] not in ("incomplete", "past_due", "unpaid", "paused"):
        return
    if subscription["status"] == "incomplete":
        # It becomes active with its first payment (docs.stripe.com/api/subscriptions/object, status), whatever was
        # changed and billed meanwhile.
        if invoice["billing_reason"] != "subscription_create":
            return
    elif invoice["id"] != subscription["latest_invoice"]:
        return
    if subscription["status"] == "paused":
        run_again(scope, subscription)
        return
    scope.unschedule("subscription.first_payment_due", subscription["id"])
    set_status(scope, subscription, "active")
    plan_ahead(scope, subscription)


def _failed(scope: Scope, invoice: Object) -> None:
    """React to a failed payment: first payments may be tried again, renewals are, then end as the account is set."""
    subscription = subscription_of(scope, invoice)
    renewal = subscription is not None and subscription["status"] in RUNNING and not invoice.get("_waits")
    tries = invoice["attempt_count"]
    goes_on = renewal and tries <= len(RETRIES)
    scope.change(invoice, next_payment_attempt=scope.now + RETRIES[tries - 1] if goes_on else None)
    scope.emit("invoice.payment_failed", invoice)
    if subscription is None:
        return
    if subscription["status"] == "incomplete":
        if _was_debit(scope, invoice):
            expire(scope, subscription)
    elif goes_on:
        scope.schedule(invoice["next_payment_attempt"], "invoice.retry", invoice["id"])
        if subscription["status"] in ("active", "trialing"):
            set_status(scope, subscription, "past_due")
    elif renewal:
        _give_up(scope, subscription)


def _was_debit(scope: Scope, invoice: Object) -> bool:
    """Return whether a bank debit bounced, days after the buyer has gone; a card can be tried again at once."""
    intent = invoices.intent_of(scope, invoice) or {}
    charge = scope.find(intent.get("latest_charge") or "", "charge") or {}
    return bool((charge.get("payment_method_details") or {}).get("type") == "sepa_debit")


def ending_of(state: State, account: str) -> str:
    """Return how an account's failed renewals end."""
    return str(state.meta(f"retries_end:{account}", state.meta("retries_end", "canceled")))


def _give_up(scope: Scope, subscription: Object) -> None:
    ending = ending_of(scope.state, scope.account)
    if ending == "canceled":
        end(scope, subscription, "payment_failed")
    elif ending == "paused":
        pause(scope, subscription, "final_payment_failure")
    elif subscription["status"] != ending:
        set_status(scope, subscription, ending)


invoices.PAID.append(_paid)
invoices.FAILED.append(_failed)
