"""Which person is which customer at Stripe. Identity never comes from an e-mail."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from lms.api import commerce, db
from lms.api.clock import now
from lms_stripe import connections, operations
from lms_stripe.connections import Connection
from lms_stripe.models import Checkout, Customer, Payment, Subscription
from lms_stripe.statements import insert_ignoring


def primary(connection_id: int, person_id: int) -> Customer | None:
    """The customer that the person pays as."""
    query = select(Customer).filter_by(connection_id=connection_id, person_id=person_id, is_primary=True)
    return db.session.scalar(query.where(Customer.deleted_at.is_(None)).order_by(Customer.id).limit(1))


def by_stripe_id(connection_id: int, stripe_id: str) -> Customer | None:
    """Our row of a customer at Stripe."""
    return db.session.scalar(select(Customer).filter_by(connection_id=connection_id, stripe_id=stripe_id))


def known(connection_id: int, stripe_ids: Sequence[str]) -> frozenset[str]:
    """Those of the customers whose person we know."""
    query = select(Customer.stripe_id).where(Customer.connection_id == connection_id, Customer.person_id.is_not(None))
    return frozenset(db.session.scalars(query.where(Customer.stripe_id.in_(stripe_ids))))


def adopt(connection_id: int, person_id: int, stripe_id: str, email: str) -> None:
    """The customer, who was there before us, is this person, as somebody confirmed. Does not commit."""
    values = {
        "connection_id": connection_id,
        "person_id": person_id,
        "stripe_id": stripe_id,
        "email_seen": email[:320],
        "linked_by": "import",
        "is_primary": primary(connection_id, person_id) is None,
        "first_purchase_at": now(),
    }
    insert_ignoring(Customer, values, ("connection_id", "stripe_id"))


def ensure(connection: Connection, person: Any) -> str:
    """The id of the person's customer, made at Stripe when there is none. Commits.

    Any number of windows at once make one: the operation is leased, and its key is sent again after a crash.
    """
    found = primary(connection.id, person.id)
    if found is not None:
        return found.stripe_id
    stripe = connections.client_of(connection)
    params = {
        "email": person.email,
        "name": person.name or person.email,
        "metadata": {"site_id": connection.site_id, "person": str(person.id)},
    }

    def find() -> str | None:
        for entry in stripe.v1.customers.list({"email": person.email, "limit": 100}):
            marks = entry.metadata.to_dict() if entry.metadata else {}
            if marks == params["metadata"]:
                return entry.id
        return None

    made = operations.make(
        connection.id,
        "customer.create",
        str(person.id),
        params,
        lambda given, key: stripe.v1.customers.create(given, {"idempotency_key": key}),  # type: ignore[arg-type]
        find,
    )
    _keep(connection.id, person, made.stripe_id)
    db.commit()
    return made.stripe_id


def _keep(connection_id: int, person: Any, stripe_id: str) -> None:
    values = {
        "connection_id": connection_id,
        "person_id": person.id,
        "stripe_id": stripe_id,
        "email_seen": person.email,
        "linked_by": "created",
        "is_primary": True,
    }
    insert_ignoring(Customer, values, ("connection_id", "stripe_id"))


def keep_guest(connection_id: int, stripe_id: str, email: str) -> None:
    """Remember the customer that Stripe made for a guest; whose it is, is known once the order is claimed."""
    values = {
        "connection_id": connection_id,
        "person_id": None,
        "stripe_id": stripe_id,
        "email_seen": email,
        "linked_by": "checkout",
        "is_primary": False,
    }
    insert_ignoring(Customer, values, ("connection_id", "stripe_id"))


def follow_claim(event: commerce.OrderClaimed) -> None:
    """A guest's order belongs to a person: so do the customer that paid, and all that came of it."""
    checkouts = db.session.scalars(select(Checkout).filter_by(order_id=event.order_id)).all()
    for row in checkouts:
        row.person_id = event.person_id
        if row.customer_id:
            link(row.connection_id, row.customer_id, event.person_id)
    for table in (Subscription, Payment):
        mine = update(table).where(table.order_id == event.order_id, table.person_id.is_(None))
        db.session.execute(mine.values(person_id=event.person_id))


def link(connection_id: int, stripe_id: str, person_id: int) -> None:
    """The customer is the person's from now on, by their own claim; the one that they pay as, if they had none.

    A customer that is somebody's already stays theirs.
    """
    row = by_stripe_id(connection_id, stripe_id)
    if row is None or row.person_id is not None:
        return
    has_one = primary(connection_id, person_id) is not None
    row.person_id, row.linked_by, row.is_primary = person_id, "claim", not has_one and row.deleted_at is None


def mark_purchase(connection_id: int, stripe_id: str | None) -> None:
    """Something was bought, or a trial began: from now on the portal makes sense. Kept for good. Does not commit."""
    query = update(Customer).filter_by(connection_id=connection_id, stripe_id=stripe_id)
    db.session.execute(query.where(Customer.first_purchase_at.is_(None)).values(first_purchase_at=now()))


def mark_deleted(connection_id: int, stripe_id: str, at: datetime | None = None) -> None:
    """It is gone at Stripe; the next checkout makes another. Does not commit."""
    row = by_stripe_id(connection_id, stripe_id)
    if row is None or row.deleted_at is not None:
        return
    row.deleted_at, row.is_primary = at or now(), False
    operations.forget(connection_id, "customer.create", str(row.person_id))
