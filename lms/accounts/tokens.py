"""Links that mail carries: they work once, for one purpose, for a while. Only their hash is stored."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from flask_babel import gettext as _
from sqlalchemy import CursorResult, delete, select, update

from lms.accounts.models import MailedLink
from lms.base import clock
from lms.base.ids import new_token, token_hash
from lms.base.problem import Problem
from lms.db import session


class Purpose(StrEnum):
    """What a mailed link is for."""

    VERIFY = "verify"
    CHANGE = "change"
    RESET = "reset"
    RECOVER = "recover"
    """Lets somebody who manages plugins in where the site does not."""
    RECOVERING = "recovering"
    """What the browser holds once a recovery link was used; no mail carries it."""


LIFETIME = {
    Purpose.VERIFY: timedelta(days=3),
    Purpose.CHANGE: timedelta(days=1),
    Purpose.RESET: timedelta(hours=1),
    Purpose.RECOVER: timedelta(hours=1),
    Purpose.RECOVERING: timedelta(minutes=30),
}


class LinkDead(Problem):
    """The mailed link is unknown, was used, or has expired; the next step is to ask for a new one."""

    status = 410


@dataclass(frozen=True, slots=True)
class Issued:
    """A new link: ``token`` is known only now and only here."""

    id: int
    token: str


@dataclass(frozen=True, slots=True)
class Link:
    """A link that works."""

    id: int
    person_id: int
    purpose: Purpose
    email: str
    next_path: str


def issue(person_id: int, purpose: Purpose, email: str, *, next_path: str = "") -> Issued:
    """A new link for ``email``. Older links of the same purpose stop working."""
    void(person_id, purpose)
    token = new_token()
    row = MailedLink(
        person_id=person_id,
        purpose=purpose,
        token_hash=token_hash(token),
        email=email,
        next_path=next_path[:1000],
        expires_at=clock.real_now() + LIFETIME[purpose],
    )
    session.add(row)
    session.flush()  # the id is part of the mail's key
    return Issued(row.id, token)


def find(token: str, *purposes: Purpose) -> Link:
    """The working link behind ``token``. Raises ``LinkDead``."""
    row = session.execute(
        select(
            MailedLink.id,
            MailedLink.person_id,
            MailedLink.purpose,
            MailedLink.email,
            MailedLink.next_path,
            MailedLink.used_at,
            MailedLink.expires_at,
        ).where(MailedLink.token_hash == token_hash(token), MailedLink.purpose.in_(purposes))
    ).one_or_none()
    if row is None:
        raise LinkDead(_("This link is not complete, or it was never ours."), status=404)
    if row.used_at is not None:
        raise LinkDead(_("This link was used already, or a newer one has replaced it."))
    if row.expires_at <= clock.real_now():
        raise LinkDead(_("This link has expired."))
    return Link(row.id, row.person_id, Purpose(row.purpose), row.email, row.next_path)


def consume(token: str, *purposes: Purpose) -> Link:
    """As ``find``, and the link works no more: of two that try at once, one gets it. Raises ``LinkDead``."""
    link = find(token, *purposes)
    now = clock.real_now()
    taken = session.execute(
        update(MailedLink).where(MailedLink.id == link.id, MailedLink.used_at.is_(None)).values(used_at=now)
    )
    if not isinstance(taken, CursorResult) or taken.rowcount != 1:
        raise LinkDead(_("This link was used already, or a newer one has replaced it."))
    return link


def void(person_id: int, *purposes: Purpose) -> None:
    """All unused links of these purposes stop working."""
    session.execute(
        update(MailedLink)
        .where(
            MailedLink.person_id == person_id,
            MailedLink.purpose.in_(purposes),
            MailedLink.used_at.is_(None),
        )
        .values(used_at=clock.real_now())
    )


def forget_expired(older_than: timedelta) -> None:
    """Delete links that expired longer than ``older_than`` ago."""
    session.execute(delete(MailedLink).where(MailedLink.expires_at < clock.real_now() - older_than))
