"""Disputes."""

from __future__ import annotations

from lms_stripe_simulator import rules
from lms_stripe_simulator.billing import disputes
from lms_stripe_simulator.problem import invalid
from lms_stripe_simulator.routing import Call, operation
from lms_stripe_simulator.state import Object

ONE = "/v1/disputes/{dispute}"


@operation("GET", ONE, params="DisputeRetrieveParams", permission="dispute")
def retrieve(call: Call) -> Object:
    """Return a dispute."""
    return call.target("dispute", "dispute")


@operation("GET", "/v1/disputes", params="DisputeListParams", permission="dispute")
def list_all(call: Call) -> Object:
    """List disputes by charge or payment intent."""
    wanted = {name: call.params[name] for name in ("charge", "payment_intent") if name in call.params}
    found = call.scope.each("dispute")
    return call.page(dispute for dispute in found if all(dispute[name] == value for name, value in wanted.items()))


@operation("POST", ONE, params="DisputeUpdateParams", permission="dispute")
def update(call: Call) -> Object:
    """Add evidence, and with ``submit`` (which is the default) send it to the bank."""
    params, scope = call.params, call.scope
    rules.modelled(params, ("evidence", "metadata", "submit"), "disputes")
    rules.metadata(params.get("metadata"))
    dispute = call.target("dispute", "dispute")
    if "metadata" in params:
        merged = rules.merged(dispute["metadata"], params["metadata"])
        scope.change(dispute, "charge.dispute.updated", metadata=merged)
    if "evidence" not in params:
        return dispute
    if dispute["status"] not in disputes.WAITING:
        raise invalid(f"A dispute that is {dispute['status']} takes no evidence.", "evidence")
    given = {name: None if value == "" else value for name, value in params["evidence"].items()}
    if unknown := [name for name, value in given.items() if not isinstance(value, str | None)]:
        where = f"evidence[{unknown[0]}]"
        raise invalid(f"The simulator does not model {where}.", where, "simulator_unsupported")
    scope.change(dispute, evidence=dispute["evidence"] | given)
    if params.get("submit", True):
        disputes.submit(scope, dispute)
    else:
        details = dispute["evidence_details"] | {"has_evidence": True}
        scope.change(dispute, "charge.dispute.updated", evidence_details=details)
    return dispute


@operation("POST", f"{ONE}/close", params="DisputeCloseParams", permission="dispute")
def close(call: Call) -> Object:
    """Accept a dispute: it is lost, and an inquiry is over."""
    dispute = call.target("dispute", "dispute")
    if dispute["status"] in disputes.CLOSED:
        raise invalid("This dispute is already closed.", code="dispute_already_closed")
    outcome = "warning_closed" if dispute["status"] in disputes.INQUIRY else "lost"
    disputes.decide(call.scope, dispute, outcome)
    return dispute
