"""Giving and taking roles, blocking people, and the list of people for the owner."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import delete, select, update

from lms.accounts import policies, tokens
from lms.accounts.models import ACTIVE, BLOCKED, Person, RoleAssignment
from lms.accounts.services import PersonView, person
from lms.accounts.sessions import end_all_sessions
from lms.audit import services as audit
from lms.base.problem import Conflict, NotFound
from lms.db import session

PAGE = 50


@dataclass(frozen=True, slots=True)
class ListedPerson:
    """A row of the list of people; times in UTC."""

    id: int
    name: str
    email: str
    verified: bool
    blocked: bool
    roles: tuple[str, ...]
    since: datetime


@dataclass(frozen=True, slots=True)
class PeoplePage:
    """Some people, the newest first; ``before`` asks for the older ones, None at the end."""

    people: tuple[ListedPerson, ...]
    before: int | None


class LastOwner(Conflict):
    """A site needs somebody who can manage it."""

    def __init__(self) -> None:
        super().__init__(
            _("This is the last owner."), next_step=_("Make somebody else an owner first, then try again.")
        )


def list_people(*, search: str = "", before: int | None = None, limit: int = PAGE) -> PeoplePage:
    """People whose name or address holds ``search``, the newest first. Two queries, whatever the size."""
    query = select(Person.id, Person.name, Person.email, Person.email_verified_at, Person.status, Person.created_at)
    if search.strip():
        word = search.strip()
        query = query.where(
            Person.name.icontains(word, autoescape=True) | Person.email_key.contains(word.casefold(), autoescape=True)
        )
    if before is not None:
        query = query.where(Person.id < before)
    rows = session.execute(query.order_by(Person.id.desc()).limit(limit + 1)).all()
    shown = rows[:limit]
    roles: dict[int, list[str]] = {}
    found = session.execute(
        select(RoleAssignment.person_id, RoleAssignment.role).where(
            RoleAssignment.person_id.in_([row.id for row in shown])
        )
    )
    for person_id, role in found:
        roles.setdefault(person_id, []).append(role)
    people = tuple(
        ListedPerson(
            row.id,
            row.name,
            row.email,
            row.email_verified_at is not None,
            row.status == BLOCKED,
            policies.in_order(roles.get(row.id, ())),
            row.created_at,
        )
        for row in shown
    )
    return PeoplePage(people, shown[-1].id if len(rows) > limit else None)


def _known(person_id: int, role: str = policies.STUDENT) -> PersonView:
    if role not in policies.ROLES:
        raise ValueError(f"no such role: {role}")
    found = person(person_id)
    if found is None:
        raise NotFound(_("This person does not exist."))
    return found


def give_role(person_id: int, role: str, *, actor_id: int | None) -> bool:
    """Give a role in the whole site; returns whether it was new.

    Raises ``NotFound``, and ``ValueError`` for a role that does not exist.
    """
    if role in _known(person_id, role).roles:
        return False
    session.add(RoleAssignment(person_id=person_id, role=role))
    session.flush()  # a second request that does the same fails here, not at the commit
    _record("role_given", person_id, actor_id, role=role)
    return True


def take_role(person_id: int, role: str, *, actor_id: int | None) -> bool:
    """Take a role away; returns whether the person had it.

    Raises ``LastOwner``, ``NotFound``, and ``ValueError`` for a role that does not exist.
    """
    if role not in _known(person_id, role).roles:
        return False
    if role == policies.OWNER:
        _require_another_owner(person_id)
    session.execute(delete(RoleAssignment).where(RoleAssignment.person_id == person_id, RoleAssignment.role == role))
    _record("role_taken", person_id, actor_id, role=role)
    return True


def block(person_id: int, *, actor_id: int | None) -> bool:
    """The person is signed out everywhere and cannot sign in; returns whether that is new.

    Raises ``LastOwner``, ``NotFound``, and ``Conflict`` for oneself.
    """
    found = _known(person_id)
    if found.is_blocked:
        return False
    if person_id == actor_id:
        raise Conflict(_("You cannot block yourself."))
    if policies.OWNER in found.roles:
        _require_another_owner(person_id)
    session.execute(update(Person).where(Person.id == person_id).values(status=BLOCKED))
    end_all_sessions(person_id)
    tokens.void(person_id, *tokens.Purpose)
    _record("person_blocked", person_id, actor_id)
    return True


def unblock(person_id: int, *, actor_id: int | None) -> bool:
    """The person may sign in again; returns whether that is new. Raises ``NotFound``."""
    if not _known(person_id).is_blocked:
        return False
    session.execute(update(Person).where(Person.id == person_id).values(status=ACTIVE))
    _record("person_unblocked", person_id, actor_id)
    return True


def _require_another_owner(person_id: int) -> None:
    # Locked: of two owners who demote each other at the same moment, one must stay.
    owners = session.scalars(
        select(RoleAssignment.person_id)
        .join(Person, Person.id == RoleAssignment.person_id)
        .where(RoleAssignment.role == policies.OWNER, Person.status == ACTIVE)
        .order_by(RoleAssignment.id)
        .with_for_update()
    ).all()
    if not [owner for owner in owners if owner != person_id]:
        raise LastOwner


def _record(action: str, person_id: int, actor_id: int | None, **detail: str) -> None:
    audit.record(f"accounts.{action}", actor_id=actor_id, subject=f"person/{person_id}", detail=detail)
