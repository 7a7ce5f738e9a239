"""What a question of ``reconcile`` found."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Found:
    """What a question looked at, and how much of it was not as we knew it."""

    checked: int = 0
    drifted: int = 0
    foreign_objects: int = 0
    differing: list[dict[str, Any]] = field(default_factory=list)
    """Columns of a ``Drift`` for each object that was not as we knew it."""

    def __add__(self, other: Found) -> Found:
        """Both together."""
        return Found(
            self.checked + other.checked,
            self.drifted + other.drifted,
            self.foreign_objects + other.foreign_objects,
            self.differing + other.differing,
        )
