"""From a published document to pieces of HTML: fixed text, and holes for what depends on who looks.

A document is compiled once per revision. Blocks without anything personal become text at once. A block with a
personal link becomes a hole that keeps the HTML of each outcome it has met (shown, hidden, disabled …), so that a page
with many of them is joined from memory. A block that depends on the person is drawn for each view.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from markupsafe import Markup

from lms.content import catalog, conditions, entries, labels, links, values
from lms.content.conditions import Gate
from lms.content.document import ROOT_TYPE, upgraded
from lms.content.document import blocks as walk
from lms.content.drawable import (
    Drawable,
    Ghost,
    Json,
    LinkPlace,
    Outcome,
    PieceFailed,
    Said,
    WordPlace,
    contained,
    loaded,
)
from lms.content.labels import Words
from lms.content.links import ResolvedLink
from lms.content.references import Named, Referred
from lms.content.richtext import Fragment
from lms.extend import Block, LinkContext, RenderContext
from lms.extend.fields import Conditions, Items, Link, PlainText, Reference, RichText

_ANCHOR = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_SPACES = frozenset({"none", "s", "m", "l"})
_VARIANTS = 32


@dataclass(slots=True)
class Hole:
    """A place of the document that depends on who looks."""

    drawable: Drawable
    number: int
    gates: tuple[Gate, ...] = ()
    """Around it, the outermost first: where one is shut, nothing is asked for this place."""
    variants: dict[tuple[Outcome, Said], tuple[Piece, ...]] = field(default_factory=dict)

    @property
    def is_loaded(self) -> bool:
        """Whether it is drawn anew for each view."""
        return bool(self.drawable.block.depends_on)

    def pieces(self, ctx: LinkContext, extras: Mapping[int, Any]) -> tuple[Piece, ...]:
        """Its pieces for the person of ``ctx``."""
        outcome = tuple(links.resolve(place.link, ctx) for place in self.drawable.personal_places)
        said = tuple(labels.value(place.label, ctx) for place in self.drawable.personal_words)
        try:
            if self.is_loaded:
                if self.number not in extras:
                    return (Ghost(self.drawable.block.plugin, f"load of {self.drawable.block.full_name}"),)
                return self.drawable.draw(outcome, extras[self.number], said)
            kept = self.variants.get((outcome, said))
            if kept is None:
                if len(self.variants) >= _VARIANTS:
                    self.variants.clear()
                kept = self.variants[outcome, said] = self.drawable.draw(outcome, None, said)
            return kept
        except PieceFailed as failed:
            return (failed.ghost,)


Piece = str | Hole | Ghost | Gate


@dataclass(frozen=True, slots=True)
class Compiled:
    """A document ready to be joined. ``is_complete`` is False when a block failed, so that it is tried again."""

    pieces: tuple[Piece, ...]
    holes: tuple[Hole, ...]
    gates: tuple[Gate, ...]
    has_title: bool
    is_complete: bool

    @property
    def is_private(self) -> bool:
        """Whether somebody who is signed in may see something that others do not."""
        return any(gate.is_personal for gate in self.gates) or any(
            hole.drawable.is_personal or "person" in hole.drawable.block.depends_on for hole in self.holes
        )


def compile_document(tree: Json, path: str, ctx: RenderContext) -> Compiled:
    """Compile a stored document. ``ctx`` is a guest's: nothing of a person may get into the fixed text."""
    return Compiler(tree, path, ctx).run()


def has_title(root: Json) -> bool:
    """Whether the blocks below bring a heading of the first level."""
    return any(each["type"] == "core/heading" and str(each["props"].get("level")) == "1" for each in walk(root))


