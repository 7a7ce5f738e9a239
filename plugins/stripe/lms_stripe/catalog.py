"""Products and prices at Stripe: one product for each of ours, one price for each offer and currency.

They are made when they are first needed, unless somebody picked one that was there. A price cannot change at Stripe:
another amount is another price, the old one is archived, and subscriptions that run on it go on.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from lms.api import clock, commerce, db, jobs
from lms_stripe import client, connections, operations
from lms_stripe.connections import Connection
from lms_stripe.failures import StripeFailure
from lms_stripe.models import ListedPrice, Price
from lms_stripe.statements import insert_ignoring

SELLABLE = ("one_time", "subscription", "instalments")
PRICES_JOB = "stripe.prices"
_IS_USABLE = ListedPrice.active & ListedPrice.product_active


def price_of(connection_id: int, offer: Any) -> Price | None:
    """The price in use for what the offer costs: the one that was picked, else the newest."""
    query = select(Price).filter_by(connection_id=connection_id, offer_id=offer.id, active=True, **terms_of(offer))
    return db.session.scalar(query.order_by(Price.picked.desc(), Price.id.desc()).limit(1))


def picked_price(connection_id: int, offer_id: int) -> Price | None:
    """The price that somebody tied the offer to; not active where it is gone from Stripe."""
    query = select(Price).filter_by(connection_id=connection_id, offer_id=offer_id, picked=True)
    return db.session.scalar(query.order_by(Price.id.desc()).limit(1))


def lost_price(connection_id: int) -> Price | None:
    """A price that somebody picked for an offer and that is archived at Stripe, or gone."""
    query = select(Price).filter_by(connection_id=connection_id, picked=True, active=False)
    return db.session.scalar(query.order_by(Price.id).limit(1))


def made_price(connection_id: int, offer: Any) -> Price | None:
    """The newest price for what the offer costs that we made and that is not known to be archived, in use or not."""
    gone = select(ListedPrice.stripe_id).where(ListedPrice.connection_id == connection_id, ~_IS_USABLE)
    query = select(Price).filter_by(connection_id=connection_id, offer_id=offer.id, **terms_of(offer))
    query = query.where(Price.lookup_key != "", Price.price_id.not_in(gone)).order_by(Price.id.desc()).limit(1)
    return db.session.scalar(query)


def follow_list(connection: Connection) -> None:
    """After the list of prices was read: what is archived or gone is not sold any longer. Does not commit.

    Of a price that somebody picked that is remembered: Health says so, and it counts again when it is back. In place of
    either the next sale makes another one, for the same amount.
    """
    listed = (ListedPrice.connection_id == Price.connection_id) & (ListedPrice.stripe_id == Price.price_id)
    query = select(Price, ListedPrice).join(ListedPrice, listed).where(Price.connection_id == connection.id)
    has_moved = False
    for row, entry in db.session.execute(query.execution_options(populate_existing=True)):
        is_usable = entry.active and entry.product_active
        if row.active != is_usable and (row.picked or not is_usable):
            row.active = is_usable
            has_moved = True
            operations.forget_made(connection.id, row.price_id)
        if not entry.product_active:
            operations.forget_made(connection.id, row.product_id)
    if has_moved:
        jobs.enqueue(PRICES_JOB, key=PRICES_JOB)


def offer_of(connection_id: int, price_ids: tuple[str, ...]) -> int | None:
    """Which offer one of the prices was made for."""
    known = Price.price_id.in_(price_ids)
    return db.session.scalar(select(Price.offer_id).where(Price.connection_id == connection_id, known).limit(1))


def products_at_stripe(connection_id: int) -> dict[int, tuple[str, ...]]:
    """By our product those at Stripe that its prices in use belong to; products without a price are missing."""
    query = select(Price.local_product_id, Price.product_id).filter_by(connection_id=connection_id, active=True)
    found: dict[int, tuple[str, ...]] = {}
    for ours, theirs in db.session.execute(query.distinct().order_by(Price.local_product_id, Price.product_id)):
        found[ours] = (*found.get(ours, ()), theirs)
    return found


def ensure_price(connection: Connection, offer: Any) -> str:
    """The id of the offer's price, made when there is none. Commits. Raises ``StripeFailure``."""
    found = price_of(connection.id, offer)
    if found is not None:
        return found.price_id
    product_id = _ensure_product(connection, offer)
    terms = terms_of(offer)
    lookup_key = f"{connection.site_id}-{offer.public_id}-{terms['currency']}-{terms['unit_amount']}"
    params: dict[str, Any] = {
        "product": product_id,
        "currency": terms["currency"],
        "unit_amount": terms["unit_amount"],
        "lookup_key": lookup_key,
        # An archived price of the same amount would keep the lookup key to itself.
        "transfer_lookup_key": True,
        "metadata": {"site_id": connection.site_id, "offer": str(offer.id)},
    }
    if offer.is_subscription:
        params["recurring"] = {"interval": offer.interval, "interval_count": offer.interval_count}
    stripe = connections.client_of(connection)

    def find() -> str | None:
        listed = stripe.v1.prices.list({"lookup_keys": [lookup_key], "limit": 1})
        return listed.data[0].id if listed.data else None

    made = operations.make(
        connection.id,
        "price.create",
        f"offer:{offer.id}",
        params,
        lambda given, key: stripe.v1.prices.create(given, {"idempotency_key": key}),  # type: ignore[arg-type]
        find,
    )
    values = {
        "connection_id": connection.id,
        "offer_id": offer.id,
        "local_product_id": offer.product_id,
        "product_id": product_id,
        "price_id": made.stripe_id,
        "lookup_key": lookup_key,
    }
    insert_ignoring(Price, values | terms, ("connection_id", "price_id"))
    _archive_others(connection, offer, made.stripe_id)
    return made.stripe_id


