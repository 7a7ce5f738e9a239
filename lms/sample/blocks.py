"""Documents of the sample site, written briefly.

``written`` reads plain text: blank lines part paragraphs, ``## `` begins a heading, ``> `` a quotation, ``- `` a
list, and words between asterisks are stressed.
"""

from __future__ import annotations

import hashlib
import re
from html import escape
from itertools import groupby
from typing import Any

Json = dict[str, Any]

_STRESSED = re.compile(r"\*([^*]+)\*")


def heading(text: str, level: int = 2, look: str = "normal") -> Json:
    """A heading; its place in the page's outline is ``level``, 1 for the title of the page."""
    return {"type": "core/heading", "v": 1, "props": {"text": text, "level": level, "look": look}}


def text(html: str, look: str = "plain") -> Json:
    """Formatted words; ``look`` is plain, lead, reading, small or quote."""
    return {"type": "core/text", "v": 1, "props": {"html": html, "look": look}}


def button(words: str, link: Json, style: str = "primary") -> Json:
    """A button that leads to ``link``."""
    return {"type": "core/button", "v": 1, "props": {"text": words, "link": link, "style": style}}


def image(key: str, alt: str) -> Json:
    """A picture of the media library."""
    return {"type": "core/image", "v": 1, "props": {"media": {"key": key, "alt": alt}, "shape": "cover"}}


def columns(left: list[Json], right: list[Json], *, ratio: str = "halves", frame: str = "none") -> Json:
    """Two columns side by side; ``frame`` is none, band, hero or box."""
    return {
        "type": "core/columns", "v": 1, "props": {"ratio": ratio, "frame": frame},
        "slots": {"left": left, "right": right},
    }  # fmt: skip


def subscription() -> Json:
    """The card with the reader's own subscription."""
    return {"type": "commerce/subscription", "v": 1, "props": {}}


def page_address(path: str) -> Json:
    """A link to a path of this site, or to an outside address."""
    return {"kind": "url", "href": path}


def document(name: str, blocks: list[Json]) -> Json:
    """A document of ``blocks``. Their ids follow from ``name`` and their place, so that two builds are equal."""
    root: Json = {"type": "core/page", "v": 1, "props": {}, "slots": {"main": blocks}}
    _number(root, name)
    return {"schema": 1, "root": root}


def written(name: str, source: str) -> Json:
    """A document of the headings and texts in ``source``."""
    blocks: list[Json] = []
    paragraphs = [part.strip() for part in re.split(r"\n\s*\n", source) if part.strip()]
    for is_heading, group in groupby(paragraphs, key=lambda part: part.startswith("## ")):
        if is_heading:
            blocks.extend(heading(part.removeprefix("## ")) for part in group)
        else:
            blocks.append(text("".join(_paragraph(part) for part in group)))
    return document(name, blocks)


def _paragraph(part: str) -> str:
    lines = [line.strip() for line in part.splitlines()]
    if lines[0].startswith("> "):
        quoted = "\n".join(line.removeprefix(">").strip() for line in lines).split("\n\n")
        inside = "".join(f"<p>{_inline(' '.join(each.split()))}</p>" for each in quoted)
        return f"<blockquote>{inside}</blockquote>"
    if lines[0].startswith("- "):
        entries = " ".join(lines).removeprefix("- ").split(" - ")
        return "<ul>" + "".join(f"<li>{_inline(entry)}</li>" for entry in entries) + "</ul>"
    return f"<p>{_inline(' '.join(lines))}</p>"


def _inline(words: str) -> str:
    return _STRESSED.sub(r"<em>\1</em>", escape(words, quote=False))


def _number(block: Json, place: str) -> None:
    block["id"] = "b" + hashlib.sha256(place.encode()).hexdigest()[:11]
    for slot, children in block.get("slots", {}).items():
        for position, child in enumerate(children):
            _number(child, f"{place}/{slot}/{position}")
