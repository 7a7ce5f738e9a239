"""Documents as editors see them: the HTML of the public page, with attributes that say which block is which.

No element is added around a block. Only what draws nothing, or has no root, stands in a box of ours, so that it can be
selected. The blocks of a slot stand between two comments, because the element that holds them may be the theme's.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from textwrap import shorten
from typing import Any

from flask_babel import gettext as _
from markupsafe import Markup

from lms.content import conditions, links, words
from lms.content.compile import Compiler, Piece
from lms.content.drawable import Drawable, Json, Marks
from lms.content.labels import Words
from lms.content.links import ResolvedLink
from lms.content.render import Rendered, join
from lms.content.richtext import Fragment, clean
from lms.extend import Block, RenderContext
from lms.extend.fields import PlainText, RichText
from lms.host import guard
from lms.web.slots import label

_NAME = re.compile(r"[a-z0-9_-]+")
_TYPE = re.compile(r"[a-z0-9_-]+/[a-z0-9-]+")


def page_html(tree: Mapping[str, Any], ctx: RenderContext) -> Rendered:
    """The whole document. ``ctx`` is the editor's, with ``editing``."""
    return join(CanvasCompiler(tree, ctx.path, ctx).run(), ctx)


def blocks_html(tree: Mapping[str, Any], ids: Collection[str], ctx: RenderContext) -> dict[str, Markup]:
    """The HTML of these blocks, each with all that is in it; of one inside another only the outer one."""
    compiler = CanvasCompiler(tree, ctx.path, ctx)
    return {node["id"]: compiler.one(node) for node in _outermost(tree["root"], ids)}


def _outermost(node: Json, ids: Collection[str]) -> list[Json]:
    found: list[Json] = []
    for children in node.get("slots", {}).values():
        for child in children:
            found += [child] if child["id"] in ids else _outermost(child, ids)
    return found


class CanvasMarks(Marks):
    """Attributes for the editor. Every slot counts as filled: something can be put into it.

    ``rich`` are the names of the properties whose words may be formatted.
    """

    def __init__(self, rich: frozenset[str] = frozenset()) -> None:
        self._rich = rich

    def inline(self, name: str) -> Markup:
        return Markup('data-inline="{}"{}').format(name, Markup(" data-rich") if name in self._rich else "")

    def slot_attrs(self, name: str) -> Markup:
        return Markup('data-slot="{}"').format(name)

    def filled(self, _pieces: Sequence[Piece]) -> bool:
        return True


class WholeText(Fragment):
    """Formatted text as it is stored, so that it is edited with its links."""

    def __init__(self, html: str) -> None:
        self._html = clean(html)
        self._root = None
        self.links = []
        self.labels = []


class CanvasCompiler(Compiler):
    """Draws every block for the editor, whoever may see it later."""

    def one(self, node: Json) -> Markup:
        """One block with all that is in it."""
        self._load_shared({"slots": {"": [node]}})
        return Markup("".join(map(str, self._slot([node]))))  # noqa: S704 - drawn by templates

    def _visible(self, node: Json) -> Block | None:
        return self._catalog.block(node["type"], node["v"])

    def _is_shared(self, _block: Block) -> bool:
        return True

    def _slot_of(self, node: Json, name: str) -> list[Piece]:
        place = f"{node['id']}:{name}"
        return [
            f"<!--slot:{place}{self._allowed(node, name)}-->",
            *super()._slot_of(node, name),
            f"<!--/slot:{place}-->",
        ]

    def _allowed(self, node: Json, name: str) -> str:
        """What may stand in the slot, where that is not everything, so that nothing else is pulled there."""
        block = self._visible(node)
        allow = block.slots[name].allow if block and name in block.slots else ("*",)
        return "" if "*" in allow else "".join(f" {kind}" for kind in allow if _TYPE.fullmatch(kind))

    def _slot(self, nodes: Sequence[Json]) -> list[Piece]:
        return [self._held(node) for node in nodes]

    def _held(self, node: Json) -> str:
        block = self._visible(node)
        if block is None:
            return self._missing(node)
        html = "".join(map(str, super()._slot([node])))
        if f'data-block="{node["id"]}"' in html:
            return html
        mark = self._mark(block, node)
        if html.strip():
            return str(Markup('<div class="editor-holder" {}>{}</div>').format(mark, Markup(html)))  # noqa: S704 - drawn
        empty = _("%(block)s: empty", block=label(block))
        return str(Markup('<div class="editor-empty" {}>{}</div>').format(mark, empty))

    def _missing(self, node: Json) -> str:
        """A word about a block that nobody knows now, and what is in it, which can still be edited."""
        needs = _("Needs the plugin %(name)s. Visitors see nothing here.", name=node["type"].split("/")[0])
        inside = [
            "".join(map(str, self._slot_of(node, name))) for name in node.get("slots", {}) if _NAME.fullmatch(name)
        ]
        mark = Markup('data-block="{}" data-type="{}" data-label="{}"').format(node["id"], node["type"], node["type"])
        box = Markup('<div class="piece-missing" role="note" {}><p>{}</p>{}</div>')
        return str(box.format(mark, needs, Markup("".join(inside))))  # noqa: S704 - drawn

    def _block(self, block: Block, node: Json) -> Sequence[Piece]:
        return self._drawable(block, node).draw((), self._extras.get(node["id"]))

    def _drawable(self, block: Block, node: Json) -> Drawable:
        drawable = super()._drawable(block, node)
        drawable.marks = CanvasMarks(frozenset(drawable.texts))
        return drawable

    def _text(self, html: str) -> Fragment:
        return WholeText(html)

    def _rules(self, _block: Block, _node: Json) -> conditions.Rules:
        return ()

    def _words(self, text: str) -> Words:
        return Words([text])

    def _is_personal(self, _link: Json) -> bool:
        return False

    def _resolve(self, link: Json) -> ResolvedLink:
        return links.as_placed(link, self._links)

    def _root(self, block: Block, node: Json) -> Markup:
        return Markup(" ").join([super()._root(block, node), self._mark(block, node)])

    def _mark(self, block: Block, node: Json) -> Markup:
        mark = Markup('data-block="{}" data-type="{}" data-label="{}"').format(node["id"], node["type"], label(block))
        badge = self._badge(block, node)
        return mark + Markup(' data-badge="{}"').format(badge) if badge else mark

    def _badge(self, block: Block, node: Json) -> str:
        """To whom the block is shown, where that is not everybody."""
        said = words.seen_by(super()._rules(block, node))
        if said:
            return said
        for value in node["props"].values():
            if isinstance(value, Mapping) and value.get("kind") == "dynamic":
                return words.shown_to(value)
        return ""


def fields_of_words(block: Block | None) -> tuple[str, ...]:
    """The properties of the block that hold words; none where nobody knows it, or its plugin fails."""
    if block is None:
        return ()
    fields = guard.call(block.plugin, f"form of {block.full_name}", lambda: tuple(block.form()), default=())
    return tuple(field.name for field in fields if isinstance(field, PlainText | RichText))


# The outline asks for those of each block after each edit, and all but one are what they were.
@lru_cache(maxsize=4096)
def _first_words(html: str) -> str:
    apart = html.replace("</", " </")  # two paragraphs are two words
    return shorten(Markup(apart).striptags(), 60, placeholder=" …")  # noqa: S704 - stripped


def excerpt(node: Json, fields: Sequence[str]) -> str:
    """The first words of a block, for lists of blocks; "" where it has none."""
    for name in fields:
        value = node["props"].get(name)
        if isinstance(value, str) and value:
            return _first_words(value[:400])
    return ""
