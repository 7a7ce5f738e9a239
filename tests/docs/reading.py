"""Reading the code blocks and headings out of a page of the docs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

DOCS = Path(__file__).resolve().parents[2] / "docs"

_BLOCK = re.compile(r"^```(?P<language>\w*)(?: (?P<path>\S+))?\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A fenced block: ``language``, the file that it is (after the language, "" for none), and its text."""

    page: Path
    line: int
    language: str
    path: str
    text: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(DOCS.parent)}:{self.line}"


def blocks(page: Path) -> list[Block]:
    """Every fenced block of the page."""
    text = page.read_text(encoding="utf-8")
    return [
        Block(page, text.count("\n", 0, found.start()) + 1, found["language"], found["path"] or "", found["text"])
        for found in _BLOCK.finditer(text)
    ]


def without_blocks(page: Path) -> str:
    """The page's own words."""
    return _BLOCK.sub("", page.read_text(encoding="utf-8"))


def headings(page: Path, level: int) -> list[str]:
    """The headings of one level, marks of code taken off."""
    marks = re.findall(rf"^{'#' * level} (.+)$", without_blocks(page), re.MULTILINE)
    return [heading.replace("`", "") for heading in marks]
