"""``/v1/…``: key, version, faults, idempotency, parameters, then the resource."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import logging
import socket
import time
from typing import Any

from flask import Blueprint, Response, current_app, request

import lms_stripe_simulator.resources  # noqa: F401  registers all operations
from lms_stripe_simulator.accounts import authenticate
from lms_stripe_simulator.exchange import Api, Exchange
from lms_stripe_simulator.expand import expand
from lms_stripe_simulator.identifiers import new_id, redacted
from lms_stripe_simulator.oauth import has_access
from lms_stripe_simulator.older import translated
from lms_stripe_simulator.problem import ApiError, invalid
from lms_stripe_simulator.routing import Call, Operation, match
from lms_stripe_simulator.schema import nested, read
from lms_stripe_simulator.scope import Scope, public
from lms_stripe_simulator.shapes import API_VERSION

blueprint = Blueprint("api", __name__)
KEPT_KEYS = 86_400
"""Idempotency keys are pruned after 24 hours: https://docs.stripe.com/api/idempotent_requests"""
NAMES_A_CUSTOMER = ("customer", "subscription", "invoice", "payment_intent", "charge")
BROKEN = "An unknown error occurred."
STUMBLED = "This is a fault of the simulator itself, not one that was asked for; its log says more."
logger = logging.getLogger(__name__)


Answer = tuple[int, str, dict[str, str]]


@blueprint.route("/v1/", defaults={"rest": ""}, methods=["GET", "POST", "DELETE", "PUT", "PATCH"])
@blueprint.route("/v1/<path:rest>", methods=["GET", "POST", "DELETE", "PUT", "PATCH"])
def answer(rest: str) -> Response:
    """Answer any request of the API."""
    api: Api = current_app.extensions["simulator_api"]
    form = "&".join(filter(None, [request.query_string.decode(), request.get_data(as_text=True)]))
    exchange = Exchange(
        api,
        new_id("req"),
        request.method,
        f"/v1/{rest}",
        form,
        request.headers.get("Idempotency-Key"),
        request.headers.get("Stripe-Version"),
        request.headers.get("Stripe-Account"),
    )
    status, body, headers = _answer(exchange)
    _log(exchange, status)
    if exchange.key and api.knobs.strike(exchange.route, "drop"):
        _hang_up()
    response = Response(body, status, content_type="application/json")
    response.headers.update({"Request-Id": exchange.request_id, "Stripe-Version": API_VERSION} | headers)
    if exchange.idempotency_key:
        response.headers["Idempotency-Key"] = exchange.idempotency_key
    if exchange.replayed:
        response.headers["Idempotent-Replayed"] = "true"
    return response


def _answer(exchange: Exchange) -> Answer:
    try:
        exchange.key = authenticate(exchange.api.state, key_text())
        if exchange.acting_for and not has_access(exchange.api.state, exchange.key, exchange.acting_for):
            raise ApiError(
                f"The provided key '{redacted(exchange.key.key)}' does not have access to account "
                f"'{exchange.acting_for}' (or that account does not exist). Application access may have been revoked.",
                status=403,
                code="account_invalid",
                stored=False,
            )
        if exchange.version not in (None, API_VERSION):
            raise invalid(f"Invalid Stripe API version: {exchange.version}. The simulator speaks {API_VERSION} only.")
        found = match(exchange.method, exchange.path)
        if found is None:
            raise ApiError(
                f"Unrecognized request URL ({exchange.method}: {exchange.path}). The simulator does not model it, or "
                "Stripe does not have it.",
                status=404,
                stored=False,
            )
        _strike_before(exchange)
        if exchange.idempotency_key and exchange.method == "POST":
            return _idempotently(exchange, *found)
        return _carry_out(exchange, *found)
    except ApiError as error:
        return _error(exchange, error)
    except Exception:
        logger.exception("The simulator stumbled over %s.", exchange.route)
        return _error(exchange, ApiError(STUMBLED, status=500, kind="api_error", stored=False))


def key_text() -> str | None:
    """Return the key of a request, given as a bearer or as the user of basic authentication."""
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return given.strip()
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(given).decode().partition(":")[0]
        except (binascii.Error, UnicodeDecodeError):
            return None
    return None


def _error(exchange: Exchange, error: ApiError) -> Answer:
    body = error.body(f"{exchange.api.base_url}/_simulator/requests#{exchange.request_id}")
    return error.status, json.dumps(body), error.headers


def _strike_before(exchange: Exchange) -> None:
    """Let the faults hit that come before a request is looked at."""
    knobs = exchange.api.knobs
    if fault := knobs.strike(exchange.route, "slow", "delay"):
        time.sleep(fault.seconds)
    if fault := knobs.strike(exchange.route, "429"):
        raise ApiError(
            "Request rate limit exceeded. Learn more about rate limits here https://stripe.com/docs/rate-limits.",
            status=429,
            code="rate_limit",
            headers={
                "Stripe-Rate-Limited-Reason": "global-rate",
                "Stripe-Should-Retry": "true" if fault.should_retry else "false",
            },
            stored=False,
        )
    waiting = knobs.active(exchange.route, "500")
    if waiting and not waiting.stored and not waiting.after and knobs.strike(exchange.route, "500"):
        raise ApiError(BROKEN, status=500, kind="api_error", stored=False)


