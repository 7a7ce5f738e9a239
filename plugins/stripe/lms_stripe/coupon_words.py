"""Coupons and codes in the words of whoever sells."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from flask_babel import format_decimal, get_locale, ngettext
from flask_babel import gettext as _

from lms.api.money import Money
from lms_stripe.coupon_models import Coupon, PromotionCode


def taken_off(row: Coupon) -> str:
    """What it takes off, and of which payments: "20% off every payment"."""
    if row.percent_off is not None:
        share = _("%(number)s%%", number=format_decimal(row.percent_off / 100))
    else:
        share = money(row.amount_off or 0, row.currency)
    if row.duration == "forever":
        return _("%(share)s off every payment", share=share)
    if row.duration == "repeating":
        return ngettext(
            "%(share)s off for %(num)s month", "%(share)s off for %(num)s months", row.months or 1, share=share
        )
    return _("%(share)s off once", share=share)


def money(amount: int, currency: str) -> str:
    """The amount as the reader writes it."""
    return Money(currency, amount).format(str(get_locale() or "en"), short=True)


def products(row: Coupon, names: Mapping[str, str]) -> str:
    """What it counts for, by our names, or the ids of products that are none of ours; "" for everything."""
    return ", ".join(dict.fromkeys(names.get(each, each) for each in row.products))


def used(row: Coupon | PromotionCode) -> str:
    """How often it was used, as last read."""
    if row.max_redemptions is not None:
        return _("used %(count)s of %(most)s times", count=row.times_redeemed, most=row.max_redemptions)
    return ngettext("used %(num)s time", "used %(num)s times", row.times_redeemed)


def why_over(row: Coupon, now: datetime) -> str:
    """Why nobody gets the coupon any longer at ``now`` (UTC); "" while people do."""
    if row.redeem_by is not None and row.redeem_by <= now:
        return _("Expired")
    if row.max_redemptions is not None and row.times_redeemed >= row.max_redemptions:
        return _("Used up")
    return ""


def why_off(row: PromotionCode, coupon: Coupon, now: datetime) -> str:
    """Why the code does not count at ``now`` (UTC); "" while it does."""
    if row.expires_at is not None and row.expires_at <= now:
        return _("Expired")
    if row.max_redemptions is not None and row.times_redeemed >= row.max_redemptions:
        return _("Used up")
    return why_over(coupon, now) or ("" if row.active else _("Off"))


def limits(row: PromotionCode) -> str:
    """Whom the code is for, in words; "" for everybody."""
    found = [_("first purchase only")] if row.first_purchase else []
    if row.minimum_amount:
        found.append(_("from %(amount)s", amount=money(row.minimum_amount, row.minimum_currency)))
    return ", ".join(found)
