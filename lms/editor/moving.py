"""The places to which a block can be moved, in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _

from lms.content import canvas, catalog, document
from lms.web.slots import label

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Place:
    """``value`` is "parent slot after" as operations name them; ``depth`` how far it lies inside."""

    value: str
    words: str
    depth: int
    is_here: bool


def places(tree: Json, identity: str) -> list[Place]:
    """All places where the block may stand, in the order of the page; none for what is gone."""
    node = next((each for each in document.blocks(tree["root"]) if each["id"] == identity), None)
    return [] if node is None or node is tree["root"] else list(_inside(tree["root"], node, 0, ""))


def _inside(parent: Json, moved: Json, depth: int, where: str) -> list[Place]:
    found: list[Place] = []
    known = catalog.current().block(parent["type"], parent["v"])
    names = list(known.slots) if known else list(parent.get("slots", {}))
    for number, name in enumerate(names, 1):
        children = parent.get("slots", {}).get(name, [])
        allow = known.slots[name].allow if known else ("*",)
        fits = "*" in allow or moved["type"] in allow
        ids = [child["id"] for child in children]
        before = ids[ids.index(moved["id"]) - 1] if moved["id"] in ids and ids[0] != moved["id"] else None
        if fits:
            first = _("At the top") if not where else _("In %(box)s, part %(number)s, first", box=where, number=number)
            value = f"{parent['id']} {name} "
            found.append(Place(value, first, depth, moved["id"] in ids and before is None))
        for child in children:
            if child is moved:
                continue
            said = _named(child)
            found += _inside(child, moved, depth + 1, said)
            if fits:
                value = f"{parent['id']} {name} {child['id']}"
                here = moved["id"] in ids and before == child["id"]
                found.append(Place(value, _("After %(block)s", block=said), depth, here))
    return found


def _named(node: Json) -> str:
    block = catalog.current().block(node["type"], node["v"])
    words = canvas.excerpt(dict(node), canvas.fields_of_words(block))
    name = label(block) if block else str(node["type"])
    return f"{name} “{words}”" if words else name