class Compiler:
    """Compiles one document. The editor's canvas is drawn by another kind of it (``canvas``)."""

    def __init__(self, tree: Json, path: str, ctx: RenderContext) -> None:
        self._tree = tree
        self._ctx = ctx
        self._links = links.context(None, page=path, owner=ctx.owner)
        self._catalog = catalog.current()
        self._defaults: dict[str, dict[str, Any]] = {}
        self._forms: dict[str, Any] = {}
        self._extras: dict[str, Any] = {}
        self._failed: dict[str, Ghost] = {}
        self._holes: list[Hole] = []
        self._gates: list[Gate] = []
        self._around: tuple[Gate, ...] = ()
        self._complete = True
        self._parents = {child["id"]: node for node in walk(tree["root"]) for child in _children(node)}

    def run(self) -> Compiled:
        root = self._tree["root"]
        self._load_shared(root)
        pieces = self._slot_of(root, "main")
        return Compiled(_merged(pieces), tuple(self._holes), tuple(self._gates), has_title(root), self._complete)

    def _visible(self, node: Json) -> Block | None:
        """The block of a node that visitors may see.

        One that nobody knows is not drawn, nor is what is in it: it may have been a paywall. For the same reason a
        condition that nobody knows hides.
        """
        return self._catalog.block(node["type"], node["v"])

    def _load_shared(self, root: Json) -> None:
        """Let each kind of block that is equal for all fetch what its blocks need, in one go."""
        waiting: dict[str, list[Json]] = {}
        for node in _visible_nodes(root, self._visible):
            block = self._visible(node)
            if block is not None and block.load is not None and self._is_shared(block):
                waiting.setdefault(block.full_name, []).append(node)
        for kind, nodes in waiting.items():
            block = self._catalog.blocks[kind]
            try:
                extras = loaded(block, [self._props(block, node) for node in nodes], self._ctx)
            except PieceFailed as failed:
                self._complete = False
                self._failed.update({node["id"]: failed.ghost for node in nodes})
                continue
            self._extras.update({node["id"]: extra for node, extra in zip(nodes, extras, strict=True)})

    def _is_shared(self, block: Block) -> bool:
        """Whether the block is drawn once for all who look."""
        return not block.depends_on

    def _props(self, block: Block, node: Json) -> dict[str, Any]:
        if block.full_name not in self._defaults:
            self._defaults[block.full_name] = contained(block, "form of", values.defaults, block.form)
        props, _version = upgraded(block, dict(node["props"]), node["v"])
        props = self._defaults[block.full_name] | props
        for each in self._fields(block):
            if isinstance(each, Items):
                key = f"{block.full_name} {each.name}"
                if key not in self._defaults:
                    self._defaults[key] = contained(block, "form of", values.defaults, each.form)
                props[each.name] = entries.whole(props[each.name], self._defaults[key])
        return props

    def _fields(self, block: Block) -> tuple[Any, ...]:
        if block.full_name not in self._forms:
            self._forms[block.full_name] = contained(block, "form of", lambda: tuple(block.form()))
        fields: tuple[Any, ...] = self._forms[block.full_name]
        return fields

    def _slot_of(self, node: Json, name: str) -> list[Piece]:
        return self._slot(node.get("slots", {}).get(name, ()))

    def _slot(self, nodes: Sequence[Json]) -> list[Piece]:
        pieces: list[Piece] = []
        for node in nodes:
            block = self._visible(node)
            if block is None:
                continue
            try:
                pieces.extend((self._failed[node["id"]],) if node["id"] in self._failed else self._gated(block, node))
            except PieceFailed as failed:
                self._complete = False
                pieces.append(failed.ghost)
        return pieces

    def _gated(self, block: Block, node: Json) -> Sequence[Piece]:
        """The block's pieces, behind a gate where they are not for everybody."""
        rules = self._rules(block, node)
        if not rules:
            return self._block(block, node)
        gate = Gate(rules)
        outside = self._around
        self._around = (*outside, gate)
        try:
            gate.pieces = _merged(self._block(block, node))
        finally:
            self._around = outside
        self._gates.append(gate)
        return (gate,)

    def _block(self, block: Block, node: Json) -> Sequence[Piece]:
        drawable = self._drawable(block, node)
        if drawable.is_personal or block.depends_on:
            hole = Hole(drawable, len(self._holes), self._around)
            self._holes.append(hole)
            return (hole,)
        return drawable.draw((), self._extras.get(node["id"]))

    def _drawable(self, block: Block, node: Json) -> Drawable:
        props = self._props(block, node)
        texts: dict[str, Fragment] = {}
        plain: dict[str, Words] = {}
        places: list[LinkPlace] = []
        referred: dict[str, Referred | None] = {}
        for name, each, value in entries.places(self._fields(block), props):
            if isinstance(each, RichText):
                texts[each.name] = self._text(value if isinstance(value, str) else "")
                places += [
                    LinkPlace(each.name, index, link, self._is_personal(link))
                    for index, link in enumerate(texts[each.name].links)
                ]
            elif isinstance(each, PlainText) and each.inline and isinstance(value, str) and "{{" in value:
                # Labels stand in a block's own words only.
                if name == each.name:
                    plain[name] = self._words(value)
            elif isinstance(each, Link):
                link = value if isinstance(value, dict) else {}
                hides = each.hides_block and name == each.name
                places.append(LinkPlace(name, None, link, self._is_personal(link), hides))
            elif isinstance(each, Reference):
                referred[name] = self._referred(each, value)
        found = {name: read.labels for name, read in [*texts.items(), *plain.items()]}
        words = [WordPlace(name, one, labels.is_personal(one)) for name, among in found.items() for one in among]
        return Drawable(
            block=block,
            props=props,
            texts=texts,
            plain=plain,
            words=tuple(words),
            said={place: labels.value(place.label, self._links) for place in words if not place.is_personal},
            slots={name: tuple(self._slot_of(node, name)) for name in block.slots},
            root=self._root(block, node),
            fixed={place: self._resolve(place.link) for place in places if not place.is_personal},
            personal_places=tuple(place for place in places if place.is_personal),
            identity=node["id"],
            parent=self._parent(node),
            referred=referred,
        )

    def _referred(self, field: Reference, value: Any) -> Referred | None:
        """What a property names, if visitors can see it. Whatever the whole document names is asked for in one go."""
        named: Named = self._links.once("content.named", lambda: Named(self._all_held()))
        found = named.get(field, value)
        return found if found is not None and found.href else None

    def _all_held(self) -> Iterator[tuple[Any, Any]]:
        """The fields of all blocks, with what they hold."""
        for node in walk(self._tree["root"]):
            block = self._catalog.block(node["type"], node["v"])
            # One whose form fails is told of where it is drawn.
            with suppress(PieceFailed):
                fields = self._fields(block) if block is not None else ()
                if block is not None and any(isinstance(each, Items | Reference) for each in fields):
                    yield from (
                        (each, value) for _name, each, value in entries.places(fields, self._props(block, node))
                    )

    def _parent(self, node: Json) -> tuple[str, Mapping[str, Any]]:
        outer = self._parents.get(node["id"])
        block = self._catalog.block(outer["type"], outer["v"]) if outer and outer["type"] != ROOT_TYPE else None
        return (outer["id"], self._props(block, outer)) if outer and block else ("", {})

    # What the canvas does in another way:

    def _text(self, html: str) -> Fragment:
        return Fragment(html)

    def _words(self, text: str) -> Words:
        return Words(labels.split(text))

    def _is_personal(self, link: Json) -> bool:
        return links.is_personal(link)

    def _resolve(self, link: Json) -> ResolvedLink | None:
        return links.resolve(link, self._links)

    def _rules(self, block: Block, node: Json) -> conditions.Rules:
        """What has to hold for the block to be drawn: its common settings, and what a field of it says."""
        named = [each.name for each in self._fields(block) if isinstance(each, Conditions)]
        return conditions.of_block(node, named)

    def _root(self, _block: Block, node: Json) -> Markup:
        return _root(node)


