"""Whether deliveries come straight to this site: our own webhook address is asked as Stripe would ask it.

Stripe follows no redirect (docs.stripe.com/webhooks), so one to https, to another host or to a sign-in page loses every
event without a word. Only a request from outside the site can see it.
"""

from __future__ import annotations

import urllib.error
import urllib.request
from typing import Any

from flask_babel import gettext as _

from lms.api import db
from lms.api.urls import origin
from lms_stripe import connections, operations
from lms_stripe.connections import Connection

STEP = "hook"
_SECONDS = 3.0
_TURNED_AWAY = (401, 403)


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_arguments: Any, **_options: Any) -> None:
        """Follow nothing, as Stripe does."""


def run() -> None:
    """The job ``stripe.detours``."""
    for connection in connections.in_use():
        look(connection)


def look(connection: Connection) -> str:
    """Ask our address, and keep what came of it; returns "" or what is in the way. Commits.

    A machine that cannot reach its own public address learns nothing, and says nothing.
    """
    endpoint = connections.endpoint_of(connection.id) if connection.delivery == "webhook" else None
    db.commit()
    found = _trouble(endpoint.url) if endpoint is not None else ""
    operations.note_step(connection.id, STEP, "failed" if found else "succeeded", found)
    db.commit()
    return found


def known(connection_id: int) -> str:
    """What was in the way when the address was last asked; "" for nothing."""
    row = operations.steps(connection_id).get(STEP)
    return str(row.error) if row is not None and row.state == "failed" else ""


def _trouble(url: str) -> str:
    # Without a body and a signature: refused by our view with 400, and counted nowhere.
    request = urllib.request.Request(url, b"", method="POST")  # noqa: S310  this site's own address
    try:
        with urllib.request.build_opener(_NoRedirects).open(request, timeout=_SECONDS):
            return ""
    except urllib.error.HTTPError as answer:
        with answer:
            return _words(url, answer.code, answer.headers.get("Location") or "")
    except (OSError, ValueError):
        return ""


def _words(url: str, status: int, location: str) -> str:
    if 300 <= status < 400:
        return _(
            "Deliveries to %(address)s are redirected to %(target)s, and Stripe follows no redirects.",
            address=origin(url),
            target=origin(location) if "://" in location else location.partition("?")[0][:100] or "?",
        )
    if status in _TURNED_AWAY:
        return _("Something in front of this site turns deliveries to %(address)s away.", address=origin(url))
    return ""
