"""Blocks: a form, a template and a name. The same template serves the editor's canvas and the public page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from wtforms import Form

from lms.extend.items import Item


class BlockForm(Form):
    """The properties of a block: fields from ``lms.extend.fields``, defaults on the fields."""


@dataclass(frozen=True, slots=True)
class Group:
    """A named part of a block's options in the editor."""

    label: str
    fields: tuple[str, ...]

    def __init__(self, label: str, *fields: str) -> None:
        object.__setattr__(self, "label", label)
        object.__setattr__(self, "fields", fields)


@dataclass(frozen=True, slots=True)
class BlockSlot:
    """A place for blocks inside a block: which types it takes (``"*"`` for all), and how many."""

    allow: tuple[str, ...] = ("*",)
    max: int | None = None


@dataclass(frozen=True, slots=True)
class RenderContext:
    """Who looks at a document, where, and when (domain time, UTC)."""

    person: Any
    now: datetime
    path: str
    owner: Any = None
    editing: bool = False


@dataclass(frozen=True, kw_only=True)
class Block(Item):
    """A kind of block, stored as ``<source>/<name>`` (source: the plugin's name, ``core`` for built-ins).

    ``template`` is drawn with ``p`` (properties), ``root``, ``inline(name)``, ``slot(name)``, ``slot_attrs(name)``,
    ``link_attrs(name)`` and ``extra`` (what ``load`` returned for it). ``load(props_of_all, ctx)`` fetches what all
    blocks of this kind on a page need in one go. ``depends_on=("person",)`` makes the page private. ``upgrade(props,
    from_version)`` is pure and runs on read.
    """

    label: str
    form: type[BlockForm]
    template: str
    icon: str = "cube"
    category: str = "content"
    example: Mapping[str, Any] = field(default_factory=dict)
    version: int = 1
    upgrade: Callable[[dict[str, Any], int], dict[str, Any]] | None = None
    slots: Mapping[str, BlockSlot] = field(default_factory=dict)
    load: Callable[[Sequence[Mapping[str, Any]], RenderContext], Sequence[Any]] | None = None
    depends_on: tuple[str, ...] = ()
    needs: str = ""


@dataclass(frozen=True, kw_only=True)
class DocumentOwner(Item):
    """What can hold a document: ``name`` is the kind ("page", "lesson", "course").

    ``find(owner_id)`` returns the thing or None; ``title(thing)``, ``public_url(thing)``, ``edit_path(thing)`` name it;
    ``may(person, thing, "edit" | "design" | "publish")`` decides; ``page(html, ctx)`` draws the themed page around.
    """

    find: Callable[[int], Any]
    title: Callable[[Any], str]
    public_url: Callable[[Any], str]
    edit_path: Callable[[Any], str]
    may: Callable[[Any, Any, str], bool]
