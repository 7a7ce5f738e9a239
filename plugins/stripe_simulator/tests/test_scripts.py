"""Requests as the public command-line tool makes them: no SDK, no version, test names and private addresses.

Its ``trigger`` scripts for checkout, customers, products, prices, subscriptions, invoices, payment intents and refunds
are made of these steps. The tool itself is tried by hand: ``stripe trigger … --api-base http://127.0.0.1:…``.
"""

from __future__ import annotations

import base64
import json
import urllib.parse
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest

Step = tuple[str, dict[str, str]]
CUSTOMER: Step = (
    "customers",
    {"description": "x", "payment_method": "pm_card_visa"}
    | {"invoice_settings[default_payment_method]": "pm_card_visa"},
)
PRICE: list[Step] = [
    ("products", {"name": "myproduct"}),
    ("prices", {"product": "{0}", "unit_amount": "1500", "currency": "usd", "recurring[interval]": "month"}),
]
ONCE: list[Step] = [PRICE[0], ("prices", {"product": "{0}", "unit_amount": "1500", "currency": "eur"})]
PAID = {"amount": "100", "currency": "usd", "payment_method_types[0]": "card", "confirm": "true"}
INVOICE: list[Step] = [
    ("customers", {"description": "x"}),
    ("payment_methods/pm_card_visa/attach", {"customer": "{0}"}),
    ("invoiceitems", {"customer": "{0}", "amount": "2000", "currency": "usd"}),
    ("invoices", {"customer": "{0}", "pending_invoice_items_behavior": "include"}),
]


def checkout(method: dict[str, str], **more: str) -> list[Step]:
    session = {
        "success_url": "https://example.org",
        "mode": "payment",
        "line_items[0][price]": "{1}",
        "line_items[0][quantity]": "2",
    }
    return [
        *ONCE,
        ("checkout/sessions", session | more),
        ("payment_methods", method),
        ("payment_pages/{2}/confirm", {"payment_method": "{3}", "expected_amount": "3000"}),
    ]


SCRIPTS: dict[str, list[Step]] = {
    "customer.created": [CUSTOMER],
    "price.created": PRICE,
    "customer.subscription.created": [
        *PRICE, CUSTOMER, ("subscriptions", {"customer": "{2}", "items[0][price]": "{1}"})
    ],
    "invoice.paid": [*INVOICE, ("invoices/{3}/pay", {"payment_method": "{1}"})],
    "invoice.voided": [*INVOICE, ("invoices/{3}/finalize", {}), ("invoices/{3}/void", {})],
    "payment_intent.succeeded": [("payment_intents", PAID | {"payment_method": "pm_card_visa"})],
    "charge.refunded": [
        ("payment_intents", PAID | {"payment_method": "pm_card_visa"}), ("refunds", {"payment_intent": "{0}"})
    ],
    "charge.dispute.created": [("payment_intents", PAID | {"payment_method": "pm_card_createDispute"})],
    "checkout.session.completed": checkout({"type": "card", "card[token]": "tok_visa"}),
    "checkout.session.async_payment_succeeded": checkout(
        {"type": "sepa_debit", "sepa_debit[iban]": "AT611904300234573201"}, **{"payment_method_types[0]": "sepa_debit"}
    ),
    "checkout.session.async_payment_failed": checkout(
        {"type": "sepa_debit", "sepa_debit[iban]": "IT60X0542811101000000123456"},
        **{"payment_method_types[0]": "sepa_debit"},
    ),
}  # fmt: skip


@pytest.fixture
def post(simulator: Any) -> Callable[[str, dict[str, str]], str]:
    """Sends one step; returns the id that it answers."""
    credentials = base64.b64encode(f"{simulator.key('secret')}:".encode()).decode()

    def send(path: str, form: dict[str, str]) -> str:
        request = urllib.request.Request(
            f"{simulator.url}/v1/{path}",
            urllib.parse.urlencode(form).encode(),
            {"Authorization": f"Basic {credentials}"},
        )
        with urllib.request.urlopen(request) as answer:
            return str(json.load(answer)["id"])

    return send


@pytest.mark.parametrize("event", SCRIPTS)
def test_script_leads_to_its_event(simulator: Any, shop: Any, post: Any, event: str) -> None:
    made: list[str] = []
    for path, form in SCRIPTS[event]:
        made.append(post(path.format(*made), {name: value.format(*made) for name, value in form.items()}))
    simulator.advance(2)
    assert event in shop.events()
