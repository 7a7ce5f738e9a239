"""What a link to the checkout says besides the offer: a promotion code for all to see, and pages that we signed.

Where people go after paying never comes from an address that anybody can write: ``to`` carries our signature.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from flask import current_app
from itsdangerous import BadData, URLSafeSerializer

from lms.commerce import checkout_settings, offer_rules
from lms.commerce.offer_view import FREE, OfferView
from lms.commerce.orders import OrderView, Wishes

PROMO, TO = "promo", "to"
_SALT = "lms.commerce.checkout"


def address(offer: OfferView, *, promotion_code: str = "", success_page: str = "", cancel_page: str = "") -> str:
    """The path of the offer's checkout with what a link says besides."""
    said = {PROMO: promotion_code} if promotion_code else {}
    if success_page or cancel_page:
        signed = _signer().dumps([success_page, cancel_page])
        said[TO] = signed if isinstance(signed, str) else signed.decode()
    return f"{offer.checkout_path}?{urlencode(said)}" if said else offer.checkout_path


def said(values: Mapping[str, Any]) -> dict[str, str]:
    """What a request says besides the offer, to be said again by the form of the page; what is no code is left out."""
    code = str(values.get(PROMO) or "").strip()
    signed = str(values.get(TO) or "")
    kept = {PROMO: code} if offer_rules.is_code(code) else {}
    return {**kept, TO: signed} if any(_pages(signed)) else kept


def wishes(offer: OfferView, values: Mapping[str, Any]) -> Wishes:
    """What an order of the offer keeps: what the link said, else what the offer says, else the site's default."""
    told = said(values)
    success, cancel = _pages(told.get(TO, ""))
    code = told.get(PROMO, "")
    return Wishes(
        {"fixed": offer.promotion_code, "none": ""}.get(offer.promotion, code),
        success or offer.success_page or checkout_settings.success_page(),
        cancel or offer.cancel_page or checkout_settings.cancel_page(),
    )


def own_code(offer: OfferView, values: Mapping[str, Any]) -> str:
    """The code that an order of the offer would carry because its buyer came with it; "" for none."""
    return wishes(offer, values).promotion_code if offer.promotion != "fixed" and offer.kind != FREE else ""


def back(order: OrderView) -> str:
    """Where a buyer goes who gives up paying: a path of this site, or an https address."""
    is_own = order.offer.promotion != "fixed"
    return order.cancel_page or address(order.offer, promotion_code=order.promotion_code if is_own else "")


def _pages(signed: str) -> tuple[str, str]:
    try:
        success, cancel = _signer().loads(signed) if signed else ("", "")
    except (BadData, ValueError):
        return "", ""
    return _page(success), _page(cancel)


def _page(value: Any) -> str:
    return value if isinstance(value, str) and offer_rules.is_page(value) else ""


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(str(current_app.secret_key), salt=_SALT)
