"""A new card for a payment that failed: what is owed is charged at once, not at Stripe's next try days later."""

from __future__ import annotations

import logging
from typing import Any

from sqlalchemy import select

from lms.api import db
from lms_stripe import connections, operations, sync
from lms_stripe.failures import StripeFailure
from lms_stripe.models import Subscription

_log = logging.getLogger("lms_stripe")
_OWED = ("past_due", "unpaid")


def pay_what_is_owed(person_id: int) -> None:
    """Charge the open invoice of each of the person's subscriptions to the card that it has now. Commits.

    A card that is declined again changes nothing: the banner stays, with the way to another card and to the invoice.
    """
    query = select(Subscription.connection_id, Subscription.stripe_id, Subscription.latest_invoice_id)
    owed = db.session.execute(
        query.where(
            Subscription.person_id == person_id,
            Subscription.status.in_(_OWED),
            Subscription.latest_invoice_status == "open",
            Subscription.latest_invoice_id.is_not(None),
        )
    ).all()
    db.commit()
    for connection_id, subscription_id, invoice_id in owed:
        try:
            _pay(connection_id, str(invoice_id))
        except StripeFailure as failure:
            _log.info("The open invoice was not paid: %s", failure.code)
            continue
        sync.now(connection_id, "payment", str(invoice_id))
        sync.now(connection_id, "subscription", subscription_id)


def _pay(connection_id: int, invoice_id: str) -> None:
    stripe = connections.client_of(connections.get(connection_id))
    nothing: dict[str, Any] = {}
    operations.make(
        connection_id,
        "invoice.pay",
        invoice_id,
        nothing,
        lambda _given, key: stripe.v1.invoices.pay(invoice_id, {}, {"idempotency_key": key}),
    )
