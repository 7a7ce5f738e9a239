"""The links that mail carries to guests: each opens one order's claim, once, for a while. Only hashes are kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from flask_babel import gettext as _
from sqlalchemy import select

from lms.base import clock
from lms.base.ids import new_token, token_hash
from lms.base.problem import Problem
from lms.commerce.models import Claim
from lms.db import session

LIFETIME = timedelta(days=14)


class ClaimLinkDead(Problem):
    """The mailed link is unknown, was used, replaced, or has expired; a new one can be asked for."""

    status = 410


@dataclass(frozen=True, slots=True)
class Letter:
    """A new link and where it goes: ``token`` is known only now and only here; ``number`` counts the letters."""

    token: str
    email: str
    locale: str
    number: int


def issue(order_id: int) -> Letter:
    """A new link for the guest's order; an older one stops working. Raises ``LookupError`` for anybody else's order."""
    row = session.scalar(select(Claim).where(Claim.order_id == order_id).with_for_update())
    if row is None:
        raise LookupError(f"order {order_id} is no guest's")
    token = new_token()
    row.link_hash, row.link_until = token_hash(token), clock.real_now() + LIFETIME
    row.letters += 1
    session.flush()  # whoever opens it reads the row by a query
    return Letter(token, row.email, row.locale, row.letters)


def order_of(token: str) -> int:
    """The id of the order behind the link. Raises ``ClaimLinkDead`` with the reason."""
    row = session.scalar(select(Claim).where(Claim.link_hash == token_hash(token)))
    if row is None:
        raise ClaimLinkDead(_("This link was replaced by a newer one, is not complete, or was never ours."), status=404)
    if row.claimed_at is not None:
        raise ClaimLinkDead(_("This link was used already: the purchase belongs to an account."))
    if row.link_until is None or row.link_until <= clock.real_now():
        raise ClaimLinkDead(_("This link has expired."))
    return row.order_id


def locale_of(order_id: int) -> str:
    """The language in which the guest ordered; "" for the site's own."""
    return session.scalar(select(Claim.locale).where(Claim.order_id == order_id)) or ""
