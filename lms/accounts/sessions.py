"""Sessions are rows: they can be listed, and they end when their owner says so.

A signed cookie alone cannot be signed out. The cookie holds a random token and the row its hash, so that a stolen
database signs nobody in.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, bindparam, delete, select, update

from lms.accounts.models import ACTIVE, Person, RoleAssignment, SignIn
from lms.base import clock
from lms.base.ids import new_token, token_hash
from lms.db import rows, session

IDLE = timedelta(days=30)
ABSOLUTE = timedelta(days=60)
SEEN_EVERY = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class SessionView:
    """A device on which a person is signed in: ``device`` in words, times in UTC."""

    id: int
    device: str
    address: str
    started_at: datetime
    last_seen_at: datetime


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who a cookie belongs to, all from one query."""

    session_id: int
    last_seen_at: datetime
    person_id: int
    email: str
    name: str
    verified: bool
    locale: str
    timezone: str
    roles: tuple[str, ...]


def start_session(person_id: int, *, user_agent: str = "", address: str = "") -> str:
    """Sign the person in on a device; returns the token for the cookie, which is stored nowhere else."""
    token = new_token()
    now = clock.real_now()
    session.add(
        SignIn(
            person_id=person_id,
            token_hash=token_hash(token),
            user_agent=user_agent[:400],
            address=address[:64],
            last_seen_at=now,
            expires_at=now + ABSOLUTE,
        )
    )
    session.flush()  # whoever started a session may end the others right after
    return token


def end_session(session_id: int, *, person_id: int | None = None) -> bool:
    """End one session, only if it is ``person_id``'s where that is given; returns whether it was running."""
    conditions: list[ColumnElement[bool]] = [SignIn.id == session_id]
    if person_id is not None:
        conditions.append(SignIn.person_id == person_id)
    return _end(*conditions) > 0


def end_by_token(token: str) -> bool:
    """End the session of a cookie; returns whether it was running."""
    return _end(SignIn.token_hash == token_hash(token)) > 0


def end_all_sessions(person_id: int, except_id: int | None = None) -> int:
    """End all sessions of a person, but ``except_id``; returns how many were running."""
    conditions: list[ColumnElement[bool]] = [SignIn.person_id == person_id]
    if except_id is not None:
        conditions.append(SignIn.id != except_id)
    return _end(*conditions)


def _end(*conditions: ColumnElement[bool]) -> int:
    result = session.execute(
        update(SignIn)
        .where(SignIn.ended_at.is_(None), *conditions)
        .values(ended_at=clock.real_now())
        .returning(SignIn.id)
    )
    return len(result.all())


def _running(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return SignIn.ended_at.is_(None), SignIn.expires_at > now, SignIn.last_seen_at > now - IDLE


def sessions_of(person_id: int) -> tuple[SessionView, ...]:
    """The devices on which the person is signed in, the last one used first."""
    found = session.execute(
        select(SignIn.id, SignIn.user_agent, SignIn.address, SignIn.created_at, SignIn.last_seen_at)
        .where(SignIn.person_id == person_id, *_running(clock.real_now()))
        .order_by(SignIn.last_seen_at.desc(), SignIn.id.desc())
    )
    return tuple(
        SessionView(row.id, device_words(row.user_agent), row.address, row.created_at, row.last_seen_at)
        for row in found
    )


# Built once: it runs on every page of everybody who is signed in.
_sign_in: Any = SignIn.__table__
_person: Any = Person.__table__
_role: Any = RoleAssignment.__table__
_SIGNED_IN = (
    select(
        _sign_in.c.id.label("session_id"),
        _sign_in.c.last_seen_at,
        _person.c.id.label("person_id"),
        _person.c.email,
        _person.c.name,
        _person.c.email_verified_at.is_not(None).label("verified"),
        _person.c.locale,
        _person.c.timezone,
        _role.c.role,
    )
    .join(_person, _person.c.id == _sign_in.c.person_id)
    .outerjoin(_role, _role.c.person_id == _person.c.id)
    .where(
        _sign_in.c.token_hash == bindparam("token_hash"),
        _sign_in.c.ended_at.is_(None),
        _sign_in.c.expires_at > bindparam("now", type_=_sign_in.c.expires_at.type),
        _sign_in.c.last_seen_at > bindparam("idle_since", type_=_sign_in.c.last_seen_at.type),
        _person.c.status == ACTIVE,
    )
)


def signed_in(token: str) -> SignedIn | None:
    """Who the token of a cookie belongs to; None when its session has ended or its person is blocked. One query."""
    now = clock.real_now()
    found = rows(_SIGNED_IN, {"token_hash": token_hash(token), "now": now, "idle_since": now - IDLE}).all()
    if not found:
        return None
    *said, _role_name = found[0]
    return SignedIn(*said, roles=tuple(row.role for row in found if row.role is not None))


def note_seen(session_id: int, last_seen_at: datetime) -> None:
    """Remember that the session is in use, at most once in ``SEEN_EVERY``. Only where writing is allowed."""
    now = clock.real_now()
    if now - last_seen_at >= SEEN_EVERY:
        session.execute(update(SignIn).where(SignIn.id == session_id).values(last_seen_at=now))


def forget_ended(older_than: timedelta) -> None:
    """Delete sessions that ended or expired longer than ``older_than`` ago."""
    limit = clock.real_now() - older_than
    session.execute(
        delete(SignIn).where(
            (SignIn.ended_at < limit) | (SignIn.expires_at < limit) | (SignIn.last_seen_at < limit - IDLE)
        )
    )


_BROWSERS = (
    (re.compile(r"Edg(e|A|iOS)?/"), "Edge"),
    (re.compile(r"OPR/|Opera"), "Opera"),
    (re.compile(r"SamsungBrowser/"), "Samsung Internet"),
    (re.compile(r"Firefox/|FxiOS/"), "Firefox"),
    (re.compile(r"Chrome/|CriOS/|Chromium/"), "Chrome"),
    (re.compile(r"Version/[\d.]+.*Safari/"), "Safari"),
)
_SYSTEMS = (
    (re.compile(r"iPhone"), "iPhone"),
    (re.compile(r"iPad"), "iPad"),
    (re.compile(r"Android"), "Android"),
    (re.compile(r"CrOS"), "ChromeOS"),
    (re.compile(r"Windows"), "Windows"),
    (re.compile(r"Macintosh|Mac OS X"), "macOS"),
    (re.compile(r"Linux|X11"), "Linux"),
)


def device_words(user_agent: str) -> str:
    """A device as people call it: "Firefox on Windows"."""
    browser = next((name for pattern, name in _BROWSERS if pattern.search(user_agent)), "")
    system = next((name for pattern, name in _SYSTEMS if pattern.search(user_agent)), "")
    if browser and system:
        return _("%(browser)s on %(system)s", browser=browser, system=system)
    return browser or system or _("A device that does not say what it is")
