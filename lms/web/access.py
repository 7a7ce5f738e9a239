"""Which views who may see: every view declares it, or it does not register."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar
from urllib.parse import quote

from flask import Flask, abort, current_app, redirect, request
from flask_babel import gettext as _

from lms.base.problem import Forbidden
from lms.web.person import current_person

View = TypeVar("View", bound=Callable[..., Any])
_MARK = "_lms_access"


class Undeclared(RuntimeError):
    """A view says neither who may see it nor that everybody may."""


@dataclass(frozen=True, slots=True)
class Access:
    """What a view declared. ``cache``: equal for all guests; ``writes``: a GET that writes; ``csrf`` off: webhooks.

    ``reads_first``: a GET that writes begins by reading, and enters a write scope of its own for what it writes. Where
    many press at once, whoever only looks then waits for nobody: SQLite has one writer.
    """

    capability: str = ""
    sign_in: bool = False
    cache: bool = False
    writes: bool = False
    csrf: bool = True
    reads_first: bool = False


def _mark(view: View, access: Access) -> View:
    setattr(view, _MARK, access)
    return view


def public(view: View | None = None, *, cache: bool = False, writes: bool = False, csrf: bool = True) -> Any:
    """Everybody may see it. ``cache=True``: the answer to a guest may be kept and given to all guests."""
    access = Access(cache=cache, writes=writes, csrf=csrf)
    return _mark(view, access) if view is not None else lambda wrapped: _mark(wrapped, access)


def reads_first(view: View) -> View:
    """Above a view that says ``writes=True`` and enters a write scope of its own for what it writes."""
    return _mark(view, replace(getattr(view, _MARK), reads_first=True))


def signed_in(view: View | None = None, *, writes: bool = False) -> Any:
    """Whoever is signed in; guests sign in first and come back."""
    access = Access(sign_in=True, writes=writes)
    return _mark(view, access) if view is not None else lambda wrapped: _mark(wrapped, access)


def requires(capability: str, *, writes: bool = False) -> Callable[[View], View]:
    """Whoever has the capability; guests sign in first, others get 403."""
    return lambda view: _mark(view, Access(capability=capability, sign_in=True, writes=writes))


def declared(view: Any) -> Access | None:
    """What the view function declared, None if nothing."""
    return getattr(view, _MARK, None)


_STRICTEST = Access()


def current_access() -> Access:
    """What the view of this request declared; for an unknown address the strictest reading."""
    view = request.endpoint and _view_functions().get(request.endpoint)
    return declared(view) or _STRICTEST


def _view_functions() -> dict[str, Any]:
    return current_app.view_functions


def check_views(app: Flask) -> None:
    """Raises ``Undeclared`` for the first view without a declaration."""
    for endpoint, view in app.view_functions.items():
        if declared(view) is None:
            raise Undeclared(f"{endpoint} declares neither a capability nor that it is public.")


def sign_in_address() -> str:
    """Where a guest signs in, with the way back to this page (for a POST: to the page it came from)."""
    back = request.full_path.rstrip("?") if request.method in {"GET", "HEAD"} else request.path
    return "/login?next=" + quote(back, safe="/")


def enforce() -> Any:
    """Runs before every view."""
    access = current_access()
    if not access.sign_in:
        return None
    person = current_person()
    if person is None:
        if request.method == "HEAD":
            abort(401)
        return redirect(sign_in_address(), code=303)
    if access.capability and not person.can(access.capability):
        raise Forbidden(
            _("Your account may not open this page."), next_step=_("Ask an owner of the site for the right role.")
        )
    return None
