"""The account's prices, read again: one of them, those of a product, or all. The only writer of the rows in the list.

A list and a reading of one price may overlap, unlike two readings of one object. So each row keeps when the reading
began that it is from, and an older reading leaves it alone: whatever changed in between has an event of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from lms.api import db
from lms.api.clock import real_now
from lms_stripe import catalog, client, facts, operations, tasks
from lms_stripe.connections import Connection
from lms_stripe.mirror import FOREIGN, Outcome
from lms_stripe.models import ListedPrice
from lms_stripe.statements import insert

PRICE, PRODUCT, ALL = "price", "product", "prices"
EVERYTHING = "all"
"""What stands for an object's id where the whole list is read."""
MOST = 2000
"""So many active prices are kept. An account with more has been used by programs, and nobody chooses from them."""
_A_PAGE = 100
_READ = "prices.read"
# An offer can be charged every 52 weeks and no more rarely; Stripe takes 156.
_MOST_BETWEEN = 52


def fetch_price(stripe: Any, price_id: str) -> Mapping[str, Any]:
    """One price with its product."""
    began = real_now()
    return {"began": began, "prices": [client.plain(stripe.v1.prices.retrieve(price_id, {"expand": ["product"]}))]}


def fetch_product(stripe: Any, product_id: str) -> Mapping[str, Any]:
    """A product: its prices take its name and whether it is in use."""
    began = real_now()
    return {"began": began, "product": client.plain(stripe.v1.products.retrieve(product_id))}


def fetch_all(stripe: Any, _everything: str) -> Mapping[str, Any]:
    """Every active price, newest first, as Stripe lists them."""
    began, found = real_now(), []
    asked = {"active": True, "limit": _A_PAGE, "expand": ["data.product"]}
    for entry in stripe.v1.prices.list(asked).auto_paging_iter():
        if len(found) == MOST:
            return {"began": began, "prices": found, "is_complete": False}
        found.append(client.plain(entry))
    return {"began": began, "prices": found, "is_complete": True}


def apply_prices(connection: Connection, _object_id: str, fetched: Mapping[str, Any]) -> Outcome:
    """Write the prices that were read; after a whole list, what is no longer on it is archived."""
    began, listed = fetched["began"], fetched["prices"]
    for entry in listed:
        _keep(connection, entry, began)
    if "is_complete" in fetched:
        operations.note(connection.id, _READ, EVERYTHING, "succeeded")
    if fetched.get("is_complete"):
        seen = {str(entry["id"]) for entry in listed}
        known = select(ListedPrice.stripe_id).filter_by(connection_id=connection.id, active=True)
        for left in set(db.session.scalars(known)) - seen:
            _change(connection, ListedPrice.stripe_id == left, began, active=False)
    catalog.follow_list(connection)
    return Outcome()


def apply_product(connection: Connection, product_id: str, fetched: Mapping[str, Any]) -> Outcome:
    """Give the product's prices its name, and say whether it is in use."""
    product = fetched["product"]
    values: dict[str, Any] = {"product_active": _is_in_use(product)}
    if product.get("name"):
        values["product_name"] = str(product["name"])[:300]
    is_known = _change(connection, ListedPrice.product_id == product_id, fetched["began"], **values)
    catalog.follow_list(connection)
    return Outcome() if is_known else FOREIGN


def gone(connection: Connection, object_type: str, object_id: str) -> Outcome:
    """Stripe no longer knows the price, or the product."""
    if object_type == PRICE:
        is_known = _change(connection, ListedPrice.stripe_id == object_id, real_now(), active=False)
    else:
        is_known = _change(connection, ListedPrice.product_id == object_id, real_now(), product_active=False)
    catalog.follow_list(connection)
    return Outcome() if is_known else FOREIGN


def ask(connection_id: int) -> None:
    """Have a worker read the whole list. Does not commit."""
    tasks.want(connection_id, ALL, EVERYTHING)
    tasks.wake()


def read_at(connection_id: int) -> datetime | None:
    """When the whole list was last read (real time); None before the first time."""
    found = operations.noted(connection_id, _READ, "succeeded")
    return found[0].updated_at if found else None


def _is_in_use(product: Mapping[str, Any]) -> bool:
    return bool(product.get("active")) and not product.get("deleted")


def _keep(connection: Connection, entry: Mapping[str, Any], began: datetime) -> None:
    product = entry.get("product")
    product = product if isinstance(product, Mapping) else {}
    recurring = entry.get("recurring") or {}
    amount, count = entry.get("unit_amount"), int(recurring.get("interval_count") or 0)
    is_plain = isinstance(amount, int) and amount > 0 and not entry.get("custom_unit_amount")
    is_plain = is_plain and recurring.get("usage_type", "licensed") == "licensed" and count <= _MOST_BETWEEN
    values = {
        "connection_id": connection.id,
        "stripe_id": str(entry["id"]),
        "product_id": facts.identifier(entry.get("product")) or "",
        "product_name": str(product.get("name") or "")[:300],
        "product_active": _is_in_use(product),
        "nickname": str(entry.get("nickname") or "")[:300],
        "currency": str(entry.get("currency") or ""),
        "unit_amount": amount if is_plain else None,
        "interval": str(recurring.get("interval") or ""),
        "interval_count": count,
        "active": bool(entry.get("active")),
        "read_at": began,
        "updated_at": real_now(),
    }
    statement = insert(ListedPrice).values(created_at=real_now(), **values)
    fresh = {name: statement.excluded[name] for name in values if name not in ("connection_id", "stripe_id")}
    db.session.execute(
        statement.on_conflict_do_update(
            index_elements=["connection_id", "stripe_id"], set_=fresh, where=ListedPrice.read_at < began
        )
    )


def _change(connection: Connection, which: Any, began: datetime, **values: Any) -> bool:
    """Write into rows that are from an older reading; whether there are such rows at all."""
    mine = ListedPrice.connection_id == connection.id, which
    db.session.execute(update(ListedPrice).where(*mine, ListedPrice.read_at < began).values(read_at=began, **values))
    return db.session.scalar(select(ListedPrice.id).where(*mine).limit(1)) is not None
