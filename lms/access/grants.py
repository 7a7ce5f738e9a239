"""Grants: who holds what, and why. The only place that writes them, with their history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from lms.access.decision import GrantState
from lms.access.events import GrantChanged
from lms.access.models import Grant, GrantEvent, Product
from lms.audit import services as audit
from lms.base import clock
from lms.db import session
from lms.host.bus import emit

SOURCES = frozenset({"order", "manual", "import", "role", "group", "invite", "seat", "api"})
_KEY = ("person_id", "product_id", "source", "source_ref")


@dataclass(frozen=True, slots=True)
class GrantView:
    """What a person holds. Times in UTC; None is from the beginning, or without end."""

    id: int
    person_id: int
    product_id: int
    product_name: str
    source: str
    source_ref: str
    state: GrantState
    starts_at: datetime | None
    ends_at: datetime | None
    reason: str
    closed_by_staff: bool = False


@dataclass(frozen=True, slots=True)
class GrantChange:
    """One line of a grant's history; ``actor_id`` None: the system, from a fact it was told."""

    before: dict[str, Any] | None
    after: dict[str, Any]
    actor_id: int | None
    at: datetime


def set_grant(
    *,
    person_id: int,
    product_id: int,
    source: str,
    source_ref: str,
    state: str,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
    reason: str = "",
    actor_id: int | None = None,
) -> GrantView:
    """Make the grant with this source what the arguments say; the same again changes nothing.

    A grant is one per person, product, source and source_ref; another source is another grant. What staff revoked
    (``actor_id`` given) stays revoked until staff say otherwise. Times in UTC. Raises ``ValueError`` for an unknown
    source or state, ``sqlalchemy.exc.IntegrityError`` for a person or product that does not exist.
    """
    if source not in SOURCES:
        raise ValueError(f"no such source of a grant: {source!r}")
    wanted = GrantState(state)
    key = {"person_id": person_id, "product_id": product_id, "source": source, "source_ref": source_ref}
    grant, is_new = _locked(key)
    before = None if is_new else _facts(grant)
    if grant.revoked_by_staff and actor_id is None:
        return view(grant)
    grant.state, grant.starts_at, grant.ends_at, grant.reason = wanted.value, starts_at, ends_at, reason
    if actor_id is not None:
        grant.revoked_by_staff = wanted is GrantState.REVOKED
    if before != _facts(grant):
        _tell(grant, before, actor_id)
    return view(grant)


def revoke_grant(grant_id: int, *, reason: str, actor_id: int) -> GrantView:
    """Close what the grant opened, by decision of staff. Raises ``LookupError``."""
    grant = session.get(Grant, grant_id)
    if grant is None:
        raise LookupError(f"no grant {grant_id}")
    return set_grant(
        person_id=grant.person_id,
        product_id=grant.product_id,
        source=grant.source,
        source_ref=grant.source_ref,
        state=GrantState.REVOKED,
        starts_at=grant.starts_at,
        ends_at=grant.ends_at,
        reason=reason,
        actor_id=actor_id,
    )


def find_grant(person_id: int, product_id: int, source: str, source_ref: str) -> GrantView | None:
    """The grant with this source, whatever its state."""
    query = select(Grant).filter_by(person_id=person_id, product_id=product_id, source=source, source_ref=source_ref)
    found = session.scalar(query)
    return view(found) if found else None


def grant(grant_id: int) -> GrantView | None:
    """The grant with this id."""
    found = session.get(Grant, grant_id)
    return view(found) if found else None


def grants_of(person_id: int) -> tuple[GrantView, ...]:
    """Everything the person holds or held, oldest first."""
    query = select(Grant, Product.name).join(Product, Product.id == Grant.product_id)
    rows = session.execute(query.where(Grant.person_id == person_id).order_by(Grant.id))
    return tuple(view(grant, name) for grant, name in rows)


def grants_from(person_id: int, source: str, refs: Sequence[str]) -> tuple[GrantView, ...]:
    """The person's grants that came from one of these (an order's number, a subscription's reference)."""
    query = select(Grant, Product.name).join(Product, Product.id == Grant.product_id)
    query = query.where(Grant.person_id == person_id, Grant.source == source, Grant.source_ref.in_(refs))
    rows = session.execute(query.order_by(Grant.id))
    return tuple(view(grant, name) for grant, name in rows)


def histories(grant_ids: Sequence[int]) -> dict[int, tuple[GrantChange, ...]]:
    """What happened to each of the grants, oldest first. One query."""
    found: dict[int, list[GrantChange]] = {grant_id: [] for grant_id in grant_ids}
    query = select(GrantEvent).where(GrantEvent.grant_id.in_(grant_ids)).order_by(GrantEvent.id)
    for row in session.scalars(query) if grant_ids else ():
        found[row.grant_id].append(GrantChange(row.before, row.after, row.actor_id, row.at))
    return {grant_id: tuple(changes) for grant_id, changes in found.items()}


def history(grant_id: int) -> tuple[GrantChange, ...]:
    """What happened to the grant, oldest first."""
    query = select(GrantEvent).where(GrantEvent.grant_id == grant_id).order_by(GrantEvent.id)
    return tuple(GrantChange(row.before, row.after, row.actor_id, row.at) for row in session.scalars(query))


def _locked(key: dict[str, Any]) -> tuple[Grant, bool]:
    """The grant's row, held until the commit, and whether this very call made it.

    Insert first: of two that make the same grant at once one waits and then finds the other's row.
    """
    now = clock.real_now()
    row = {**key, "state": "", "reason": "", "revoked_by_staff": False, "created_at": now, "updated_at": now}
    made = session.execute(_insert().values(row).on_conflict_do_nothing(index_elements=_KEY).returning(Grant.id))
    is_new = made.scalar() is not None
    query = select(Grant).filter_by(**key).with_for_update().execution_options(populate_existing=True)
    return session.scalars(query).one(), is_new


def _insert() -> Any:
    return (postgresql if session.get_bind().dialect.name == "postgresql" else sqlite).insert(Grant)


def _tell(grant: Grant, before: dict[str, Any] | None, actor_id: int | None) -> None:
    after = _facts(grant)
    now = clock.now()
    session.add(GrantEvent(grant_id=grant.id, before=before, after=after, actor_id=actor_id, at=now))
    session.flush()  # the next reader of this very transaction decides by it
    detail = {"before": before, "after": after, "person": grant.person_id, "product": grant.product_id}
    audit.record("grant.changed", actor_id=actor_id, subject=f"grant/{grant.id}", detail=detail)
    was = before["state"] if before else ""
    emit(GrantChanged(grant.id, grant.person_id, grant.product_id, was, grant.state))


def _facts(grant: Grant) -> dict[str, Any]:
    return {
        "state": grant.state,
        "starts_at": grant.starts_at.isoformat() if grant.starts_at else None,
        "ends_at": grant.ends_at.isoformat() if grant.ends_at else None,
        "reason": grant.reason,
    }


def view(grant: Grant, product_name: str | None = None) -> GrantView:
    """The row as plain data; the product's name is read where it is not given."""
    if product_name is None:
        product_name = session.scalars(select(Product.name).where(Product.id == grant.product_id)).one()
    return GrantView(
        grant.id,
        grant.person_id,
        grant.product_id,
        product_name,
        grant.source,
        grant.source_ref,
        GrantState(grant.state),
        grant.starts_at,
        grant.ends_at,
        grant.reason,
        grant.revoked_by_staff,
    )
