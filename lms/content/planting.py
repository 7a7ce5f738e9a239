"""Blocks as declarations write them (``{"type", "props", "slots"}``), made into blocks of a document."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel.speaklater import LazyString

from lms.content import catalog, entries
from lms.content.document import Json, empty, new_block
from lms.extend import Block, Pattern
from lms.extend.fields import Items
from lms.host import guard

PATTERN_TYPE = "core/pattern"
"""What holds the blocks of a pattern together."""


def inserted(block: Block, props: Mapping[str, Any] | None = None) -> Json:
    """A block as it is when somebody adds it, with what stands in it from the beginning. All ids are fresh."""
    slots = {name: planted(block.inside.get(name, ())) for name in block.slots}
    given = {**guard.call(block.plugin, f"form of {block.full_name}", _lists, block, default={}), **(props or {})}
    return new_block(block.full_name, given, slots=slots or None) | {"v": block.version}


def _lists(block: Block) -> Json:
    """The lists with which the block begins: stored from the start, so that each entry is edited by itself."""
    return {
        each.name: entries.of(each.data) for each in block.form() if isinstance(each, Items) and entries.of(each.data)
    }


def of_pattern(pattern: Pattern) -> Json:
    """The blocks of a pattern, held together by a block that has its name. All ids are fresh."""
    slots = {"body": planted(pattern.blocks)}
    return new_block(PATTERN_TYPE, {"name": str(pattern.label)}, slots=slots)


def beginning(nodes: Sequence[Mapping[str, Any]], *, place: str) -> Json:
    """A document of these blocks; ids follow from ``place``, so that whoever asks again gets the same one."""
    tree = empty()
    tree["root"]["id"] = "b" + hashlib.sha256(place.encode()).hexdigest()[:11]
    tree["root"]["slots"]["main"] = planted(nodes, place=place)
    return tree


def planted(nodes: Sequence[Mapping[str, Any]], *, place: str = "") -> list[Json]:
    """The blocks of a declaration, words in the reader's language.

    Ids are fresh; with ``place`` they follow from it, so that two calls give the same blocks.
    """
    return [_planted(node, f"{place}/{position}" if place else "") for position, node in enumerate(nodes)]


def _planted(node: Mapping[str, Any], place: str) -> Json:
    kind = str(node["type"])
    known = catalog.current().blocks.get(kind)
    given = node.get("slots", {})
    names = dict.fromkeys((*(known.slots if known else ()), *given))
    slots = {
        name: planted(given.get(name, ()), place=f"{place}/{name}" if place else "") for name in names
    }  # fmt: skip
    made = new_block(kind, _said(node.get("props", {})), slots=slots or None) | {"v": known.version if known else 1}
    if place:
        made["id"] = "b" + hashlib.sha256(place.encode()).hexdigest()[:11]
    return made


def _said(value: Any) -> Any:
    """The value as JSON has it: words that wait for a language are said."""
    if isinstance(value, LazyString):
        return str(value)
    if isinstance(value, Mapping):
        return {name: _said(each) for name, each in value.items()}
    return [_said(each) for each in value] if isinstance(value, list | tuple) else value
