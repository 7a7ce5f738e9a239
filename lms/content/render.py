"""Documents as HTML for one person: compiled once per revision, joined for each view."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from threading import Lock
from typing import Any

from flask import current_app
from flask_babel import get_locale
from markupsafe import Markup

from lms.content import links, services
from lms.content.compile import Compiled, Hole, Piece, compile_document
from lms.content.conditions import Gate
from lms.content.drawable import PieceFailed, loaded
from lms.extend import LinkContext, RenderContext
from lms.host import state
from lms.host.kept import kept_by_key

_MOST_KEPT = 500


@dataclass(frozen=True, slots=True)
class Rendered:
    """A document's HTML. ``private``: somebody who is signed in may see something that others do not (for guests it
    is equal all the same). ``has_title``: it brings its own first-level heading."""

    html: Markup
    private: bool
    has_title: bool


NOTHING = Rendered(Markup(""), private=False, has_title=False)


class CompiledDocuments:
    """The compiled documents of one app (another set of plugins is another app); the least recently used go first."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[Any, ...], Compiled] = OrderedDict()
        self._lock = Lock()

    def get(self, key: tuple[Any, ...]) -> Compiled | None:
        """What was kept under the key."""
        with self._lock:
            kept = self._kept.get(key)
            if kept is not None:
                self._kept.move_to_end(key)
            return kept

    def put(self, key: tuple[Any, ...], compiled: Compiled) -> None:
        """Keep it."""
        with self._lock:
            self._kept[key] = compiled
            while len(self._kept) > _MOST_KEPT:
                self._kept.popitem(last=False)


def _documents() -> CompiledDocuments:
    return current_app.extensions.setdefault("lms_compiled_documents", CompiledDocuments())


def page_html(owner_kind: str, owner_id: int, ctx: RenderContext) -> Rendered:
    """The published document of the owner, empty if nothing is published. One query, none while it is in memory."""
    trees: dict[int, Mapping[str, Any]] = {}

    def read() -> int | None:
        found = services.published_document(owner_kind, owner_id)
        if found is None:
            return None
        # Asked for in the same query, and not kept: only what is compiled from it is.
        trees[found.revision_id] = found.tree
        return found.revision_id

    revision_id = kept_by_key("content.published", (owner_kind, owner_id), read)
    if revision_id is None:
        return NOTHING
    return _html(revision_id, lambda: trees.get(revision_id) or services.tree_of_revision(revision_id), ctx)


def revision_html(revision_id: int, ctx: RenderContext) -> Rendered:
    """A revision whose id the caller knows. No query, if it was compiled before; what personal links ask comes on top.

    Raises ``LookupError``.
    """
    return _html(revision_id, lambda: services.tree_of_revision(revision_id), ctx)


def _html(revision_id: int, tree: Callable[[], Mapping[str, Any]], ctx: RenderContext) -> Rendered:
    # Links that are equal for all are written as text: a page that moves is a new content version.
    versions = state.content_version(), state.get("settings")
    key = (revision_id, *versions, str(get_locale() or ""), ctx.path)
    compiled = _documents().get(key)
    if compiled is None:
        compiled = compile_document(tree(), ctx.path, replace(ctx, person=None))
        if compiled.is_complete:
            _documents().put(key, compiled)
    return join(compiled, ctx)


def tree_html(tree: Mapping[str, Any], ctx: RenderContext) -> Rendered:
    """A document that is not stored (a preview, an example); compiled for this one view."""
    return join(compile_document(tree, ctx.path, replace(ctx, person=None)), ctx)


def join(compiled: Compiled, ctx: RenderContext) -> Rendered:
    """The HTML for the person of ``ctx``."""
    if not compiled.holes and not compiled.gates:
        return Rendered(Markup("".join(map(str, compiled.pieces))), False, compiled.has_title)  # noqa: S704 - drawn
    link_context = links.of_render(ctx)
    extras = _load(compiled.holes, ctx, link_context)
    parts: list[str] = []
    _fill(compiled.pieces, link_context, extras, parts)
    return Rendered(Markup("".join(parts)), compiled.is_private, compiled.has_title)  # noqa: S704 - drawn by templates


def _fill(pieces: Iterable[Piece], ctx: LinkContext, extras: Mapping[int, Any], parts: list[str]) -> None:
    for piece in pieces:
        if isinstance(piece, Hole):
            _fill(piece.pieces(ctx, extras), ctx, extras, parts)
        elif isinstance(piece, Gate):
            if piece.is_open(ctx):
                _fill(piece.pieces, ctx, extras, parts)
        else:
            parts.append(str(piece))


def _load(holes: Iterable[Hole], ctx: RenderContext, link_context: LinkContext) -> dict[int, Any]:
    """What the blocks that depend on the person need, fetched once for each kind of block.

    Blocks whose plugin fails are left out, and so not drawn.
    """
    kinds: dict[str, list[Hole]] = {}
    for hole in holes:
        if hole.is_loaded and all(gate.is_open(link_context) for gate in hole.gates):
            kinds.setdefault(hole.drawable.block.full_name, []).append(hole)
    extras: dict[int, Any] = {}
    for waiting in kinds.values():
        block = waiting[0].drawable.block
        props = [hole.drawable.props for hole in waiting]
        try:
            extras.update(zip((hole.number for hole in waiting), loaded(block, props, ctx), strict=True))
        except PieceFailed:
            continue
    return extras
