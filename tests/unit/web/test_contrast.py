"""The colours of base.css keep the contrasts that the design promises, in light and in dark."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import lms.web

BASE = Path(lms.web.__file__).parent / "static" / "base.css"
TOKEN = re.compile(r"--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);")
TEXT, EDGE = 4.5, 3.0

GROUNDS = ("ground", "surface", "sunken", "hover")
PAIRS = [
    *[(ink, ground, TEXT) for ink in ("ink", "ink-2", "ink-3") for ground in (*GROUNDS, "accent-soft")],
    *[("accent", ground, TEXT) for ground in (*GROUNDS, "accent-soft")],
    *[("accent", soft, TEXT) for soft in ("good-soft", "warn-soft", "bad-soft")],
    *[(ink, soft, TEXT) for ink in ("ink", "ink-2") for soft in ("good-soft", "warn-soft", "bad-soft")],
    ("accent-strong", "ground", TEXT),
    ("accent-strong", "hover", TEXT),
    ("on-accent", "accent", TEXT),
    ("on-accent", "accent-strong", TEXT),
    *[(tone, ground, TEXT) for tone in ("good", "warn", "bad") for ground in ("ground", "surface", f"{tone}-soft")],
    ("on-bad", "bad", TEXT),
    *[("edge", ground, EDGE) for ground in ("ground", "surface", "sunken")],
    *[("bad", ground, EDGE) for ground in ("ground", "surface")],
    *[("accent", ground, EDGE) for ground in (*GROUNDS, "bad-soft", "warn-soft")],
    ("accent", "line", EDGE),
]


def tokens(css: str) -> dict[str, tuple[str, str]]:
    return {name: (light, dark) for name, light, dark in TOKEN.findall(css)}


def luminance(colour: str) -> float:
    """Relative luminance, WCAG 2.2."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_black_on_white_has_a_contrast_of_21() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


def test_every_colour_token_is_written_once() -> None:
    names = [name for name, _light, _dark in TOKEN.findall(BASE.read_text(encoding="utf-8"))]

    assert len(names) == len(set(names)) == 20


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("front", "back", "least"), PAIRS, ids=[f"{a}-on-{b}-{least:g}" for a, b, least in PAIRS])
def test_front_stands_out_from_back(front: str, back: str, least: float, scheme: str) -> None:
    index = 0 if scheme == "light" else 1
    colours = tokens(BASE.read_text(encoding="utf-8"))

    measured = contrast(colours[front][index], colours[back][index])

    assert measured >= least, f"{front} on {back}: {measured:.2f}"
