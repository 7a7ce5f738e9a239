"""Where a condition or a dynamic label is chosen: two lists, and what the choice asks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import gettext as _

from lms.content import catalog, labels, values, words
from lms.content.problems import Fault, OperationRefused
from lms.editor import received
from lms.extend import Condition, DynamicLabel
from lms.host import guard
from lms.web import render
from lms.web.slots import label

ARGUMENTS = "c-"


def conditions(field: str, source: str, key: str) -> str:
    """For the conditions of a block; ``field`` is the property that holds them, "" for the common settings."""
    return _draw("admin/editor/condition.html", words.condition_sources(), field, source, key)


def dynamic_labels(field: str, source: str, key: str) -> str:
    """For the words of the property ``field``."""
    return _draw("admin/editor/label.html", words.label_sources(), field, source, key)


def _draw(
    template: str,
    sources: Mapping[str, tuple[str, Sequence[Condition | DynamicLabel]]],
    field: str,
    source: str,
    key: str,
) -> str:
    source = source if source in sources else next(iter(sources), "")
    choices = sources.get(source, ("", ()))[1]
    item = next((one for one in choices if one.name == key), choices[0] if choices else None)
    form: Any = ()
    if item is not None and item.form is not None:
        form = guard.call(item.plugin, f"form of {item.key}", item.form, prefix=ARGUMENTS, default=())
    return render(
        template, field=field, source=source, choices=choices, item=item, form=form, label=label,
        sources=[(one, shown) for one, (shown, _items) in sources.items()],
    )  # fmt: skip


def label_token(sent: Any) -> str:
    """A dynamic label that somebody chose, as it stands in a text. Raises ``OperationRefused``, naming each field."""
    key = str(sent.get("key", "")) if isinstance(sent, Mapping) else ""
    item = catalog.current().labels.get(key)
    if item is None:
        raise OperationRefused(_("Choose a label."), [Fault("key", _("Choose a label."))])
    args: dict[str, Any] = {}
    if item.form is not None and isinstance(sent.get("form"), Mapping):
        given = received.values(item.form, sent["form"], "args.")
        args = {name: value for name, value in given.items() if value not in (None, "")}
        faults: list[Fault] = []
        values.check(item.form, args, "args", lambda path, said: faults.append(Fault(path, said)))
        if faults:
            raise OperationRefused(faults[0].sentence, faults)
    return labels.token(key, args, str(sent.get("fallback") or ""))
