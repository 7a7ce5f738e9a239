"""Offers that are sold with a price somebody made in Stripe: what there is to choose from, and the choice.

The list is our database's; ``read`` is the button that has it read again.
"""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select, update

from lms.api import audit, commerce, db, jobs
from lms.api.problem import Conflict, Unavailable
from lms.api.web import current_person
from lms.extend import PriceList, ProviderPrice
from lms_stripe import catalog, connections, currencies, listed_prices, prices, settings, sync
from lms_stripe.connections import Connection
from lms_stripe.models import ListedPrice, Price
from lms_stripe.statements import insert_ignoring

_MODES = (("test", False), ("live", True))
_SETTINGS = "/admin/settings/stripe"
_GONE = _l("archived in Stripe")


def price_lists(offer: commerce.OfferView | None) -> list[PriceList]:
    """The prices of the test and of the live connection, always both."""
    return [_list(name, livemode, offer) for name, livemode in _MODES]


def pick(offer: commerce.OfferView, name: str, reference: str) -> None:
    """Tie the offer to the price, or for "" let go of the one that it is tied to. Does not commit.

    Raises ``Conflict``: the price is gone, costs something else, or is another offer's.
    """
    connection = _connection(dict(_MODES).get(name))
    if connection is None:
        raise Conflict(_("Stripe is not connected in this mode."), next_step=_("Connect it in Settings, Stripe."))
    if reference:
        _tie(connection, offer, reference)
    else:
        _let_go(connection, offer)
    person = current_person()
    detail = {"mode": connection.mode, "price": reference}
    audit.record(
        "stripe.price_picked", actor_id=person.id if person else None, subject=f"offer/{offer.id}", detail=detail
    )
    # The portal offers the prices of today, and what was let go of needs another.
    jobs.enqueue(prices.JOB, key=prices.JOB)


def read() -> None:
    """Read the prices of every connection now. Commits. Raises ``Unavailable`` while Stripe does not answer."""
    for connection in connections.in_use():
        if not sync.now(connection.id, listed_prices.ALL, listed_prices.EVERYTHING):
            raise Unavailable(
                _("Stripe does not answer right now."), next_step=_("What is listed may be old. Try again in a minute.")
            )


def _connection(livemode: bool | None) -> Connection | None:
    usable = [row for row in connections.in_use() if row.livemode is livemode]
    return usable[-1] if usable else None


def _list(name: str, livemode: bool, offer: commerce.OfferView | None) -> PriceList:
    connection = _connection(livemode)
    title = _("Stripe, %(mode)s", mode=settings.mode_words(connection.mode if connection else name).lower())
    if connection is None:
        reason = _("Stripe is not connected in live mode.") if livemode else _("Stripe is not connected in test mode.")
        return PriceList(name=name, title=title, reason=reason, href=_SETTINGS)
    picked = catalog.picked_price(connection.id, offer.id) if offer is not None else None
    found = [_price(row) for row in _free(connection.id, offer) if _can_charge(row)]
    if picked is not None and all(each.reference != picked.price_id for each in found):
        found.append(_archived(picked))
    return PriceList(
        name=name,
        title=title,
        prices=tuple(found),
        picked=picked.price_id if picked is not None else "",
        read_at=listed_prices.read_at(connection.id),
    )


def _free(connection_id: int, offer: commerce.OfferView | None) -> list[ListedPrice]:
    """Prices in use that belong to no other offer, and were not made here."""
    taken = select(Price.price_id).where(Price.connection_id == connection_id)
    if offer is not None:
        taken = taken.where((Price.offer_id != offer.id) | (Price.lookup_key != ""))
    query = select(ListedPrice).filter_by(connection_id=connection_id, active=True, product_active=True)
    query = query.where(ListedPrice.unit_amount.is_not(None), ListedPrice.stripe_id.not_in(taken))
    return list(db.session.scalars(query.order_by(ListedPrice.product_name, ListedPrice.id)))


def _can_charge(row: ListedPrice) -> bool:
    return currencies.can_charge(row.unit_amount or 0, row.currency) is True


def _price(row: ListedPrice) -> ProviderPrice:
    return ProviderPrice(
        reference=row.stripe_id,
        product=row.product_name,
        amount=row.unit_amount or 0,
        currency=row.currency,
        interval=row.interval,
        interval_count=row.interval_count,
        note=row.nickname,
    )


def _archived(row: Price) -> ProviderPrice:
    return ProviderPrice(
        reference=row.price_id,
        product="",
        amount=row.unit_amount,
        currency=row.currency,
        interval=row.interval,
        interval_count=row.interval_count,
        note=str(_GONE),
    )


def _tie(connection: Connection, offer: commerce.OfferView, reference: str) -> None:
    listed = next((row for row in _free(connection.id, offer) if row.stripe_id == reference), None)
    terms = catalog.terms_of(offer)
    if listed is None or any(getattr(listed, name) != value for name, value in terms.items()):
        raise Conflict(
            _("This price is not free any longer, or costs something else than the offer."),
            next_step=_("Read the prices again, and choose another one."),
        )
    values = {
        "connection_id": connection.id,
        "offer_id": offer.id,
        "local_product_id": offer.product_id,
        "product_id": listed.product_id,
        "price_id": reference,
        "lookup_key": "",
    }
    insert_ignoring(Price, values | terms, ("connection_id", "price_id"))
    ours = _prices_of(connection, offer)
    tied = db.session.execute(ours.where(Price.price_id == reference).values(picked=True, active=True))
    if not tied.rowcount:
        raise Conflict(_("This price was just tied to another offer."), next_step=_("Choose another one."))
    # One price is in use. What runs on the others goes on: they stay ours.
    same = ours.filter_by(**terms).where(Price.price_id != reference)
    db.session.execute(same.values(picked=False, active=False))


def _let_go(connection: Connection, offer: commerce.OfferView) -> None:
    db.session.execute(_prices_of(connection, offer).where(Price.picked.is_(True)).values(picked=False, active=False))
    made = catalog.made_price(connection.id, offer)
    if made is not None:
        made.active = True


def _prices_of(connection: Connection, offer: commerce.OfferView) -> Any:
    return update(Price).where(Price.connection_id == connection.id, Price.offer_id == offer.id)
