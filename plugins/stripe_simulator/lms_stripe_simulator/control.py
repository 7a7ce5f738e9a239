"""``/_simulator/…``: how tests and the demo steer the simulator. JSON in, JSON out; Stripe has nothing like it."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, jsonify, request
from werkzeug.exceptions import BadRequest, NotFound

from lms_stripe_simulator import agenda
from lms_stripe_simulator.accounts import (
    accounts,
    create_account,
    create_key,
    described,
    ensure_account,
    keys,
)
from lms_stripe_simulator.accounts import revoke_key as revoke
from lms_stripe_simulator.billing.renewals import ENDINGS
from lms_stripe_simulator.resources.portal import default_configuration
from lms_stripe_simulator.scope import Scope, public
from lms_stripe_simulator.steering import (
    RECENT,
    clock,
    control,
    decide_dispute,
    end_refund,
    endpoints,
    fail_finalization,
    locate,
    open_dispute,
    recent_events,
    resend_event,
    settle_payment,
)

blueprint = Blueprint("control", __name__, url_prefix="/_simulator")


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


@blueprint.post("/payments/<identifier>/settle")
def settle(identifier: str) -> Response:
    """Let a bank debit arrive or fail now: ``{"outcome": "succeeded" | "failed"}``."""
    steer, outcome = control(), _given().get("outcome", "succeeded")
    if outcome not in ("succeeded", "failed"):
        raise BadRequest("outcome must be succeeded or failed.")
    settle_payment(steer.state, identifier, succeeds=outcome == "succeeded")
    steer.delivery.settle()
    return jsonify(public(locate(steer.state, identifier, "payment_intent")[1]))


@blueprint.post("/disputes")
def dispute() -> Response:
    """Dispute a payment: ``{"charge" or "payment_intent", "reason", "status": "needs_response" | "warning_…" | …}``."""
    steer, given = control(), _given()
    made = open_dispute(
        steer.state,
        str(given.get("charge") or given.get("payment_intent") or ""),
        reason=str(given.get("reason", "fraudulent")),
        status=str(given.get("status", "needs_response")),
    )
    steer.delivery.settle()
    return jsonify(public(made))


@blueprint.post("/disputes/<identifier>")
def decide(identifier: str) -> Response:
    """Let a dispute end: ``{"outcome": "won" | "lost" | "prevented" | "warning_closed" | "escalate" | "appeal"}``."""
    steer = control()
    made = decide_dispute(steer.state, identifier, str(_given().get("outcome", "won")))
    steer.delivery.settle()
    return jsonify(public(made))


@blueprint.post("/refunds/<identifier>")
def decide_refund(identifier: str) -> Response:
    """Let a refund arrive, fail or be taken back: ``{"outcome": "succeeded" | "failed" | "canceled"}``."""
    steer = control()
    made = end_refund(steer.state, identifier, str(_given().get("outcome", "succeeded")))
    steer.delivery.settle()
    return jsonify(public(made))


@blueprint.post("/invoices/<identifier>/fail_finalization")
def fail(identifier: str) -> Response:
    """Let a draft be one that Stripe cannot finish: ``{"message"}``."""
    steer = control()
    message = str(_given().get("message", "The customer's location is not known."))
    made = fail_finalization(steer.state, identifier, message)
    steer.delivery.settle()
    return jsonify(public(made))


@blueprint.get("/endpoints/<identifier>/attempts")
def attempts(identifier: str) -> Response:
    """Show the newest attempts to deliver to an endpoint: time, event, answer, milliseconds."""
    rows = control().delivery.attempts(identifier, RECENT)
    names = ("event", "at", "milliseconds", "answer")
    return jsonify({"attempts": [{name: row[name] for name in names} for row in rows]})


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
        if not revoke(steer.state, key):
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
        found = default_configuration(scope, steer.api.base_url)
    return jsonify(public(found))


@blueprint.post("/settings")
def settings() -> Response:
    """Set how failed renewals end: ``{"retries_end": "canceled" | "unpaid" | "past_due" | "paused", "account"}``."""
    steer, given = control(), _given()
    ending, account = given.get("retries_end", "canceled"), given.get("account")
    if ending not in ENDINGS:
        raise BadRequest(f"retries_end must be one of {', '.join(ENDINGS)}.")
    if account is not None and account not in [a["id"] for a in accounts(steer.state)]:
        raise NotFound(f"There is no account {account}.")
    with steer.state.change():
        steer.state.set_meta(f"retries_end:{account}" if account else "retries_end", ending)
    return jsonify({"retries_end": ending})


@blueprint.post("/reset")
def reset() -> Response:
    """Forget everything and begin with a new account."""
    steer = control()
    steer.delivery.forget()
    steer.state.clear()
    steer.api.knobs.clear()
    steer.api.requests.clear()
    ensure_account(steer.state)
    return show_state()