def _idempotently(exchange: Exchange, operation: Operation, path: dict[str, str]) -> Answer:
    """Carry out a request once per key; say the same again afterwards."""
    api, slot = exchange.api, exchange.slot
    fingerprint = hashlib.sha256(f"{exchange.route}\n{_canonical(exchange.form)}".encode()).hexdigest()
    with api.running_lock:
        if slot in api.running:
            raise ApiError(
                "There is currently another in-progress request using this Idempotent Key (that probably means you "
                "submitted twice, and the other request is still going through): " + slot[1],
                status=409,
                kind="idempotency_error",
                code="idempotency_key_in_use",
                headers={"Stripe-Should-Retry": "true"},
            )
        api.running.add(slot)
    try:
        statement = "SELECT * FROM idempotency WHERE scope = ? AND key = ? AND created > ?"
        row = api.state.row(statement, *slot, api.state.wall() - KEPT_KEYS)
        if row is None:
            return _first_time(exchange, operation, path, fingerprint)
        if row["fingerprint"] != fingerprint:
            raise ApiError(
                "Keys for idempotent requests can only be used with the same parameters they were first used with. "
                f"Try using a key other than '{slot[1]}' if you meant to execute a different request.",
                kind="idempotency_error",
            )
        exchange.replayed = True
        headers = {"Original-Request": row["request"]}
        return row["status"], row["body"], headers
    finally:
        with api.running_lock:
            api.running.discard(slot)


def _canonical(form: str) -> str:
    return json.dumps(nested(form), sort_keys=True)


def _first_time(exchange: Exchange, operation: Operation, path: dict[str, str], fingerprint: str) -> Answer:
    api = exchange.api
    hit = api.knobs.active(exchange.route, "500")
    if hit and hit.stored and api.knobs.strike(exchange.route, "500"):
        answered = _error(exchange, ApiError(BROKEN, status=500, kind="api_error"))
    else:
        answered = _carry_out(exchange, operation, path)
    with api.state.change():
        api.state.write(
            "INSERT OR REPLACE INTO idempotency (scope, key, fingerprint, status, body, request, created)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            *exchange.slot,
            fingerprint,
            answered[0],
            answered[1],
            exchange.request_id,
            api.state.wall(),
        )
    if hit and hit.after and api.knobs.strike(exchange.route, "500"):
        raise ApiError(BROKEN, status=500, kind="api_error")
    return answered


def _carry_out(exchange: Exchange, operation: Operation, path: dict[str, str]) -> Answer:
    """Check parameters and run the resource; a request whose parameters are wrong leaves no idempotent answer."""
    key = exchange.known_key
    key.require(operation.permission)
    form = exchange.form if exchange.version else translated(exchange.route, exchange.form)
    params = read(operation.params, form)
    api = exchange.api
    cause = {"id": exchange.request_id, "idempotency_key": exchange.idempotency_key}
    scope = Scope(api.state, exchange.acting_for or key.account, key.livemode, cause)
    call = Call(scope, params, path, exchange.path, api.base_url)
    try:
        return 200, json.dumps(_run(operation, call)), {}
    except ApiError as error:
        if not error.stored:
            raise
        return _error(exchange, error)


def _run(operation: Operation, call: Call) -> Any:
    """Run a resource in one transaction, and expand its answer; what a declined payment left behind stays."""
    failed: ApiError | None = None
    with call.scope.state.change():
        call.scope.living_by(customer_of(call))
        try:
            result = public(operation.function(call))
            return expand(call.scope, result, call.params.get("expand", []))
        except ApiError as error:
            if not error.keeps_changes:
                raise
            failed = error
    raise failed


def customer_of(call: Call) -> str | None:
    """Return the customer whose test clock counts for a request, or None where no test clock can matter."""
    scope = call.scope
    if next(scope.each("test_helpers.test_clock"), None) is None:
        return None
    named = [*call.path.values(), *(call.params.get(name) for name in NAMES_A_CUSTOMER)]
    for identifier in named:
        found = scope.find(identifier) if isinstance(identifier, str) else None
        if found and found["object"] == "customer":
            return str(found["id"])
        if found and found.get("customer"):
            return str(found["customer"])
    return None


def _log(exchange: Exchange, status: int) -> None:
    exchange.api.requests.appendleft(
        {
            "id": exchange.request_id,
            "at": int(time.time()),
            "method": exchange.method,
            "path": exchange.path,
            "params": _shown(exchange.form),
            "idempotency_key": exchange.idempotency_key,
            "replayed": exchange.replayed,
            "status": status,
            "account": exchange.acting_for,
            "version": exchange.version,
            "key": redacted(exchange.key.key) if exchange.key else None,
            "user_agent": request.headers.get("User-Agent"),
        }
    )


def _shown(form: str) -> Any:
    try:
        return nested(form)
    except ApiError:
        return form


def _hang_up() -> None:
    """Cut the connection, so that the caller never sees the answer."""
    connection = request.environ.get("werkzeug.socket")
    if isinstance(connection, socket.socket):
        connection.shutdown(socket.SHUT_RDWR)
