"""The lines of a checkout session: what may stand there, and how they are shown."""

from __future__ import annotations

from typing import Any

from lms_stripe_simulator.billing import cart
from lms_stripe_simulator.identifiers import token
from lms_stripe_simulator.money import least
from lms_stripe_simulator.problem import invalid
from lms_stripe_simulator.resources.catalog import make_price, make_product
from lms_stripe_simulator.scope import Scope
from lms_stripe_simulator.state import Object


def lines_of(scope: Scope, params: dict[str, Any]) -> list[Object]:
    """Return a new session's lines from checked parameters; raises where a price does not fit."""
    result = []
    for index, line in enumerate(params["line_items"]):
        where = f"line_items[{index}]"
        if "price" in line:
            price = scope.get("price", line["price"], f"{where}[price]")
            if not price["active"]:
                raise invalid(
                    "The price specified is inactive. This field only accepts active prices.", f"{where}[price]"
                )
        else:
            price = _inline_price(scope, line["price_data"], f"{where}[price_data]")
        product = scope.known(price["product"], "product")
        if not product["active"]:
            raise invalid(f"The product {product['id']} is not active.", f"{where}[price]")
        result.append(
            {
                "id": f"li_{token(24)}",
                "price": price["id"],
                "quantity": line.get("quantity", 1),
                "description": product["name"],
                "metadata": line.get("metadata") or {},
            }
        )
    _check_kinds(scope, params["mode"], result)
    return result


def _inline_price(scope: Scope, data: Object, where: str) -> Object:
    data = dict(data)
    if inline := data.pop("product_data", None):
        data["product"] = make_product(scope, inline | {"active": False})["id"]
        product = scope.known(data["product"], "product")
        scope.change(product, active=True)
    return make_price(scope, data, where, active=True)


def _check_kinds(scope: Scope, mode: str, lines: list[Object]) -> None:
    prices = [scope.known(line["price"], "price") for line in lines]
    recurring = [price for price in prices if price["recurring"]]
    if mode == "payment" and recurring:
        raise invalid(
            "You specified `payment` mode but passed a recurring price. Either switch to `subscription` mode or use "
            "only one-time prices.",
            f"line_items[{prices.index(recurring[0])}][price]",
        )
    if mode == "subscription" and not recurring:
        raise invalid("You must provide at least one recurring price in `subscription` mode when using prices.")
    currencies = {price["currency"] for price in prices}
    if len(currencies) > 1:
        raise invalid("All line items must have the same currency.", "line_items")
    if len({(p["recurring"]["interval"], p["recurring"]["interval_count"]) for p in recurring}) > 1:
        message = "The simulator does not model several billing intervals in one subscription."
        raise invalid(message, "line_items", "simulator_unsupported")
    total = sum((price["unit_amount"] or 0) * line["quantity"] for price, line in zip(prices, lines, strict=True))
    if mode == "payment" and 0 < total < least(prices[0]["currency"]):
        raise invalid(
            "The Checkout Session's total amount due must add up to at least half a unit of the currency.",
            "line_items",
            "amount_too_small",
        )


def line_items(scope: Scope, session: Object) -> list[Object]:
    """Return a session's lines as API objects."""
    found = cart.totals(scope, session)
    result = []
    for entry, line, cut, due, taxed in zip(
        session["_lines"], found.lines, found.off, found.due, found.tax.lines, strict=True
    ):
        subtotal, off = (line.subtotal, cut) if due else (0, 0)
        added = taxed.amount if taxed and not taxed.inclusive else 0
        result.append(
            {
                "id": entry["id"],
                "object": "item",
                "adjustable_quantity": None,
                "amount_discount": off,
                "amount_subtotal": subtotal,
                "amount_tax": taxed.amount if taxed else 0,
                "amount_total": subtotal - off + added,
                "currency": session["currency"],
                "description": entry["description"],
                "metadata": entry["metadata"],
                "price": line.price,
                "quantity": line.quantity,
            }
        )
    return result
