"""Which person is which customer at Stripe. Identity never comes from an e-mail."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from lms.api import db
from lms.api.clock import now
from lms_stripe import connections, operations
from lms_stripe.connections import Connection
from lms_stripe.models import Customer
from lms_stripe.statements import insert_ignoring


def primary(connection_id: int, person_id: int) -> Customer | None:
    """The customer that the person pays as."""
    query = select(Customer).filter_by(connection_id=connection_id, person_id=person_id, is_primary=True)
    return db.session.scalar(query.where(Customer.deleted_at.is_(None)).order_by(Customer.id).limit(1))


def by_stripe_id(connection_id: int, stripe_id: str) -> Customer | None:
    """Our row of a customer at Stripe."""
    return db.session.scalar(select(Customer).filter_by(connection_id=connection_id, stripe_id=stripe_id))


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
