"""The conditions of a block: what people do with them, and how they read them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _

from lms.content import catalog, words
from lms.content.problems import OperationRefused
from lms.editor import received
from lms.extend import Block
from lms.extend.fields import Conditions
from lms.host import guard

Json = Mapping[str, Any]


def changed(block: Json, act: Json) -> list[Any]:
    """The list of rules after ``add`` or ``remove``. Raises ``OperationRefused``.

    ``field`` names the property that holds the list; "" for the block's common settings.
    """
    field = act.get("field") or ""
    stored = block["props"].get(str(field)) if field else block.get("visibility")
    rules = list(stored) if isinstance(stored, list) else []
    if "add" in act:
        rule = received.rule(act["add"])
        if rule in rules:
            raise OperationRefused(_("This condition is there already."))
        return [*rules, rule]
    remove = act.get("remove")
    # Named by what it is, so that somebody else's change meanwhile cannot make it another one.
    if remove not in rules:
        raise OperationRefused(_("This condition is gone already."))
    rules.remove(remove)
    return rules


def operation(block: Json, act: Json) -> dict[str, Any]:
    """The operation on the document that the act means. Raises ``OperationRefused``."""
    rules = changed(block, act)
    field = str(act.get("field") or "")
    if not field:
        return {"op": "set", "id": block["id"], "part": "visibility", "values": rules}
    known = catalog.current().block(block["type"], block["v"])
    if known is None or field not in fields_of(known):
        raise OperationRefused(_("This block has no conditions of that name."))
    without = [] if rules else [field]
    return {"op": "set", "id": block["id"], "values": {field: rules} if rules else {}, "without": without}


def fields_of(block: Block) -> tuple[str, ...]:
    """The properties of the block that hold conditions."""
    fields = guard.call(block.plugin, f"form of {block.full_name}", lambda: tuple(block.form()), default=())
    return tuple(each.name for each in fields if isinstance(each, Conditions))


@dataclass(frozen=True, slots=True)
class Line:
    """A condition in the left column: in words, and as it is stored (for taking it away)."""

    words: str
    stored: Any
    needs: str


def lines(stored: Any) -> list[Line]:
    """The conditions of a list as people read them."""
    found = []
    for rule in stored if isinstance(stored, list) else []:
        name = str(rule.get("rule", "")) if isinstance(rule, Mapping) else ""
        needs = "" if name in catalog.current().conditions else name.partition("/")[0]
        found.append(Line(words.rule(rule) if isinstance(rule, Mapping) else "", rule, needs))
    return found
