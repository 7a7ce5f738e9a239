"""The simulator's own pages: what there is, and the clock."""

from __future__ import annotations

from pathlib import Path

from flask import Blueprint, current_app, redirect, render_template, request, send_from_directory
from werkzeug.exceptions import BadRequest
from werkzeug.wrappers import Response

from lms_stripe_simulator import agenda, control
from lms_stripe_simulator.accounts import accounts
from lms_stripe_simulator.billing.periods import add
from lms_stripe_simulator.control import Control
from lms_stripe_simulator.pages.common import state

blueprint = Blueprint("index", __name__, template_folder="templates")
STATIC = Path(__file__).parent / "static"
NEWEST = 8
DAY = 86_400
LONGEST = 3_660 * DAY


def _control() -> Control:
    found: Control = current_app.extensions["simulator_control"]
    return found


@blueprint.get("/static/<name>")
def static(name: str) -> Response:
    """Return the stylesheet."""
    return send_from_directory(STATIC, name, max_age=60)


@blueprint.get("/")
def front() -> str:
    """Show accounts, keys, clock, open sessions, payments on their way, and events."""
    steer, found = _control(), control.scopes(state())
    sessions = [s for scope in found for s in scope.each("checkout.session") if s["status"] == "open"]
    portals = [s for scope in found for s in scope.each("billing_portal.session")]
    waiting = [p for scope in found for p in scope.each("payment_intent") if p["status"] == "processing"]
    return render_template(
        "simulator/index.html",
        accounts=accounts(state()),
        endpoints=control.endpoints(state()),
        now=state().now(),
        pending=steer.delivery.pending(),
        sessions=_newest(sessions),
        portals=_newest(portals),
        waiting=_newest(waiting),
        events=control.recent_events(state()),
        faults=steer.api.knobs.described(),
    )


def _newest(objects: list[dict[str, object]]) -> list[dict[str, object]]:
    return sorted(objects, key=lambda found: str(found["created"]), reverse=True)[:NEWEST]


@blueprint.get("/about")
def about() -> str:
    """Say what the simulator is."""
    return render_template("simulator/about.html")


@blueprint.post("/clock")
def clock() -> Response:
    """Move the clock by a day, a month or some days."""
    steer, step, now = _control(), request.form.get("step", "days"), state().now()
    if step == "month":
        seconds = add(now, "month", 1) - now
    elif step == "day":
        seconds = DAY
    else:
        text = request.form.get("days", "")
        if not text.isdigit() or int(text) * DAY > LONGEST:
            raise BadRequest("Enter a number of days, at most ten years.")
        seconds = int(text) * DAY
    agenda.advance(steer.state, seconds)
    steer.delivery.settle()
    return redirect("/", 303)


@blueprint.post("/events/<identifier>/resend")
def resend(identifier: str) -> Response:
    """Deliver an event again."""
    control.resend_event(state(), identifier)
    _control().delivery.settle()
    return redirect("/#events", 303)


@blueprint.post("/payments/<identifier>/settle")
def settle(identifier: str) -> Response:
    """Let a bank debit arrive or fail."""
    control.settle_payment(state(), identifier, succeeds=request.form.get("outcome") == "succeeded")
    _control().delivery.settle()
    return redirect("/", 303)


@blueprint.post("/faults/clear")
def clear_faults() -> Response:
    """Take all faults away."""
    _control().api.knobs.clear()
    return redirect("/", 303)
