"""The chain of template layers.

Site overrides (``instance/templates``) → child theme → parent theme → plugins (only below ``<plugin>/``) and core.
``{% extends "parent:lesson/show.html" %}`` means the next layer that has the template. Admin templates stand outside:
whatever a theme does, the owner can get in.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import BaseLoader, FileSystemLoader, TemplateNotFound

PARENT = "parent:"
OUTSIDE = ("admin/",)
"""Folders of templates that no theme may serve."""
_COMMENT = re.compile(r"\{#.*?#\}", re.S)
_EXTENDS = re.compile(r"""\{%[-+]?\s*extends\s+["']([^"']+)["']""")


@dataclass(frozen=True, slots=True)
class Layer:
    """One place that templates come from. ``prefixes``: the only folders it may serve; none means all.

    ``themed``: it belongs to a theme or to the site's own overrides, and may fail without taking pages down.
    """

    label: str
    loader: FileSystemLoader
    prefixes: tuple[str, ...] = ()
    themed: bool = False

    def has(self, template: str) -> bool:
        """Whether the layer may serve the template and holds it."""
        return self.file(template) is not None

    def file(self, template: str) -> Path | None:
        """The template's file, None where the layer does not hold it or may not serve it."""
        if self.prefixes and not template.startswith(self.prefixes):
            return None
        if self.themed and template.startswith(OUTSIDE):
            return None
        candidates = (Path(folder) / template for folder in self.loader.searchpath)
        return next((file for file in candidates if file.is_file()), None)


def layer(label: str, folders: Iterable[Path], prefixes: tuple[str, ...] = (), *, themed: bool = False) -> Layer:
    """A layer over folders, those that do not exist left out."""
    return Layer(label, FileSystemLoader([str(f) for f in folders if f.is_dir()]), prefixes, themed)


def extends_of(source: str) -> str | None:
    """The template that the source extends, as it says it; None for none, or one that is worked out when drawn."""
    said = _EXTENDS.search(_COMMENT.sub("", source))
    return said[1] if said else None


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
        raise TemplateNotFound(name)

    def file(self, template: str) -> Path:
        """The file that the template comes from. Raises ``TemplateNotFound``."""
        index, name = self.find(template)
        file = self.layers[index].file(name)
        if file is None:
            raise TemplateNotFound(name)
        return file

    def join(self, template: str, parent: str) -> str:
        """The name that ``template`` means when the template ``parent`` says it."""
        if not template.startswith(PARENT):
            return template
        index, _ = self.find(parent)
        return f"@{index + 1}:{template.removeprefix(PARENT)}"

    def get_source(self, environment: Any, template: str) -> tuple[str, str, Callable[[], bool] | None]:
        index, name = self.find(template)
        source, filename, uptodate = self.layers[index].loader.get_source(environment, name)
        return source, filename, uptodate

    def explain(self, template: str) -> list[tuple[str, bool]]:
        """Each layer's label and whether it has the template, in the order they are asked."""
        return [(one.label, one.has(template)) for one in self.layers]

    def list_templates(self) -> list[str]:
        return sorted({name for one in self.layers for name in one.loader.list_templates() if one.has(name)})
