"""What an editor should look at before or after publishing: it is allowed, and rarely meant."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from flask_babel import gettext as _
from wtforms import Field

from lms.content import canvas, catalog, conditions, document, entries, links, references, words
from lms.content.richtext import Fragment
from lms.extend import Block
from lms.extend.fields import Conditions, Link, Media, Reference, RichText, Search
from lms.web.slots import label


def of(tree: Mapping[str, Any]) -> list[str]:
    """Sentences about blocks that nobody can see or use, and about links that lead nowhere, those in texts too."""
    found: list[str] = []
    named = references.Named(_held(tree))
    for node in document.blocks(tree["root"]):
        block = catalog.current().block(node["type"], node["v"])
        if block is None:
            plugin = node["type"].split("/")[0]
            found.append(_("A block needs the plugin %(name)s. Visitors do not see it.", name=plugin))
            continue
        name = _name(block, node)
        fields = tuple(block.form())
        found += _of_conditions(name, node, fields)
        for path, field, value in entries.places(fields, node["props"]):
            found += _of_field(block, name, field, value, path == field.name)
            if isinstance(field, Reference | Search):
                found += _of_named(block, name, field, value, named)
    return list(dict.fromkeys(found))


def _name(block: Block, node: Mapping[str, Any]) -> str:
    """The block and its first words, so that it is found."""
    said = canvas.excerpt(dict(node), canvas.fields_of_words(block))
    return _("%(block)s “%(words)s”", block=label(block), words=said) if said else label(block)


def _of_conditions(name: str, node: Mapping[str, Any], fields: Sequence[Field]) -> Iterator[str]:
    holders = [field.name for field in fields if isinstance(field, Conditions)]
    rules = conditions.of_block(node, holders)
    for rule in rules:
        key = str(rule.get("rule", ""))
        if key not in catalog.current().conditions:
            source = key.partition("/")[0]
            yield _(
                "%(block)s: nobody sees it, because its condition needs the plugin %(name)s.", block=name, name=source
            )
    if holders and not rules:
        yield _("%(block)s: it has no condition, so everybody sees what is in it.", block=name)


def _of_field(block: Block, name: str, field: Field, value: Any, is_own: bool) -> Iterator[str]:
    if isinstance(field, Link):
        if not value and field.hides_block and is_own:
            yield _("%(block)s: it has no link, so visitors do not see it.", block=name)
        elif isinstance(value, Mapping) and value and (why := _nowhere(value)):
            yield _("%(block)s: its link %(why)s.", block=name, why=why)
    elif isinstance(field, RichText) and isinstance(value, str):
        for link in Fragment(value).links:
            if why := _nowhere(link):
                leads_to = words.leads_to(link)
                yield _("%(block)s: the link “%(link)s” in it %(why)s.", block=name, link=leads_to, why=why)
    elif isinstance(field, Media) and block.full_name == "core/image" and not (value or {}).get("key"):
        yield _("%(block)s: no picture is chosen.", block=name)


def _held(tree: Mapping[str, Any]) -> Iterator[tuple[Field, Any]]:
    for node in document.blocks(tree["root"]):
        block = catalog.current().block(node["type"], node["v"])
        fields = tuple(block.form()) if block is not None else ()
        yield from ((field, value) for _path, field, value in entries.places(fields, node["props"]))


def _of_named(block: Block, name: str, field: Reference | Search, value: Any, named: references.Named) -> Iterator[str]:
    chosen = references.chosen(block.plugin, field, value, named)
    if chosen.trouble:
        yield _("%(block)s: “%(title)s” is gone, or not published.", block=name, title=chosen.title)


def _nowhere(link: Mapping[str, Any]) -> str:
    """Why the link leads nowhere for anybody; "" where it leads somewhere."""
    if link.get("kind") == "dynamic":
        source = link.get("source", "")
        if catalog.current().link(source, link.get("key", "")) is None:
            return _("needs the plugin %(name)s", name=source)
    if link.get("kind") not in ("dynamic", "page"):
        return ""
    leads = links.as_placed(link, links.context())
    return "" if leads.href else _("leads to a page that is not there now")
