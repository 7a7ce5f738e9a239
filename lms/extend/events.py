"""Events: what happened, in the past tense, told after the commit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from lms.extend.items import Item


@dataclass(frozen=True, slots=True)
class Event:
    """Base of all events. Subclasses are frozen dataclasses whose fields are JSON values (ids, words, numbers):
    a listener that fails is tried again later from exactly these."""


@dataclass(frozen=True, kw_only=True)
class On(Item):
    """Calls ``listener(event)`` after the commit of whatever emitted ``event``, in a unit of work of its own."""

    event: type[Event]
    listener: Callable[[Any], None]

    def __init__(
        self,
        event: type[Event],
        listener: Callable[[Any], None],
        *,
        name: str = "",
        order: int = 100,
        plugin: str = "",
    ) -> None:
        object.__setattr__(self, "event", event)
        object.__setattr__(self, "listener", listener)
        object.__setattr__(self, "name", name or f"{listener.__module__}.{listener.__qualname__}")
        object.__setattr__(self, "order", order)
        object.__setattr__(self, "plugin", plugin)
