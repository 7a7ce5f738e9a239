"""The dynamic link that sells: to the checkout for whoever has not bought, into the course for whoever has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import Form, SelectField, StringField
from wtforms.validators import ValidationError

from lms.access import services as access
from lms.commerce import checkout_links, offer_rules, services
from lms.commerce.services import OfferView
from lms.extend import DynamicLink, LinkContext, LinkRefused

_A_PAGE = _l("A page of this site or an address that starts with https://. Empty: as the offer says.")


class BuyForm(Form):
    """What the link sells, and what it says besides."""

    offer = SelectField(_l("Offer"), choices=())
    coupon = StringField(_l("Promotion code"), description=_l("Taken off at checkout, where the offer takes codes."))
    success_page = StringField(_l("Page after paying"), description=_A_PAGE)
    cancel_page = StringField(_l("Page after giving up"), description=_A_PAGE)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.offer.choices = [
            (offer.public_id, f"{offer.product_name}, {offer.label}") for offer in services.active_offers()
        ]

    def validate_coupon(self, field: StringField) -> None:
        """A code, not words."""
        if field.data and not offer_rules.is_code(field.data.strip()):
            raise ValidationError(_("A code has letters, digits and hyphens only, such as SPRING20."))

    def validate_success_page(self, field: StringField) -> None:
        """A place to send people to."""
        _check_page(field)

    def validate_cancel_page(self, field: StringField) -> None:
        """A place to send people to."""
        _check_page(field)


def _check_page(field: StringField) -> None:
    if field.data and not offer_rules.is_page(field.data.strip()):
        raise ValidationError(_("Write a page of this site, such as /thanks, or an address that starts with https://."))


def available(ctx: LinkContext) -> bool | str:
    """Whether anything is for sale at all; which offer is meant is seen on the click."""
    anything = ctx.once("commerce.active_offers", lambda: bool(services.active_offers()))
    return anything or _("Nothing is for sale.")


def open_buy(ctx: LinkContext, args: Mapping[str, Any]) -> str:
    """The checkout of the offer, or the course for whoever has it. Raises ``LinkRefused``."""
    offer = _offer(ctx, args)
    if offer is None:
        raise LinkRefused(_("This offer is not sold any longer."), next_step=_("The courses show what is."))
    if ctx.person is not None:
        owned = services.already(ctx.person.id, offer, ctx.now)
        if owned is not None:
            return owned.path
    return checkout_links.address(
        offer,
        promotion_code=str(args.get("coupon") or "").strip(),
        success_page=str(args.get("success_page") or "").strip(),
        cancel_page=str(args.get("cancel_page") or "").strip(),
    )


class PricingForm(Form):
    """Whose prices the link leads to."""

    product = SelectField(_l("Product"), choices=())

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.product.choices = [(each.slug, each.name) for each in access.products(limit=200) if each.active]


def _fits_pricing(_ctx: LinkContext, args: Mapping[str, Any]) -> bool | str:
    return True if access.product_by_slug(str(args.get("product", ""))) else _("There is no such product.")


def open_pricing(_ctx: LinkContext, args: Mapping[str, Any]) -> str:
    """The page that tells what the product costs; the same for everybody. Raises ``LinkRefused``."""
    product = access.product_by_slug(str(args.get("product", "")))
    if product is None:
        raise LinkRefused(_("This is not sold any longer."), next_step=_("The courses show what is."))
    return services.sales_path(product.id)


def _offer(ctx: LinkContext, args: Mapping[str, Any]) -> OfferView | None:
    """The offer meant: named itself, or the first of the product that is named by its short name."""
    if args.get("offer"):
        offer = services.offer_by_public_id(str(args["offer"]))
        return offer if offer is not None and services.is_sold(offer) else None
    product = access.product_by_slug(str(args.get("product", "")))
    sold = services.offers_of_product(product.id) if product else ()
    return next(iter(services.open_to(sold, ctx.person.id if ctx.person is not None else None, ctx.now)), None)


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

pricing = DynamicLink(
    name="pricing",
    source="product",
    source_label=_l("Product"),
    label=_l("Prices"),
    help=_l("Leads to the page that says what a product costs."),
    form=PricingForm,
    available=available,
    fits=_fits_pricing,
    open=open_pricing,
    for_guests=True,
    order=110,
)
