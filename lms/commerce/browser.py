"""The cookie by which a browser that ordered without an account is known again: a secret of its own, no identity."""

from __future__ import annotations

import re

from flask import Response, request

from lms.base.ids import new_token
from lms.commerce import claims
from lms.commerce.orders import OrderView
from lms.host import config
from lms.web import current_person

_SHAPE = re.compile(r"[A-Za-z0-9_-]{43}")


def cookie_name() -> str:
    """With https the name keeps other hosts of the same domain from planting a secret that they know."""
    return "__Host-lms_claim" if _is_secure() else "lms_claim"


def token() -> str:
    """The secret of the browser at hand; "" if it has none."""
    found = request.cookies.get(cookie_name(), "")
    return found if _SHAPE.fullmatch(found) else ""


def give(response: Response, secret: str = "") -> Response:
    """Hand the browser its secret, a new one unless it has one; before it is sent away to pay."""
    response.set_cookie(
        cookie_name(),
        secret or token() or new_token(),
        max_age=int(claims.BROWSER_LIFETIME.total_seconds()),
        httponly=True,
        samesite="Lax",
        secure=_is_secure(),
    )
    return response


def take(response: Response) -> Response:
    """Make the browser forget its secret, once nothing waits in it."""
    response.delete_cookie(cookie_name(), httponly=True, samesite="Lax", secure=_is_secure())
    return response


def is_buyer(order: OrderView) -> bool:
    """Whether the order is of whoever sent this request: their own, or made in this browser and not claimed yet."""
    if order.person_id is None:
        return claims.is_of_browser(order.id, token())
    person = current_person()
    return person is not None and person.id == order.person_id


def _is_secure() -> bool:
    return config.current().site_url.startswith("https://")
