"""Importing an account that was in use before, first step: looking. Reads at Stripe, writes nothing there.

Prices and running subscriptions that are not ours yet are kept as lines, a page at a time, so that looking goes on
where it stopped. Looking again keeps what was decided.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import delete, select

from lms.api import accounts, clock, commerce, db
from lms_stripe import client, connections, customers, facts
from lms_stripe.connections import Connection
from lms_stripe.models import Import, ImportLine, Price, Subscription
from lms_stripe.statements import insert

PRICE, SUBSCRIPTION = "price", "subscription"
_A_PAGE = 100
_RUNNING = facts.RUNNING - {"incomplete"}


def of(connection_id: int) -> Import | None:
    """The connection's import, the newest where there were several."""
    query = select(Import).where(Import.connection_id == connection_id).order_by(Import.id.desc()).limit(1)
    return db.session.scalar(query)


def begin(connection: Connection) -> Import:
    """An import to look for: the one that is there, from its beginning, or a new one. Does not commit."""
    row = of(connection.id)
    if row is None:
        row = Import(connection_id=connection.id)
        db.session.add(row)
    if row.stage == "done":
        row.stage, row.after = PRICE, ""
        # What waits is found anew, as it is now; what was done stays.
        waits = ImportLine.import_id == row.id, ImportLine.kind == SUBSCRIPTION, ImportLine.state != "done"
        db.session.execute(delete(ImportLine).where(*waits))
    row.state, row.error = "looking", ""
    db.session.flush()
    return row


def look(import_id: int) -> None:
    """Go through what is left of the account. Commits after each page. Raises ``StripeFailure``."""
    row = db.session.get_one(Import, import_id)
    connection = connections.get(row.connection_id)
    stripe = connections.client_of(connection)
    for stage, listed, kept in (
        (PRICE, stripe.v1.prices.list, _price),
        (SUBSCRIPTION, stripe.v1.subscriptions.list, _subscription),
    ):
        if row.stage != stage:
            continue
        while True:
            asked = _asked(stage) | ({"starting_after": row.after} if row.after else {})
            db.commit()
            with client.outside():
                page = client.plain(listed(asked))
            row = db.session.get_one(Import, import_id)
            for line in _new(connection, stage, page["data"], kept):
                _keep(row, line)
            row.after = str(page["data"][-1]["id"]) if page["data"] else ""
            if not page["has_more"]:
                break
        row.stage, row.after = (SUBSCRIPTION if stage == PRICE else "done"), ""
        db.commit()
    row.state, row.scanned_at = "found", clock.real_now()
    db.commit()


def _asked(stage: str) -> dict[str, Any]:
    if stage == PRICE:
        return {"active": True, "limit": _A_PAGE, "expand": ["data.product"]}
    return {"status": "all", "limit": _A_PAGE, "expand": ["data.customer"]}


def _new(connection: Connection, stage: str, listed: list[Mapping[str, Any]], kept: Any) -> Iterator[dict[str, Any]]:
    """Lines for what is not ours already."""
    ids = [str(entry["id"]) for entry in listed]
    column: Any = Price.price_id if stage == PRICE else Subscription.stripe_id
    model: Any = Price if stage == PRICE else Subscription
    known = set(db.session.scalars(select(column).where(model.connection_id == connection.id, column.in_(ids))))
    for entry in listed:
        if entry["id"] not in known and facts.metadata(entry).get("site_id") != connection.site_id:
            line = kept(connection, entry)
            if line is not None:
                yield line


def _price(connection: Connection, entry: Mapping[str, Any]) -> dict[str, Any] | None:
    product = entry.get("product")
    product = product if isinstance(product, Mapping) else {}
    recurring = entry.get("recurring") or {}
    if product.get("deleted"):
        return None
    amount = entry.get("unit_amount")
    is_plain = isinstance(amount, int) and amount > 0 and recurring.get("usage_type", "licensed") == "licensed"
    return {
        "kind": PRICE,
        "stripe_id": str(entry["id"]),
        "price_id": str(entry["id"]),
        "facts": {
            "product_id": facts.identifier(entry.get("product")) or "",
            "product_name": str(product.get("name") or ""),
            "nickname": str(entry.get("nickname") or ""),
            "currency": str(entry.get("currency") or ""),
            "unit_amount": amount if isinstance(amount, int) else None,
            "interval": str(recurring.get("interval") or ""),
            "interval_count": int(recurring.get("interval_count") or 0),
        },
        # Tiers, usage and amounts that the buyer chooses have no offer that is like them.
        "note": "" if is_plain else "unlike",
    }


def _subscription(connection: Connection, entry: Mapping[str, Any]) -> dict[str, Any] | None:
    reading = facts.read_subscription(entry)
    if reading.status not in _RUNNING:
        return None
    customer = entry.get("customer")
    customer = customer if isinstance(customer, Mapping) else {}
    email = str(customer.get("email") or "")
    who, person_id = whose(connection.id, reading.customer_id or "", email)
    return {
        "kind": SUBSCRIPTION,
        "stripe_id": reading.stripe_id,
        "price_id": next(iter(reading.price_ids), ""),
        "customer_id": reading.customer_id or "",
        "facts": {
            "email": email,
            "name": str(customer.get("name") or ""),
            "status": reading.status,
            "price_ids": list(reading.price_ids),
            "started_at": reading.started_at.isoformat() if reading.started_at else "",
            "test": reading.test,
        },
        "note": who,
        "target_id": person_id,
    }


def whose(connection_id: int, customer_id: str, email: str) -> tuple[str, int | None]:
    """Who a customer could be: ``known`` (linked here), ``match`` (a verified account has the address), ``unproven``
    (an account that has not proved it), ``unknown`` (nobody), ``nameless`` (no address); and the person's id.
    """
    linked = customers.by_stripe_id(connection_id, customer_id)
    if linked is not None and linked.person_id is not None:
        return "known", linked.person_id
    if not email:
        return "nameless", None
    person = accounts.by_email(email)
    if person is None:
        return "unknown", None
    return ("match" if person.verified else "unproven"), person.id


def _keep(row: Import, line: dict[str, Any]) -> None:
    now = clock.real_now()
    values = {
        "connection_id": row.connection_id, "import_id": row.id, "customer_id": "", "decision": "", "state": "found",
        "target_id": None, "created_at": now, "updated_at": now, **line,
    }  # fmt: skip
    statement = insert(ImportLine).values(**values)
    fresh = {name: statement.excluded[name] for name in ("facts", "note", "price_id", "customer_id", "updated_at")}
    db.session.execute(
        statement.on_conflict_do_update(
            index_elements=["import_id", "stripe_id"], set_=fresh, where=ImportLine.state == "found"
        )
    )


def equal_offers(line: ImportLine, offers: Sequence[commerce.OfferView]) -> list[commerce.OfferView]:
    """Those of the offers that cost what the price costs, as often: what it is proposed to be."""
    wanted = tuple(line.facts[name] for name in ("unit_amount", "currency", "interval", "interval_count"))
    return [offer for offer in offers if _terms(offer) == wanted]


def _terms(offer: commerce.OfferView) -> tuple[int, str, str, int]:
    return offer.amount, offer.currency, offer.interval, offer.interval_count if offer.interval else 0
