"""Which plugins are installed: the entry points of the group ``lms.plugins``."""

from __future__ import annotations

import importlib
import logging
from dataclasses import dataclass
from importlib.metadata import Distribution, EntryPoint, distributions

GROUP = "lms.plugins"
log = logging.getLogger("lms.host")
# What the log was told of: whoever looks, looks often.
_told: set[str] = set()


@dataclass(frozen=True, slots=True)
class Found:
    """An installed distribution that offers a plugin, known without importing it."""

    name: str
    entry_point: EntryPoint
    distribution: str
    version: str
    summary: str
    keywords: tuple[str, ...]
    distribution_metadata: Distribution


def found() -> dict[str, Found]:
    """Every installed plugin by name, nothing imported. Of two with one name the first by distribution counts.

    A distribution that cannot be read, as one whose installation broke off, is left out, with a word in the log.
    """
    # Python keeps what it saw of a folder; two installations within one tick of its clock would look the same.
    importlib.invalidate_caches()
    whole: dict[str, tuple[Distribution, list[EntryPoint]]] = {}
    for distribution in distributions():
        try:
            points = _points(distribution)
            if points:
                # As for imports, the first one on the path counts.
                whole.setdefault(_name(distribution), (distribution, points))
        except Exception as error:
            _leave_out(distribution, error)
    plugins: dict[str, Found] = {}
    for _, (distribution, points) in sorted(whole.items()):
        for point in points:
            plugins.setdefault(point.name, _found(point, distribution))
    return plugins


def _points(distribution: Distribution) -> list[EntryPoint]:
    # Most distributions have none, and reading their metadata takes its time.
    if GROUP not in (distribution.read_text("entry_points.txt") or ""):
        return []
    return list(distribution.entry_points.select(group=GROUP))


def _name(distribution: Distribution) -> str:
    name: str | None = distribution.metadata["Name"]
    if not name or not distribution.version:
        raise ValueError("Its metadata has no name or no version.")
    return name.lower().replace("_", "-")


def _leave_out(distribution: Distribution, error: Exception) -> None:
    where = str(getattr(distribution, "_path", distribution))
    if where not in _told:
        _told.add(where)
        log.error("%s is not a whole installation and is left out: %s", where, error)


def _found(point: EntryPoint, distribution: Distribution) -> Found:
    metadata = distribution.metadata.json
    summary, keywords = metadata.get("summary") or "", metadata.get("keywords") or ()
    words = keywords.replace(",", " ").split() if isinstance(keywords, str) else keywords
    return Found(
        name=point.name,
        entry_point=point,
        distribution=distribution.name,
        version=distribution.version,
        summary=str(summary),
        keywords=tuple(str(word) for word in words),
        distribution_metadata=distribution,
    )
