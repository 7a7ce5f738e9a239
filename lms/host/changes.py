"""What happens to plugins, told to rooms above this floor in the transaction of the change itself.

The audit writes it down; settings and jobs of a plugin that is uninstalled go together with its row, or not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from lms.host.inventory import Inventory


@dataclass(frozen=True, slots=True)
class Change:
    """``what`` is switched_on, switched_off, paused, upgraded, uninstalled or forgotten.

    ``actor_id`` is None where the host did it, or a command.
    """

    what: str
    plugin: str
    actor_id: int | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)
    inventory: Inventory | None = None


Handler = Callable[[Change], None]
_handlers: list[Handler] = []


def on_change(handler: Handler) -> None:
    """``handler(change)`` runs in the transaction of every change; raising undoes the change."""
    if handler not in _handlers:
        _handlers.append(handler)


def tell(change: Change) -> None:
    """Tell everybody, now."""
    for handler in _handlers:
        handler(change)
