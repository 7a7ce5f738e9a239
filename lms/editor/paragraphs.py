"""Formatted text cut at its top level: paragraphs, lists, headings."""

from __future__ import annotations

from html import escape
from html.parser import HTMLParser

from markupsafe import Markup

_VOID = {"br", "hr"}


class _Cutter(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.pieces: list[str] = []
        self._depth = 0

    def _add(self, text: str) -> None:
        if self._depth or (self.pieces and not self.pieces[-1].startswith("<")):
            self.pieces[-1] += text
        else:
            self.pieces.append(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if not self._depth:
            self.pieces.append("")
        self.pieces[-1] += self.get_starttag_text() or ""
        if tag not in _VOID:
            self._depth += 1

    def handle_endtag(self, tag: str) -> None:
        if tag not in _VOID and self._depth:
            self.pieces[-1] += f"</{tag}>"
            self._depth -= 1

    def handle_data(self, data: str) -> None:
        self._add(data)

    def handle_entityref(self, name: str) -> None:
        self._add(f"&{name};")

    def handle_charref(self, name: str) -> None:
        self._add(f"&#{name};")


def cut(html: str) -> list[str]:
    """The top-level pieces of cleaned text that hold something."""
    cutter = _Cutter()
    cutter.feed(html)
    cutter.close()
    return [piece for piece in cutter.pieces if words(piece) or piece.startswith("<hr")]


def words(html: str) -> str:
    """The text without its tags, on one line."""
    return Markup(html).striptags()  # noqa: S704 - stripped


def paragraph(text: str) -> str:
    """Plain words as formatted text."""
    return f"<p>{escape(text, quote=False)}</p>"
