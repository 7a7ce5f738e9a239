"""The dynamic link that sells: to the checkout for whoever has not bought, into the course for whoever has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import Form, SelectField

from lms.access import services as access
from lms.commerce import services
from lms.commerce.services import OfferView
from lms.extend import DynamicLink, LinkContext, LinkRefused


class BuyForm(Form):
    """What the link sells."""

    offer = SelectField(_l("Offer"), choices=())

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.offer.choices = [
            (offer.public_id, f"{offer.product_name}, {offer.label}") for offer in services.active_offers()
        ]


def available(ctx: LinkContext) -> bool | str:
    """Whether anything is for sale at all; which offer is meant is seen on the click."""
    anything = ctx.once("commerce.active_offers", lambda: bool(services.active_offers()))
    return anything or _("Nothing is for sale.")


def open_buy(ctx: LinkContext, args: Mapping[str, Any]) -> str:
    """The checkout of the offer, or the course for whoever has it. Raises ``LinkRefused``."""
    offer = _offer(args)
    if offer is None:
        raise LinkRefused(_("This offer is not sold any longer."), next_step=_("The courses show what is."))
    if ctx.person is not None:
        owned = services.already(ctx.person.id, offer, ctx.now)
        if owned is not None:
            return owned.path
    return offer.checkout_path


def _offer(args: Mapping[str, Any]) -> OfferView | None:
    """The offer meant: named itself, or the first of the product that is named by its short name."""
    if args.get("offer"):
        offer = services.offer_by_public_id(str(args["offer"]))
        return offer if offer is not None and services.is_sold(offer) else None
    product = access.product_by_slug(str(args.get("product", "")))
    return next(iter(services.offers_of_product(product.id)), None) if product else None


buy = DynamicLink(
    name="buy",
    source="product",
    source_label=_l("Product"),
    label=_l("Buy"),
    help=_l("Leads to the checkout; people who have it already go to their course."),
    form=BuyForm,
    available=available,
    open=open_buy,
    for_guests=True,
)
