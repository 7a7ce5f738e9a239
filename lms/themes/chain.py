"""The chain of template layers.

Site overrides (``instance/templates``) → child theme → parent theme → plugins (only below ``<plugin>/``) and core.
``{% extends "parent:lesson/show.html" %}`` means the next layer that has the template. Admin templates stand outside:
whatever a theme does, the owner can get in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask.templating import Environment
from jinja2 import BaseLoader, FileSystemLoader, TemplateNotFound

PARENT = "parent:"
_OUTSIDE = ("admin/",)


@dataclass(frozen=True, slots=True)
class Layer:
    """One place that templates come from. ``prefixes``: the only folders it may serve; none means all."""

    label: str
    loader: FileSystemLoader
    prefixes: tuple[str, ...] = ()
    themed: bool = False

    def has(self, template: str) -> bool:
        """Whether the layer may serve the template and holds it."""
        if self.prefixes and not template.startswith(self.prefixes):
            return False
        if self.themed and template.startswith(_OUTSIDE):
            return False
        return any((Path(folder) / template).is_file() for folder in self.loader.searchpath)


def layer(label: str, folders: Iterable[Path], prefixes: tuple[str, ...] = (), *, themed: bool = False) -> Layer:
    """A layer over folders, those that do not exist left out."""
    return Layer(label, FileSystemLoader([str(f) for f in folders if f.is_dir()]), prefixes, themed)


class ChainLoader(BaseLoader):
    """Looks through the layers in order. A name ``@2:x.html`` starts at the third layer."""

    def __init__(self, layers: list[Layer]) -> None:
        self.layers = layers

    def find(self, template: str) -> tuple[int, str]:
        """The index of the layer that serves the template, and its plain name. Raises ``TemplateNotFound``."""
        start, name = 0, template
        if template.startswith("@"):
            number, _, name = template[1:].partition(":")
            start = int(number)
        for index in range(start, len(self.layers)):
            if self.layers[index].has(name):
                return index, name
        raise TemplateNotFound(template)

    def get_source(self, environment: Any, template: str) -> tuple[str, str, Callable[[], bool] | None]:
        index, name = self.find(template)
        source, filename, uptodate = self.layers[index].loader.get_source(environment, name)
        return source, filename, uptodate

    def explain(self, template: str) -> list[tuple[str, bool]]:
        """Each layer's label and whether it has the template, in the order they are asked."""
        return [(one.label, one.has(template)) for one in self.layers]

    def list_templates(self) -> list[str]:
        return sorted({name for one in self.layers for name in one.loader.list_templates() if one.has(name)})


class ThemeEnvironment(Environment):
    """Knows what ``parent:`` means: the next layer below the template that says it."""

    def join_path(self, template: str, parent: str) -> str:
        if not template.startswith(PARENT):
            return template
        loader: ChainLoader = self.loader  # type: ignore[assignment]
        index, _ = loader.find(parent)
        return f"@{index + 1}:{template.removeprefix(PARENT)}"
