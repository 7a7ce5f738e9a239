"""The document that somebody acts on, and what has to be known about a block in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from wtforms import Field

from lms.base.problem import Forbidden
from lms.content import catalog, document, entries
from lms.content.problems import BlockGone
from lms.extend import Block, BlockForm
from lms.extend.fields import Items, Lines, Link, Media, PlainText, RichText
from lms.web.slots import label

Json = dict[str, Any]


def is_content(field: Field) -> bool:
    """Whether the field is what a block says, and not how it looks: words, pictures, links."""
    return isinstance(field, PlainText | Lines | RichText | Media | Link)


def only_words() -> str:
    """What somebody reads who may write on a page, and tries to build on it."""
    return _("Your account may change the words, pictures and links of this page, and not how it is built.")


@dataclass(slots=True)
class Situation:
    """``select`` is the block that is looked at afterwards, ``words`` are announced.

    ``may(capability)`` says whether the person holds it: some blocks need one. ``designs``: whether the person may
    change how the page is built, and not only what its blocks say.
    """

    tree: Mapping[str, Any]
    may: Callable[[str], bool]
    designs: bool = True
    select: str | None = None
    words: str = ""

    def near(self, near: Any, kind: str) -> Json:
        """After the block that is selected, or after the one around it where this kind cannot stand there."""
        found = self.around(near) if near else None
        while found is not None:
            parent, slot, block = found
            known = catalog.current().block(parent["type"], parent["v"])
            allow = known.slots[slot].allow if known and slot in known.slots else ("*",)
            if "*" in allow or kind in allow:
                return {"parent": parent["id"], "slot": slot, "after": block["id"]}
            found = self.around(parent["id"])
        root = self.tree["root"]
        main = root.get("slots", {}).get("main", [])
        return {"parent": root["id"], "slot": "main", "after": main[-1]["id"] if main else None}

    def around(self, identity: Any) -> tuple[Json, str, Json] | None:
        """Parent, slot and the block itself; None for what is gone, and for the root."""
        for parent in document.blocks(self.tree["root"]):
            for slot, children in parent.get("slots", {}).items():
                for child in children:
                    if child["id"] == identity:
                        return parent, slot, child
        return None

    def found(self, identity: Any) -> tuple[Json, str, Json]:
        """Parent, slot and the block itself. Raises ``BlockGone``."""
        found = self.around(identity)
        if found is None:
            raise BlockGone(str(identity))
        return found

    @staticmethod
    def place_of(parent: Json, slot: str, block: Json) -> Json:
        """Where the block stands now, as operations name it."""
        ids = [child["id"] for child in parent["slots"][slot]]
        at = ids.index(block["id"])
        return {"parent": parent["id"], "slot": slot, "after": ids[at - 1] if at else None}

    def needs(self, block: Block) -> None:
        """Raises ``Forbidden`` where the person lacks the capability that the block wants."""
        if block.needs and not self.may(block.needs):
            raise Forbidden(_("Your account may not use the block %(block)s.", block=label(block)))

    def may_act(self, name: str) -> None:
        """Raises ``Forbidden`` for everything but ``set`` where the person may only write."""
        if not self.designs and name != "set":
            raise Forbidden(only_words())

    def may_set(self, form: type[BlockForm], names: Iterable[str]) -> None:
        """Raises ``Forbidden`` for a field that is no content where the person may only write."""
        fields = {field.name: field for field in form()}
        for name in () if self.designs else names:
            field = fields.get(name)
            if parts := entries.parted(name):
                outer = fields.get(parts[0])
                below = outer.form() if isinstance(outer, Items) else ()
                field = next((each for each in below if each.name == parts[2]), None)
            if field is None or not is_content(field):
                raise Forbidden(only_words())

    def name(self, block: Mapping[str, Any]) -> str:
        """What people call the block."""
        known = catalog.current().block(block["type"], block["v"])
        return label(known) if known else str(block["type"])
