"""What people do with the entries of a block's list: they fill them in, add, remove and reorder them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext

from lms.content import entries, values
from lms.content.document import upgraded
from lms.content.problems import Fault, OperationRefused
from lms.editor import received
from lms.extend import Block
from lms.extend.fields import Items

Json = dict[str, Any]


def props_of(block: Block, node: Mapping[str, Any]) -> Json:
    """The properties as the block's present version has them, with its defaults."""
    stored, _version = upgraded(block, dict(node["props"]), node["v"])
    return values.defaults(block.form) | stored


def field_of(block: Block, name: str) -> Items:
    """The list of that name. Raises ``OperationRefused``."""
    found = next((each for each in block.form() if each.name == name), None)
    if not isinstance(found, Items):
        raise OperationRefused(_("This block has no list of that name."))
    return found


def filled(block: Block, props: Mapping[str, Any], sent: Mapping[str, Any]) -> Json:
    """The lists after properties of entries were set, ``{"steps.k3x9.title": …}``, by the names of the lists.

    Raises ``OperationRefused``, naming each field.
    """
    found: dict[str, list[Json]] = {}
    for path, raw in sent.items():
        name, identity, below = entries.parted(path) or ("", "", "")
        field = field_of(block, name)
        listed = found.setdefault(name, entries.of(props.get(name)))
        entry = next((each for each in listed if each["id"] == identity), None)
        if entry is None:
            said = _("This one is gone: somebody removed it meanwhile.")
            raise OperationRefused(said, [Fault(path, said)])
        try:
            given = received.values(field.form, {below: raw}, stored=entry, plugin=block.plugin)
        except OperationRefused as refusal:
            raise OperationRefused(refusal.sentence, [Fault(path, refusal.sentence)]) from refusal
        entry |= given
        for gone in (name for name, value in given.items() if value in (None, {})):
            del entry[gone]
        for unfit in fitting(field.form, entry, given):
            del entry[unfit]
    return found


def fitting(form: Any, stored: Mapping[str, Any], given: Mapping[str, Any]) -> list[str]:
    """The properties that no longer fit, after what the form is made from was given."""
    if not any(each.refresh for each in form() if each.name in given and hasattr(each, "refresh")):
        return []
    known = {each.name for each in form()}
    faults: list[str] = []
    looked_at = {name: value for name, value in stored.items() if name in known}
    values.check(form, looked_at, "", lambda at, _said: faults.append(at))
    named = {at.removeprefix(".").split(".")[0].split("[")[0] for at in faults}
    return [name for name in looked_at if name in named and name not in given]


def changed(block: Block, props: Mapping[str, Any], act: Mapping[str, Any]) -> tuple[Json, str]:
    """The list after ``add``, ``remove`` or ``move`` (with ``by``), and what that was in words.

    Raises ``OperationRefused``.
    """
    field = field_of(block, str(act.get("field")))
    listed = entries.of(props.get(field.name))
    doing = _added if "add" in act else _moved if "move" in act else _removed
    return {field.name: listed}, doing(field, listed, act)


def item_label(field: Items) -> str:
    """What people call one of the list."""
    return str(field.item) or _("Entry")


def _added(field: Items, listed: list[Json], act: Mapping[str, Any]) -> str:
    identity = act["add"]
    if not entries.is_id(identity):
        raise OperationRefused(_("An id has up to 16 small letters and digits."))
    if len(listed) >= field.most:
        said = ngettext("At most one fits in here.", "At most %(num)s fit in here.", field.most)
        raise OperationRefused(said, [Fault(field.name, said)])
    if all(each["id"] != identity for each in listed):
        listed.append({"id": identity})
    return _("%(name)s added, %(number)s of %(number)s", name=item_label(field), number=len(listed))


def _removed(field: Items, listed: list[Json], act: Mapping[str, Any]) -> str:
    at = _index(listed, act.get("remove"))
    if len(listed) <= field.least:
        said = ngettext("At least one has to stay.", "At least %(num)s have to stay.", field.least)
        raise OperationRefused(said, [Fault(field.name, said)])
    del listed[at]
    return _("%(name)s removed, %(count)s left", name=item_label(field), count=len(listed))


def _moved(field: Items, listed: list[Json], act: Mapping[str, Any]) -> str:
    at = _index(listed, act.get("move"))
    to = at + {"up": -1, "down": 1}.get(str(act.get("by")), 0)
    if to == at or not 0 <= to < len(listed):
        return _("It cannot go further.")
    listed.insert(to, listed.pop(at))
    return _("%(name)s moved, %(number)s of %(count)s", name=item_label(field), number=to + 1, count=len(listed))


def _index(listed: Sequence[Json], identity: Any) -> int:
    found = next((at for at, each in enumerate(listed) if each["id"] == identity), None)
    if found is None:
        raise OperationRefused(_("This one is gone: somebody removed it meanwhile."))
    return found
