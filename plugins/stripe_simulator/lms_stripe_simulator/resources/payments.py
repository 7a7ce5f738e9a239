"""Payment intents, charges and refunds."""

from __future__ import annotations

from lms_stripe_simulator import rules
from lms_stripe_simulator.billing import payments
from lms_stripe_simulator.expand import included
from lms_stripe_simulator.problem import invalid
from lms_stripe_simulator.routing import Call, operation
from lms_stripe_simulator.scope import Scope, public
from lms_stripe_simulator.shapes import page
from lms_stripe_simulator.state import Object


@operation("GET", "/v1/payment_intents/{intent}", params="PaymentIntentRetrieveParams", permission="payment_intent")
def retrieve_intent(call: Call) -> Object:
    """Return a payment intent."""
    rules.modelled(call.params, (), "payment intents")
    return call.target("payment_intent", "intent")


@operation("GET", "/v1/payment_intents", params="PaymentIntentListParams", permission="payment_intent")
def list_intents(call: Call) -> Object:
    """List payment intents."""
    return call.page(call.scope.each("payment_intent", customer=call.params.get("customer")))


@operation("GET", "/v1/charges/{charge}", params="ChargeRetrieveParams", permission="charge")
def retrieve_charge(call: Call) -> Object:
    """Return a charge."""
    return call.target("charge", "charge")


@operation("GET", "/v1/charges", params="ChargeListParams", permission="charge")
def list_charges(call: Call) -> Object:
    """List charges."""
    wanted = call.params.get("payment_intent")
    found = call.scope.each("charge", customer=call.params.get("customer"))
    return call.page(charge for charge in found if wanted in (None, charge["payment_intent"]))


@operation("POST", "/v1/refunds", params="RefundCreateParams", permission="charge")
def create_refund(call: Call) -> Object:
    """Give back all or some of a charge."""
    params, scope = call.params, call.scope
    rules.modelled(params, ("charge", "payment_intent", "amount", "reason", "metadata"), "refunds")
    rules.metadata(params.get("metadata"))
    rules.amount(params.get("amount"), "amount", least=1)
    charge = _charge(call)
    if charge["refunded"]:
        raise invalid(f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded")
    if not charge["paid"]:
        raise invalid("This charge has not been paid, so it cannot be refunded.", "charge")
    left = charge["amount"] - charge["amount_refunded"]
    amount = params.get("amount", left)
    if amount > left:
        raise invalid(f"Refund amount ({amount}) is greater than unrefunded amount on charge ({left})", "amount")
    return payments.refund(scope, charge, amount, reason=params.get("reason"), metadata=params.get("metadata") or {})


def _charge(call: Call) -> Object:
    params, scope = call.params, call.scope
    if "charge" in params:
        return scope.get("charge", params["charge"], "charge")
    if "payment_intent" not in params:
        raise invalid("One of the following params should be provided for this request: payment_intent or charge.")
    intent = scope.get("payment_intent", params["payment_intent"], "payment_intent")
    if not intent["latest_charge"]:
        raise invalid("This PaymentIntent does not have a successful charge to refund.", "payment_intent")
    return scope.known(intent["latest_charge"], "charge")


@operation("GET", "/v1/refunds/{refund}", params="RefundRetrieveParams", permission="charge")
def retrieve_refund(call: Call) -> Object:
    """Return a refund."""
    return call.target("refund", "refund")


@operation("GET", "/v1/refunds", params="RefundListParams", permission="charge")
def list_refunds(call: Call) -> Object:
    """List refunds by charge or payment intent."""
    wanted = {name: call.params[name] for name in ("charge", "payment_intent") if name in call.params}
    found = call.scope.each("refund")
    return call.page(refund for refund in found if all(refund[name] == value for name, value in wanted.items()))


@included("charge", "refunds")
def _refunds(scope: Scope, charge: Object) -> Object:
    found = [public(refund) for refund in scope.each("refund") if refund["charge"] == charge["id"]]
    return page(f"/v1/charges/{charge['id']}/refunds", found[:10], has_more=len(found) > 10)
