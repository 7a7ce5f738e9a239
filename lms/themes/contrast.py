"""Contrast of colours, as WCAG 2.2 measures it, and which pairs of tokens meet on pages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lms.themes.tokens import Colour, Values

TEXT, EDGE = 4.5, 3.0
SCHEMES = ("light", "dark")

_GROUNDS = ("ground", "surface", "sunken", "hover")
_SOFT = ("good-soft", "warn-soft", "bad-soft")
PAIRS: tuple[tuple[str, str, float], ...] = (
    *((ink, ground, TEXT) for ink in ("ink", "ink-2", "ink-3") for ground in (*_GROUNDS, "accent-soft")),
    *(("accent", ground, TEXT) for ground in (*_GROUNDS, "accent-soft", *_SOFT)),
    *((ink, soft, TEXT) for ink in ("ink", "ink-2") for soft in _SOFT),
    ("accent-strong", "ground", TEXT),
    ("accent-strong", "hover", TEXT),
    ("on-accent", "accent", TEXT),
    ("on-accent", "accent-strong", TEXT),
    *((tone, ground, TEXT) for tone in ("good", "warn", "bad") for ground in ("ground", "surface", f"{tone}-soft")),
    ("on-bad", "bad", TEXT),
    *(("edge", ground, EDGE) for ground in ("ground", "surface", "sunken")),
    ("accent", "line", EDGE),
)
"""Front, back, and the least contrast: text 4.5 to 1 (WCAG 1.4.3), edges of controls and focus 3 to 1 (1.4.11)."""


@dataclass(frozen=True, slots=True)
class TooFaint:
    """A pair that people cannot tell apart well enough."""

    front: str
    back: str
    scheme: str
    measured: float
    least: float


def luminance(colour: str) -> float:
    """Relative luminance of ``#rrggbb``."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """From 1 (the same) to 21 (black and white)."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def too_faint(values: Values) -> Iterator[TooFaint]:
    """The pairs that miss what they need, in each scheme; a pair of which a token is missing is skipped."""
    for front, back, least in PAIRS:
        here, there = values.get(front), values.get(back)
        if not isinstance(here, Colour) or not isinstance(there, Colour):
            continue
        for scheme in SCHEMES:
            measured = contrast(getattr(here, scheme), getattr(there, scheme))
            if measured < least:
                yield TooFaint(front, back, scheme, measured, least)


def mix(one: str, other: str, share: float) -> str:
    """``one`` with ``share`` (0 to 1) of ``other`` in it."""
    parts = [round(int(one[i : i + 2], 16) * (1 - share) + int(other[i : i + 2], 16) * share) for i in (1, 3, 5)]
    return "#" + "".join(f"{part:02x}" for part in parts)


def companions(accent: Colour, ground: Colour) -> dict[str, Colour]:
    """What goes with an accent where nobody chose it: its stronger and softer forms, and the text upon it."""
    strong = Colour(mix(accent.light, "#000000", 0.27), mix(accent.dark, "#ffffff", 0.35))
    soft = Colour(mix(accent.light, ground.light, 0.92), mix(accent.dark, ground.dark, 0.85))
    return {
        "accent-strong": strong,
        "accent-soft": soft,
        "on-accent": Colour(_upon(accent.light), _upon(accent.dark)),
    }


def _upon(ground: str) -> str:
    white, black = "#ffffff", "#0c1214"
    return white if contrast(white, ground) >= contrast(black, ground) else black
