"""A block with its properties read, and how its template is drawn: once, or again for each outcome."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import current_app
from markupsafe import Markup

from lms.content.labels import Label, Words
from lms.content.links import ResolvedLink
from lms.content.references import Referred
from lms.content.richtext import Fragment, TextLink
from lms.extend import Block, RenderContext
from lms.host import guard
from lms.web.slots import LONGEST_PIECE, ghost

Json = Mapping[str, Any]
Outcome = tuple[ResolvedLink | None, ...]
Said = tuple[str, ...]

# Marks where a slot's blocks go while a template is drawn. Nobody outside this process can know it.
_TOKEN = secrets.token_hex(12)
_MARK = re.compile(f"<!--{_TOKEN}:([a-z0-9_-]+)-->")
_FAILED = object()


@dataclass(frozen=True, slots=True, eq=False)
class LinkPlace:
    """A link in the properties of a block: of a Link field (``index`` None), or the nth of a formatted text."""

    field: str
    index: int | None
    link: Json
    is_personal: bool
    hides_block: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class WordPlace:
    """A dynamic label in the words of a block: the nth of the property ``field``."""

    field: str
    label: Label
    is_personal: bool


class Marks:
    """What the helpers of a block's template write for whoever edits: nothing on public pages."""

    def inline(self, _name: str) -> Markup:
        """Attributes of the element in which the property's words are typed."""
        return Markup("")

    def slot_attrs(self, _name: str) -> Markup:
        """Attributes of the element that holds the slot's blocks."""
        return Markup("")

    def filled(self, pieces: Sequence[Any]) -> bool:
        """Whether a template takes the slot for filled."""
        return bool(pieces)


PUBLIC = Marks()


@dataclass(slots=True)
class Drawable:
    """A block with its properties read: what is needed to draw it."""

    block: Block
    props: dict[str, Any]
    texts: dict[str, Fragment]
    plain: dict[str, Words]
    """Words without markup that have labels."""
    slots: dict[str, tuple[Any, ...]]
    """Pieces, as ``compile`` knows them."""
    root: Markup
    fixed: dict[LinkPlace, ResolvedLink | None]
    """What the links are that are equal for all."""
    personal_places: tuple[LinkPlace, ...]
    words: tuple[WordPlace, ...] = ()
    said: Mapping[WordPlace, str] = field(default_factory=dict)
    """What the labels say that are equal for all."""
    identity: str = ""
    """The block's id, for what has to have a name of its own on the page."""
    parent: tuple[str, Mapping[str, Any]] = ("", {})
    """Id and properties of the block in which it stands; none where that is the page."""
    marks: Marks = PUBLIC
    referred: Mapping[str, Referred | None] = field(default_factory=dict)
    """What its references name, where visitors can see it."""

    @property
    def personal_words(self) -> tuple[WordPlace, ...]:
        """Its labels that are asked for each view."""
        return tuple(place for place in self.words if place.is_personal)

    @property
    def is_personal(self) -> bool:
        """Whether a link or a label in it is asked for each view."""
        return bool(self.personal_places) or any(place.is_personal for place in self.words)

    def draw(self, personal: Outcome, extra: Any, said: Said = ()) -> tuple[Any, ...]:
        """The block's pieces when its personal links have these outcomes, and its personal labels say this."""
        outcomes = self.fixed | dict(zip(self.personal_places, personal, strict=True))
        for place, outcome in outcomes.items():
            if place.hides_block and outcome is None:
                return ()
        words = {**self.said, **dict(zip(self.personal_words, said, strict=True))}
        html = contained(self.block, "block", self._template, outcomes, words, extra, check=_not_endless)
        pieces: list[Any] = []
        for position, part in enumerate(_MARK.split(html)):
            if position % 2:
                pieces.extend(self.slots.get(part, ()))
            elif part:
                pieces.append(part)
        return tuple(pieces)

    def _template(
        self, outcomes: Mapping[LinkPlace, ResolvedLink | None], said: Mapping[WordPlace, str], extra: Any
    ) -> str:
        by_field = {place.field: outcome for place, outcome in outcomes.items() if place.index is None}
        props = dict(self.props)
        for name, plain in self.plain.items():
            props[name] = plain.text(self._said_in(name, said))
        for name, text in self.texts.items():
            by_index = {place.index: outcome for place, outcome in outcomes.items() if place.field == name}
            targets = [_text_link(by_index[index]) for index in range(len(text.links))]
            props[name] = Markup(text.html(targets, self._said_in(name, said)))  # noqa: S704 - cleaned
        template = current_app.jinja_env.get_template(self.block.template)
        return template.render(
            p=props,
            extra=extra,
            root=self.root,
            block_id=self.identity,
            parent_id=self.parent[0],
            parent=self.parent[1].get,
            link=by_field.get,
            ref=self.referred.get,
            link_attrs=lambda name: _attributes(by_field.get(name)),
            slot=lambda name: Markup(f"<!--{_TOKEN}:{name}-->"),  # noqa: S704 - ours
            filled=lambda name: self.marks.filled(self.slots.get(name, ())),
            inline=self.marks.inline,
            slot_attrs=self.marks.slot_attrs,
        )

    def _said_in(self, name: str, said: Mapping[WordPlace, str]) -> list[str]:
        return [said[place] for place in self.words if place.field == name]


@dataclass(frozen=True, slots=True)
class Ghost:
    """Stands where a block failed: for editors a word about it, for everybody else nothing."""

    plugin: str
    piece: str

    def __str__(self) -> str:
        return str(ghost(self.plugin, self.piece))


class PieceFailed(Exception):
    """The template or the loader of a block failed; the block costs only itself, and leaves its ``ghost``."""

    def __init__(self, plugin: str, piece: str) -> None:
        super().__init__(piece)
        self.ghost = Ghost(plugin, piece)


def contained(block: Block, piece: str, function: Callable[..., Any], *args: Any, check: Any = None) -> Any:
    """``function(*args)`` of a block's plugin. Raises ``PieceFailed`` for whatever goes wrong in it."""
    name = f"{piece} {block.full_name}"
    result = guard.call(block.plugin, name, function, *args, default=_FAILED, check=check, problem_passes=False)
    if result is _FAILED:
        raise PieceFailed(block.plugin, name)
    return result


def _not_endless(html: str) -> str:
    if len(html) > LONGEST_PIECE:
        raise guard.WrongAnswer(f"It drew {len(html)} characters; a block may have {LONGEST_PIECE}.")
    return html


def loaded(block: Block, props: Sequence[Mapping[str, Any]], ctx: RenderContext) -> Sequence[Any]:
    """What each of the block's places on the page needs, in one go. Raises ``PieceFailed``."""

    def load() -> Sequence[Any]:
        results = list(block.load(props, ctx)) if block.load else [None] * len(props)
        if len(results) != len(props):
            raise ValueError(f"load of {block.full_name} returned {len(results)} results for {len(props)} blocks.")
        return results

    return contained(block, "load of", load)


def _attributes(link: ResolvedLink | None) -> Markup:
    if link is None:
        return Markup("")
    return Markup(" ").join(Markup('{}="{}"').format(name, value) for name, value in link.attributes())


def _text_link(link: ResolvedLink | None) -> TextLink | None:
    return None if link is None else TextLink(link.attributes(), link.reason)
