"""Design tokens: what a theme may change without a line of CSS, and the stylesheet they become.

A token is a CSS custom property: ``accent`` is ``--accent``. Colours have two values, for light and for dark; all
others have one. Values end in a stylesheet, so only what cannot leave its declaration is let through.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from flask_babel import lazy_gettext as _l


class Group(StrEnum):
    """The parts of ``[tokens]`` in theme.toml, and of Admin → Appearance."""

    COLOUR = "colour"
    TYPE = "type"
    SPACE = "space"


@dataclass(frozen=True, slots=True)
class Colour:
    """A colour in both schemes, each ``#rrggbb``."""

    light: str
    dark: str

    @property
    def css(self) -> str:
        return self.light if self.light == self.dark else f"light-dark({self.light}, {self.dark})"


Value = Colour | str
Values = Mapping[str, Value]

FONTS: Mapping[str, str] = {
    "Source Serif 4": '"Source Serif 4", Georgia, "Times New Roman", serif',
    "Source Sans 3": '"Source Sans 3", system-ui, sans-serif',
    "Georgia": 'Georgia, "Times New Roman", serif',
    "System": "system-ui, sans-serif",
}
"""Families that need no file of the theme's own."""

LABELS: Mapping[str, Any] = {
    "ground": _l("Page"),
    "surface": _l("Cards and fields"),
    "sunken": _l("Sunken ground"),
    "hover": _l("Under the pointer"),
    "line": _l("Hairlines"),
    "edge": _l("Edges of controls"),
    "ink": _l("Text"),
    "ink-2": _l("Second text"),
    "ink-3": _l("Hints"),
    "accent": _l("Accent"),
    "accent-strong": _l("Accent under the pointer"),
    "accent-soft": _l("Accent as a ground"),
    "on-accent": _l("Text on the accent"),
    "good": _l("Good"),
    "good-soft": _l("Good as a ground"),
    "warn": _l("Needs care"),
    "warn-soft": _l("Needs care as a ground"),
    "bad": _l("Bad"),
    "bad-soft": _l("Bad as a ground"),
    "on-bad": _l("Text on bad"),
    "serif": _l("Titles and lessons"),
    "sans": _l("Everything else"),
    "mono": _l("Code"),
    "t-xs": _l("Smallest text"),
    "t-sm": _l("Small text"),
    "t-md": _l("Text"),
    "t-lg": _l("Text of lessons"),
    "t-xl": _l("Small heads"),
    "t-2xl": _l("Second heads"),
    "t-3xl": _l("First heads"),
    "t-4xl": _l("Head of the first page"),
    "r-1": _l("Corners of badges"),
    "r-2": _l("Corners of buttons and pictures"),
    "r-3": _l("Corners of cards"),
    "control": _l("Height of buttons and fields"),
}
"""Words for the tokens that Plain declares; a theme's own tokens bring theirs."""

_HEX = re.compile(r"#[0-9a-fA-F]{6}")
_LENGTH = re.compile(r"\d*\.?\d+(?:rem|em|px|%|vw|vh|ch)?")
_FORMULA = re.compile(r"(?:clamp|min|max|calc)\([0-9a-z.,%+*/() -]+\)")
_FAMILIES = re.compile(r"""(?:"[\w ()-]+"|[\w-]+)(?:, (?:"[\w ()-]+"|[\w-]+))*""")
NAME = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")


def parse(group: Group, given: Any) -> Value:
    """A value as theme.toml or a form has it. Raises ``ValueError`` with the sentence that says what it must be."""
    if group is Group.COLOUR:
        return _colour(given)
    if not isinstance(given, str):
        raise ValueError('it must be a text, such as "1.5rem"')
    text = given.strip()
    if _LENGTH.fullmatch(text) or _is_formula(text):
        return text
    if group is Group.TYPE and _FAMILIES.fullmatch(text):
        return text
    raise ValueError(
        'it must be a length, such as "1.5rem"'
        + (", or a list of font families, such as '\"Inter\", sans-serif'" if group is Group.TYPE else "")
    )


def kind(value: Value) -> str:
    """colour, length or font: what a value is, and what any other value of the same token has to be."""
    if isinstance(value, Colour):
        return "colour"
    return "length" if _LENGTH.fullmatch(value) or _is_formula(value) else "font"


def parse_like(model: Value, group: Group, given: Any) -> Value:
    """As ``parse``, for a token whose value is ``model`` now. Raises ``ValueError`` also for another kind."""
    value = parse(group, given)
    if kind(value) != kind(model):
        raise ValueError('it must be a length, such as "1.5rem"' if kind(model) == "length" else "choose a font family")
    return value


def _is_formula(text: str) -> bool:
    # A comment that is opened here would swallow what follows.
    return bool(_FORMULA.fullmatch(text)) and text.count("(") == text.count(")") and "/*" not in text


def _colour(given: Any) -> Colour:
    pair = (given, given) if isinstance(given, str) else None
    if isinstance(given, Mapping) and given.keys() == {"light", "dark"}:
        pair = (given["light"], given["dark"])
    if pair is None or not all(isinstance(one, str) and _HEX.fullmatch(one) for one in pair):
        raise ValueError('a colour is "#rrggbb", or { light = "#rrggbb", dark = "#rrggbb" }')
    return Colour(pair[0].lower(), pair[1].lower())


def plain_value(value: Value) -> Any:
    """The value as JSON stores it; ``parse`` reads it again."""
    return {"light": value.light, "dark": value.dark} if isinstance(value, Colour) else value


def merge(*layers: Values) -> dict[str, Value]:
    """All tokens, the later layer wins."""
    merged: dict[str, Value] = {}
    for layer in layers:
        merged.update(layer)
    return merged


def stylesheet(values: Values) -> str:
    """The declarations of the values; "" for none."""
    if not values:
        return ""
    lines = (f"  --{name}: {value.css if isinstance(value, Colour) else value};" for name, value in values.items())
    return ":root {\n" + "\n".join(lines) + "\n}\n"
