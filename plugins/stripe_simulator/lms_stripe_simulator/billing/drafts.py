"""What invoices are made of: lines, discounts, tax, sums."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from lms_stripe_simulator.accounts import account
from lms_stripe_simulator.billing import tax
from lms_stripe_simulator.billing.discounts import taken_off
from lms_stripe_simulator.identifiers import new_id
from lms_stripe_simulator.money import words
from lms_stripe_simulator.scope import Scope
from lms_stripe_simulator.shapes import blank, page
from lms_stripe_simulator.state import Object

ZEROS = (
    "amount_overpaid",
    "amount_paid",
    "amount_shipping",
    "attempt_count",
    "post_payment_credit_notes_amount",
    "pre_payment_credit_notes_amount",
)


@dataclass(frozen=True)
class InvoiceLine:
    """One line; ``amount`` overrides price × quantity, and stands alone where there is no price."""

    price: Any
    quantity: int
    start: int
    end: int
    description: str | None
    subscription: str | None = None
    item: str | None = None
    proration: bool = False
    amount: int | None = None
    metadata: Object = field(default_factory=dict)
    invoice_item: str | None = None

    @property
    def subtotal(self) -> int:
        """Return the amount before discounts, in minor units."""
        if self.amount is not None:
            return self.amount
        return self.quantity * int(self.price["unit_amount"] or 0)

    @property
    def product(self) -> str | None:
        """Return the id of what is sold."""
        return self.price["product"] if self.price else None

    @property
    def discountable(self) -> bool:
        """Return whether coupons count: what prorations give or take is discounted already."""
        return not self.proration


@dataclass(frozen=True)
class Draft:
    """What an invoice is made of."""

    customer: str | None
    currency: str
    reason: str
    lines: list[InvoiceLine]
    subscription: Object | None = None
    discounts: list[Object] = field(default_factory=list)
    """``[{"coupon", "discount"}]``"""
    metadata: Object = field(default_factory=dict)
    description: str | None = None
    footer: str | None = None
    email: str | None = None
    automatic_tax: bool = False
    address: Object | None = None
    """Where the buyer is, where that is not the customer's address."""
    due_date: int | None = None
    auto_advance: bool = True
    uses_balance: bool = True
    """Whether the customer's credit counts; not for what a checkout page has already charged."""


def create(scope: Scope, draft: Draft) -> Object:
    """Store a draft invoice and emit ``invoice.created``."""
    identifier = new_id("in")
    off = taken_off(scope, draft.lines, draft.discounts)
    assessed = _tax(scope, draft, off)
    lines = [
        _line(scope, identifier, line, draft, cut, taxed)
        for line, cut, taxed in zip(draft.lines, off, assessed.lines, strict=True)
    ]
    invoice = blank(
        "invoice",
        id=identifier,
        auto_advance=draft.auto_advance,
        billing_reason=draft.reason,
        collection_method="send_invoice" if draft.due_date else "charge_automatically",
        created=scope.now,
        currency=draft.currency,
        description=draft.description,
        discounts=_marks(draft),
        due_date=draft.due_date,
        footer=draft.footer,
        lines=page(f"/v1/invoices/{identifier}/lines", lines),
        livemode=scope.livemode,
        metadata=dict(draft.metadata),
        parent=_parent(draft.subscription),
        period_end=max((line.start for line in draft.lines), default=scope.now),
        period_start=min((line.start for line in draft.lines), default=scope.now),
        status="draft",
        status_transitions=dict.fromkeys(("finalized_at", "marked_uncollectible_at", "paid_at", "voided_at")),
        **_parties(scope, draft, assessed),
        **_amounts(draft, lines, sum(off), assessed),
    )
    invoice["_uses_balance"] = draft.uses_balance
    apply_balance(scope, invoice)
    scope.add(invoice)
    scope.emit("invoice.created", invoice)
    return invoice


def _marks(draft: Draft) -> list[str]:
    return [entry["discount"] for entry in draft.discounts if entry.get("discount")]


def _tax(scope: Scope, draft: Draft, off: list[int]) -> tax.Assessment:
    if not draft.automatic_tax:
        return tax.Assessment(None, [None for _ in draft.lines])
    customer = scope.find(draft.customer or "", "customer") or {}
    nets = [(line.price, line.subtotal - cut) for line, cut in zip(draft.lines, off, strict=True)]
    return tax.assess(scope, draft.address or customer.get("address"), nets)


def _parties(scope: Scope, draft: Draft, assessed: tax.Assessment) -> Object:
    """Return an invoice's fields about who sells and who buys, as they are when it is made."""
    seller = account(scope.state, scope.account)
    customer = scope.find(draft.customer or "", "customer") or {}
    automatic = {
        "disabled_reason": None,
        "enabled": draft.automatic_tax,
        "liability": {"type": "self"} if draft.automatic_tax else None,
        "provider": "stripe" if draft.automatic_tax else None,
        "status": assessed.status,
    }
    return {
        "account_country": seller["country"],
        "account_name": seller["name"],
        "automatic_tax": automatic,
        "customer": draft.customer,
        "customer_address": draft.address or customer.get("address"),
        "customer_email": draft.email or customer.get("email"),
        "customer_name": customer.get("name"),
        "customer_phone": customer.get("phone"),
        "customer_tax_exempt": customer.get("tax_exempt"),
        "customer_tax_ids": [],
        "default_tax_rates": [],
        "issuer": {"type": "self"},
        "payment_settings": dict.fromkeys(("default_mandate", "payment_method_options", "payment_method_types")),
    }


