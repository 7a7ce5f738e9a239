"""What all plugins of one app add, sorted: by ``order``, then plugin name, never by who came first."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, TypeVar

from flask import current_app

from lms.extend import Event, Item, On, Plugin, Service

I = TypeVar("I", bound=Item)  # noqa: E741

KINDS = (
    "settings_pages",
    "nav_items",
    "slots",
    "blocks",
    "document_owners",
    "dynamic_links",
    "listeners",
    "jobs",
    "health_checks",
    "commands",
    "content_security_sources",
)


class NameTaken(ValueError):
    """Two items of one kind have the same full name."""


@dataclass(frozen=True, slots=True)
class Contribution:
    """All that one plugin adds, collected in one go so that a failing describe adds nothing."""

    name: str
    plugin: Plugin
    items: tuple[Item, ...]
    services: tuple[Service, ...]


def describe(name: str, plugin: Plugin) -> Contribution:
    """Ask the plugin for everything it adds. Whatever it raises passes."""
    items = [replace(item, plugin=item.plugin or name) for kind in KINDS for item in getattr(plugin, kind)()]
    return Contribution(name, plugin, tuple(items), tuple(plugin.services()))


class Registry:
    """Read-only once the app is built."""

    def __init__(self, contributions: list[Contribution]) -> None:
        self.plugins: dict[str, Plugin] = {c.name: c.plugin for c in contributions}
        self._items: dict[type, list[Item]] = {}
        self._by_name: dict[tuple[type, str], Item] = {}
        self._services: dict[str, list[tuple[str, Service]]] = {}
        for contribution in contributions:
            for item in contribution.items:
                self._add(item)
            for service in contribution.services:
                self._services.setdefault(service.kind, []).append((contribution.name, service))
        for kind in self._items.values():
            kind.sort(key=lambda item: (item.order, item.plugin, item.name))
        for offered in self._services.values():
            offered.sort(key=lambda pair: pair[0])
        self._listeners: dict[type[Event], tuple[On, ...]] = {}

    def _add(self, item: Item) -> None:
        key = (type(item), item.full_name)
        if key in self._by_name and not isinstance(item, On):
            raise NameTaken(f"{item.full_name} is there twice as a {type(item).__name__}.")
        self._by_name[key] = item
        self._items.setdefault(type(item), []).append(item)

    def items(self, kind: type[I]) -> tuple[I, ...]:
        """All items of the kind, in order."""
        return tuple(self._items.get(kind, ()))  # type: ignore[arg-type]

    def get(self, kind: type[I], full_name: str) -> I | None:
        """The item ``plugin/name`` of the kind."""
        return self._by_name.get((kind, full_name))  # type: ignore[return-value]

    def listeners(self, event: type[Event]) -> tuple[On, ...]:
        """Who wants to hear of the event."""
        if event not in self._listeners:
            self._listeners[event] = tuple(on for on in self.items(On) if issubclass(event, on.event))
        return self._listeners[event]

    def services(self, kind: str) -> tuple[Any, ...]:
        """All services of the kind, by plugin name."""
        return tuple(service for _, service in self._services.get(kind, ()))

    def service(self, kind: str, name: str = "") -> Any:
        """The service of that kind and name (the first one for no name), or None."""
        found = self._services.get(kind, ())
        return next((service for _, service in found if not name or service.name == name), None)


def current() -> Registry:
    """The registry of the app that is running."""
    return current_app.extensions["lms_registry"]
