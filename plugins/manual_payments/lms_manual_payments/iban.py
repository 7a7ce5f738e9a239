"""International bank account numbers (ISO 13616): checked by their own check digits, shown in groups of four."""

from __future__ import annotations

import re

_SHAPE = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}")


def plain(text: str) -> str:
    """The number without spaces, in capitals, as banks exchange it."""
    return re.sub(r"\s+", "", text).upper()


def is_valid(text: str) -> bool:
    """Whether the check digits fit (ISO 7064, modulo 97): catches every mistyped character."""
    number = plain(text)
    if not _SHAPE.fullmatch(number):
        return False
    moved = number[4:] + number[:4]
    return int("".join(str(int(character, 36)) for character in moved)) % 97 == 1


def grouped(text: str) -> str:
    """The number as people read it: ``DE02 1203 0000 0000 2020 51``."""
    number = plain(text)
    return " ".join(number[at : at + 4] for at in range(0, len(number), 4))
