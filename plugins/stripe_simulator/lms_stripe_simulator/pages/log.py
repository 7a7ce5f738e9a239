"""What happened: events and their deliveries, webhook endpoints, API requests."""

from __future__ import annotations

import json

from flask import Blueprint, render_template, request
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from lms_stripe_simulator import steering
from lms_stripe_simulator.pages.common import back, state
from lms_stripe_simulator.scope import public

blueprint = Blueprint("log", __name__, template_folder="templates")
SHOWN = 40
ATTEMPTS = 15


@blueprint.get("/events")
def events() -> str:
    """List events, newest first, all or those whose type begins as asked."""
    kind = request.args.get("type", "").strip()
    return render_template("simulator/events.html", events=steering.recent_events(state(), kind), kind=kind)


@blueprint.get("/events/<identifier>")
def event(identifier: str) -> str:
    """Show an event as it is delivered, and each attempt to do so."""
    _, found = steering.locate(state(), identifier, "event")
    return render_template(
        "simulator/event.html",
        event=found,
        body=json.dumps(public(found), indent=2),
        deliveries=state().rows("SELECT * FROM delivery WHERE event = ? ORDER BY seq", identifier),
        attempts=state().rows("SELECT * FROM attempt WHERE event = ? ORDER BY seq", identifier),
    )


@blueprint.post("/events/<identifier>/resend")
def resend(identifier: str) -> Response:
    """Deliver an event again."""
    steering.resend_event(state(), identifier)
    steering.control().delivery.settle()
    return back("/events")


@blueprint.get("/webhooks")
def webhooks() -> str:
    """Show webhook endpoints, their secrets, and the newest attempts to deliver."""
    delivery = steering.control().delivery
    found = steering.endpoints(state())
    return render_template(
        "simulator/webhooks.html",
        endpoints=[endpoint | {"attempts": delivery.attempts(endpoint["id"], ATTEMPTS)} for endpoint in found],
        pending=delivery.pending(),
    )


@blueprint.post("/webhooks/deliver")
def deliver() -> Response:
    """Try all pending deliveries now."""
    steering.control().delivery.flush()
    return back("/webhooks")


@blueprint.post("/webhooks/<identifier>")
def change(identifier: str) -> Response:
    """Switch an endpoint on or off, or delete it, as its owner does in the Dashboard."""
    scope, endpoint = steering.locate(state(), identifier, "webhook_endpoint")
    action = request.form.get("action")
    with state().change():
        if action == "delete":
            scope.remove(endpoint)
            state().write("DELETE FROM delivery WHERE endpoint = ?", identifier)
        elif action in ("enabled", "disabled"):
            scope.change(endpoint, status=action)
        else:
            raise NotFound("There is no such step.")
    return back("/webhooks")


@blueprint.get("/requests")
def requests() -> str:
    """List API requests, newest first."""
    found = list(steering.control().api.requests)
    return render_template("simulator/requests.html", requests=found[:SHOWN], count=len(found))


@blueprint.post("/requests/forget")
def forget() -> Response:
    """Empty the list of requests."""
    steering.control().api.requests.clear()
    return back("/requests")
