"""What a plugin adds, as plain data: told by its trial, kept with its row, shown also while it is off or gone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from lms.extend import Plugin, SealedColumn
from lms.host import load
from lms.host.registry import Contribution


@dataclass(frozen=True, slots=True)
class Addition:
    """One thing that it adds. ``kind`` is the name of the item's class, or ``Service:<kind of service>``.

    The name of a ``SealedColumn`` is ``table.column``.
    """

    kind: str
    name: str
    label: str


@dataclass(frozen=True, slots=True)
class Inventory:
    """A plugin as its own code describes it. ``migrations`` is the dotted name of the package of its revisions."""

    title: str
    description: str = ""
    category: str = ""
    additions: tuple[Addition, ...] = ()
    tables: tuple[str, ...] = ()
    migrations: str = ""

    def names(self, kind: str) -> tuple[str, ...]:
        """The names of everything of one kind."""
        return tuple(addition.name for addition in self.additions if addition.kind == kind)

    def to_json(self) -> dict[str, Any]:
        """For the row, and for the trial's answer."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Inventory:
        """What ``to_json`` gave. Fields that this version does not know are left out."""
        known = {name: data[name] for name in cls.__dataclass_fields__ if name in data}
        additions = tuple(Addition(**one) for one in known.pop("additions", ()))
        return cls(**{**known, "additions": additions, "tables": tuple(known.get("tables", ()))})


def of(contribution: Contribution) -> Inventory:
    """What the plugin adds. Asks it for its words, so whatever it raises passes."""
    plugin = contribution.plugin
    return Inventory(
        title=str(plugin.title()),
        description=str(plugin.description()),
        category=str(plugin.category),
        additions=tuple(_additions(contribution, plugin)),
        tables=load.tables(contribution.name),
        migrations=plugin.migrations,
    )


def _column(item: SealedColumn) -> str:
    """``table.column``: an export leaves it out, also once the plugin's code is gone."""
    column = item.column.property.columns[0]
    return f"{column.table.name}.{column.name}"


def _additions(contribution: Contribution, plugin: Plugin) -> Iterable[Addition]:
    for item in contribution.items:
        name = _column(item) if isinstance(item, SealedColumn) else item.name
        yield Addition(type(item).__name__, name, str(getattr(item, "label", "")))
    for service in contribution.services:
        yield Addition(f"Service:{service.kind}", service.name, str(getattr(service, "label", "")))
    if plugin.blueprint() is not None:
        yield Addition("Blueprint", f"/ext/{contribution.name}/", "")
