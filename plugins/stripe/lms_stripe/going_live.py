"""What has to be right before a connection sells: a list that can be looked at before anything changes."""

from __future__ import annotations

from dataclasses import dataclass

from flask_babel import gettext as _

from lms.api import commerce, config
from lms.api.urls import is_loopback
from lms_stripe import catalog, connections, tax
from lms_stripe.connections import Connection


@dataclass(frozen=True, slots=True)
class Check:
    """``state`` is good, advice or broken; what is broken stops the sale."""

    name: str
    state: str
    sentence: str
    do: str = ""


def checks(connection: Connection) -> list[Check]:
    """From our database only."""
    return [
        _connected(connection),
        _prices(connection),
        _told(connection),
        _portal(connection),
        _address(connection),
        _tax(connection),
    ]


def can_sell(connection: Connection) -> bool:
    """Whether nothing stands in the way."""
    return not any(check.state == "broken" for check in checks(connection))


def _connected(connection: Connection) -> Check:
    if connections.moved_from(connection):
        return Check("connected", "broken", _("This site has moved or is a copy."), _("Say which, then come back."))
    if connection.status != "active":
        words = connection.reason or _("The connection is not finished.")
        return Check("connected", "broken", words, _("Press Repair on the connection."))
    return Check("connected", "good", _("%(account)s is connected.", account=connection.account_name))


def _prices(connection: Connection) -> Check:
    offers = [offer for offer in commerce.active_offers() if offer.kind in catalog.SELLABLE]
    missing = [offer for offer in offers if catalog.price_of(connection.id, offer) is None]
    if not offers:
        return Check("prices", "advice", _("Nothing is offered yet."), _("Add an offer to a product."))
    if missing:
        names = ", ".join(f"{offer.product_name}, {offer.label}" for offer in missing[:3])
        sentence = _("%(count)s offers have no price in this mode: %(names)s.", count=len(missing), names=names)
        return Check("prices", "broken", sentence, _("Press Repair: it makes the prices in Stripe."))
    return Check("prices", "good", _("%(count)s offers have their price.", count=len(offers)))


def _told(connection: Connection) -> Check:
    facts = connections.facts_of(connection)
    if connection.delivery == "polling":
        return Check("told", "advice", _("Stripe cannot reach this site, so we ask every five minutes."))
    if facts.endpoint is None or not facts.endpoint.secret:
        return Check("told", "broken", _("There is no webhook endpoint."), _("Press Repair on the connection."))
    if facts.last_event_at is None:
        return Check("told", "advice", _("Stripe has told nothing yet."), _("Send a test event from the connection."))
    return Check("told", "good", _("Stripe tells us what happens."))


def _portal(connection: Connection) -> Check:
    if not connection.portal_enabled:
        return Check("portal", "advice", _("The customer portal is switched off."))
    if connection.portal_status != "active":
        return Check("portal", "broken", _("The customer portal is not active."), _("Activate it."))
    return Check("portal", "good", _("The customer portal is active."))


def _address(connection: Connection) -> Check:
    address = config.current().site_url
    is_private = not address.startswith("https://") or is_loopback(address)
    if connection.livemode and not connections.is_simulated(connection) and is_private:
        return Check("address", "broken", _("This site has no public https address."), _("Set LMS_SITE_URL."))
    return Check("address", "good", _("Buyers come back to %(address)s.", address=address))


def _tax(connection: Connection) -> Check:
    if not connection.tax_enabled:
        return Check("tax", "advice", _("No tax is computed at checkout."), _("Switch it on if you owe any."))
    warns = tax.warning(connection.tax_status)
    if warns:
        return Check("tax", "advice", warns)
    return Check("tax", "good", _("Stripe computes the tax."))