def forget_price(connection_id: int, offer: Any) -> None:
    """The offer's price is gone or archived at Stripe: the next sale makes another. Does not commit."""
    row = price_of(connection_id, offer)
    if row is not None:
        row.active = False
        operations.forget(connection_id, "price.create", f"offer:{offer.id}")


def _ensure_product(connection: Connection, offer: Any) -> str:
    gone = select(ListedPrice.product_id).filter_by(connection_id=connection.id, product_active=False)
    query = select(Price.product_id).filter_by(connection_id=connection.id, local_product_id=offer.product_id)
    # Beside the price that somebody picked for this offer, else where the product's first price is.
    query = query.where(Price.product_id.not_in(gone))
    query = query.order_by((Price.picked & (Price.offer_id == offer.id)).desc(), Price.id)
    known = db.session.scalar(query.limit(1)) or operations.result(
        connection.id, "product.create", f"product:{offer.product_id}"
    )
    if known:
        return known
    stripe = connections.client_of(connection)
    marks = {"site_id": connection.site_id, "product": str(offer.product_id)}

    def find() -> str | None:
        listed = stripe.v1.products.list({"limit": 100, "active": True})
        for entry in listed.auto_paging_iter():
            if (entry.metadata.to_dict() if entry.metadata else {}) == marks:
                return entry.id
        return None

    return operations.make(
        connection.id,
        "product.create",
        f"product:{offer.product_id}",
        {"name": offer.product_name, "metadata": marks},
        lambda given, key: stripe.v1.products.create(given, {"idempotency_key": key}),  # type: ignore[arg-type]
        find,
    ).stripe_id


def amounts(offer_id: int) -> tuple[int, ...]:
    """What the offer costs now, or before or after a sale that is not over; in minor units of its currency."""
    offer = commerce.find_offer(offer_id)
    if offer is None:
        return ()
    now = clock.now()
    has_sale = offer.sale_amount is not None and (offer.is_on_sale(now) or offer.changes_at(now) is not None)
    return (offer.amount, offer.sale_amount) if has_sale and offer.sale_amount is not None else (offer.amount,)


def _archive_others(connection: Connection, offer: Any, price_id: str) -> None:
    query = select(Price).filter_by(connection_id=connection.id, offer_id=offer.id, active=True)
    kept = {offer.amount, *amounts(offer.id)}
    old = [row for row in db.session.scalars(query) if row.price_id != price_id and row.unit_amount not in kept]
    others = [row.price_id for row in old]
    for row in old:
        row.active = False
    stripe = connections.client_of(connection)
    db.commit()
    for other in others:
        try:
            with client.outside():
                stripe.v1.prices.update(other, {"active": False})
        except StripeFailure:
            # Left active at Stripe it harms nobody: only we decide which price a checkout uses.
            continue


def terms_of(offer: Any) -> dict[str, Any]:
    """The columns of a price that say what it costs, as the offer does."""
    recurring = offer.is_subscription
    return {
        "currency": offer.currency,
        "unit_amount": offer.amount,
        "interval": offer.interval if recurring else "",
        "interval_count": offer.interval_count if recurring else 0,
    }
