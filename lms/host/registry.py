"""What all plugins of one app add, sorted: by ``order``, then plugin name, never by who came first."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, TypeVar

from flask import current_app

from lms.extend import (
    Command,
    Condition,
    DocumentOwner,
    DynamicLabel,
    DynamicLink,
    Event,
    Item,
    On,
    Plugin,
    Service,
    SettingsPage,
)
from lms.host import checks
from lms.host.checks import ContractBroken

I = TypeVar("I", bound=Item)  # noqa: E741

KINDS = (
    "settings_pages",
    "sealed_columns",
    "nav_items",
    "slots",
    "blocks",
    "patterns",
    "document_owners",
    "dynamic_links",
    "dynamic_labels",
    "conditions",
    "listeners",
    "jobs",
    "health_checks",
    "commands",
    "content_security_sources",
)


# Names that no plugin can have, besides those of the rooms: they are prefixes of what belongs to the core.
_OF_THE_CORE = frozenset({"core", "theme", "lms"})


class NameTaken(ContractBroken):
    """Two items, or two plugins, have the same name; ``plugin`` is the one that came second."""

    def __init__(self, plugin: str, sentence: str) -> None:
        super().__init__(sentence)
        self.plugin = plugin


@dataclass(frozen=True, slots=True)
class Contribution:
    """All that one plugin adds, collected in one go so that a failing describe adds nothing."""

    name: str
    plugin: Plugin
    items: tuple[Item, ...]
    services: tuple[Service, ...]


def describe(name: str, plugin: Plugin) -> Contribution:
    """Ask the plugin for everything it adds. Whatever it raises passes; ``ContractBroken`` for what nobody can use."""
    if plugin.builtin:
        items = [replace(item, plugin=item.plugin or name) for kind in KINDS for item in getattr(plugin, kind)()]
        return Contribution(name, plugin, tuple(items), tuple(plugin.services()))
    # Whatever it says: what it adds is its own.
    items = [replace(item, plugin=name) for kind in KINDS for item in checks.items_of(plugin, kind)]
    return Contribution(name, plugin, tuple(items), checks.services_of(plugin))


class Registry:
    """Read-only once the app is built."""

    def __init__(self, contributions: list[Contribution]) -> None:
        """Raises ``NameTaken``: of two with one name the second is to blame, so rooms come first."""
        self.plugins: dict[str, Plugin] = {}
        self._taken: dict[tuple[str, str], str] = {}
        self._items: dict[type, list[Item]] = {}
        self._by_name: dict[tuple[type, str], Item] = {}
        self._services: dict[str, list[tuple[str, Service]]] = {}
        for contribution in contributions:
            if contribution.name in self.plugins or contribution.name in _OF_THE_CORE:
                raise NameTaken(
                    contribution.name, f"the name {contribution.name} belongs to the core, or to another plugin"
                )
            self.plugins[contribution.name] = contribution.plugin
            for item in contribution.items:
                self._add(item)
            for service in contribution.services:
                self._take(contribution.name, f"service of the kind {service.kind}", service.name)
                self._services.setdefault(service.kind, []).append((contribution.name, service))
        for kind in self._items.values():
            kind.sort(key=lambda item: (item.order, item.plugin, item.name))
        for offered in self._services.values():
            offered.sort(key=lambda pair: (pair[1].order, pair[0]))
        self._listeners: dict[type[Event], tuple[On, ...]] = {}

    def _add(self, item: Item) -> None:
        key = (type(item), item.full_name)
        if key in self._by_name and not isinstance(item, On):
            raise NameTaken(item.plugin, f"{item.full_name} is there twice as a {type(item).__name__}")
        if isinstance(item, SettingsPage):
            self._take(item.plugin, "settings page", item.name)
        elif isinstance(item, Command):
            self._take(item.plugin, "command", item.name)
        elif isinstance(item, DocumentOwner):
            self._take(item.plugin, "kind of document", item.name)
        elif isinstance(item, DynamicLink):
            self._take(item.plugin, "dynamic link", item.key)
        elif isinstance(item, DynamicLabel):
            self._take(item.plugin, "dynamic label", item.key)
        elif isinstance(item, Condition):
            self._take(item.plugin, "condition", item.key)
        self._by_name[key] = item
        self._items.setdefault(type(item), []).append(item)

    def _take(self, plugin: str, what: str, name: str) -> None:
        """Names that are one for the whole site, whoever adds them."""
        taken_by = self._taken.setdefault((what, name), plugin)
        if name and taken_by != plugin:
            raise NameTaken(plugin, f"there is a {what} called {name} already, of {taken_by}")

    def items(self, kind: type[I]) -> tuple[I, ...]:
        """All items of the kind, in order."""
        return tuple(self._items.get(kind, ()))  # type: ignore[arg-type]

    def of_plugin(self, name: str) -> tuple[Item, ...]:
        """Everything that the plugin adds."""
        return tuple(item for items in self._items.values() for item in items if item.plugin == name)

    def get(self, kind: type[I], full_name: str) -> I | None:
        """The item ``plugin/name`` of the kind."""
        return self._by_name.get((kind, full_name))  # type: ignore[return-value]

    def listeners(self, event: type[Event]) -> tuple[On, ...]:
        """Who wants to hear of the event."""
        if event not in self._listeners:
            self._listeners[event] = tuple(on for on in self.items(On) if issubclass(event, on.event))
        return self._listeners[event]

    def services(self, kind: str) -> tuple[Any, ...]:
        """All services of the kind, in order."""
        return tuple(service for _, service in self._services.get(kind, ()))

    def service(self, kind: str, name: str = "") -> Any:
        """The service of that kind and name (the first one for no name), or None."""
        found = self._services.get(kind, ())
        return next((service for _, service in found if not name or service.name == name), None)

    def owner(self, service: Any) -> str:
        """The plugin that the service is of."""
        return next(plugin for plugin, known in self._services.get(service.kind, ()) if known is service)


def current() -> Registry:
    """The registry of the app that is running."""
    return current_app.extensions["lms_registry"]
