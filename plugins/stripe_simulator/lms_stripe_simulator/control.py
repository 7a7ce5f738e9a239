"""``/_simulator/…``: how tests and the demo steer the simulator. JSON in, JSON out; Stripe has nothing like it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Response, current_app, jsonify, request
from werkzeug.exceptions import BadRequest, NotFound

from lms_stripe_simulator import agenda
from lms_stripe_simulator.accounts import accounts, create_account, create_key, described, ensure_account, keys
from lms_stripe_simulator.api import Api
from lms_stripe_simulator.billing import payments
from lms_stripe_simulator.billing.renewals import ENDINGS
from lms_stripe_simulator.delivery import Delivery
from lms_stripe_simulator.resources.portal import make_configuration
from lms_stripe_simulator.scope import Scope, public
from lms_stripe_simulator.state import Object, State

blueprint = Blueprint("control", __name__, url_prefix="/_simulator")
RECENT = 100
DEFAULT_FEATURES = {
    "invoice_history": {"enabled": True},
    "payment_method_update": {"enabled": True},
    "subscription_cancel": {"enabled": True},
}


@dataclass
class Control:
    """What steers the simulator: storage, faults and deliveries."""

    state: State
    api: Api
    delivery: Delivery


def control() -> Control:
    """Return the running simulator's controls."""
    found: Control = current_app.extensions["simulator_control"]
    return found


def clock(state: State) -> Object:
    """Return the simulator's time as JSON."""
    now = state.now()
    return {"epoch": now, "iso": datetime.fromtimestamp(now, UTC).isoformat().replace("+00:00", "Z")}


def endpoints(state: State) -> list[Object]:
    """Return all webhook endpoints with their secrets, as JSON."""
    return [
        {name: value for name, value in endpoint.items() if not name.startswith("_")}
        | {"secret": endpoint["_secret"], "account": scope.account}
        for scope in scopes(state)
        for endpoint in scope.each("webhook_endpoint")
    ]


def scopes(state: State) -> list[Scope]:
    """Return both modes of all accounts."""
    return [Scope(state, a["id"], live) for a in accounts(state) for live in (False, True)]


def locate(state: State, identifier: str, kind: str) -> tuple[Scope, Object]:
    """Return an object of whatever account and mode; raises a 404."""
    for scope in scopes(state):
        if found := scope.find(identifier, kind):
            return scope, found
    raise NotFound(f"There is no {kind} {identifier}.")


def recent_events(state: State) -> list[Object]:
    """Return the newest events, with what became of their deliveries."""
    rows = state.rows("SELECT account, livemode, id FROM object WHERE kind = 'event' ORDER BY seq DESC LIMIT ?", RECENT)
    result = []
    for row in rows:
        event = Scope(state, row["account"], bool(row["livemode"])).known(row["id"], "event")
        attempts = state.rows("SELECT endpoint, state, attempts, answer FROM delivery WHERE event = ?", row["id"])
        names = ("id", "type", "created", "livemode", "pending_webhooks")
        summary = {name: event[name] for name in names}
        summary |= {"object": event["data"]["object"]["id"], "account": row["account"]}
        result.append(summary | {"deliveries": [dict(attempt) for attempt in attempts]})
    return result


def _given() -> dict[str, Any]:
    given = request.get_json(silent=True) if request.data else {}
    if not isinstance(given, dict):
        raise BadRequest("The body must be a JSON object.")
    return given


def _whole(given: dict[str, Any], name: str) -> int:
    value = given.get(name)
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise BadRequest(f"{name} must be a number of seconds.")
    return int(value)


@blueprint.errorhandler(BadRequest)
@blueprint.errorhandler(NotFound)
def _refused(error: BadRequest | NotFound) -> tuple[Response, int]:
    return jsonify({"error": error.description}), int(error.code or 400)


@blueprint.get("/state")
def show_state() -> Response:
    """Return accounts, keys, endpoints with their secrets, the clock, faults and recent events."""
    steer = control()
    return jsonify(
        {
            "accounts": accounts(steer.state),
            "keys": [described(key) for key in keys(steer.state)],
            "endpoints": endpoints(steer.state),
            "clock": clock(steer.state),
            "deliveries": {"pending": steer.delivery.pending()},
            "faults": steer.api.knobs.described(),
            "settings": {"retries_end": steer.state.meta("retries_end", "canceled")},
            "events": recent_events(steer.state),
        }
    )


@blueprint.get("/clock")
def show_clock() -> Response:
    """Return the simulator's time."""
    return jsonify(clock(control().state))


@blueprint.post("/clock")
def move_clock() -> Response:
    """Move the clock by ``advance`` seconds; everything due happens, in order, and is delivered once."""
    steer, given = control(), _given()
    try:
        agenda.advance(steer.state, _whole(given, "advance"))
    except ValueError as error:
        raise BadRequest(str(error)) from error
    delivered = steer.delivery.settle() if given.get("deliver", True) else False
    return jsonify(clock(steer.state) | {"clock": clock(steer.state), "delivered": delivered})


@blueprint.post("/deliver")
def deliver() -> Response:
    """Try all pending deliveries now, whatever their back-off."""
    steer = control()
    return jsonify({"settled": steer.delivery.flush(), "pending": steer.delivery.pending()})


