"""What is paid in instalments ends by itself after the last of them.

Checkout takes no end, so the subscription gets its ``cancel_at`` after the first payment, and another one whenever a
pause or a charge that never came moved the rest. A schedule would do the same and forbid pausing
(docs.stripe.com/api/subscriptions/pause). Counted at Stripe, where the truth is: a paid invoice of more than nothing
before discounts is an instalment (that of a trial is not, one that a code pays whole is).
"""

from __future__ import annotations

import calendar
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from lms.api import db, jobs
from lms_stripe import client, connections, facts, tasks
from lms_stripe.connections import Connection
from lms_stripe.failures import Missing
from lms_stripe.models import Subscription

JOB = "stripe.instalments"
_STILL_CHARGED = frozenset({"trialing", "active", "past_due", "unpaid"})
_TO_COME = frozenset({"draft", "open"})


def follow(row: Subscription) -> None:
    """Have the end worked out anew, if the subscription is not as it was when that was last done. Does not commit.

    Also where it has an end of ours and no instalments any longer: staff changed it to another plan at Stripe.
    """
    if (row.instalments or row.plan_end) and row.status in _STILL_CHARGED and row.plan_seen != _likeness(row):
        jobs.enqueue(JOB, {"subscription_id": row.id}, key=str(row.id))


def _likeness(row: Subscription) -> str:
    """All that the end hangs on."""
    told = (row.status, row.period_end, row.latest_invoice_id, row.latest_invoice_status, row.cancel_at)
    return "|".join("" if each is None else str(each) for each in told)[:200]


def run(subscription_id: int) -> None:
    """The job: give the subscription the end that its instalments have. Commits. Raises ``StripeFailure``."""
    row = db.session.get(Subscription, subscription_id)
    if row is None or not (row.instalments or row.plan_end):
        return
    connection = connections.get(row.connection_id)
    if not connection.is_usable or connections.moved_from(connection):
        return
    likeness, stripe_id, wanted_count, given = _likeness(row), row.stripe_id, row.instalments, row.plan_end
    if wanted_count:
        end = _give_end(connection, stripe_id, wanted_count, given)
    else:
        end = _take_back(connection, stripe_id, given)
    row = db.session.get_one(Subscription, subscription_id, with_for_update=True, populate_existing=True)
    if end != row.plan_end and (end is not None or not wanted_count):
        row.plan_end = end
        tasks.want(connection.id, "subscription", stripe_id)
        tasks.wake()
    row.plan_seen = likeness
    db.commit()


def _give_end(connection: Connection, stripe_id: str, count: int, given: datetime | None) -> datetime | None:
    """The end that is ours at Stripe now; None where there is none, or somebody wished for an earlier one. Commits."""
    stripe = connections.client_of(connection)
    db.commit()
    try:
        with client.outside():
            subscription = client.plain(stripe.v1.subscriptions.retrieve(stripe_id))
            listed = stripe.v1.invoices.list({"subscription": stripe_id, "limit": 100})
            invoices = [client.plain(entry) for entry in listed.auto_paging_iter()]
    except Missing:
        return None
    if subscription["status"] not in _STILL_CHARGED or subscription.get("cancel_at_period_end"):
        return given
    end = end_of(subscription, invoices, count)
    now = facts.moment(subscription.get("cancel_at"))
    if now is not None and now != given and now < end:
        # Staff, or the buyer where the creator lets them, ended it before it was paid off.
        return given
    if now != end:
        changes: Any = {"cancel_at": int(end.timestamp()), "proration_behavior": "none"}
        with client.outside():
            stripe.v1.subscriptions.update(stripe_id, changes)
    return end


def _take_back(connection: Connection, stripe_id: str, given: datetime | None) -> None:
    """The end that we gave is nobody's wish: without instalments the subscription goes on. Commits."""
    stripe = connections.client_of(connection)
    db.commit()
    changes: Any = {"cancel_at": "", "proration_behavior": "none"}
    try:
        with client.outside():
            subscription = client.plain(stripe.v1.subscriptions.retrieve(stripe_id))
            is_ours = facts.moment(subscription.get("cancel_at")) == given
            if is_ours and subscription["status"] in _STILL_CHARGED:
                stripe.v1.subscriptions.update(stripe_id, changes)
    except Missing:
        return


def end_of(subscription: Mapping[str, Any], invoices: Sequence[Mapping[str, Any]], count: int) -> datetime:
    """When exactly ``count`` instalments will have been charged: the end of a period, in UTC.

    What was charged and not paid yet is still expected; what was voided or written off is not, and its period does not
    count.
    """
    reading = facts.read_subscription(subscription)
    worth = [each for each in invoices if int(each.get("subtotal") or 0) > 0]
    charged = sum(each.get("status") == "paid" or each.get("status") in _TO_COME for each in worth)
    price = (subscription["items"]["data"][0].get("price") or {}).get("recurring") or {}
    anchor = facts.moment(subscription.get("billing_cycle_anchor"))
    period_end = reading.period_end
    if period_end is None or anchor is None:
        raise ValueError(f"subscription {reading.stripe_id} has no period")
    periods = max(count - charged, 0) * int(price.get("interval_count") or 1)
    return later(period_end, str(price.get("interval") or "month"), periods, anchor)


def later(moment: datetime, interval: str, count: int, anchor: datetime) -> datetime:
    """So many days, weeks, months or years later, on the anchor's day of the month where the month has it."""
    if interval in ("day", "week"):
        return moment + timedelta(days=count * (7 if interval == "week" else 1))
    months = moment.year * 12 + moment.month - 1 + count * (12 if interval == "year" else 1)
    year, month = divmod(months, 12)
    day = min(anchor.day, calendar.monthrange(year, month + 1)[1])
    return moment.replace(year=year, month=month + 1, day=day)
