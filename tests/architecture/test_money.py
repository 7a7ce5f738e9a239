"""The core sells without knowing who takes the money: no provider's name, and no provider's shape, in its rooms."""

from __future__ import annotations

import re
from importlib.metadata import entry_points
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PLACES = ("lms/access", "lms/commerce", "lms/learning", "themes")
PROVIDERS = ("stripe", "manual_payments")
SPOKEN = re.compile(r"""(?<![\w.])(?:_|_l|gettext|ngettext)\(\s*((?:"(?:[^"\\]|\\.)*"[\s,]*)+)""")
NAME = re.compile(r"\b[A-Za-z_]+\b")
# How one kind of provider takes money. Words about waiting, failing and refunds fit all of them.
SHAPES = frozenset({"card", "cards", "debit", "iban", "invoice", "invoices", "transfer", "webhook", "portal"})


def names(text: str) -> list[str]:
    """Provider names in code, comments and templates, also as a part of a longer name."""
    return [found for found in NAME.findall(text) if any(name in found.lower() for name in PROVIDERS)]


def shapes(text: str) -> list[str]:
    """Words that people read, or that code is named with, which fit one kind of provider only."""
    spoken = [word.lower() for words in SPOKEN.findall(text) for word in NAME.findall(words)]
    code = [part for name in NAME.findall(text) if "_" in name for part in name.lower().split("_")]
    return sorted({word for word in spoken + code if word in SHAPES})


def test_there_are_two_providers_to_forget_about() -> None:
    assert {point.name for point in entry_points(group="lms.plugins")} >= set(PROVIDERS)


def texts(place: str) -> dict[str, str]:
    """What stands in code and templates below the place, by path."""
    files = (path for path in (ROOT / place).rglob("*") if path.suffix in {".py", ".html", ".txt", ".css"})
    return {str(path.relative_to(ROOT)): path.read_text("utf-8") for path in files}


@pytest.mark.parametrize("place", PLACES)
def test_no_room_knows_a_providers_name(place: str) -> None:
    found = texts(place)
    assert len(found) > 5
    assert {path: told for path, text in found.items() if (told := names(text))} == {}


@pytest.mark.parametrize("place", PLACES)
def test_no_room_has_a_providers_shape(place: str) -> None:
    assert {path: told for path, text in texts(place).items() if (told := shapes(text))} == {}


# That the checks above can fail:


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("if order.provider == 'stripe':", ["stripe"]),
        ("class StripeOrder:", ["StripeOrder"]),
        ("# as manual_payments does", ["manual_payments"]),
        ("provider.label", []),
    ],
)
def test_a_providers_name_is_seen(text: str, told: list[str]) -> None:
    assert names(text) == told


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{{ _("Update card") }}', ["card"]),
        ('_("We never see "\n  "your card.")', ["card"]),
        ("NextStep.UPDATE_CARD", ["card"]),
        ('<section class="card confirm">{{ _("Settle the payment") }}</section>', []),
        ('_l("A bank debit.", name=card)', ["debit"]),
    ],
)
def test_a_providers_shape_is_seen(text: str, told: list[str]) -> None:
    assert shapes(text) == told
