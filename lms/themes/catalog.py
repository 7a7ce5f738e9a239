"""Which themes there are, and what the active one consists of."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

# In a checkout the themes lie beside the package; in a wheel they are packed into it.
_PLACES = (Path(__file__).parents[2] / "themes", Path(__file__).parent / "bundled")


class ThemeMissing(LookupError):
    """No theme of that name lies in ``instance/themes`` or comes with Stoa."""


@dataclass(frozen=True, slots=True)
class Theme:
    """A theme's folder and what its ``theme.toml`` says."""

    name: str
    folder: Path
    title: str
    parent: str = ""
    tokens: dict[str, Any] = field(default_factory=dict)

    @property
    def templates(self) -> Path:
        return self.folder / "templates"

    @property
    def assets(self) -> Path:
        return self.folder / "assets"


def find(name: str, instance: Path) -> Theme:
    """The theme; the site's own folder wins. Raises ``ThemeMissing``."""
    for place in (instance / "themes", *_PLACES):
        path = place / name / "theme.toml"
        if path.is_file():
            about = tomllib.loads(path.read_text())
            return Theme(name, path.parent, about.get("title", name), about.get("parent", ""), about.get("tokens", {}))
    raise ThemeMissing(name)


def chain(name: str, instance: Path) -> list[Theme]:
    """The theme and its parents, child first. Raises ``ThemeMissing``; a circle of parents ends at its start."""
    themes: list[Theme] = []
    while name and name not in {theme.name for theme in themes}:
        themes.append(find(name, instance))
        name = themes[-1].parent
    return themes
