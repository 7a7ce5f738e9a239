"""Prices and terms in the words of the reader: language and number format are those of the page."""

from __future__ import annotations

from typing import Any

from flask_babel import get_locale, ngettext
from flask_babel import gettext as _

from lms.base.money import Money


def format_money(amount: int, currency: str, *, short: bool = False) -> str:
    """``amount`` minor units of ``currency`` as the reader writes them; ``short``: without an empty fraction."""
    return Money(currency, amount).format(str(get_locale() or "en"), short=short)


def price(offer: Any) -> str:
    """The amount alone: "€9", or "Free"."""
    return _("Free") if offer.kind == "free" else format_money(offer.amount, offer.currency, short=True)


def regular_price(offer: Any) -> str:
    """What an offer costs while it is not on sale, the amount alone."""
    return format_money(offer.amount, offer.currency, short=True)


def price_label(offer: Any) -> str:
    """The price with its rhythm: "€49 once", "€9 a month", "€24 every 3 months", "Free"."""
    if offer.kind == "free":
        return _("Free")
    return f"{price(offer)} {rhythm(offer)}"


def way(offer: Any) -> str:
    """How it is paid, as the name of a choice."""
    if offer.kind == "free":
        return _("Free of charge")
    if offer.instalments:
        return _("Instalments")
    return _("Subscription") if offer.is_subscription else _("One payment")


def rhythm(offer: Any) -> str:
    """ "once", "a month", "every 3 months"; "" for what is free."""
    if offer.kind == "free":
        return ""
    if not offer.is_subscription:
        return _("once")
    return every(offer.interval, offer.interval_count)


def every(interval: str, count: int) -> str:
    """ "a month", "every 3 months", for ``count`` of day, week, month or year."""
    match interval:
        case "day":
            return ngettext("a day", "every %(num)s days", count)
        case "week":
            return ngettext("a week", "every %(num)s weeks", count)
        case "year":
            return ngettext("a year", "every %(num)s years", count)
        case _unused:
            return ngettext("a month", "every %(num)s months", count)


def terms(offer: Any) -> str:
    """What is agreed, in a sentence or two."""
    if offer.instalments:
        return _instalment_terms(offer)
    if offer.is_subscription:
        return _subscription_terms(offer)
    if offer.access_days:
        return ngettext("Open for %(num)s day.", "Open for %(num)s days.", offer.access_days)
    return _("Yours to keep.")


def _instalment_terms(offer: Any) -> str:
    total = format_money(offer.amount * offer.instalments, offer.currency, short=True)
    sentence = ngettext(
        "%(num)s payment, %(total)s in all, then yours to keep.",
        "%(num)s payments, %(total)s in all, then yours to keep.",
        offer.instalments,
        total=total,
    )
    if not offer.trial_days:
        return sentence
    free = ngettext("%(num)s day free.", "%(num)s days free.", offer.trial_days)
    return f"{free} {sentence}"


def _subscription_terms(offer: Any) -> str:
    if offer.trial_days and not offer.trial_method:
        return ngettext(
            "%(num)s day free, nothing to give now. Then it ends by itself, unless you add a way to pay.",
            "%(num)s days free, nothing to give now. Then it ends by itself, unless you add a way to pay.",
            offer.trial_days,
        )
    if offer.trial_days:
        return ngettext(
            "%(num)s day free, then the first charge. Cancel at any time.",
            "%(num)s days free, then the first charge. Cancel at any time.",
            offer.trial_days,
        )
    count = offer.interval_count
    match offer.interval:
        case "day":
            return ngettext(
                "Next charge a day from today, cancel at any time.",
                "Next charge %(num)s days from today, cancel at any time.",
                count,
            )
        case "week":
            return ngettext(
                "Next charge a week from today, cancel at any time.",
                "Next charge %(num)s weeks from today, cancel at any time.",
                count,
            )
        case "year":
            return ngettext(
                "Next charge a year from today, cancel at any time.",
                "Next charge %(num)s years from today, cancel at any time.",
                count,
            )
        case _unused:
            return ngettext(
                "Next charge a month from today, cancel at any time.",
                "Next charge %(num)s months from today, cancel at any time.",
                count,
            )


def button(offer: Any) -> str:
    """What the button says when the creator said nothing."""
    if offer.kind == "free":
        return _("Start learning")
    return _("Subscribe") if offer.is_subscription and not offer.instalments else _("Buy this course")
