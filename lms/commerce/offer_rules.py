"""What an offer may say: checked before it is written, each refusal with what to do."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask_babel import gettext as _

from lms.access import services as access
from lms.base import money
from lms.base.problem import Problem
from lms.base.urls import is_https_address, is_safe_path
from lms.commerce.offer_view import CHARGED_AGAIN, FREE, INSTALMENTS, INTERVALS, KINDS

# Far above any course, far below what a column or a provider cannot hold.
LARGEST_AMOUNT = 99_999_999
MOST_INSTALMENTS = 60
PROMOTIONS = ("default", "none", "customer_enters", "fixed")
_CODE = re.compile(r"[A-Za-z0-9_-]{1,80}")
DEFAULTS: dict[str, Any] = {
    "trial_days": 0,
    "trial_method": True,
    "sale_amount": None,
    "sale_from": None,
    "sale_until": None,
    "open_to_id": None,
    "success_page": "",
    "cancel_page": "",
    "promotion": "default",
    "promotion_code": "",
    "show_button": None,
    "button_text": "",
}
"""The terms that may change later, because no grant and no running subscription hangs on them."""


def check_price(
    kind: str, amount: int, currency: str, interval: str, interval_count: int, instalments: int | None
) -> None:
    """Raises ``Problem`` for a price that nobody can pay, ``ValueError`` for an unknown kind."""
    if kind not in KINDS:
        raise ValueError(f"no such kind of offer: {kind!r}")
    try:
        money.decimals(currency)
    except money.UnknownCurrency as error:
        raise Problem(_("%(code)s is not a currency.", code=currency.upper()), status=422) from error
    if (amount == 0) != (kind == FREE) or not 0 <= amount <= LARGEST_AMOUNT:
        raise Problem(
            _("A price is above zero and not out of all proportion; only a free offer costs nothing."), status=422
        )
    if kind in CHARGED_AGAIN and (interval not in INTERVALS or not 1 <= interval_count <= 52):
        raise Problem(_("Say how often a subscription is charged."), status=422)
    if kind == INSTALMENTS and not 2 <= (instalments or 0) <= MOST_INSTALMENTS:
        raise Problem(_("Say how many instalments there are: from 2 to 60."), status=422)


def check_days(grace_days: int, access_days: int | None) -> None:
    """Raises ``Problem`` for days that cannot be counted."""
    if grace_days < 0 or (access_days is not None and access_days < 1):
        raise Problem(_("Days are counted from one upwards."), status=422)


def changeable(kind: str, amount: int, given: Mapping[str, Any]) -> dict[str, Any]:
    """All terms of ``DEFAULTS``, those not given as they are by themselves, as they are stored for this kind.

    Raises ``Problem`` for what fits nobody, ``TypeError`` for a term that there is not.
    """
    unknown = given.keys() - DEFAULTS.keys()
    if unknown:
        raise TypeError(f"an offer cannot be given {sorted(unknown)}")
    terms = {**DEFAULTS, **given}
    for name in ("success_page", "cancel_page", "promotion_code", "button_text"):
        terms[name] = (terms[name] or "").strip()
    terms["button_text"] = terms["button_text"][:80]
    if kind not in CHARGED_AGAIN:
        terms |= {"trial_days": 0, "trial_method": True}
    if terms["trial_days"] < 0:
        raise Problem(_("Days are counted from one upwards."), status=422)
    if terms["sale_amount"] is None:
        terms |= {"sale_from": None, "sale_until": None}
    else:
        _check_sale(kind, amount, terms["sale_amount"], terms["sale_from"], terms["sale_until"])
    if terms["open_to_id"] is not None and access.product(terms["open_to_id"]) is None:
        raise Problem(_("The product that its buyers have to own is not there any longer."), status=422)
    for name in ("success_page", "cancel_page"):
        if terms[name] and not is_page(terms[name]):
            raise Problem(
                _("Write a page of this site, such as /thanks, or an address that starts with https://."), status=422
            )
    _check_promotion(terms)
    return terms


def is_page(address: str) -> bool:
    """Whether buyers may be sent there: a page of this site, or an https address."""
    return len(address) <= 300 and (is_safe_path(address) or is_https_address(address))


def _check_sale(
    kind: str, amount: int, sale_amount: int, sale_from: datetime | None, sale_until: datetime | None
) -> None:
    if kind == FREE:
        raise Problem(_("What is free cannot be reduced."), status=422)
    if not 0 < sale_amount < amount:
        raise Problem(_("The sale price lies above zero and below the usual price."), status=422)
    if sale_from is not None and sale_until is not None and sale_from >= sale_until:
        raise Problem(_("The sale ends after it begins."), status=422)


def _check_promotion(terms: dict[str, Any]) -> None:
    if terms["promotion"] not in PROMOTIONS:
        raise ValueError(f"no such way with coupons: {terms['promotion']!r}")
    if terms["promotion"] != "fixed":
        terms["promotion_code"] = ""
    elif not is_code(terms["promotion_code"]):
        raise Problem(_("Write the code that every buyer gets, such as SPRING20."), status=422)


def is_code(text: str) -> bool:
    """Whether it can be a promotion code: letters, digits, hyphens."""
    return _CODE.fullmatch(text) is not None
