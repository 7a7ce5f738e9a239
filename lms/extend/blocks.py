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
    """Who looks at a document, where, and when (domain time, UTC).

    ``editing``: an editor's canvas, where blocks say what visitors would not see. ``state``: an editor's preview of one
    of ``lms.extend.STATES``, where ``person`` is nobody real; "" else. ``attention``: what that preview draws attention
    to, of ``lms.extend.ATTENTION``.
    """

    person: Any
    now: datetime
    path: str
    owner: Any = None
    editing: bool = False
    state: str = ""
    attention: str = ""


@dataclass(frozen=True, kw_only=True)
class Block(Item):
    """A kind of block, stored as ``<source>/<name>`` (source: the plugin's name, ``core`` for built-ins).

    ``template`` is drawn with ``p`` (properties), ``root``, ``inline(name)``, ``slot(name)``, ``slot_attrs(name)``,
    ``link_attrs(name)``, ``ref(name)`` (what a ``Reference`` names, None where visitors do not see it), ``block_id``,
    ``parent_id`` and ``parent(name)`` (a property of the block in which it stands), and ``extra`` (what ``load``
    returned for it). ``load(props_of_all, ctx)`` fetches what all blocks of this kind on a page need in one go.
    ``depends_on`` says why it is drawn anew for each view: "person" makes the page private, "time" leaves it equal for
    all (say ``lms.api.web.good_until`` in ``load``).
    ``upgrade(props, from_version)`` is pure and runs on read. ``description`` says in one sentence what it is for.
    ``example`` are properties for the reference; ``inside`` are blocks by slot, with which one is inserted
    (``{"type", "props", "slots"}``, without ids).
    """

    label: str
    form: type[BlockForm]
    template: str
    description: str = ""
    icon: str = "cube"
    category: str = "content"
    example: Mapping[str, Any] = field(default_factory=dict)
    inside: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    version: int = 1
    upgrade: Callable[[dict[str, Any], int], dict[str, Any]] | None = None
    slots: Mapping[str, BlockSlot] = field(default_factory=dict)
    load: Callable[[Sequence[Mapping[str, Any]], RenderContext], Sequence[Any]] | None = None
    depends_on: tuple[str, ...] = ()
    needs: str = ""


@dataclass(frozen=True, kw_only=True)
class Pattern(Item):
    """Blocks that belong together, ready to be inserted. What was inserted is a copy, and the editor's own.

    ``blocks`` are nodes without ids, ``{"type": …, "props": {…}, "slots": {…}}``; words in them may wait for the
    language (``lazy_gettext``). ``category`` is "parts" or "pages".
    """

    label: str
    blocks: Sequence[Mapping[str, Any]]
    description: str = ""
    icon: str = "square-3-stack-3d"
    category: str = "parts"


@dataclass(frozen=True, kw_only=True)
class DocumentOwner(Item):
    """What can hold a document: ``name`` is the kind ("page", "lesson", "course").

    ``find(owner_id)`` returns the thing or None; ``title(thing)``, ``public_url(thing)``, ``edit_path(thing)`` name it;
    ``may(person, thing, "edit" | "design" | "publish")`` decides; ``page(rendered, ctx)`` draws the themed page around
    the document, ``ctx.owner`` being the thing. ``published(thing, actor_id)`` is called in the transaction in which an
    editor published the document. ``list_path(thing)`` is the admin page that leads to it. ``begins(thing)`` are the
    blocks, as patterns write them, with which an editor begins where nothing was saved yet.
    """

    find: Callable[[int], Any]
    title: Callable[[Any], str]
    public_url: Callable[[Any], str]
    edit_path: Callable[[Any], str]
    may: Callable[[Any, Any, str], bool]
    page: Callable[[Any, RenderContext], str] | None = None
    published: Callable[[Any, int | None], object] | None = None
    list_path: Callable[[Any], str] | None = None
    begins: Callable[[Any], Sequence[Mapping[str, Any]]] | None = None
