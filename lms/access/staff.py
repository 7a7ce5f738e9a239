"""What staff decide about access: give, extend, close, open again; each with a reason, each in the history."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import column, select, table

from lms.access import grants, products
from lms.access.decision import GrantState
from lms.access.events import GrantReopened
from lms.access.grants import GrantView
from lms.access.models import Grant, Product
from lms.base import clock
from lms.base.problem import Conflict, NotFound, Problem
from lms.db import session
from lms.host.bus import emit

MANUAL = "manual"
_people = table("accounts_person", column("id"), column("name"), column("email"))


def give(
    person_id: int, product_id: int, *, ends_at: datetime | None, reason: str, actor_id: int, key: str
) -> GrantView:
    """The person holds the product from now on, until ``ends_at`` (UTC; None: without end).

    ``key`` names this decision: the same again changes nothing. Raises ``NotFound``, ``Problem`` without a reason or
    for an end that has passed.
    """
    _check(reason, ends_at)
    if products.product(product_id) is None:
        raise NotFound(_("There is no such product."))
    known = grants.find_grant(person_id, product_id, MANUAL, key)
    return known or grants.set_grant(
        person_id=person_id,
        product_id=product_id,
        source=MANUAL,
        source_ref=key,
        state=GrantState.ACTIVE,
        starts_at=clock.now(),
        ends_at=ends_at,
        reason=reason,
        actor_id=actor_id,
    )


def extend(grant_id: int, *, ends_at: datetime | None, reason: str, actor_id: int, key: str) -> GrantView:
    """The person's access goes on until ``ends_at`` (UTC; None: without end).

    What staff gave gets the new end. What an order gave keeps its own, which its payments decide about: a second grant
    stands beside it. Raises ``Conflict`` for a grant that is closed, else as ``give`` does.
    """
    found = find(grant_id)
    _check(reason, ends_at)
    if found.state is GrantState.REVOKED:
        raise Conflict(_("This access is closed."), next_step=_("Open it again first."))
    if found.source != MANUAL:
        return give(found.person_id, found.product_id, ends_at=ends_at, reason=reason, actor_id=actor_id, key=key)
    return _set(found, found.state, ends_at, reason, actor_id)


def close(grant_id: int, *, reason: str, actor_id: int) -> GrantView:
    """Nothing is open through this grant any longer, whatever its order says. Raises ``NotFound``, ``Problem``."""
    found = find(grant_id)
    _check(reason, None)
    return found if found.state is GrantState.REVOKED else _set(
        found, GrantState.REVOKED, found.ends_at, reason, actor_id
    )  # fmt: skip


def reopen(grant_id: int, *, reason: str, actor_id: int) -> GrantView:
    """Take back that staff closed the grant: it is what it was before, and then what its order says.

    Raises ``Conflict`` for a grant that staff did not close, else as ``close`` does.
    """
    found = find(grant_id)
    _check(reason, None)
    if not found.closed_by_staff:
        raise Conflict(_("Nobody closed this access by hand."))
    changes = grants.history(grant_id)
    before = next(
        (
            change.before
            for change in reversed(changes)
            if change.after["state"] == GrantState.REVOKED and change.before
        ),
        {},
    )
    made = _set(found, GrantState(before.get("state") or GrantState.ACTIVE), found.ends_at, reason, actor_id)
    emit(GrantReopened(made.id, made.person_id, made.product_id, made.source, made.source_ref))
    return made


def find(grant_id: int) -> GrantView:
    """The grant. Raises ``NotFound``."""
    found = grants.grant(grant_id)
    if found is None:
        raise NotFound(_("There is no such access."))
    return found


@dataclass(frozen=True, slots=True)
class Holder:
    """Somebody who holds or held a product."""

    grant: GrantView
    person_name: str
    person_email: str


def holders(product_id: int, *, before: int | None = None, limit: int = 50) -> tuple[Holder, ...]:
    """The product's grants with their people, newest first, older than the grant ``before``. One query."""
    query: Any = (
        select(Grant, Product.name, _people.c.name, _people.c.email)
        .join(Product, Product.id == Grant.product_id)
        .join(_people, _people.c.id == Grant.person_id)
        .where(Grant.product_id == product_id)
    )
    if before is not None:
        query = query.where(Grant.id < before)
    rows = session.execute(query.order_by(Grant.id.desc()).limit(limit))
    return tuple(Holder(grants.view(grant, product), name, email) for grant, product, name, email in rows)


def _set(found: GrantView, state: GrantState, ends_at: datetime | None, reason: str, actor_id: int) -> GrantView:
    return grants.set_grant(
        person_id=found.person_id,
        product_id=found.product_id,
        source=found.source,
        source_ref=found.source_ref,
        state=state,
        starts_at=found.starts_at,
        ends_at=ends_at,
        reason=reason,
        actor_id=actor_id,
    )


def _check(reason: str, ends_at: datetime | None) -> None:
    if not reason.strip():
        raise Problem(_("Say why, for whoever asks later."), status=422)
    if ends_at is not None and ends_at <= clock.now():
        raise Problem(_("That day has passed."), status=422, next_step=_("Choose a day to come."))
