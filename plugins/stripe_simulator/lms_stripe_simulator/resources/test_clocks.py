"""Test clocks."""

from __future__ import annotations

from lms_stripe_simulator import rules
from lms_stripe_simulator.billing import clocks
from lms_stripe_simulator.problem import invalid
from lms_stripe_simulator.routing import Call, operation
from lms_stripe_simulator.state import Object

CLOCKS = "/v1/test_helpers/test_clocks"
ONE = f"{CLOCKS}/{{test_clock}}"
LONGEST_STEP = 2 * 366 * 86_400


@operation("POST", CLOCKS, params="test_helpers.TestClockCreateParams", permission="test_clock")
def create(call: Call) -> Object:
    """Store a test clock; there are none in live mode."""
    if call.scope.livemode:
        raise invalid("Test clocks can only be used in test mode.")
    rules.lengths(call.params, {"name": 300})
    return clocks.create(call.scope, call.params["frozen_time"], call.params.get("name"))


@operation("GET", ONE, params="test_helpers.TestClockRetrieveParams", permission="test_clock")
def retrieve(call: Call) -> Object:
    """Return a test clock."""
    return call.target(clocks.KIND, "test_clock")


@operation("GET", CLOCKS, params="test_helpers.TestClockListParams", permission="test_clock")
def list_all(call: Call) -> Object:
    """List test clocks."""
    return call.page(call.scope.each(clocks.KIND))


@operation("POST", f"{ONE}/advance", params="test_helpers.TestClockAdvanceParams", permission="test_clock")
def advance(call: Call) -> Object:
    """Move a test clock forward. It is ready again when the answer comes, though the answer says ``advancing``."""
    clock, target = call.target(clocks.KIND, "test_clock"), call.params["frozen_time"]
    if target <= clock["frozen_time"]:
        raise invalid("The new frozen time must be after the test clock's current frozen time.", "frozen_time")
    if target - clock["frozen_time"] > LONGEST_STEP:
        raise invalid("A test clock can be advanced by at most two years at a time.", "frozen_time")
    return clocks.advance(call.scope, clock, target)


@operation("DELETE", ONE, params="test_helpers.TestClockDeleteParams", permission="test_clock")
def delete(call: Call) -> Object:
    """Delete a test clock with its customers."""
    clock = call.target(clocks.KIND, "test_clock")
    clocks.delete(call.scope, clock)
    return {"id": clock["id"], "object": clocks.KIND, "deleted": True}
