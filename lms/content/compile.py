"""From a published document to pieces of HTML: fixed text, and holes for what depends on who looks.

A document is compiled once per revision. Blocks without anything personal become text at once. A block with a
personal link becomes a hole that keeps the HTML of each outcome it has met (shown, hidden, disabled …), so that a page
with many of them is joined from memory. A block that depends on the person is drawn for each view.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import current_app
from markupsafe import Markup

from lms.base.problem import Problem
from lms.content import catalog, links, values
from lms.content.document import blocks as walk
from lms.content.document import upgraded
from lms.content.links import ResolvedLink
from lms.content.richtext import Fragment, TextLink
from lms.extend import Block, LinkContext, RenderContext
from lms.extend.fields import Link, RichText
from lms.host import guard

Json = Mapping[str, Any]
Outcome = tuple[ResolvedLink | None, ...]

# Marks where a slot's blocks go while a template is drawn. Nobody outside this process can know it.
_TOKEN = secrets.token_hex(12)
_MARK = re.compile(f"<!--{_TOKEN}:([a-z0-9_-]+)-->")
_ANCHOR = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_SPACES = frozenset({"none", "s", "m", "l"})
_VARIANTS = 32
_FAILED = object()


@dataclass(frozen=True, slots=True, eq=False)
class LinkPlace:
    """A link in the properties of a block: of a Link field (``index`` None), or the nth of a formatted text."""

    field: str
    index: int | None
    link: Json
    is_personal: bool
    hides_block: bool = False


@dataclass(slots=True)
class Drawable:
    """A block with its properties read: what is needed to draw it."""

    block: Block
    props: dict[str, Any]
    texts: dict[str, Fragment]
    slots: dict[str, tuple[Piece, ...]]
    root: Markup
    fixed: dict[LinkPlace, ResolvedLink | None]
    """What the links are that are equal for all."""
    personal_places: tuple[LinkPlace, ...]

    def draw(self, personal: Outcome, extra: Any) -> tuple[Piece, ...]:
        """The block's pieces when its personal links have these outcomes."""
        outcomes = self.fixed | dict(zip(self.personal_places, personal, strict=True))
        for place, outcome in outcomes.items():
            if place.hides_block and outcome is None:
                return ()
        html = contained(self.block, "block", self._template, outcomes, extra)
        pieces: list[Piece] = []
        for position, part in enumerate(_MARK.split(html)):
            if position % 2:
                pieces.extend(self.slots.get(part, ()))
            elif part:
                pieces.append(part)
        return tuple(pieces)

    def _template(self, outcomes: Mapping[LinkPlace, ResolvedLink | None], extra: Any) -> str:
        by_field = {place.field: outcome for place, outcome in outcomes.items() if place.index is None}
        props = dict(self.props)
        for name, text in self.texts.items():
            by_index = {place.index: outcome for place, outcome in outcomes.items() if place.field == name}
            words = [_text_link(by_index[index]) for index in range(len(text.links))]
            props[name] = Markup(text.html(words))  # noqa: S704 - cleaned
        template = current_app.jinja_env.get_template(self.block.template)
        return template.render(
            p=props,
            extra=extra,
            root=self.root,
            link=by_field.get,
            link_attrs=lambda name: _attributes(by_field.get(name)),
            slot=lambda name: Markup(f"<!--{_TOKEN}:{name}-->"),  # noqa: S704 - ours
            filled=lambda name: bool(self.slots.get(name)),
            # The editor's canvas writes attributes here; a public page does not.
            inline=lambda _name: Markup(""),
            slot_attrs=lambda _name: Markup(""),
        )


class PieceFailed(Exception):
    """The template or the loader of a block failed; the block costs only itself."""


def contained(block: Block, piece: str, function: Callable[..., Any], *args: Any) -> Any:
    """``function(*args)`` of a block's plugin. Raises ``PieceFailed`` for whatever goes wrong in it."""
    try:
        result = guard.call(block.plugin, f"{piece} {block.full_name}", function, *args, default=_FAILED)
    except Problem as problem:
        # A problem answers a person's act; nobody acted here, the page is only being drawn.
        guard.report(block.plugin, f"{piece} {block.full_name}", problem)
        result = _FAILED
    if result is _FAILED:
        raise PieceFailed
    return result


def loaded(block: Block, props: Sequence[Mapping[str, Any]], ctx: RenderContext) -> Sequence[Any]:
    """What each of the block's places on the page needs, in one go. Raises ``PieceFailed``."""

    def load() -> Sequence[Any]:
        results = list(block.load(props, ctx)) if block.load else [None] * len(props)
        if len(results) != len(props):
            raise ValueError(f"load of {block.full_name} returned {len(results)} results for {len(props)} blocks.")
        return results

    return contained(block, "load of", load)


@dataclass(slots=True)
class Hole:
    """A place of the document that depends on who looks."""

    drawable: Drawable
    number: int
    variants: dict[Outcome, tuple[Piece, ...]] = field(default_factory=dict)

    @property
    def is_loaded(self) -> bool:
        """Whether it is drawn anew for each view."""
        return bool(self.drawable.block.depends_on)

    def pieces(self, ctx: LinkContext, extras: Mapping[int, Any]) -> tuple[Piece, ...]:
        """Its pieces for the person of ``ctx``."""
        outcome = tuple(links.resolve(place.link, ctx) for place in self.drawable.personal_places)
        try:
            if self.is_loaded:
                return self.drawable.draw(outcome, extras[self.number]) if self.number in extras else ()
            kept = self.variants.get(outcome)
            if kept is None:
                if len(self.variants) >= _VARIANTS:
                    self.variants.clear()
                kept = self.variants[outcome] = self.drawable.draw(outcome, None)
            return kept
        except PieceFailed:
            return ()


