"""``/v1/payment_pages``: no documented API, but what the public command-line tool pays its checkout sessions with."""

from __future__ import annotations

from lms_stripe_simulator.billing import checkout
from lms_stripe_simulator.billing.completion import Buyer
from lms_stripe_simulator.billing.instruments import instrument
from lms_stripe_simulator.problem import ApiError, invalid
from lms_stripe_simulator.routing import Call, operation
from lms_stripe_simulator.schema import SCALARS, Fields
from lms_stripe_simulator.state import Object

ONE = "/v1/payment_pages/{session}"
CONFIRM = Fields({"payment_method": SCALARS[str], "expected_amount": SCALARS[int]}, ("payment_method",))


@operation("GET", ONE, params=Fields(), permission="checkout_session")
def retrieve(call: Call) -> Object:
    """Return the page of an open session."""
    session = call.target("checkout.session", "session")
    names = ("id", "amount_total", "currency", "livemode", "mode", "payment_status", "status", "success_url")
    return {name: session[name] for name in names} | {"object": "checkout.session", "session_id": session["id"]}


@operation("POST", f"{ONE}/confirm", params=CONFIRM, permission="checkout_session")
def confirm(call: Call) -> Object:
    """Pay a session as its hosted page would."""
    scope, session = call.scope, call.target("checkout.session", "session")
    if session["status"] != "open":
        raise invalid(f"This Checkout Session is {session['status']}.")
    if call.params.get("expected_amount", session["amount_total"]) != session["amount_total"]:
        raise invalid("The amount of the Checkout Session differs from the expected one.", "expected_amount")
    method = scope.get("payment_method", call.params["payment_method"], "payment_method")
    details = method["billing_details"]
    buyer = Buyer(details["email"] or "buyer@example.org", details["name"], details["phone"], details["address"])
    found = instrument(method.get("_instrument", ""))
    outcome = checkout.submit(scope, session, found, buyer, authenticated=True)
    if outcome.result != "complete":
        raise ApiError(outcome.message, status=402, kind="card_error", code="card_declined", keeps_changes=True)
    return scope.known(session["id"], "checkout.session")
