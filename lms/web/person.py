"""Who is at the other end of the request."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import flask_login
from flask import Flask, Request, g, has_request_context, request

from lms.base.text import initials
from lms.host import registry

COOKIE = "lms_session"


@dataclass(frozen=True, slots=True)
class CurrentPerson:
    """A signed-in person as of this request: one query, no mapped object behind it."""

    id: int
    email: str
    name: str
    verified: bool = False
    roles: frozenset[str] = field(default_factory=frozenset)
    capabilities: frozenset[str] = field(default_factory=frozenset)
    session_id: int = 0
    locale: str = ""
    timezone: str = ""

    is_active = True
    is_authenticated = True
    is_anonymous = False

    def get_id(self) -> str:
        """For Flask-Login."""
        return str(self.id)

    @property
    def initials(self) -> str:
        """At most two letters for the round badge."""
        return initials(self.name or self.email)

    def can(self, capability: str) -> bool:
        """Whether a role of the person holds the capability (site-wide)."""
        return capability in self.capabilities


def current_person() -> CurrentPerson | None:
    """Who is signed in, or None for a guest. A request without our cookie costs no query and no session."""
    if not has_request_context() or COOKIE not in request.cookies:
        return None
    if "lms_person" not in g:
        g.lms_person = _load(request)
    return g.lms_person  # type: ignore[no-any-return]


def look_as(person: CurrentPerson | None, attention: str = "") -> None:
    """For the rest of this request, and only to draw: who looks is ``person``, None for a guest.

    ``attention`` is what that person's account draws attention to, "past_due" say. For previews. Check first who asked
    for it.
    """
    g.lms_person = person
    g.lms_looks_with = attention


def previewed_attention() -> str:
    """What the account of the person that this request is drawn for in a preview draws attention to; "" for nothing."""
    return str(g.get("lms_looks_with", ""))


def _load(http_request: Request) -> CurrentPerson | None:
    loader: Any = registry.current().service("person_loader")
    return loader.load(http_request) if loader is not None else None


def _for_flask_login(_http_request: Request) -> CurrentPerson | None:
    return current_person()


class Manager(flask_login.LoginManager):
    """Flask-Login without its remember cookie, whose upkeep would make every page depend on a cookie."""

    def _update_remember_cookie(self, response: Any) -> Any:
        return response


def init_app(app: Flask) -> None:
    """Let Flask-Login, for extensions that know it, say who ``current_person`` is.

    Its context processor would load a person on every page.
    """
    manager = Manager()
    manager.init_app(app, add_context_processor=False)
    manager.request_loader(_for_flask_login)
    manager.session_protection = None
