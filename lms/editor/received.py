"""What a browser sends for the fields of a form, as the values that documents store."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from wtforms import BooleanField, DecimalField, Field, Form, IntegerField, SelectField

from lms.content import catalog, references
from lms.content.problems import Fault, OperationRefused
from lms.extend.fields import Link, Media, Reference, Search

_LINK_KEYS = ("kind", "href", "page", "source", "key", "unavailable", "fallback", "new_tab", "nofollow")


def values(
    form: type[Form],
    sent: Mapping[str, Any],
    path: str = "",
    *,
    stored: Mapping[str, Any] | None = None,
    plugin: str = "",
) -> dict[str, Any]:
    """The fields that were sent, by name; what the form does not know passes, and is refused where it is stored.

    ``stored`` is what the other fields hold, ``plugin`` whose form it is. Raises ``OperationRefused``, naming each
    field.
    """
    fields = {field.name: field for field in form(data=dict(stored or {}))}
    found: dict[str, Any] = {}
    faults: list[Fault] = []
    # What others go by comes first: what can be chosen in them follows from it.
    for name in sorted(sent, key=lambda each: not getattr(fields.get(each), "refresh", False)):
        raw = sent[name]
        try:
            found[name] = _value(fields[name], raw, plugin) if name in fields else raw
            if getattr(fields.get(name), "refresh", False):
                fields = {field.name: field for field in form(data={**(stored or {}), **found})}
        except _NotReadable as error:
            faults.append(Fault(f"{path}{name}", str(error)))
        except OperationRefused as refusal:
            faults += [Fault(f"{path}{name}.{fault.path}", fault.sentence) for fault in refusal.faults]
    if faults:
        raise OperationRefused(faults[0].sentence, faults)
    return found


class _NotReadable(ValueError):
    pass


def _value(field: Field, raw: Any, plugin: str) -> Any:
    if isinstance(field, Link):
        return link(raw)
    if isinstance(field, Reference | Search):
        return _named(field, raw, plugin)
    if isinstance(field, Media):
        return _media(raw)
    if isinstance(field, BooleanField):
        return raw in (True, "true", "on", "1", "y")
    if isinstance(field, SelectField):
        return _choice(field, raw)
    if isinstance(field, IntegerField):
        return _number(int, raw, _("Write a whole number."))
    if isinstance(field, DecimalField):
        return _number(float, raw, _("Write a number."))
    return raw


def _named(field: Reference | Search, raw: Any, plugin: str) -> Any:
    """What somebody chose of what was found; it has to be there."""
    if raw in (None, ""):
        return None
    try:
        value = str(raw) if isinstance(field, Search) else field.stored(raw)
    except (TypeError, ValueError):
        value = raw
    if not references.is_there(plugin, field, value):
        raise _NotReadable(_("“%(value)s” is not there. Choose one of the list.", value=str(raw)[:60]))
    return value


def _number(kind: Any, raw: Any, words: str) -> Any:
    if raw in (None, ""):
        return None
    try:
        return kind(raw)
    except (TypeError, ValueError) as error:
        raise _NotReadable(words) from error


def _choice(field: SelectField, raw: Any) -> Any:
    found = [choice[0] for choice in field.iter_choices() if str(choice[0]) == str(raw)]
    if not found:
        raise _NotReadable(_("Choose one of the list."))
    return found[0]


def _media(raw: Any) -> Any:
    if not isinstance(raw, Mapping) or not raw.get("key"):
        return {}
    chosen: dict[str, Any] = {"key": raw["key"], "alt": raw.get("alt", "")}
    if raw.get("decorative") in (True, "true", "on"):
        chosen["decorative"] = True
    return chosen


def link(raw: Any) -> Any:
    """A link as documents store it: its options under ``form`` become ``args``. An empty one is ``{}``."""
    if not isinstance(raw, Mapping) or not raw.get("kind"):
        return {}
    found = {name: raw[name] for name in _LINK_KEYS if name in raw}
    for name in ("new_tab", "nofollow"):
        if name in found:
            found[name] = found[name] in (True, "true", "on", "1")
    if found["kind"] == "page":
        found["page"] = _page(found.get("page"))
    if found["kind"] == "dynamic":
        found["args"] = _arguments(found, raw)
        if found.get("unavailable") == "fallback":
            found["fallback"] = {"kind": "page", "page": _page(raw.get("fallback_page"), "fallback")}
        else:
            found.pop("fallback", None)
    return {name: value for name, value in found.items() if value is not False}


def rule(raw: Any) -> dict[str, Any]:
    """A condition as documents store it: its options under ``form`` become ``args``.

    Raises ``OperationRefused``, naming each field.
    """
    name = str(raw.get("rule", "")) if isinstance(raw, Mapping) else ""
    item = catalog.current().conditions.get(name)
    if item is None:
        raise OperationRefused(_("Choose a condition."), [Fault("key", _("Choose a condition."))])
    found: dict[str, Any] = {"rule": name}
    sent = raw.get("form")
    if item.form is not None and isinstance(sent, Mapping):
        args = {key: value for key, value in values(item.form, sent, "args.").items() if value not in (None, "")}
        if args:
            found["args"] = args
    if raw.get("not") is True:
        found["not"] = True
    return found


def _page(raw: Any, name: str = "page") -> int:
    try:
        return int(raw)
    except (TypeError, ValueError) as error:
        raise OperationRefused(_("Choose a page."), [Fault(name, _("Choose a page."))]) from error


def _arguments(chosen: Mapping[str, Any], raw: Mapping[str, Any]) -> dict[str, Any]:
    sent = raw.get("form", raw.get("args", {}))
    item = catalog.current().link(str(chosen.get("source")), str(chosen.get("key")))
    if item is None or item.form is None or not isinstance(sent, Mapping):
        return dict(sent) if isinstance(sent, Mapping) else {}
    found = values(item.form, sent, "args.")
    # What was left empty is not said: its default counts.
    return {name: value for name, value in found.items() if value not in (None, "")}
