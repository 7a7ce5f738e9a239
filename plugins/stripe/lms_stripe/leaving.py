"""Leaving an account: what goes on there, and what stays here; and what a moved or copied site does about it."""

from __future__ import annotations

from dataclasses import dataclass

from flask_babel import gettext as _
from sqlalchemy import func, or_, select

from lms.api import audit, commerce, config, db
from lms_stripe import connections, endpoints
from lms_stripe.connections import Connection
from lms_stripe.models import Checkout, Payment, Subscription

PROVIDER = "stripe"
RUNNING = ("trialing", "active", "past_due", "unpaid", "paused")


@dataclass(frozen=True, slots=True)
class Consequences:
    """What goes on at Stripe after disconnecting."""

    running_subscriptions: int
    open_checkouts: int
    pending_refunds: int
    """Payments of which money is on its way back; how that ends is not heard of any longer."""


def consequences(connection_id: int) -> Consequences:
    """In numbers, for the question before disconnecting."""
    running = select(func.count(Subscription.id)).where(
        Subscription.connection_id == connection_id, Subscription.status.in_(RUNNING)
    )
    still_open = select(func.count(Checkout.id)).where(
        Checkout.connection_id == connection_id, Checkout.status.in_(("open", "awaiting_payment"))
    )
    going_back = commerce.payments_going_back(PROVIDER)
    refunds = select(func.count(Payment.id)).where(
        Payment.connection_id == connection_id,
        or_(Payment.payment_intent_id.in_(going_back), Payment.invoice_id.in_(going_back)),
    )
    return Consequences(*(int(db.session.scalar(each) or 0) for each in (running, still_open, refunds)))


def declare_copy(connection: Connection, *, actor_id: int | None) -> None:
    """This site is a copy: it leaves the account to the other one, whose endpoint is not touched. Commits."""
    endpoints.leave_alone(connection)
    connections.forget_key(connection, _("This site is a copy; the account belongs to the other one."))
    subject = f"stripe/{connection.account_id}"
    audit.record("stripe.declared_copy", actor_id=actor_id, subject=subject, detail={"mode": connection.mode})
    db.commit()


def declare_moved(connection: Connection, *, actor_id: int | None) -> None:
    """This site has moved here, and the account comes along. Commits. Raises ``StripeFailure``."""
    endpoints.take_along(connection)
    subject = f"stripe/{connection.account_id}"
    detail = {"from": connection.site_url, "to": config.current().site_url}
    audit.record("stripe.declared_moved", actor_id=actor_id, subject=subject, detail=detail)
    db.commit()


def disconnect(connection: Connection, *, actor_id: int | None) -> str:
    """Stop using the account; returns "" or what is left to do by hand. Our rows stay. Commits."""
    left = endpoints.remove(connection)
    connections.forget_key(connection)
    if connection.credential_ref == "environment":
        left = _("%(left)s Remove the key from the environment.", left=left).strip()
    subject = f"stripe/{connection.account_id}"
    audit.record("stripe.disconnected", actor_id=actor_id, subject=subject, detail={"mode": connection.mode})
    db.commit()
    return left
