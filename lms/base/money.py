"""Money in minor units, always together with its currency (ISO 4217)."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from babel import Locale
from babel.numbers import UnknownCurrencyError as BabelUnknownCurrency
from babel.numbers import format_currency, get_currency_precision, validate_currency

_MOST_DIGITS = 400


class UnknownCurrency(ValueError):
    """The code is not a currency of ISO 4217."""


class NotRepresentable(ValueError):
    """The amount has more decimals than the currency."""


def decimals(currency: str) -> int:
    """How many decimals the currency has: 2 for EUR, 0 for JPY, 3 for KWD.

    Raises ``UnknownCurrency``.
    """
    code = currency.upper()
    try:
        validate_currency(code)
    except BabelUnknownCurrency as error:
        raise UnknownCurrency(currency) from error
    return int(get_currency_precision(code))


@dataclass(frozen=True, slots=True, order=True)
class Money:
    """``amount`` minor units of ``currency`` (lower case, as payment providers write it)."""

    currency: str
    amount: int

    @property
    def major(self) -> Decimal:
        """The amount in the currency's main unit: 1250 EUR minor units are 12.50."""
        return Decimal(self.amount).scaleb(-decimals(self.currency))

    def format(self, locale: str = "en", *, short: bool = False) -> str:
        """The amount as people write it in ``locale``; ``short`` drops an empty fraction (€49)."""
        code = self.currency.upper()
        if short and self.major == self.major.to_integral_value():
            whole = Locale.parse(locale).currency_formats["standard"].pattern.replace("0.00", "0")
            return format_currency(self.major, code, format=whole, locale=locale, currency_digits=False)
        return format_currency(self.major, code, locale=locale)


def to_minor(amount: Decimal | str, currency: str) -> int:
    """The amount in the currency's smallest unit: 12.50 EUR is 1250, 500 JPY is 500 (ISO 4217).

    Raises ``NotRepresentable`` for more decimals than the currency has, nothing is ever rounded away;
    ``UnknownCurrency``; ``ValueError`` for what is no number.
    """
    try:
        value = Decimal(amount)
    except InvalidOperation as error:
        raise ValueError(f"not a number: {amount!r}") from error
    if not value.is_finite():
        raise ValueError(f"not a number: {amount!r}")
    if value.adjusted() > _MOST_DIGITS:
        # 1e999999 is a number, too, and to write it out takes a million digits.
        raise ValueError(f"not an amount of money: {amount!r}")
    minor = value.scaleb(decimals(currency))
    if minor != minor.to_integral_value():
        raise NotRepresentable(f"{amount} has more decimals than {currency.upper()}")
    return int(minor)
