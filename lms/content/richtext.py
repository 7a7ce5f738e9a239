"""Formatted words: cleaned on every write, and cut at their dynamic links and labels for rendering."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from html import escape
from html.parser import HTMLParser
from typing import Any

import nh3

from lms.content import labels
from lms.content.labels import Label

TAGS = {
    "p", "br", "hr", "h2", "h3", "h4", "ul", "ol", "li", "blockquote", "pre", "code",
    "strong", "b", "em", "i", "u", "s", "sub", "sup", "small", "mark", "a",
}  # fmt: skip
LINK_KEY = re.compile(r"[a-z0-9_-]+/[a-z0-9-]+")
UNAVAILABLE = ("hide", "login", "fallback", "disable")

_VOID = {"br", "hr"}
# What a browser drops or skips inside an address before it looks at it.
_IGNORED_IN_ADDRESSES = re.compile(r"[\x00-\x20\x7f-\x9f]")


def _object(text: str) -> dict[str, Any] | None:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _keep_attribute(tag: str, name: str, value: str) -> str | None:
    if name == "href":
        # A browser reads //host, /\host and even /<tab>/host as an address of another host.
        bare = _IGNORED_IN_ADDRESSES.sub("", value).replace("\\", "/")
        return None if bare.startswith("//") else value
    if name == "data-link":
        return value if LINK_KEY.fullmatch(value) else None
    if name in {"data-args", "data-fallback"}:
        return value if _object(value) is not None else None
    if name == "data-unavailable":
        return value if value in UNAVAILABLE else None
    if name == "dir":
        return value if value in {"ltr", "rtl", "auto"} else None
    return value


_cleaner = nh3.Cleaner(
    tags=TAGS,
    clean_content_tags={"script", "style", "svg", "math", "template", "iframe", "noscript", "title", "textarea"},
    attributes={
        "*": {"lang", "dir"},
        "a": {"href", "title", "data-link", "data-args", "data-unavailable", "data-fallback"},
        "ol": {"start"},
    },
    tag_attribute_values={"a": {"target": {"_blank"}}},
    attribute_filter=_keep_attribute,
    url_schemes={"http", "https", "mailto", "tel"},
    generic_attribute_prefixes=None,
    link_rel=None,
    strip_comments=True,
)


def clean(html: str) -> str:
    """The text with only the tags, attributes and address schemes that formatted words may have."""
    return _cleaner.clean(html)


@dataclass(slots=True)
class _Node:
    """An element of cleaned text; ``tag`` is "" for the root."""

    tag: str
    attributes: dict[str, str] = field(default_factory=dict)
    children: list[_Node | str | Label] = field(default_factory=list)
    link: int = -1
    """Which dynamic link of the text it is; -1 for other elements."""


@dataclass(frozen=True, slots=True)
class TextLink:
    """What stands in the place of a dynamic link: an address, or words that lead nowhere and say why."""

    attributes: tuple[tuple[str, str], ...]
    reason: str = ""


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = _Node("")
        self.links: list[dict[str, Any]] = []
        self.labels: list[Label] = []
        self._open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        node = _Node(tag, {name: value or "" for name, value in attrs})
        if tag == "a" and "data-link" in node.attributes:
            node.link = len(self.links)
            self.links.append(_link_json(node.attributes))
        self._open[-1].children.append(node)
        if tag not in _VOID:
            self._open.append(node)

    def handle_endtag(self, tag: str) -> None:
        if tag not in _VOID and len(self._open) > 1:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        # In code, braces are what the text is about.
        is_code = any(node.tag in {"code", "pre"} for node in self._open)
        parts = [data] if is_code else labels.split(data)
        self.labels += [part for part in parts if isinstance(part, Label)]
        self._open[-1].children += parts


def _link_json(attributes: dict[str, str]) -> dict[str, Any]:
    """The link as JSON documents write it, so that both are resolved by the same code."""
    source, key = attributes["data-link"].split("/", 1)
    link: dict[str, Any] = {
        "kind": "dynamic",
        "source": source,
        "key": key,
        "args": _object(attributes.get("data-args", "{}")) or {},
        "new_tab": attributes.get("target") == "_blank",
    }
    if "data-unavailable" in attributes:
        link["unavailable"] = attributes["data-unavailable"]
    if fallback := _object(attributes.get("data-fallback", "{}")):
        link["fallback"] = fallback
    return link


class Fragment:
    """Cleaned formatted text, read once: its dynamic links as JSON in ``links``, its ``labels``, and ``html`` for each
    outcome of them."""

    def __init__(self, html: str) -> None:
        self._html = clean(html)
        self._root: _Node | None = None
        self.links: list[dict[str, Any]] = []
        self.labels: list[Label] = []
        if "data-link" in self._html or "{{" in self._html:
            reader = _Reader()
            reader.feed(self._html)
            reader.close()
            self._root, self.links, self.labels = reader.root, reader.links, reader.labels

    def html(self, outcomes: Sequence[TextLink | None], words: Sequence[str] = ()) -> str:
        """The text with every dynamic link in its outcome, and ``words`` in the places of its labels.

        None: the link and its words go. So does an element that is left without words by that, or by a label that says
        nothing: no empty paragraph or list item stays behind.
        """
        if self._root is None:
            return self._html
        return _write(self._root, outcomes, iter(words)) or ""


def _write(node: _Node, outcomes: Sequence[TextLink | None], words: Iterator[str]) -> str | None:
    """The element as HTML; None when it goes. ``words`` are those of its labels and of all that follow."""
    goes = node.link >= 0 and outcomes[node.link] is None
    parts: list[str] = []
    lost = False
    for child in node.children:
        if isinstance(child, str):
            parts.append(escape(child, quote=False))
            continue
        # What goes is written too: it takes the words of its labels along, so that those after it get their own.
        written = (
            escape(next(words), quote=False) or None if isinstance(child, Label) else _write(child, outcomes, words)
        )
        if written is None:
            lost = True
        else:
            parts.append(written)
    inside = "".join(parts)
    if goes:
        return None
    if lost and not inside.replace("<br>", "").strip():
        return None
    if not node.tag:
        return inside
    if node.tag in _VOID:
        return f"<{node.tag}>"
    outcome = outcomes[node.link] if node.link >= 0 else None
    if outcome is None:
        return f"<{node.tag}{_attributes(node.attributes.items())}>{inside}</{node.tag}>"
    if outcome.reason:
        reason = f' <span class="block-reason">({escape(outcome.reason)})</span>'
        return f"<span{_attributes(outcome.attributes)}>{inside}</span>{reason}"
    return f"<a{_attributes(outcome.attributes)}>{inside}</a>"


def _attributes(pairs: Any) -> str:
    return "".join(f' {name}="{escape(value)}"' for name, value in pairs)
