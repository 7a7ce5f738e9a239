"""The left column: the options of a block, drawn from what its form declares; the library; the outline."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from textwrap import shorten
from typing import Any

from flask_babel import gettext as _
from wtforms import Field

from lms.content import canvas, catalog, document, entries, planting, references, values, words
from lms.content.document import upgraded
from lms.editor import listing, rules, shaping
from lms.editor.acts import PATTERN, SPACES
from lms.editor.situation import is_content
from lms.extend import Block, DynamicLink, Pattern
from lms.extend.fields import COLOURS, Colour, Conditions, Items, Link, Media, Reference, RichText, Search
from lms.host import guard
from lms.media import services as media
from lms.pages import reading as pages
from lms.themes import appearance
from lms.themes.tokens import Colour as TokenColour
from lms.web import current_person, render
from lms.web.slots import label

PREFIX = "b-"
ARGUMENTS = "a-"
CATEGORIES = ("text", "content", "layout", "courses", "selling", "account")
Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Drawn:
    """A field of the options: ``kind`` as ``_KINDS`` says it, or plain; ``value`` what the block holds.

    ``path`` names it in operations. ``chosen`` is what a field that searches holds, in words; ``rows`` are the entries
    of a list.
    """

    field: Field
    kind: str
    value: Any
    path: str
    chosen: references.Chosen | None = None
    rows: tuple[Row, ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """An entry of a list: its ``name`` in words, and its fields."""

    id: str
    name: str
    fields: tuple[Drawn, ...]


_KINDS = (
    (Link, "link"), (Media, "media"), (RichText, "rich"), (Conditions, "conditions"), (Items, "items"),
    (Search, "search"), (Reference, "search"), (Colour, "colour"),
)  # fmt: skip


def of_block(tree: Json, identity: str, *, designs: bool = True) -> str:
    """The options of the block; a sentence where it is gone or its plugin is missing.

    Without ``designs`` only those for what it says: the person may not change how the page is built.
    """
    node = next((each for each in document.blocks(tree["root"]) if each["id"] == identity), None)
    if node is None or node is tree["root"]:
        return render("admin/editor/panel.html", node=None)
    block = catalog.current().block(node["type"], node["v"])
    person = current_person()
    shared = {"node": node, "block": block, "style": _style(node), "spaces": _spaces(), "words": words, "rules": rules}
    shared["designs"] = designs
    if block is None:
        return render("admin/editor/panel.html", name=node["type"], groups=(), locked="", **shared)
    may = not block.needs or bool(person and person.can(block.needs))
    locked = "" if may else _("Your account may not change this block.")
    groups = guard.call(block.plugin, f"options of {block.full_name}", _groups, block, node, default=())
    if not designs:
        groups = [(title, written) for title, fields in groups if (written := _written(fields))]
    drawn = [one for _label, fields in groups for field in fields for one in (field, *_below(field))]
    files = _files(drawn) if any(one.kind == "media" for one in drawn) else ()
    shared |= {"name": label(block), "groups": groups, "locked": locked, "files": files}
    shared |= {"colours": _colours() if any(one.kind == "colour" for one in drawn) else {}}
    shared |= {"item_label": listing.item_label}
    shared |= {"becomes": shaping.becomes(block), "boxes": shaping.boxes(node["type"])}
    return render("admin/editor/panel.html", **shared)


def _groups(block: Block, node: Json) -> list[tuple[str, list[Drawn]]]:
    props, _version = upgraded(block, dict(node["props"]), node["v"])
    stored = values.defaults(block.form) | props
    form = block.form(data=stored, prefix=PREFIX)
    fields = {field.short_name: field for field in form}
    referred = references.Named((each, value) for _name, each, value in entries.places(tuple(block.form()), stored))
    declared = [(group.label, [name for name in group.fields if name in fields]) for group in _declared(form)]
    named = {name for _label, names in declared for name in names}
    rest = [name for name in fields if name not in named]
    if not declared or rest:
        declared = declared or [("Main Options", [])]
        declared[0][1].extend(rest)
    return [
        (str(title), [_drawn(block, referred, fields[name], stored.get(name), name) for name in names])
        for title, names in declared
        if names
    ]


def _declared(form: Any) -> Iterator[Any]:
    yield from getattr(form.meta, "groups", ())


def _drawn(block: Block, named: references.Named, field: Field, value: Any, path: str) -> Drawn:
    kind = next((kind for known, kind in _KINDS if isinstance(field, known)), "plain")
    chosen = references.chosen(block.plugin, field, value, named) if isinstance(field, Search | Reference) else None
    rows = tuple(_rows(block, named, field, value)) if isinstance(field, Items) else ()
    return Drawn(field, kind, value, path, chosen, rows)


def _rows(block: Block, named: references.Named, field: Items, stored: Any) -> Iterator[Row]:
    defaults = values.defaults(field.form)
    for number, entry in enumerate(entries.of(stored), start=1):
        held = defaults | entry
        form = field.form(data=held, prefix=f"{PREFIX}{field.short_name}-{entry['id']}-")
        below = []
        for each in form:
            path = entries.path(field.short_name, entry["id"], each.short_name)
            below.append(_drawn(block, named, each, held.get(each.short_name), path))
        said = next((str(each.value) for each in below if each.kind == "plain" and isinstance(each.value, str)), "")
        words = shorten(said, 40, placeholder=" …") or f"{listing.item_label(field)} {number}"
        yield Row(entry["id"], words, tuple(below))


def _written(fields: Iterable[Drawn]) -> list[Drawn]:
    """Those that say something; of lists what their entries say."""
    found = []
    for one in fields:
        rows = tuple(replace(row, fields=tuple(_written(row.fields))) for row in one.rows)
        if is_content(one.field) or any(row.fields for row in rows):
            found.append(replace(one, rows=rows))
    return found


def _below(drawn: Drawn) -> list[Drawn]:
    return [one for row in drawn.rows for one in row.fields]


def _colours() -> dict[str, str]:
    """How the colours of the theme look, by name; what no theme changes is known to the page itself."""
    themes = appearance.active().themes
    values = appearance.effective(themes, appearance.changed(themes))
    known = {name: value.css for name, value in values.items() if isinstance(value, TokenColour)}
    return {name: known.get(name, f"var(--{name})") for name in COLOURS}


def _style(node: Json) -> dict[str, str]:
    style = node.get("style") or {}
    spacing = style.get("spacing")
    return {
        "anchor": str(style.get("anchor", "")),
        "space": str(spacing.get("base", "")) if isinstance(spacing, Mapping) else "",
    }


def _spaces() -> list[tuple[str, str]]:
    shown = (_("As usual"), _("None"), _("Small"), _("Medium"), _("Large"))
    return list(zip(SPACES, shown, strict=True))


def _files(drawn: Iterable[Drawn]) -> list[media.MediaView]:
    """The newest files of the library, and those that the block has; each field shows those of its kind."""
    found = {view.key: view for _id, view in media.newest(limit=200)}
    held = [one.value for one in drawn if one.kind == "media"]
    chosen = {str(value.get("key")) for value in held if isinstance(value, Mapping) and "key" in value}
    return [*(view for key, view in media.views(sorted(chosen - found.keys())).items() if key), *found.values()]


def picker(tree: Json, identity: str, name: str, kind: str, source: str, key: str) -> str:
    """The part of the options in which a link is chosen: an address, a page, or a dynamic link."""
    node = next((each for each in document.blocks(tree["root"]) if each["id"] == identity), None)
    now = (entries.value_at(node["props"], name) if node else None) or {}
    now = now if isinstance(now, Mapping) else {}
    shared: dict[str, Any] = {"field": name, "kind": kind, "now": now, "is_update": now.get("kind") == kind}
    if kind == "page":
        return render("admin/editor/picker.html", pages=_pages(), **shared)
    if kind != "dynamic":
        return render("admin/editor/picker.html", **shared)
    sources = words.sources()
    source = source or (str(now.get("source")) if now.get("kind") == "dynamic" else "")
    choices = sources.get(source, ("", []))[1]
    wanted = key or (str(now.get("key")) if now.get("source") == source else "")
    item = next((one for one in choices if one.key == f"{source}/{wanted}"), None)
    is_same = item is not None and now.get("kind") == "dynamic" and item.key == f"{now.get('source')}/{now.get('key')}"
    form = (
        item.form(data=dict(now.get("args") or {}) if is_same else {}, prefix=ARGUMENTS) if item and item.form else ()
    )
    seen = words.shown_to({"kind": "dynamic", "source": source, "key": item.name}) if item else ""
    shared |= {
        "sources": [(one, shown) for one, (shown, _links) in sources.items()], "source": source, "choices": choices,
        "item": item, "form": form, "pages": _pages(), "seen": seen, "now": now if is_same else {},
        "trouble": _trouble(item),
    }  # fmt: skip
    return render("admin/editor/picker.html", label=label, **shared)


def search(tree: Json, identity: str, path: str, words: str) -> list[tuple[Any, str]]:
    """(Stored, shown) of what can be chosen in a field of the block; nothing for a block or field that is not there."""
    node = next((each for each in document.blocks(tree["root"]) if each["id"] == identity), None)
    block = catalog.current().block(node["type"], node["v"]) if node is not None else None
    person = current_person()
    if node is None or block is None or (block.needs and not (person and person.can(block.needs))):
        return []
    field = guard.call(block.plugin, f"options of {block.full_name}", _field, block, node, path, default=None)
    return references.search(block.plugin, field, words) if isinstance(field, Search | Reference) else []


def _field(block: Block, node: Json, path: str) -> Field | None:
    drawn = [one for _label, fields in _groups(block, node) for field in fields for one in (field, *_below(field))]
    return next((one.field for one in drawn if one.path == path), None)


def _trouble(item: DynamicLink | None) -> str:
    """What keeps the link from everybody; "" for nothing."""
    if item is None or item.ready is None:
        return ""
    answer = guard.call(item.plugin, f"link {item.key}", item.ready, default=True, check=guard.yes_or_why)
    return "" if answer is True else str(answer)


def _pages() -> list[tuple[int, str]]:
    return [(row.page.id, row.page.title) for row in pages.list_pages(status=pages.PUBLISHED).rows]


@dataclass(frozen=True, slots=True)
class Shelved:
    """What can be added: ``add`` is the type of a block, or a pattern's name behind ``pattern:``; ``type`` is what
    stands on the page then."""

    add: str
    type: str
    label: str
    icon: str
    description: str


def library() -> list[tuple[str, list[Shelved]]]:
    """The blocks that the person may insert, by category, and the patterns."""
    person = current_person()
    shelves: dict[str, list[Shelved]] = {name: [] for name in CATEGORIES}
    for block in sorted(catalog.current().blocks.values(), key=lambda one: (one.order, one.plugin, one.name)):
        if block.category and (not block.needs or (person is not None and person.can(block.needs))):
            shelves.setdefault(block.category, []).append(_shelved(block, block.full_name, block.full_name))
    found_patterns = catalog.current().patterns.values()
    patterns = [_shelved(one, f"{PATTERN}{one.full_name}", planting.PATTERN_TYPE) for one in found_patterns]
    titles = {
        "text": _("Text"), "content": _("Content"), "layout": _("Layout"), "courses": _("Courses"),
        "selling": _("Selling"), "account": _("Account"),
    }  # fmt: skip
    found = [(titles.get(name, name.capitalize()), blocks) for name, blocks in shelves.items() if blocks]
    return [*found, (_("Patterns"), patterns)] if patterns else found


def _shelved(item: Block | Pattern, add: str, kind: str) -> Shelved:
    return Shelved(add, kind, label(item), item.icon, str(item.description))


@dataclass(frozen=True, slots=True)
class Line:
    """A block in the outline."""

    id: str
    name: str
    icon: str
    words: str
    inside: tuple[Line, ...]


def outline(tree: Json) -> str:
    """All blocks as a list, for finding and selecting them without the mouse."""
    return render("admin/editor/outline.html", lines=_lines(tree["root"], {}))


@dataclass(frozen=True, slots=True)
class Kind:
    """What all blocks of a type share in the outline."""

    name: str
    icon: str
    fields: tuple[str, ...]


def _kind_of(node: Json) -> Kind:
    block = catalog.current().block(node["type"], node["v"])
    name, icon = (label(block), block.icon) if block else (str(node["type"]), "puzzle-piece")
    return Kind(name, icon, canvas.fields_of_words(block))


def _lines(node: Json, kinds: dict[str, Kind]) -> tuple[Line, ...]:
    found = []
    for children in node.get("slots", {}).values():
        for child in children:
            kind = kinds.get(child["type"]) or kinds.setdefault(child["type"], _kind_of(child))
            words = canvas.excerpt(child, kind.fields)
            found.append(Line(child["id"], kind.name, kind.icon, words, _lines(child, kinds)))
    return tuple(found)