@blueprint.route("/faults", methods=["GET", "POST", "DELETE"])
def faults() -> Response:
    """Show, set or clear faults."""
    knobs = control().api.knobs
    if request.method == "DELETE":
        knobs.clear()
    elif request.method == "POST":
        try:
            knobs.add(_given())
        except (ValueError, TypeError) as error:
            raise BadRequest(str(error)) from error
    return jsonify({"faults": knobs.described()})


@blueprint.route("/requests", methods=["GET", "DELETE"])
def requests() -> Response:
    """Show recent API requests, newest first, or forget them."""
    log = control().api.requests
    if request.method == "DELETE":
        log.clear()
    return jsonify({"requests": list(log), "count": len(log)})


@blueprint.post("/events/<identifier>/resend")
def resend(identifier: str) -> Response:
    """Deliver an event again to all endpoints that hear it."""
    steer = control()
    count = resend_event(steer.state, identifier)
    steer.delivery.settle()
    return jsonify({"queued": count})


def resend_event(state: State, identifier: str) -> int:
    """Queue an event again; return for how many endpoints."""
    scope, event = locate(state, identifier, "event")
    with state.change():
        listeners = [e for e in scope.each("webhook_endpoint") if e["status"] == "enabled"]
        for endpoint in listeners:
            scope.queue(event, endpoint["id"])
    return len(listeners)


@blueprint.post("/payments/<identifier>/settle")
def settle(identifier: str) -> Response:
    """Let a bank debit arrive or fail now: ``{"outcome": "succeeded" | "failed"}``."""
    steer, outcome = control(), _given().get("outcome", "succeeded")
    if outcome not in ("succeeded", "failed"):
        raise BadRequest("outcome must be succeeded or failed.")
    settle_payment(steer.state, identifier, succeeds=outcome == "succeeded")
    steer.delivery.settle()
    return jsonify(public(locate(steer.state, identifier, "payment_intent")[1]))


def settle_payment(state: State, identifier: str, *, succeeds: bool) -> None:
    """Settle a payment that is processing; raises a 400 for any other."""
    scope, intent = locate(state, identifier, "payment_intent")
    if intent["status"] != "processing":
        raise BadRequest(f"The payment {identifier} is {intent['status']}, not processing.")
    with state.change():
        payments.settle(scope, intent, succeeds=succeeds)


@blueprint.post("/keys")
def make_key() -> Response:
    """Make a key: ``{"kind": "restricted" | "secret", "mode": "test" | "live", "account", "deny": [...]}``."""
    steer, given = control(), _given()
    kind, mode = given.get("kind", "restricted"), given.get("mode", "test")
    if kind not in ("restricted", "secret") or mode not in ("test", "live"):
        raise BadRequest("kind must be restricted or secret, mode test or live.")
    deny = tuple(str(entry) for entry in given.get("deny", []))
    if bad := [entry for entry in deny if entry.partition(":")[2] not in ("read", "write", "none")]:
        raise BadRequest(f"{bad[0]!r} must end in :read, :write or :none.")
    account = given.get("account") or accounts(steer.state)[0]["id"]
    if account not in [a["id"] for a in accounts(steer.state)]:
        raise NotFound(f"There is no account {account}.")
    with steer.state.change():
        return jsonify(described(create_key(steer.state, account, kind, mode, deny)))


@blueprint.delete("/keys/<key>")
def revoke_key(key: str) -> Response:
    """Revoke a key."""
    steer = control()
    with steer.state.change():
        if not steer.state.write("DELETE FROM api_key WHERE key = ?", key):
            raise NotFound("There is no such key.")
    return jsonify({"revoked": True})


@blueprint.post("/accounts")
def make_account() -> Response:
    """Make an account: ``{"name", "country", "currency"}``."""
    steer, given = control(), _given()
    words = {name: str(given[name]) for name in ("name", "country", "currency") if name in given}
    with steer.state.change():
        identifier = create_account(steer.state, **words)
    return jsonify(next(a for a in accounts(steer.state) if a["id"] == identifier))


@blueprint.post("/accounts/<identifier>/portal_default")
def make_portal_default(identifier: str) -> Response:
    """Save a default portal configuration, as the Dashboard does: ``{"mode": "test" | "live"}``."""
    steer = control()
    scope = Scope(steer.state, identifier, _given().get("mode", "test") == "live")
    with steer.state.change():
        found = next((c for c in scope.each("billing_portal.configuration") if c["is_default"]), None)
        if found is None:
            params = {"features": DEFAULT_FEATURES}
            found = make_configuration(scope, params, steer.api.base_url, is_default=True)
    return jsonify(public(found))


@blueprint.post("/settings")
def settings() -> Response:
    """Set how failed renewals end: ``{"retries_end": "canceled" | "unpaid" | "past_due" | "paused"}``."""
    steer, ending = control(), _given().get("retries_end", "canceled")
    if ending not in ENDINGS:
        raise BadRequest(f"retries_end must be one of {', '.join(ENDINGS)}.")
    with steer.state.change():
        steer.state.set_meta("retries_end", ending)
    return jsonify({"retries_end": ending})


@blueprint.post("/reset")
def reset() -> Response:
    """Forget everything and begin with a new account."""
    steer = control()
    steer.state.clear()
    steer.api.knobs.clear()
    steer.api.requests.clear()
    ensure_account(steer.state)
    return show_state()
