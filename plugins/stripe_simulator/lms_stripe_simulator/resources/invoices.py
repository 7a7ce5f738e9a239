"""Invoices and invoice payments."""

from __future__ import annotations

from lms_stripe_simulator import rules
from lms_stripe_simulator.billing import invoices
from lms_stripe_simulator.billing.renewals import try_again
from lms_stripe_simulator.expand import included
from lms_stripe_simulator.problem import ApiError, invalid
from lms_stripe_simulator.routing import Call, operation
from lms_stripe_simulator.scope import Scope, public
from lms_stripe_simulator.shapes import page
from lms_stripe_simulator.state import Object


@operation("GET", "/v1/invoices/{invoice}", params="InvoiceRetrieveParams", permission="invoice")
def retrieve(call: Call) -> Object:
    """Return an invoice."""
    return call.target("invoice", "invoice")


@operation("GET", "/v1/invoices", params="InvoiceListParams", permission="invoice")
def list_all(call: Call) -> Object:
    """List invoices by customer, subscription and status."""
    params = call.params
    return call.page(
        invoice
        for invoice in call.scope.each("invoice", customer=params.get("customer"))
        if params.get("status", invoice["status"]) == invoice["status"]
        and ("subscription" not in params or _bills(invoice, params["subscription"]))
    )


def _bills(invoice: Object, subscription: str) -> bool:
    details = (invoice["parent"] or {}).get("subscription_details")
    return bool(details and details["subscription"] == subscription)


@operation("POST", "/v1/invoices/{invoice}", params="InvoiceUpdateParams", permission="invoice")
def update(call: Call) -> Object:
    """Change an invoice's metadata, description or footer."""
    rules.modelled(call.params, ("metadata", "description", "footer", "auto_advance"), "invoices")
    rules.metadata(call.params.get("metadata"))
    invoice = call.target("invoice", "invoice")
    changes = rules.picked(call.params, "description", "footer", "auto_advance")
    if "metadata" in call.params:
        changes["metadata"] = rules.merged(invoice["metadata"], call.params["metadata"])
    return call.scope.change(invoice, "invoice.updated", **changes)


@operation("GET", "/v1/invoices/{invoice}/lines", params="InvoiceLineItemListParams", permission="invoice")
def list_lines(call: Call) -> Object:
    """List an invoice's lines."""
    return call.page(call.target("invoice", "invoice")["lines"]["data"])


@operation("POST", "/v1/invoices/{invoice}/finalize", params="InvoiceFinalizeInvoiceParams", permission="invoice")
def finalize(call: Call) -> Object:
    """Finalise a draft; it is collected by the clock."""
    invoice = call.target("invoice", "invoice")
    if invoice["status"] != "draft":
        raise invalid("This invoice is already finalized, you can't re-finalize a non-draft invoice.")
    call.scope.unschedule("invoice.finalize", invoice["id"])
    invoices.finalize(call.scope, invoice)
    call.scope.schedule(call.scope.now, "invoice.retry", invoice["id"])
    return invoice


@operation("POST", "/v1/invoices/{invoice}/pay", params="InvoicePayParams", permission="invoice")
def pay(call: Call) -> Object:
    """Collect an invoice now; raises a 402 when the payment fails, and keeps the failed attempt."""
    rules.modelled(call.params, ("payment_method", "paid_out_of_band", "off_session"), "paying an invoice")
    scope, invoice = call.scope, call.target("invoice", "invoice")
    if invoice["status"] == "paid":
        raise invalid("Invoice is already paid", code="invoice_not_editable")
    if invoice["status"] not in ("draft", "open", "uncollectible"):
        raise invalid(f"This invoice is {invoice['status']} and cannot be paid.")
    if invoice["status"] == "draft":
        scope.unschedule("invoice.finalize", invoice["id"])
        invoices.finalize(scope, invoice)
    if call.params.get("paid_out_of_band"):
        invoices.mark_paid(scope, invoice, out_of_band=True)
        return scope.known(invoice["id"], "invoice")
    if identifier := call.params.get("payment_method"):
        method = scope.get("payment_method", identifier, "payment_method")
        result = invoices.collect(scope, invoice, method, on_session=False)
    else:
        result = try_again(scope, invoice)
    if result == "failed":
        raise _declined(scope, invoice)
    return scope.known(invoice["id"], "invoice")


def _declined(scope: Scope, invoice: Object) -> ApiError:
    intent = invoices.intent_of(scope, invoice) or {}
    error = intent.get("last_payment_error") or {}
    details = {name: error[name] for name in ("charge", "decline_code") if error.get(name)}
    code = error.get("code", "card_declined")
    message = error.get("message", "The invoice could not be paid.")
    return ApiError(message, status=402, kind="card_error", code=code, keeps_changes=True, **details)


@operation("POST", "/v1/invoices/{invoice}/void", params="InvoiceVoidInvoiceParams", permission="invoice")
def void(call: Call) -> Object:
    """Void an open invoice."""
    invoice = call.target("invoice", "invoice")
    if invoice["status"] not in ("open", "uncollectible"):
        raise invalid("You can only pass in open or uncollectible invoices. This invoice isn't open or uncollectible.")
    invoices.void(call.scope, invoice)
    return invoice


@operation(
    "POST",
    "/v1/invoices/{invoice}/mark_uncollectible",
    params="InvoiceMarkUncollectibleParams",
    permission="invoice",
)
def mark_uncollectible(call: Call) -> Object:
    """Give up on an open invoice."""
    invoice = call.target("invoice", "invoice")
    if invoice["status"] != "open":
        raise invalid("You can only mark open invoices as uncollectible.")
    invoices.mark_uncollectible(call.scope, invoice)
    return invoice


@operation("GET", "/v1/invoice_payments", params="InvoicePaymentListParams", permission="invoice")
def list_payments(call: Call) -> Object:
    """List invoice payments by invoice, or by the payment intent behind them."""
    params = call.params
    payment = params.get("payment") or {}
    if payment and payment["type"] == "payment_intent" and "payment_intent" not in payment:
        raise rules.missing_param("payment[payment_intent]")
    return call.page(
        found
        for found in call.scope.each("invoice_payment")
        if params.get("invoice", found["invoice"]) == found["invoice"]
        and params.get("status", found["status"]) == found["status"]
        and payment.get("payment_intent", found["payment"]["payment_intent"]) == found["payment"]["payment_intent"]
    )


@operation("GET", "/v1/invoice_payments/{invoice_payment}", params="InvoicePaymentRetrieveParams", permission="invoice")
def retrieve_payment(call: Call) -> Object:
    """Return an invoice payment."""
    return call.target("invoice_payment", "invoice_payment")


@included("invoice", "payments")
def _payments(scope: Scope, invoice: Object) -> Object:
    found = [public(p) for p in scope.each("invoice_payment") if p["invoice"] == invoice["id"]]
    return page(f"/v1/invoice_payments?invoice={invoice['id']}", found)


@included("invoice", "confirmation_secret")
def _confirmation_secret(scope: Scope, invoice: Object) -> Object | None:
    intent = invoices.intent_of(scope, scope.known(invoice["id"], "invoice"))
    if intent is None or intent["status"] == "succeeded":
        return None
    return {"client_secret": intent["client_secret"], "type": "payment_intent"}
