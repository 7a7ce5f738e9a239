"""Which amounts Stripe can charge as we write them: minor units of ISO 4217 (docs.stripe.com/currencies)."""

from __future__ import annotations

from flask_babel import gettext as _

# Without decimals, and yet Stripe counts them in hundredths: what we call 5000 would be charged as 50.
_COUNTED_OTHERWISE = frozenset({"isk", "ugx"})
# With three decimals, of which the last has to be 0.
_THREE_DECIMALS = frozenset({"bhd", "jod", "kwd", "omr", "tnd"})


def can_charge(amount: int, currency: str) -> bool | str:
    """True, or a sentence why not. ``amount`` in minor units of ``currency``."""
    if currency in _COUNTED_OTHERWISE:
        return _("Stripe is not used for prices in %(currency)s here.", currency=currency.upper())
    if currency in _THREE_DECIMALS and amount % 10:
        return _("Prices in %(currency)s end with a 0 for Stripe: choose 12.340 or 12.350.", currency=currency.upper())
    return True
