"""Amounts in minor units, whatever the currency's decimals."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lms.base.money import Money, NotRepresentable, decimals, to_minor

CURRENCIES = ("eur", "usd", "gbp", "jpy", "krw", "clp", "kwd", "bhd", "tnd")


@given(st.sampled_from(CURRENCIES), st.integers(min_value=0, max_value=10**12))
def test_minor_units_survive_the_way_through_the_main_unit(currency: str, amount: int) -> None:
    assert to_minor(Money(currency, amount).major, currency) == amount


@given(st.sampled_from(CURRENCIES), st.integers(min_value=0, max_value=10**9))
def test_what_people_read_is_the_amount_that_is_charged(currency: str, amount: int) -> None:
    digits = "".join(c for c in Money(currency, amount).format("en") if c.isdigit() or c == ".")
    assert to_minor(Decimal(digits), currency) == amount


@given(st.sampled_from(CURRENCIES), st.integers(min_value=0, max_value=10**9))
def test_the_short_form_loses_nothing(currency: str, amount: int) -> None:
    digits = "".join(c for c in Money(currency, amount).format("en", short=True) if c.isdigit() or c == ".")
    assert to_minor(Decimal(digits), currency) == amount


@pytest.mark.parametrize(
    ("currency", "text", "minor"), [("eur", "9", 900), ("jpy", "5000", 5000), ("kwd", "1.5", 1500)]
)
def test_the_currency_decides_about_decimals(currency: str, text: str, minor: int) -> None:
    assert to_minor(text, currency) == minor


@pytest.mark.parametrize(("currency", "text"), [("eur", "9.001"), ("jpy", "0.5"), ("kwd", "1.0001")])
def test_nothing_is_rounded_away(currency: str, text: str) -> None:
    with pytest.raises(NotRepresentable):
        to_minor(text, currency)


@pytest.mark.parametrize("text", ["1e999999", "-1e999999", "9e401", "NaN", "-Infinity", "1e", "", "0x10"])
def test_what_is_no_amount_of_money_is_no_number_either(text: str) -> None:
    with pytest.raises(ValueError, match="not a"):
        to_minor(text, "eur")


def test_the_decimals_are_those_of_iso_4217() -> None:
    assert [decimals(code) for code in ("eur", "jpy", "kwd")] == [2, 0, 3]
