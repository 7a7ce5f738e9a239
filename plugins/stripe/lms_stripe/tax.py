"""Stripe's automatic tax: whether it would collect anything, and whether our checkouts ask for it."""

from __future__ import annotations

from flask_babel import gettext as _

from lms.api import db
from lms_stripe import client, connections
from lms_stripe.connections import Connection


def switch_on(connection: Connection) -> str:
    """Ask for tax at checkout from now on; returns "" or a sentence that warns. Commits. Raises ``StripeFailure``.

    Whether anything is collected is for Stripe to know: it needs the business's address and a registration
    (docs.stripe.com/tax/set-up). Sales go on in either case.
    """
    status = _status(connection)
    connections.change(connection.id, tax_enabled=True, tax_status=status)
    db.commit()
    return warning(status)


def switch_off(connection: Connection) -> None:
    """No tax at checkout from now on. Does not commit."""
    connections.change(connection.id, tax_enabled=False)


def _status(connection: Connection) -> str:
    stripe = connections.client_of(connection)
    db.commit()
    with client.outside():
        settings = client.plain(stripe.v1.tax.settings.retrieve())
        if settings.get("status") != "active":
            return "pending"
        registrations = stripe.v1.tax.registrations.list({"status": "active", "limit": 1})
    return "active" if registrations.data else "unregistered"


def warning(status: str) -> str:
    """What the owner has to know about a switched-on tax that collects nothing; "" when all is well."""
    if status == "pending":
        return _("Stripe does not know your address yet, so no tax is collected. Complete Stripe Tax in the Dashboard.")
    if status == "unregistered":
        return _("No tax registration is active at Stripe, so no tax is collected. Add one in the Dashboard.")
    return ""


def is_asked_for(connection: Connection) -> bool:
    """Whether a checkout should compute tax: Stripe refuses to while it does not know the business's address."""
    return connection.tax_enabled and connection.tax_status in {"active", "unregistered"}
