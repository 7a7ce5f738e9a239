"""The clock's page: time passes, what comes next, test clocks, and how failed renewals end."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, render_template, request
from werkzeug.exceptions import BadRequest
from werkzeug.wrappers import Response

from lms_stripe_simulator import agenda, steering
from lms_stripe_simulator.accounts import accounts
from lms_stripe_simulator.billing import clocks
from lms_stripe_simulator.billing.periods import add
from lms_stripe_simulator.billing.renewals import ENDINGS, ending_of
from lms_stripe_simulator.pages.common import back, state
from lms_stripe_simulator.scope import Scope

blueprint = Blueprint("time", __name__, template_folder="templates")
DAY = 86_400
LONGEST = 3_660 * DAY
SHOWN = 40
HAPPENINGS = {
    "charge.dispute": "The buyer disputes the payment",
    "checkout.expire": "The checkout expires",
    "collection.resume": "Collection goes on",
    "dispute.decide": "The bank decides the dispute",
    "dispute.due": "The dispute must be answered",
    "invoice.finalize": "The draft becomes an invoice",
    "invoice.overdue": "The invoice is overdue",
    "invoice.retry": "The payment is tried again",
    "payment.settle": "The bank debit is decided",
    "refund.decide": "The refund is decided",
    "subscription.cancel": "The subscription ends",
    "subscription.cycle": "The subscription renews",
    "subscription.first_payment_due": "The first payment is due",
    "subscription.pending_update_expires": "The unpaid change is dropped",
    "subscription.resume": "The subscription resumes",
    "subscription.trial_will_end": "The end of the trial is announced",
    "subscription.upcoming": "The renewal is announced",
}


@blueprint.get("/clock")
def show() -> str:
    """Show the time, what comes next, and the test clocks."""
    return render_template(
        "simulator/clock.html",
        now=state().now(),
        coming=[_described(row) for row in agenda.upcoming(state(), SHOWN)],
        clocks=[clock for scope in steering.scopes(state()) for clock in scope.each(clocks.KIND)],
        accounts=accounts(state()),
        endings=[(ending, ending.replace("_", " ").capitalize()) for ending in ENDINGS],
        ending_of=lambda account: ending_of(state(), account),
    )


def _described(row: Any) -> dict[str, Any]:
    words = HAPPENINGS.get(row["happening"], row["happening"])
    return {"at": row["at"], "words": words, "id": row["id"], "clock": row["clock"]}


@blueprint.post("/clock")
def move() -> Response:
    """Move the clock by a day, a month or some days; with ``until``, to a moment that the page names."""
    now, step = state().now(), request.form.get("step", "days")
    if step == "month":
        seconds = add(now, "month", 1) - now
    elif step == "day":
        seconds = DAY
    elif step == "hour":
        seconds = 3_600
    elif step == "until":
        seconds = _number("until") - now
    else:
        seconds = _number("days") * DAY
    if not 0 <= seconds <= LONGEST:
        raise BadRequest("The clock goes forward, by ten years at most.")
    agenda.advance(state(), seconds)
    steering.control().delivery.settle()
    return back("/clock")


def _number(name: str) -> int:
    text = request.form.get(name, "")
    if not text.isdigit() or len(text) > 12:
        raise BadRequest("Enter a whole number that is not negative.")
    return int(text)


@blueprint.post("/clocks/<identifier>")
def advance(identifier: str) -> Response:
    """Move a test clock by some days."""
    scope, clock = steering.locate(state(), identifier, clocks.KIND)
    with state().change():
        clocks.advance(
            Scope(state(), scope.account, scope.livemode), clock, clock["frozen_time"] + _number("days") * DAY
        )
    steering.control().delivery.settle()
    return back("/clock")


@blueprint.post("/dunning")
def dunning() -> Response:
    """Set how failed renewals of an account end."""
    ending, account = request.form.get("retries_end", ""), request.form.get("account", "")
    if ending not in ENDINGS or account not in [found["id"] for found in accounts(state())]:
        raise BadRequest("Choose an account and how its failed renewals end.")
    with state().change():
        state().set_meta(f"retries_end:{account}", ending)
    return redirect("/clock#dunning", 303)
