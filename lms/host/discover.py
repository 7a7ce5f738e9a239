"""Which plugins are installed: the entry points of the group ``lms.plugins``."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points

GROUP = "lms.plugins"


@dataclass(frozen=True, slots=True)
class Found:
    """An installed distribution that offers a plugin, known without importing it."""

    name: str
    entry_point: EntryPoint
    distribution: str
    version: str
    summary: str


def found() -> dict[str, Found]:
    """Every installed plugin by name, nothing imported. Of two with one name the first by distribution counts."""
    plugins: dict[str, Found] = {}
    for point in sorted(entry_points(group=GROUP), key=lambda p: p.dist.name if p.dist else ""):
        if point.name in plugins or point.dist is None:
            continue
        summary = str(point.dist.metadata.json.get("summary") or "")
        plugins[point.name] = Found(point.name, point, point.dist.name, point.dist.version, summary)
    return plugins
