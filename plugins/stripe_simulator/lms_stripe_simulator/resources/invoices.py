"""Invoices and invoice payments."""

from __future__ import annotations

from typing import Any

from lms_stripe_simulator import rules
from lms_stripe_simulator.billing import drafts, invoices, preview, tax
from lms_stripe_simulator.billing.customers import living
from lms_stripe_simulator.billing.discounts import redeem, resolve
from lms_stripe_simulator.billing.drafts import Draft
from lms_stripe_simulator.billing.renewals import DRAFT_FOR, try_again
from lms_stripe_simulator.expand import included
from lms_stripe_simulator.problem import ApiError, invalid
from lms_stripe_simulator.resources import invoice_items
from lms_stripe_simulator.resources.payment_methods import usable
from lms_stripe_simulator.routing import Call, operation
from lms_stripe_simulator.scope import Scope, public
from lms_stripe_simulator.shapes import page
from lms_stripe_simulator.state import Object

CREATE_KNOWN = (
    "auto_advance",
    "automatic_tax",
    "collection_method",
    "currency",
    "customer",
    "days_until_due",
    "default_payment_method",
    "description",
    "discounts",
    "due_date",
    "footer",
    "metadata",
    "pending_invoice_items_behavior",
)
DAY = 86_400


@operation("POST", "/v1/invoices", params="InvoiceCreateParams", permission="invoice")
def create(call: Call) -> Object:
    """Draft an invoice of a customer's pending items."""
    params, scope = call.params, call.scope
    rules.modelled(params, CREATE_KNOWN, "invoices")
    rules.metadata(params.get("metadata"))
    rules.required(params, "customer")
    customer = living(scope, params["customer"])
    sends = params.get("collection_method") == "send_invoice"
    if sends and "days_until_due" not in params and "due_date" not in params:
        raise invalid("You must provide `days_until_due` or `due_date` when sending an invoice.", "days_until_due")
    due = params.get("due_date") or scope.now + params.get("days_until_due", 0) * DAY
    pending = []
    if params.get("pending_invoice_items_behavior", "exclude") == "include":
        pending = [item for item in invoice_items.pending(scope, customer["id"]) if _fits(item, params)]
    tax_wanted = (params.get("automatic_tax") or {}).get("enabled", False)
    if tax_wanted:
        tax.require_settings(scope)
    draft = Draft(
        customer=customer["id"],
        currency=params.get("currency") or (pending[0]["currency"] if pending else customer["currency"] or "usd"),
        reason="manual",
        lines=[invoice_items.as_line(scope, item) for item in pending],
        discounts=[
            {
                "coupon": entry["coupon"],
                "discount": redeem(scope, entry, customer=customer["id"], subscription=None)["id"],
            }
            for entry in resolve(scope, params.get("discounts") or [])
        ],
        metadata=params.get("metadata") or {},
        description=params.get("description"),
        footer=params.get("footer"),
        automatic_tax=tax_wanted,
        due_date=due if sends else None,
        auto_advance=params.get("auto_advance", False),
    )
    invoice = drafts.create(scope, draft)
    if method := params.get("default_payment_method"):
        scope.get("payment_method", method, "default_payment_method")
        scope.change(invoice, default_payment_method=method)
    invoice_items.take(scope, pending, invoice["id"])
    if invoice["auto_advance"]:
        scope.schedule(scope.now + DRAFT_FOR, "invoice.finalize", invoice["id"])
    return invoice


def _redeemed(scope: Scope, customer: Object, params: dict[str, Any]) -> list[Object]:
    entries = resolve(scope, params.get("discounts") or [])
    marks = [redeem(scope, entry, customer=customer["id"], subscription=None)["id"] for entry in entries]
    return [{"coupon": e["coupon"], "discount": mark} for e, mark in zip(entries, marks, strict=True)]


def _fits(item: Object, params: dict[str, Any]) -> bool:
    return bool(params.get("currency", item["currency"]) == item["currency"])


@operation("POST", "/v1/invoices/create_preview", params="InvoiceCreatePreviewParams", permission="invoice")
def create_preview(call: Call) -> Object:
    """Return the invoice that would come next, after the given changes; nothing is stored."""
    return preview.preview(call.scope, call.params)


@operation("DELETE", "/v1/invoices/{invoice}", params="InvoiceDeleteParams", permission="invoice")
def delete(call: Call) -> Object:
    """Delete a draft that no subscription has made."""
    invoice = call.target("invoice", "invoice")
    if invoice["status"] != "draft" or invoice["parent"]:
        raise invalid("You can only delete draft invoices that no subscription has made.", "invoice")
    invoice_items.give_back(call.scope, invoice["id"])
    invoices.delete(call.scope, invoice)
    return {"id": invoice["id"], "object": "invoice", "deleted": True}


@operation("POST", "/v1/invoices/{invoice}/send", params="InvoiceSendInvoiceParams", permission="invoice")
def send(call: Call) -> Object:
    """Finalise an invoice if need be, and say that it was sent."""
    invoice = call.target("invoice", "invoice")
    if invoice["collection_method"] != "send_invoice":
        raise invalid("You can only manually send an invoice if its collection method is 'send_invoice'.")
    if invoice["status"] == "draft":
        call.scope.unschedule("invoice.finalize", invoice["id"])
        invoices.finalize(call.scope, invoice)
    if invoice["status"] not in ("open", "paid"):
        raise invalid(f"This invoice is {invoice['status']} and cannot be sent.")
    invoices.send(call.scope, invoice)
    return invoice


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
    if call.params.get("auto_advance", True):
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
        method = usable(scope, identifier)
        result = invoices.collect(scope, invoice, method, on_session=not call.params.get("off_session", True))
    else:
        result = try_again(scope, invoice)
    if result in ("failed", "requires_action"):
        raise _declined(scope, invoice)
    return scope.known(invoice["id"], "invoice")


def _declined(scope: Scope, invoice: Object) -> ApiError:
    intent = invoices.intent_of(scope, invoice) or {}
    error = intent.get("last_payment_error") or {}
    details = {name: error[name] for name in ("charge", "decline_code") if error.get(name)}
    asks = intent.get("status") == "requires_action"
    code = "invoice_payment_intent_requires_action" if asks else error.get("code", "card_declined")
    message = error.get("message", "The invoice could not be paid.")
    if asks:
        message = "This payment requires additional user action before it can be completed successfully."
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
