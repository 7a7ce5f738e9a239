"""Money: minor units, exactly."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lms.base.money import Money, NotRepresentable, UnknownCurrency, decimals, to_minor


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [("12.50", "EUR", 1250), ("12.5", "eur", 1250), ("5000", "JPY", 5000), ("1.234", "KWD", 1234), ("0", "usd", 0)],
)
def test_an_amount_in_the_smallest_unit(amount: str, currency: str, minor: int) -> None:
    assert to_minor(amount, currency) == minor


@pytest.mark.parametrize(("amount", "currency"), [("12.505", "EUR"), ("0.5", "JPY"), ("1.2345", "KWD")])
def test_more_decimals_than_the_currency_has_are_refused(amount: str, currency: str) -> None:
    with pytest.raises(NotRepresentable):
        to_minor(amount, currency)


@pytest.mark.parametrize("amount", ["", "twelve", "1,5", "NaN", "Infinity"])
def test_what_is_no_number_is_refused(amount: str) -> None:
    with pytest.raises(ValueError, match="not a number"):
        to_minor(amount, "eur")


def test_an_unknown_currency_is_refused() -> None:
    with pytest.raises(UnknownCurrency):
        decimals("xyz")


@given(st.integers(-(10**12), 10**12), st.sampled_from(["eur", "jpy", "kwd", "usd"]))
def test_minor_to_major_and_back_changes_nothing(amount: int, currency: str) -> None:
    assert to_minor(Money(currency, amount).major, currency) == amount


@pytest.mark.parametrize(
    ("money", "short", "shown"),
    [
        (Money("eur", 4900), True, "€49"),
        (Money("eur", 4950), True, "€49.50"),
        (Money("eur", 4900), False, "€49.00"),
        (Money("jpy", 5000), False, "¥5,000"),
        (Money("usd", 123456700), True, "$1,234,567"),
    ],
)
def test_how_people_write_it(money: Money, short: bool, shown: str) -> None:
    assert money.format("en", short=short) == shown


def test_a_major_amount_is_exact() -> None:
    assert Money("eur", 10).major == Decimal("0.10")
