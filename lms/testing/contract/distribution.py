"""A plugin's source folder as its ``pyproject.toml`` tells it, without running any of it."""

from __future__ import annotations

import inspect
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from lms.extend import Plugin
from lms.host import discover

_IGNORED = {"__pycache__", "build", "dist", "node_modules"}


class NotADistribution(ValueError):
    """There is no plugin to check here; the sentence says what was looked for."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry point of the group ``lms.plugins``: ``hello = "lms_hello.plugin:Hello"``."""

    name: str
    module: str
    attribute: str

    @property
    def package(self) -> str:
        """The package that the plugin's class lives in, the outermost one."""
        return self.module.partition(".")[0]

    @property
    def value(self) -> str:
        """As written in ``pyproject.toml``."""
        return f"{self.module}:{self.attribute}"


@dataclass(frozen=True, slots=True)
class Distribution:
    """A distribution that offers plugins, in its source folder ``root``."""

    root: Path
    name: str
    version: str
    summary: str
    requires: tuple[str, ...]
    keywords: tuple[str, ...]
    entries: tuple[Entry, ...]

    @property
    def sources(self) -> Path:
        """The folder to import from: ``root``, or ``root/src``."""
        inside = self.root / "src"
        return inside if any((inside / entry.package).is_dir() for entry in self.entries) else self.root

    def package_folder(self, entry: Entry) -> Path:
        """Where the entry's package lies, whether it is there or not."""
        return self.sources / entry.package

    def plugin_folder(self, entry: Entry) -> Path:
        """The folder of the module with the plugin's class: ``templates`` and ``static`` lie in it."""
        file = self.sources.joinpath(*entry.module.split("."))
        return file if file.is_dir() else file.parent

    def python_files(self, folder: Path) -> Iterator[Path]:
        """Every module below a folder of the distribution."""
        for file in sorted(folder.rglob("*.py")):
            parts = file.relative_to(self.root).parts
            if not _IGNORED & set(parts) and not any(part.startswith(".") for part in parts):
                yield file

    def shown(self, file: Path | str, line: int = 0) -> str:
        """The file as findings name it."""
        path = Path(file).resolve()
        where = path.relative_to(self.root).as_posix() if path.is_relative_to(self.root) else path.name
        return f"{where}:{line}" if line else where


def read(root: Path) -> Distribution:
    """The distribution in ``root``. Raises ``NotADistribution``."""
    root = root.resolve()
    file = root / "pyproject.toml"
    if not file.is_file():
        raise NotADistribution(f"There is no pyproject.toml in {root}. Name the folder of the plugin's distribution.")
    try:
        project = tomllib.loads(file.read_text(encoding="utf-8")).get("project", {})
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise NotADistribution(f"pyproject.toml cannot be read: {error}.") from error
    entries = tuple(_entries(project))
    if not entries:
        raise NotADistribution(
            f'pyproject.toml has no entry point in the group "{discover.GROUP}". '
            f'Add: [project.entry-points."{discover.GROUP}"] with hello = "lms_hello.plugin:Hello".'
        )
    return Distribution(
        root=root,
        name=str(project.get("name", "")),
        version=str(project.get("version", "0")),
        summary=str(project.get("description", "")),
        requires=tuple(re.split(r"[^A-Za-z0-9._-]", str(one))[0].lower() for one in project.get("dependencies", ())),
        keywords=tuple(str(one) for one in project.get("keywords", ())),
        entries=entries,
    )


def _entries(project: Mapping[str, Any]) -> Iterator[Entry]:
    group = project.get("entry-points", {}).get(discover.GROUP, {})
    for name, value in sorted(group.items()):
        module, _, attribute = str(value).partition(":")
        yield Entry(name, module.strip(), attribute.strip())


def root_of(plugin: Plugin | type[Plugin] | str | Path) -> Path:
    """The source folder of a plugin: of its class, of an installed one by its name, or the path itself.

    Raises ``NotADistribution`` where there is no source folder, such as for one that was installed from a wheel.
    """
    if isinstance(plugin, Path):
        return plugin
    if isinstance(plugin, str):
        return _root_of_name(plugin)
    kind = plugin if isinstance(plugin, type) else type(plugin)
    return _above(Path(inspect.getfile(kind)), kind.__name__)


def _root_of_name(name: str) -> Path:
    found = discover.found().get(name)
    if found is None or Path(name).is_dir():
        return Path(name)
    spec = find_spec(found.entry_point.module.partition(".")[0])
    if spec is None or spec.origin is None:
        raise NotADistribution(f"The package of the plugin {name} is not there.")
    return _above(Path(spec.origin), name)


def _above(file: Path, name: str) -> Path:
    for folder in file.resolve().parents:
        if (folder / "pyproject.toml").is_file():
            return folder
    raise NotADistribution(f"The source folder of {name} is not on this machine: name the folder of its distribution.")
