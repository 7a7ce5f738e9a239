"""Amounts in minor units, and how people read them."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

# https://docs.stripe.com/currencies#zero-decimal
ZERO_DECIMAL = frozenset(
    ("bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "ugx", "vnd", "vuv", "xaf", "xof", "xpf")
)
# https://docs.stripe.com/currencies#three-decimal
THREE_DECIMAL = frozenset(("bhd", "jod", "kwd", "omr", "tnd"))
SYMBOLS = {"eur": "€", "usd": "$", "gbp": "£", "jpy": "¥"}
LARGEST = 99_999_999


def digits(currency: str) -> int:
    """Return how many digits stand behind a currency's point."""
    return 0 if currency in ZERO_DECIMAL else 3 if currency in THREE_DECIMAL else 2


def least(currency: str) -> int:
    """Return the smallest amount, in minor units, that can be charged: about half a unit."""
    if currency in ZERO_DECIMAL:
        return 50
    return 500 if currency in THREE_DECIMAL else 50


def words(amount: int, currency: str) -> str:
    """Return an amount of minor units as ``€49.00``."""
    sign = "-" if amount < 0 else ""
    amount = abs(amount)
    unit = {0: 1, 2: 100, 3: 1_000}[digits(currency)]
    number = f"{amount // unit:,}"
    if unit > 1:
        number += f".{amount % unit:0{digits(currency)}d}"
    symbol = SYMBOLS.get(currency)
    return f"{sign}{symbol}{number}" if symbol else f"{sign}{number} {currency.upper()}"


def share(amount: int, percent: float) -> int:
    """Return a percentage of an amount, rounded half up."""
    exact = Decimal(amount) * Decimal(str(percent)) / 100
    return int(exact.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def spread(total: int, weights: list[int]) -> list[int]:
    """Return ``total`` divided in proportion to weights; the parts add up to it."""
    whole = sum(weights)
    if whole == 0:
        return [0] * len(weights)
    parts = [total * weight // whole for weight in weights]
    parts[weights.index(max(weights))] += total - sum(parts)
    return parts