def _amounts(draft: Draft, lines: list[Object], discount: int, assessed: tax.Assessment) -> Object:
    """Return an invoice's sums. A total below zero is credited to the customer when the invoice is finalised."""
    subtotal, marks = sum(line["subtotal"] for line in lines), _marks(draft)
    total = subtotal - discount + assessed.added
    within = assessed.amount - assessed.added
    return dict.fromkeys(ZEROS, 0) | {
        "attempted": False,
        "subtotal": subtotal,
        "subtotal_excluding_tax": subtotal - within,
        "total": total,
        "total_discount_amounts": [{"amount": discount, "discount": marks[0]}] if marks and discount else [],
        "total_excluding_tax": total - assessed.amount,
        "total_pretax_credit_amounts": [],
        "total_taxes": _summed([taxed for taxed in assessed.lines if taxed]),
    }


def _summed(taxes: list[tax.Taxed]) -> list[Object]:
    """Return an invoice's taxes, one entry for each rate."""
    result: dict[str, Object] = {}
    for taxed in taxes:
        entry = taxed.on_invoice()
        known = result.setdefault(taxed.rate["id"], entry | {"amount": 0, "taxable_amount": 0})
        known["amount"] += entry["amount"]
        known["taxable_amount"] += entry["taxable_amount"]
    return list(result.values())


def apply_balance(scope: Scope, invoice: Object) -> None:
    """Set what is due: the total, less what the customer has to their credit (a negative balance), or plus a debt."""
    customer = scope.find(invoice["customer"] or "", "customer") or {}
    starting = int(customer.get("balance") or 0) if invoice["_uses_balance"] else 0
    total = invoice["total"]
    due = max(total + starting, 0) if total > 0 else 0
    invoice |= {"starting_balance": starting, "amount_due": due, "amount_remaining": due}


def settle_balance(scope: Scope, invoice: Object) -> None:
    """Write what an invoice used or gave to the customer's balance, as it is finalised."""
    apply_balance(scope, invoice)
    customer = scope.find(invoice["customer"] or "", "customer")
    if not invoice["_uses_balance"]:
        return
    ending = invoice["starting_balance"] + invoice["total"] - invoice["amount_due"]
    scope.change(invoice, ending_balance=ending)
    if customer and customer["balance"] != ending:
        scope.change(customer, "customer.updated", balance=ending)


def give_back_balance(scope: Scope, invoice: Object) -> None:
    """Give back the credit that an invoice used which is void now."""
    customer = scope.find(invoice["customer"] or "", "customer")
    used = invoice["total"] - invoice["amount_due"] if invoice["_uses_balance"] else 0
    if customer and used > 0:
        scope.change(customer, "customer.updated", balance=customer["balance"] - used)


def _parent(subscription: Object | None) -> Object | None:
    if subscription is None:
        return None
    details = {
        "metadata": dict(subscription["metadata"]),
        "subscription": subscription["id"],
        "subscription_proration_date": None,
    }
    return {"quote_details": None, "subscription_details": details, "type": "subscription_details"}


def _line(scope: Scope, invoice: str, line: InvoiceLine, draft: Draft, cut: int, taxed: tax.Taxed | None) -> Object:
    names = _marks(draft)
    return blank(
        "line_item",
        id=new_id("il"),
        amount=line.subtotal,
        currency=draft.currency,
        description=line.description,
        discount_amounts=[{"amount": cut, "discount": names[0]}] if cut and names else [],
        discountable=line.discountable,
        discounts=[],
        invoice=invoice,
        livemode=scope.livemode,
        metadata=dict(line.metadata),
        parent=_line_parent(line),
        period={"end": line.end, "start": line.start},
        pretax_credit_amounts=[],
        pricing=_pricing(line),
        quantity=line.quantity,
        quantity_decimal=str(line.quantity),
        subscription=line.subscription,
        subtotal=line.subtotal,
        taxes=[taxed.on_invoice()] if taxed else [],
    )


def _pricing(line: InvoiceLine) -> Object:
    if line.price is None:
        return {"type": "price_details", "unit_amount_decimal": str(line.subtotal)}
    return {
        "price_details": {"price": line.price["id"], "product": line.price["product"]},
        "type": "price_details",
        "unit_amount_decimal": line.price["unit_amount_decimal"],
    }


def _line_parent(line: InvoiceLine) -> Object | None:
    shared = {"proration": line.proration, "proration_details": {"credited_items": None}}
    if line.item:
        details = shared | {"invoice_item": None, "subscription": line.subscription, "subscription_item": line.item}
        return {
            "invoice_item_details": None,
            "subscription_item_details": details,
            "type": "subscription_item_details",
        }
    details = shared | {"invoice_item": line.invoice_item or new_id("ii"), "subscription": line.subscription}
    return {"invoice_item_details": details, "subscription_item_details": None, "type": "invoice_item_details"}


def line_in_words(price: Object, product: Object, quantity: int) -> str:
    """Return ``1 × Every course (at €9.00 / month)``."""
    amount = words(int(price["unit_amount"] or 0), price["currency"])
    recurring = price["recurring"]
    if not recurring:
        return str(product["name"])
    count = recurring["interval_count"]
    every = recurring["interval"] if count == 1 else f"{count} {recurring['interval']}s"
    return f"{quantity} × {product['name']} (at {amount} / {every})"
