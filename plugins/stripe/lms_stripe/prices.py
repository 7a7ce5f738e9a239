"""Prices of all offers, made as soon as an offer is: so that nobody waits for them at the first sale, and so that
students who may change plans find the new one in the portal.
"""

from __future__ import annotations

from typing import Any

from lms.api import commerce, db, jobs, settings
from lms_stripe import catalog, connections, currencies, portal
from lms_stripe.connections import Connection

JOB = catalog.PRICES_JOB


def on_offer_changed(event: Any) -> None:
    """An offer was made or changed: a worker looks after its price. Not while nothing is connected."""
    if connections.in_use():
        _settle_button(commerce.find_offer(event.offer_id))
        jobs.enqueue(JOB, key=JOB)


def _settle_button(offer: Any) -> None:
    """An offer that is sold through Stripe for the first time takes over the default of its button."""
    if offer is not None and offer.show_button is None and offer.kind in catalog.SELLABLE:
        commerce.settle_button(offer.id, bool(settings.get(connections.SECTION, "show_buy_button", True)))


def run() -> None:
    """The job ``stripe.prices``. A failure of Stripe's passes: the job is tried again later."""
    for connection in connections.in_use():
        ensure_all(connection)


def ensure_all(connection: Connection) -> int:
    """Make the prices that are missing, and tell the portal; how many offers have one. Commits.

    Raises ``StripeFailure``.
    """
    offers = [
        offer
        for offer in commerce.active_offers()
        if offer.kind in catalog.SELLABLE and currencies.can_charge(offer.amount, offer.currency) is True
    ]
    db.commit()
    for offer in offers:
        _settle_button(offer)
        for amount in catalog.amounts(offer.id):
            catalog.ensure_price(connection, offer.agreed(amount, offer.trial_days))
    portal.follow_prices(connections.get(connection.id))
    return len(offers)