Piece = str | Hole


@dataclass(frozen=True, slots=True)
class Compiled:
    """A document ready to be joined. ``is_complete`` is False when a block failed, so that it is tried again."""

    pieces: tuple[Piece, ...]
    holes: tuple[Hole, ...]
    has_title: bool
    is_complete: bool

    @property
    def is_private(self) -> bool:
        """Whether somebody who is signed in may see something that others do not."""
        return any(hole.drawable.personal_places or "person" in hole.drawable.block.depends_on for hole in self.holes)


def compile_document(tree: Json, path: str, ctx: RenderContext) -> Compiled:
    """Compile a stored document. ``ctx`` is a guest's: nothing of a person may get into the fixed text."""
    return _Compiler(tree, path, ctx).run()


class _Compiler:
    def __init__(self, tree: Json, path: str, ctx: RenderContext) -> None:
        self._tree = tree
        self._ctx = ctx
        self._links = links.context(None, page=path, owner=ctx.owner)
        self._catalog = catalog.current()
        self._defaults: dict[str, dict[str, Any]] = {}
        self._forms: dict[str, Any] = {}
        self._extras: dict[str, Any] = {}
        self._failed: set[str] = set()
        self._holes: list[Hole] = []
        self._complete = True

    def run(self) -> Compiled:
        root = self._tree["root"]
        self._load_shared(root)
        pieces = self._slot(root.get("slots", {}).get("main", ()))
        has_title = any(
            block["type"] == "core/heading" and str(block["props"].get("level")) == "1" for block in walk(root)
        )
        return Compiled(_merged(pieces), tuple(self._holes), has_title, self._complete)

    def _visible(self, node: Json) -> Block | None:
        """The block of a node that visitors may see.

        One that nobody knows is not drawn, nor is what is in it: it may have been a paywall. For the same reason a
        visibility rule that nobody knows hides, and there is no kind of rule yet.
        """
        if node.get("visibility"):
            return None
        return self._catalog.block(node["type"], node["v"])

    def _load_shared(self, root: Json) -> None:
        """Let each kind of block that is equal for all fetch what its blocks need, in one go."""
        waiting: dict[str, list[Json]] = {}
        for node in _visible_nodes(root, self._visible):
            block = self._visible(node)
            if block is not None and block.load is not None and not block.depends_on:
                waiting.setdefault(block.full_name, []).append(node)
        for kind, nodes in waiting.items():
            block = self._catalog.blocks[kind]
            props = [self._props(block, node) for node in nodes]
            try:
                extras = loaded(block, props, self._ctx)
            except PieceFailed:
                self._complete = False
                self._failed.update(node["id"] for node in nodes)
                continue
            self._extras.update({node["id"]: extra for node, extra in zip(nodes, extras, strict=True)})

    def _props(self, block: Block, node: Json) -> dict[str, Any]:
        if block.full_name not in self._defaults:
            self._defaults[block.full_name] = values.defaults(block.form)
        props, _version = upgraded(block, dict(node["props"]), node["v"])
        return self._defaults[block.full_name] | props

    def _slot(self, nodes: Sequence[Json]) -> list[Piece]:
        pieces: list[Piece] = []
        for node in nodes:
            block = self._visible(node)
            if block is not None and node["id"] not in self._failed:
                pieces.extend(self._block(block, node))
        return pieces

    def _block(self, block: Block, node: Json) -> Sequence[Piece]:
        drawable = self._drawable(block, node)
        if drawable.personal_places or block.depends_on:
            hole = Hole(drawable, len(self._holes))
            self._holes.append(hole)
            return (hole,)
        try:
            return drawable.draw((), self._extras.get(node["id"]))
        except PieceFailed:
            self._complete = False
            return ()

    def _drawable(self, block: Block, node: Json) -> Drawable:
        props = self._props(block, node)
        if block.full_name not in self._forms:
            self._forms[block.full_name] = tuple(block.form())
        texts: dict[str, Fragment] = {}
        places: list[LinkPlace] = []
        for each in self._forms[block.full_name]:
            value = props.get(each.name)
            if isinstance(each, RichText):
                texts[each.name] = Fragment(value if isinstance(value, str) else "")
                places += [
                    LinkPlace(each.name, index, link, links.is_personal(link))
                    for index, link in enumerate(texts[each.name].links)
                ]
            elif isinstance(each, Link):
                link = value if isinstance(value, dict) else {}
                places.append(LinkPlace(each.name, None, link, links.is_personal(link), each.hides_block))
        return Drawable(
            block=block,
            props=props,
            texts=texts,
            slots={name: tuple(self._slot(node.get("slots", {}).get(name, ()))) for name in block.slots},
            root=_root(node),
            fixed={place: links.resolve(place.link, self._links) for place in places if not place.is_personal},
            personal_places=tuple(place for place in places if place.is_personal),
        )


def _visible_nodes(node: Json, visible: Callable[[Json], Block | None]) -> Iterator[Json]:
    """All blocks below that are drawn at all, parents first."""
    for children in node.get("slots", {}).values():
        for child in children:
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


def _attributes(link: ResolvedLink | None) -> Markup:
    if link is None:
        return Markup("")
    return Markup(" ").join(Markup('{}="{}"').format(name, value) for name, value in link.attributes())


def _text_link(link: ResolvedLink | None) -> TextLink | None:
    return None if link is None else TextLink(link.attributes(), link.reason)
