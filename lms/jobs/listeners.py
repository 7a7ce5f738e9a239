"""A listener that failed becomes a job: found again by name, called with the event made anew from its fields."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

from lms.db import writes
from lms.extend import Event, On
from lms.host import guard, registry
from lms.jobs import services
from lms.jobs.leases import NotYet

JOB = "jobs.listener"


def _name(event: type[Event]) -> str:
    return f"{event.__module__}.{event.__qualname__}"


def keep(item: On, event: Event) -> None:
    """Keep a failed delivery for later, in a unit of work of its own."""
    fields = {field.name: getattr(event, field.name) for field in dataclasses.fields(event)}
    with writes():
        services.enqueue(
            JOB,
            {"plugin": item.plugin, "listener": item.name, "event": _name(type(event)), "fields": fields},
        )


def deliver_again(plugin: str, listener: str, event: str, fields: Mapping[str, Any]) -> None:
    """The job. A listener whose plugin is off waits; raises ``NotYet``."""
    for item in registry.current().items(On):
        if item.plugin == plugin and item.name == listener:
            for known in _family(item.event):
                if _name(known) == event:
                    with guard.piece(item.plugin, f"listener {item.name}", outside=True):
                        item.listener(known(**fields))
                    return
    raise NotYet(f"The plugin {plugin} is not active, or has no listener {listener} any more.")


def _family(event: type[Event]) -> Iterator[type[Event]]:
    yield event
    for child in event.__subclasses__():
        yield from _family(child)
