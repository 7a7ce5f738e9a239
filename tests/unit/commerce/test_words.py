"""Prices and terms as people read them."""

from __future__ import annotations

from typing import Any

import pytest

from lms.commerce.offer_view import OfferView


def offer(kind: str, amount: int = 900, currency: str = "eur", **more: Any) -> OfferView:
    return OfferView(1, "x", 1, "Letters", kind, amount, currency, **more)


@pytest.mark.parametrize(
    ("sold", "label"),
    [
        (offer("one_time", 4900), "€49 once"),
        (offer("one_time", 4950), "€49.50 once"),
        (offer("subscription", interval="month"), "€9 a month"),
        (offer("subscription", 9000, interval="month", interval_count=3), "€90 every 3 months"),
        (offer("subscription", 5000, "jpy", interval="year"), "¥5,000 a year"),
        (offer("subscription", 1500, "kwd", interval="week"), "KWD1.500 a week"),
        (offer("subscription", 100, interval="day", interval_count=2), "€1 every 2 days"),
        (offer("free", 0), "Free"),
    ],
)
def test_a_price_reads_as_people_say_it(sold: OfferView, label: str) -> None:
    # Babel separates a currency code from its number by a space that does not break.
    assert sold.label.replace("\xa0", "") == label


@pytest.mark.parametrize(
    ("sold", "terms"),
    [
        (offer("one_time"), "Yours to keep."),
        (offer("one_time", access_days=30), "Open for 30 days."),
        (offer("subscription", interval="month"), "Next charge a month from today, cancel at any time."),
        (offer("subscription", interval="year"), "Next charge a year from today, cancel at any time."),
        (
            offer("subscription", interval="week", interval_count=2),
            "Next charge 2 weeks from today, cancel at any time.",
        ),
        (
            offer("subscription", interval="month", trial_days=14),
            "14 days free, then the first charge. Cancel at any time.",
        ),
    ],
)
def test_terms_say_what_is_agreed(sold: OfferView, terms: str) -> None:
    assert sold.terms == terms


def test_the_creator_names_the_button() -> None:
    assert offer("one_time", button_text="Join us").button == "Join us"
    assert offer("subscription", interval="month").button == "Subscribe"