def _children(node: Json) -> Iterator[Json]:
    for children in node.get("slots", {}).values():
        yield from children


def _visible_nodes(node: Json, visible: Callable[[Json], Block | None]) -> Iterator[Json]:
    """All blocks below that are drawn at all, parents first."""
    for child in _children(node):
        if visible(child) is not None:
            yield child
            yield from _visible_nodes(child, visible)


def _merged(pieces: Sequence[Piece]) -> tuple[Piece, ...]:
    """The pieces with neighbouring texts joined."""
    merged: list[Piece] = []
    for piece in pieces:
        if isinstance(piece, str) and merged and isinstance(merged[-1], str):
            merged[-1] += piece
        else:
            merged.append(piece)
    return tuple(merged)


def _root(node: Json) -> Markup:
    """Attributes of the block's root tag: its anchor, and the space that the editor chose."""
    style = node.get("style") or {}
    parts = []
    anchor = style.get("anchor")
    if isinstance(anchor, str) and _ANCHOR.fullmatch(anchor):
        parts.append(f'id="{anchor}"')
    spacing = style.get("spacing")
    if isinstance(spacing, dict) and spacing.get("base") in _SPACES:
        parts.append(f'data-space="{spacing["base"]}"')
    return Markup(" ".join(parts))  # noqa: S704 - both values come from closed sets
