"""Bars for a chart that the server draws: geometry only, so that a template can write it down. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 600, 160
_GAP = 0.3


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar: its place, and the words for whoever points at it."""

    x: float
    y: float
    width: float
    height: float
    words: str


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart: bars, the words of its two lines (top and middle), three dates below, and what it says in a sentence."""

    name: str
    bars: tuple[Bar, ...]
    top: str
    middle: str
    dates: tuple[str, str, str]
    sentence: str


def chart(
    name: str, values: Sequence[float], said: Sequence[str], dates: Sequence[str], lines: tuple[str, str], sentence: str
) -> Chart:
    """Bars for the values, each at least zero. ``said``: each value in words; ``lines``: the words of the top line and
    of the middle one, which stand for the largest value and half of it."""
    most = max(values, default=0) or 1
    step = WIDTH / max(len(values), 1)
    bars = [
        Bar(
            x=_short(index * step + step * _GAP / 2),
            y=_short(HEIGHT - HEIGHT * max(value, 0) / most),
            width=_short(step * (1 - _GAP)),
            height=_short(HEIGHT * max(value, 0) / most),
            words=f"{dates[index]}: {said[index]}",
        )
        for index, value in enumerate(values)
    ]
    shown = (dates[0], dates[len(dates) // 2], dates[-1])
    return Chart(name, tuple(bars), lines[0], lines[1], shown, sentence)


def _short(number: float) -> float:
    return round(number, 1)
