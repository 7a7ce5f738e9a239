"""What ``lms theme check`` finds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: in which file of the theme, on which line (0: the file as a whole), and what."""

    file: str
    line: int
    sentence: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.sentence}" if self.line else f"{self.file}: {self.sentence}"


def line_at(text: str, position: int) -> int:
    """The number of the line that the position lies on."""
    return text.count("\n", 0, position) + 1
