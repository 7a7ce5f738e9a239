"""Blocks as patterns write them, in short."""

from __future__ import annotations

from typing import Any

Node = dict[str, Any]
Words = Any
"""A text, or one that waits for the reader's language."""


def node(kind: str, slots: dict[str, list[Node]] | None = None, **props: Any) -> Node:
    """A block of the type; ids come when it is planted."""
    made: Node = {"type": kind, "props": props}
    return made if slots is None else made | {"slots": slots}


def heading(words: Words, level: int = 2, look: str = "normal") -> Node:
    """A heading of a level; ``look`` is normal, display, small or price."""
    return node("core/heading", text=words, level=level, look=look)


def text(html: Words, look: str = "plain") -> Node:
    """Formatted words: HTML of paragraphs or lists."""
    return node("core/text", html=html, look=look)


def link(source: str, key: str, unavailable: str = "hide") -> Node:
    """A dynamic link."""
    return {"kind": "dynamic", "source": source, "key": key, "args": {}, "unavailable": unavailable}


def button(words: Words, to: Node, style: str = "primary") -> Node:
    """A button; ``style`` is primary, ghost or quiet."""
    return node("core/button", text=words, link=to, style=style)


def row(*buttons: Node, place: str = "start") -> Node:
    """Buttons in one line."""
    return node("core/buttons", {"buttons": list(buttons)}, place=place)


def section(*inside: Node, **props: Any) -> Node:
    """A part with a ground, a width and room of its own."""
    return node("core/section", {"body": list(inside)}, **props)


def columns(left: list[Node], right: list[Node], **props: Any) -> Node:
    """Two columns."""
    return node("core/columns", {"left": left, "right": right}, **props)


def grid(*cells: Node, **props: Any) -> Node:
    """Blocks side by side."""
    return node("core/grid", {"cells": list(cells)}, **props)


def question(words: Words, answer: Words, *, is_open: bool = False) -> Node:
    """A question with its answer."""
    return node("core/question", {"answer": [text(answer)]}, question=words, is_open=is_open)


def quote(words: Words, name: Words, role: Words, look: str = "card") -> Node:
    """What somebody said."""
    return node("core/quote", words=words, name=name, role=role, look=look)
