"""What editors read about links and conditions: where they lead, and who gets them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from flask_babel import gettext as _
from wtforms import Form, SelectField

from lms.content import catalog
from lms.extend import Condition, DynamicLabel, DynamicLink
from lms.host import guard, registry
from lms.web.slots import label


def source_label(item: DynamicLink | Condition | DynamicLabel) -> str:
    """What the first dropdown calls the link's source: what the plugin says, else its title."""
    if item.source_label:
        words: str = guard.call(item.plugin, f"source of {item.key}", str, item.source_label, default=item.source)
        return words
    plugin = registry.current().plugins.get(item.plugin)
    return plugin.title() if plugin else item.plugin


def sources() -> dict[str, tuple[str, list[DynamicLink]]]:
    """Source → its label, and its links in order: the two dropdowns."""
    found: dict[str, tuple[str, list[DynamicLink]]] = {}
    for key, item in catalog.current().links.items():
        source = key.partition("/")[0]
        found.setdefault(source, (source_label(item), []))[1].append(item)
    return found


def condition_sources() -> dict[str, tuple[str, list[Condition]]]:
    """Source → its label, and its conditions in order."""
    found: dict[str, tuple[str, list[Condition]]] = {}
    for key, item in catalog.current().conditions.items():
        source = key.partition("/")[0]
        found.setdefault(source, (source_label(item), []))[1].append(item)
    return found


def label_sources() -> dict[str, tuple[str, list[DynamicLabel]]]:
    """Source → its label, and its dynamic labels in order."""
    found: dict[str, tuple[str, list[DynamicLabel]]] = {}
    for key, item in catalog.current().labels.items():
        source = key.partition("/")[0]
        found.setdefault(source, (source_label(item), []))[1].append(item)
    return found


def rule(stored: Mapping[str, Any], *, in_full: bool = True) -> str:
    """A condition of a block in words: "Not: Has bought: Pottery"; ``in_full`` with what the editor chose for it."""
    item = catalog.current().conditions.get(str(stored.get("rule")))
    if item is None:
        return str(stored.get("rule"))
    args = stored.get("args") or {}
    chosen = ""
    if in_full and item.form is not None and isinstance(args, Mapping):
        chosen = guard.call(item.plugin, f"form of {item.key}", _chosen, item.form, args, default="")
    words = ": ".join(filter(None, (label(item), chosen)))
    return _("Not: %(condition)s", condition=words) if stored.get("not") else words


def _chosen(form: type[Form], args: Mapping[str, Any]) -> str:
    shown = []
    for field in form(data=dict(args)):
        if isinstance(field, SelectField):
            shown += [str(choice[1]) for choice in field.iter_choices() if choice[0] == field.data]
        elif field.data not in (None, ""):
            shown.append(f"{field.label.text} {field.data}")
    return ", ".join(shown)


def seen_by(rules: Iterable[Mapping[str, Any]]) -> str:
    """Who gets a block with these conditions, in one line; "" for everybody."""
    found = list(rules)
    for each in found:
        name = str(each.get("rule", ""))
        if name not in catalog.current().conditions:
            return _("Hidden: its condition needs the plugin %(name)s", name=name.partition("/")[0])
    said = [rule(each, in_full=False) for each in found]
    return _("Shown if: %(conditions)s", conditions=" · ".join(said)) if said else ""


def leads_to(link: Mapping[str, Any]) -> str:
    """A link in words: "Stripe › Customer portal", or its address; "" for none."""
    if link.get("kind") == "dynamic":
        item = catalog.current().link(link.get("source", ""), link.get("key", ""))
        if item is None:
            return f"{link.get('source', '')} › {link.get('key', '')}"
        return f"{source_label(item)} › {label(item)}"
    return str(link.get("href", ""))


def shown_to(link: Mapping[str, Any]) -> str:
    """Who gets a dynamic link, as far as it says so; "" for everybody, and for links that are not dynamic."""
    if link.get("kind") != "dynamic":
        return ""
    item = catalog.current().link(link.get("source", ""), link.get("key", ""))
    if item is None:
        return _("Needs the plugin %(name)s", name=link.get("source", ""))
    people = {
        "guest": _("visitors"),
        "no_purchase": _("students without a purchase"),
        "purchased": _("students with a purchase"),
        "lapsed": _("students whose access has ended"),
    }
    seeing = [words for state, words in people.items() if state in item.states]
    if len(seeing) in (0, len(people)):
        return ""
    if {"purchased", "lapsed"} <= set(item.states):
        # Who bought something has a purchase, also when it opens nothing any more.
        seeing.remove(people["lapsed"])
    return _("Shown to: %(people)s", people=", ".join(seeing))
