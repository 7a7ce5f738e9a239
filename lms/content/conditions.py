"""For whom a block is shown: conditions that rooms and plugins declare, and that editors choose.

Stored as ``[{"rule": "account/signed-in", "args": {…}, "not": true}]``: all have to hold. Decided on the server, so
that a block that is not for somebody is not in their HTML. What nobody knows, what fails and what cannot say hides,
also where it is turned round.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _

from lms.content import catalog, values
from lms.content.values import Report
from lms.extend import Condition, LinkContext
from lms.host import guard

MOST_RULES = 10
_KEYS = ("rule", "args", "not")

Rules = tuple[Mapping[str, Any], ...]


@dataclass(slots=True, eq=False)
class Gate:
    """Pieces of a document that are drawn where all rules hold."""

    rules: Rules
    pieces: tuple[Any, ...] = ()

    def is_open(self, ctx: LinkContext) -> bool:
        """Whether the person of ``ctx`` gets what is behind it."""
        return all(holds(rule, ctx) for rule in self.rules)

    @property
    def is_personal(self) -> bool:
        """Whether that depends on who looks, and not on the time alone."""
        found = [catalog.current().conditions.get(str(rule.get("rule"))) for rule in self.rules]
        return any(item is not None and "person" in item.depends_on for item in found)


def of_block(node: Mapping[str, Any], fields: Iterable[str] = ()) -> Rules:
    """The rules of a stored block: of its common settings, and of these properties. What is no rule never holds."""
    found: list[Mapping[str, Any]] = []
    for stored in (node.get("visibility"), *(node["props"].get(name) for name in fields)):
        rules = stored if isinstance(stored, list) else [stored] if stored else []
        found += [rule if isinstance(rule, Mapping) else {} for rule in rules]
    return tuple(found)


def holds(rule: Mapping[str, Any], ctx: LinkContext) -> bool:
    """Whether the block may be drawn as far as this rule goes. Each question is asked once per page."""
    item = catalog.current().conditions.get(str(rule.get("rule")))
    if item is None:
        return False
    answer = _in_preview(item, ctx) if ctx.state and "person" in item.depends_on else _asked(item, rule, ctx)
    return answer is not None and answer is not bool(rule.get("not"))


def _in_preview(item: Condition, ctx: LinkContext) -> bool:
    """Nobody real is looked at: what the condition declares decides."""
    return ctx.state in item.states and (not item.attention or ctx.attention in item.attention)


def _asked(item: Condition, rule: Mapping[str, Any], ctx: LinkContext) -> bool | None:
    args = rule.get("args") or {}
    key = ("lms.content.condition", item.key, json.dumps(args, sort_keys=True))
    piece = f"condition {item.key}"
    check = guard.of(bool, type(None))
    answer: bool | None = ctx.once(
        key,
        lambda: guard.call(item.plugin, piece, item.holds, ctx, args, default=None, check=check, problem_passes=False),
    )
    return answer


def check(rules: Any, path: str, known: catalog.Catalog, report: Report) -> None:
    """Report what is wrong with a list of rules. One whose plugin is not active is kept as it is."""
    if not isinstance(rules, list) or not all(map(_is_rule, rules)):
        return report(path, _('This is a list of objects that have a "rule".'))
    if len(rules) > MOST_RULES:
        report(path, _("A block has at most %(limit)s conditions.", limit=MOST_RULES))
    for index, rule in enumerate(rules):
        _check_one(rule, f"{path}[{index}]", known, report)
    return None


def _is_rule(each: Any) -> bool:
    return isinstance(each, dict) and isinstance(each.get("rule"), str) and bool(each["rule"])


def _check_one(rule: dict[str, Any], path: str, known: catalog.Catalog, report: Report) -> None:
    item = known.conditions.get(rule["rule"])
    if item is None:
        return None
    for key in rule.keys() - set(_KEYS):
        said = _("This key has no meaning here. Possible: %(names)s.", names=", ".join(_KEYS))
        report(f"{path}.{key}", said)
    if not isinstance(rule.get("not", False), bool):
        report(f"{path}.not", _("Write true or false."))
    args = rule.get("args", {})
    if not isinstance(args, dict):
        return report(f"{path}.args", _("This is an object in braces."))
    if item.form is not None:
        values.check(item.form, args, f"{path}.args", report)
    elif args:
        report(f"{path}.args", _("%(name)s takes no arguments.", name=item.key))
    return None
