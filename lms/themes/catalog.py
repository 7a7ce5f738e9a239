"""Which themes there are, and what one consists of with its parents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lms.themes import manifest, tokens
from lms.themes.manifest import FILE, Manifest
from lms.themes.tokens import Group, Value

# In a checkout the themes lie beside the package; in a wheel they are packed into it.
_PLACES = (Path(__file__).resolve().parents[2] / "themes", Path(__file__).resolve().parent / "bundled")
ROOT = "plain"
"""The theme that every other one stands on, named as its parent or not: the core's templates need its frame."""


class ThemeMissing(LookupError):
    """No theme of that name lies in ``instance/themes`` or comes with Stoa. ``wanted_by``: the theme that names it."""

    def __init__(self, name: str, wanted_by: str = "") -> None:
        super().__init__(
            f"{wanted_by} names the parent {name}, which is not there." if wanted_by else f"There is no theme {name}."
        )
        self.name, self.wanted_by = name, wanted_by


class CircularParents(ValueError):
    """A theme is, over its parents, its own parent."""


@dataclass(frozen=True, slots=True)
class Theme:
    """A theme's folder and what its ``theme.toml`` says."""

    folder: Path
    manifest: Manifest

    @property
    def name(self) -> str:
        # The folder's, so that a theme is found again under the name it is listed with.
        return self.folder.name

    @property
    def title(self) -> str:
        return self.manifest.title

    @property
    def parent(self) -> str:
        return "" if self.name == ROOT else self.manifest.parent or ROOT

    @property
    def is_bundled_root(self) -> bool:
        """Whether this is Plain as it comes with Stoa: what stands in where another theme breaks."""
        return self.name == ROOT and self.folder.parent in _PLACES

    @property
    def templates(self) -> Path:
        return self.folder / "templates"

    @property
    def assets(self) -> Path:
        return self.folder / "assets"


def at(folder: Path) -> Theme:
    """The theme in a folder. Raises ``ThemeUnreadable``."""
    folder = folder.resolve()
    return Theme(folder, manifest.read(folder / FILE))


def bundled() -> Theme:
    """Plain as it comes with Stoa, whatever the site has put in its place."""
    folder = next(place / ROOT for place in _PLACES if (place / ROOT / FILE).is_file())
    return at(folder)


def places(instance: Path) -> tuple[Path, ...]:
    """Where themes lie; the site's own folder first."""
    return (instance / "themes", *_PLACES)


def find(name: str, instance: Path, wanted_by: str = "") -> Theme:
    """The theme; the site's own folder wins. Raises ``ThemeMissing``, ``ThemeUnreadable``."""
    if manifest.NAME.fullmatch(name):
        for place in places(instance):
            if (place / name / FILE).is_file():
                return at(place / name)
    raise ThemeMissing(name, wanted_by)


def names(instance: Path) -> list[str]:
    """The names of all themes that are there, readable or not."""
    found = {path.parent.name for place in places(instance) for path in place.glob(f"*/{FILE}")}
    return sorted(name for name in found if manifest.NAME.fullmatch(name))


def chain(name: str, instance: Path) -> list[Theme]:
    """The theme and its parents, child first, Plain last.

    Raises ``ThemeMissing``, ``CircularParents``, ``ThemeUnreadable``.
    """
    return above(find(name, instance), instance)


def above(theme: Theme, instance: Path) -> list[Theme]:
    """The theme and its parents, as ``chain``."""
    themes = [theme]
    while parent := themes[-1].parent:
        if parent in (seen := [one.name for one in themes]):
            raise CircularParents(f"The parents lead in a circle: {' → '.join([*seen, parent])}.")
        themes.append(find(parent, instance, wanted_by=themes[-1].name))
    if not themes[-1].is_bundled_root:
        # The site has a Plain of its own; the one that comes with Stoa still stands below it.
        themes.append(bundled())
    return themes


def values(themes: Sequence[Theme]) -> dict[str, Value]:
    """The tokens of a chain; the child wins."""
    return tokens.merge(*(theme.manifest.tokens for theme in reversed(themes)))


def groups(themes: Sequence[Theme]) -> dict[str, Group]:
    """Which group each token of a chain belongs to, in the order in which the themes declare them, Plain first."""
    found: dict[str, Group] = {}
    for theme in reversed(themes):
        found.update(theme.manifest.groups)
    return found


def fonts(themes: Sequence[Theme]) -> Mapping[str, str]:
    """The families that can be chosen: those that need no file, and those that the themes bring."""
    found = dict(tokens.FONTS)
    for theme in reversed(themes):
        found.update(theme.manifest.fonts)
    return found


def kinds(themes: Sequence[Theme], of: str) -> dict[str, str]:
    """The kinds of page (course, lesson) that the themes of a chain know, with their words."""
    found: dict[str, str] = {}
    for theme in reversed(themes):
        found.update(theme.manifest.kinds.get(of, {}))
    return found


def menus(themes: Sequence[Theme]) -> dict[str, str]:
    """The places for menus that the themes of a chain have, with their words."""
    found: dict[str, str] = {}
    for theme in reversed(themes):
        found.update(theme.manifest.menus)
    return found
