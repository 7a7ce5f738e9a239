"""Invoice items: what a customer's next invoice will hold."""

from __future__ import annotations

from collections.abc import Iterator

from lms_stripe_simulator import rules
from lms_stripe_simulator.billing.customers import living
from lms_stripe_simulator.billing.drafts import InvoiceLine
from lms_stripe_simulator.identifiers import new_id
from lms_stripe_simulator.problem import invalid
from lms_stripe_simulator.routing import Call, operation
from lms_stripe_simulator.scope import Scope
from lms_stripe_simulator.shapes import blank
from lms_stripe_simulator.state import Object

ITEMS = "/v1/invoiceitems"
ONE = f"{ITEMS}/{{invoiceitem}}"
KNOWN = ("amount", "currency", "customer", "description", "metadata", "quantity", "pricing", "discountable")


@operation("POST", ITEMS, params="InvoiceItemCreateParams", permission="invoice")
def create(call: Call) -> Object:
    """Store an item that waits for the customer's next invoice."""
    params, scope = call.params, call.scope
    rules.modelled(params, KNOWN, "invoice items")
    rules.metadata(params.get("metadata"))
    rules.required(params, "customer")
    customer, price = living(scope, params["customer"]), None
    if identifier := (params.get("pricing") or {}).get("price"):
        price = scope.get("price", identifier, "pricing[price]")
        if price["recurring"]:
            raise invalid("Only one-time prices can be invoiced by themselves.", "pricing[price]")
    elif "amount" not in params:
        raise rules.missing_param("amount")
    else:
        rules.required(params, "currency")
    quantity = params.get("quantity", 1)
    amount = price["unit_amount"] * quantity if price else params["amount"]
    item = blank(
        "invoiceitem",
        id=new_id("ii"),
        amount=amount,
        currency=price["currency"] if price else rules.currency(params["currency"]),
        customer=customer["id"],
        date=scope.now,
        discountable=params.get("discountable", True),
        discounts=[],
        livemode=scope.livemode,
        metadata=params.get("metadata") or {},
        period={"end": scope.now, "start": scope.now},
        pricing={
            "price_details": {"price": price["id"], "product": price["product"]} if price else None,
            "type": "price_details",
            "unit_amount_decimal": price["unit_amount_decimal"] if price else str(amount),
        },
        proration=False,
        quantity=quantity,
        quantity_decimal=str(quantity),
        tax_rates=[],
        test_clock=scope.clock or None,
        **rules.picked(params, "description"),
    )
    scope.add(item)
    scope.emit("invoiceitem.created", item)
    return item


def pending(scope: Scope, customer: str) -> Iterator[Object]:
    """Yield a customer's items that are on no invoice, oldest first."""
    found = scope.each("invoiceitem", customer=customer, oldest_first=True)
    return (item for item in found if item["invoice"] is None)


def as_line(scope: Scope, item: Object) -> InvoiceLine:
    """Return an item as the line of an invoice."""
    details = (item["pricing"] or {}).get("price_details")
    return InvoiceLine(
        scope.known(details["price"], "price") if details else None,
        item["quantity"],
        item["period"]["start"],
        item["period"]["end"],
        item["description"],
        amount=item["amount"],
        metadata=item["metadata"],
        invoice_item=item["id"],
    )


def take(scope: Scope, items: list[Object], invoice: str) -> None:
    """Note on which invoice items are."""
    for item in items:
        scope.change(item, invoice=invoice)


def give_back(scope: Scope, invoice: str) -> None:
    """Let the items of a deleted draft wait for another invoice."""
    for item in list(scope.each("invoiceitem")):
        if item["invoice"] == invoice:
            scope.change(item, invoice=None)


@operation("GET", ONE, params="InvoiceItemRetrieveParams", permission="invoice")
def retrieve(call: Call) -> Object:
    """Return an invoice item."""
    return call.target("invoiceitem", "invoiceitem")


@operation("GET", ITEMS, params="InvoiceItemListParams", permission="invoice")
def list_all(call: Call) -> Object:
    """List invoice items by customer, invoice, or whether they wait."""
    params = call.params
    return call.page(
        item
        for item in call.scope.each("invoiceitem", customer=params.get("customer"))
        if params.get("invoice", item["invoice"]) == item["invoice"]
        and params.get("pending", item["invoice"] is None) == (item["invoice"] is None)
    )


@operation("DELETE", ONE, params="InvoiceItemDeleteParams", permission="invoice")
def delete(call: Call) -> Object:
    """Delete an item that is on no invoice yet."""
    item = call.target("invoiceitem", "invoiceitem")
    if item["invoice"]:
        raise invalid("You cannot delete an invoice item that is attached to an invoice.", "invoiceitem")
    call.scope.remove(item)
    call.scope.emit("invoiceitem.deleted", item)
    return {"id": item["id"], "object": "invoiceitem", "deleted": True}
