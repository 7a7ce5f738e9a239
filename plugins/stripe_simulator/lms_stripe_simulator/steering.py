"""What people and tests do to the simulator from outside: shared by its control addresses and its own pages."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime

from flask import current_app
from werkzeug.exceptions import BadRequest, NotFound

from lms_stripe_simulator.accounts import accounts
from lms_stripe_simulator.billing import disputes, payments, refunds
from lms_stripe_simulator.delivery import Delivery
from lms_stripe_simulator.exchange import Api
from lms_stripe_simulator.scope import Scope
from lms_stripe_simulator.state import Object, State

RECENT = 100


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
    """Return the simulator's time as JSON: whole seconds as Stripe has them, and ``exact`` for a clock to follow."""
    now = state.now()
    iso = datetime.fromtimestamp(now, UTC).isoformat().replace("+00:00", "Z")
    return {"epoch": now, "exact": state.exact(), "iso": iso}


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
            return scope.living_by(_owner(scope, found)), found
    raise NotFound(f"There is no {kind} {identifier}.")


def _owner(scope: Scope, found: Object) -> str | None:
    """Return the customer by whose clock an object lives."""
    if "customer" in found:
        return str(found["customer"]) if found["customer"] else None
    charge = scope.find(found["charge"], "charge") if found.get("charge") else None
    return (charge or {}).get("customer")


def recent_events(state: State, kind: str = "") -> list[Object]:
    """Return the newest events whose type begins with some words, with what became of their deliveries."""
    rows = state.rows(
        "SELECT account, livemode, body FROM object WHERE kind = 'event' AND json_extract(body, '$.type') LIKE ?"
        " ORDER BY seq DESC LIMIT ?",
        f"{kind}%",
        RECENT,
    )
    result = []
    for row in rows:
        event = json.loads(row["body"])
        attempts = state.rows("SELECT endpoint, state, attempts, answer FROM delivery WHERE event = ?", event["id"])
        names = ("id", "type", "created", "livemode", "pending_webhooks")
        summary = {name: event[name] for name in names}
        summary |= {"object": event["data"]["object"].get("id"), "account": row["account"]}
        result.append(summary | {"deliveries": [dict(attempt) for attempt in attempts]})
    return result


def resend_event(state: State, identifier: str) -> int:
    """Queue an event again; return for how many endpoints."""
    scope, event = locate(state, identifier, "event")
    with state.change():
        listeners = [e for e in scope.each("webhook_endpoint") if e["status"] == "enabled"]
        for endpoint in listeners:
            scope.queue(event, endpoint["id"])
    return len(listeners)


def settle_payment(state: State, identifier: str, *, succeeds: bool) -> None:
    """Settle a payment that is processing; raises a 400 for any other."""
    scope, intent = locate(state, identifier, "payment_intent")
    if intent["status"] != "processing":
        raise BadRequest(f"The payment {identifier} is {intent['status']}, not processing.")
    with state.change():
        payments.settle(scope, intent, succeeds=succeeds)


def open_dispute(state: State, identifier: str, *, reason: str, status: str) -> Object:
    """Dispute the charge of an id, or of a payment intent's id; raises a 400 where it cannot be."""
    if identifier.startswith("pi_"):
        identifier = locate(state, identifier, "payment_intent")[1]["latest_charge"] or ""
    scope, charge = locate(state, identifier, "charge")
    if not charge["paid"] or charge["refunded"]:
        raise BadRequest("Only a payment that was made and not refunded can be disputed.")
    if reason not in disputes.REASONS or status not in (*disputes.WAITING, "prevented"):
        raise BadRequest(f"reason: {', '.join(disputes.REASONS)}; status: {', '.join(disputes.WAITING)}, prevented.")
    with state.change():
        return disputes.open_dispute(scope, charge, reason=reason, status=status)


def decide_dispute(state: State, identifier: str, outcome: str) -> Object:
    """End a dispute, escalate an inquiry or appeal; raises a 400 where its state does not allow that."""
    scope, found = locate(state, identifier, "dispute")
    status = found["status"]
    allowed = {
        **dict.fromkeys(disputes.OPEN, ("won", "lost", "prevented")),
        **dict.fromkeys(disputes.INQUIRY, ("warning_closed", "escalate", "prevented")),
        "lost": ("appeal",),
    }.get(status, ())
    if outcome not in allowed:
        raise BadRequest(f"A dispute that is {status} can become: {', '.join(allowed) or 'nothing else'}.")
    with state.change():
        if outcome == "escalate":
            disputes.escalate(scope, found)
        elif outcome == "appeal":
            disputes.appeal(scope, found)
        else:
            disputes.decide(scope, found, outcome)
    return found


def end_refund(state: State, identifier: str, outcome: str) -> Object:
    """End a refund; raises a 400 where its state does not allow that."""
    scope, found = locate(state, identifier, "refund")
    status = found["status"]
    allowed = {"pending": ("succeeded", "failed", "canceled"), "succeeded": ("failed",)}.get(status, ())
    if outcome not in allowed:
        raise BadRequest(f"A refund that is {status} can become: {', '.join(allowed) or 'nothing else'}.")
    with state.change():
        {"succeeded": refunds.arrive, "failed": refunds.fail, "canceled": refunds.cancel}[outcome](scope, found)
    return found


def fail_finalization(state: State, identifier: str, message: str) -> Object:
    """Let a draft be one that cannot be finished, as when tax needs an address; raises a 400 for another invoice."""
    scope, invoice = locate(state, identifier, "invoice")
    if invoice["status"] != "draft":
        raise BadRequest(f"The invoice {identifier} is {invoice['status']}, not a draft.")
    with state.change():
        scope.unschedule("invoice.finalize", invoice["id"])
        error = {"type": "invalid_request_error", "code": "customer_tax_location_invalid", "message": message}
        scope.change(invoice, auto_advance=False, last_finalization_error=error)
        scope.emit("invoice.finalization_failed", invoice)
    return invoice
