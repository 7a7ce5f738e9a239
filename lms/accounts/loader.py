"""Who is at the other end of a request: answers the web layer from the session rows."""

from __future__ import annotations

from flask import Request

from lms.accounts import policies, sessions
from lms.db import Mode
from lms.db.engine import MODE
from lms.extend import Service
from lms.web import COOKIE, CurrentPerson

_LONGEST_TOKEN = 64


class PersonLoader(Service):
    """One query for whoever has our cookie, none for guests."""

    kind = "person_loader"
    name = "accounts"

    def load(self, request: Request) -> CurrentPerson | None:
        """The person whose session the cookie names; None for guests and for sessions that have ended."""
        token = request.cookies.get(COOKIE, "")
        if not token or len(token) > _LONGEST_TOKEN:
            return None
        found = sessions.signed_in(token)
        if found is None:
            return None
        if MODE.get() is Mode.WRITE:  # a page that only reads notes nothing
            sessions.note_seen(found.session_id, found.last_seen_at)
        return CurrentPerson(
            id=found.person_id,
            email=found.email,
            name=found.name,
            verified=found.verified,
            roles=frozenset(found.roles),
            capabilities=policies.capabilities_of(found.roles),
            session_id=found.session_id,
            locale=found.locale,
            timezone=found.timezone,
        )
