"""Drawing with the chain, and without the themes where a theme breaks.

Two environments share everything but their layers: the site's own, and the core's, which knows Plain, the plugins
and the core only. The core's draws whatever is for staff (what extends an admin template), and any page whose theme
fails: visitors get the page all the same, and Health says which theme failed and where.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, MutableMapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from flask.templating import Environment
from jinja2 import Template, TemplateNotFound, TemplatesNotFound, Undefined
from jinja2.utils import internalcode
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException

from lms.base.problem import Problem
from lms.host import guard
from lms.themes.compiled import CompiledTemplates
from lms.themes.layers import OUTSIDE, ChainLoader, Layer, extends_of, layer

__all__ = ["ChainLoader", "Layer", "ThemeEnvironment", "ThemedTemplate", "core_only", "layer"]

# A page that failed is drawn by the core at once for a while, instead of failing again for every visitor.
_REMEMBER_SECONDS = 60.0
_core_only: ContextVar[bool] = ContextVar("lms_core_templates", default=False)
# What these say is no theme's fault, and drawing again would not change it.
_NOT_OF_THEMES = (Problem, HTTPException, SQLAlchemyError)


@contextmanager
def core_only() -> Iterator[None]:
    """Within it, everything is drawn without the themes."""
    token = _core_only.set(True)
    try:
        yield
    finally:
        _core_only.reset(token)


class ThemedTemplate(Template):
    """A template that the core's version stands in for when a theme breaks it."""

    @internalcode
    def render(self, *args: Any, **kwargs: Any) -> str:
        try:
            return super().render(*args, **kwargs)
        except Exception as error:
            environment: ThemeEnvironment = self.environment  # type: ignore[assignment]
            culprit = environment.culprit(error)
            if culprit is None:
                raise
            try:
                drawn = environment.core.get_template(self.name or "").render(*args, **kwargs)
            except Exception:
                # It fails without the theme too, so the theme is not what is wrong.
                raise error from None
            environment.remember(self.name or "", culprit, error)
            return drawn


class ThemeEnvironment(Environment):
    """Knows what ``parent:`` means, which templates are for staff, and what to do when a theme breaks."""

    template_class = ThemedTemplate

    def __init__(self, app: Any, **options: Any) -> None:
        super().__init__(app, **{"bytecode_cache": CompiledTemplates(), **options})
        self._core: ThemeEnvironment | None = None
        self._failed: dict[str, float] = {}
        self._for_staff: dict[str, bool] = {}
        self._selected: dict[tuple[str, ...], str] = {}

    @property
    def core(self) -> ThemeEnvironment:
        """The same without the site's overrides and without any theme but Plain."""
        if self._core is None:
            self._core = self.over(ChainLoader([one for one in self._layers if not one.themed]))
            self._core._core = self._core
        return self._core

    def over(self, loader: ChainLoader) -> ThemeEnvironment:
        """The same with other layers."""
        made = self.overlay(loader=loader)
        made._core, made._failed, made._for_staff, made._selected = None, {}, {}, {}
        return made

    @property
    def _layers(self) -> Any:
        loader: ChainLoader = self.loader  # type: ignore[assignment]
        return loader.layers

    def join_path(self, template: str, parent: str) -> str:
        loader: ChainLoader = self.loader  # type: ignore[assignment]
        return loader.join(template, parent)

    @internalcode
    def get_template(
        self, name: str | Template, parent: str | None = None, globals: MutableMapping[str, Any] | None = None
    ) -> Template:
        """As in Jinja; without ``parent``, a template for staff, and one that failed, is the core's."""
        if parent is not None or isinstance(name, Template) or self.core is self:
            return super().get_template(name, parent, globals)
        if self._is_the_cores(name):
            return self.core.get_template(name, None, globals)
        try:
            return super().get_template(name, None, globals)
        except Exception as error:
            culprit = self.culprit(error)
            if culprit is None:
                raise
            instead = self.core.get_template(name, None, globals)
            self.remember(name, culprit, error)
            return instead

    @internalcode
    def select_template(
        self,
        names: Iterable[str | Template],
        parent: str | None = None,
        globals: MutableMapping[str, Any] | None = None,
    ) -> Template:
        """The first of the templates that a layer has; which one that is, is looked up once."""
        if parent is not None or isinstance(names, Undefined):
            return super().select_template(names, parent, globals)
        asked = tuple(names)
        if any(isinstance(name, Template) for name in asked):
            return super().select_template(asked, parent, globals)
        return self.get_template(self._first(asked), None, globals)

    def _first(self, names: Any) -> str:
        chosen = self._selected.get(names)
        if chosen is None or self.auto_reload:
            loader: ChainLoader = self.loader  # type: ignore[assignment]
            chosen = next((name for name in names if any(one.has(name) for one in loader.layers)), None)
            if chosen is None:
                raise TemplatesNotFound(names)
            self._selected[names] = chosen
        return chosen

    def _is_the_cores(self, name: str) -> bool:
        if _core_only.get() or self.is_for_staff(name):
            return True
        until = self._failed.get(name)
        return until is not None and time.monotonic() < until and not self.auto_reload

    def is_for_staff(self, name: str) -> bool:
        """Whether the core's or a plugin's template of this name is an admin page: it extends an admin template."""
        if name.startswith(OUTSIDE):
            return True
        known = self._for_staff.get(name)
        if known is None:
            known = self._for_staff[name] = self._extends_admin(name)
        return known

    def _extends_admin(self, name: str) -> bool:
        loader: ChainLoader = self.core.loader  # type: ignore[assignment]
        for _step in range(20):
            if name.rpartition(":")[2].startswith(OUTSIDE):
                return True
            try:
                source = loader.file(name).read_text(encoding="utf-8")
            except (TemplateNotFound, OSError):
                return False
            said = extends_of(source)
            if said is None:
                return False
            name = loader.join(said, name)
        return False

    def culprit(self, error: Exception) -> str | None:
        """The theme (or the site's overrides) whose template is at fault, None where none is, or where it shall show.

        Only drawing without the theme proves it: a theme's frame stands around everything that is drawn.
        """
        if self.core is self or isinstance(error, _NOT_OF_THEMES):
            return None
        files = _files(error)
        for one in self._layers:
            if one.themed and any(file.startswith(f"{folder}/") for folder in one.loader.searchpath for file in files):
                return None if self.app.config["LMS"].strict_plugins else str(one.label)
        return None

    def remember(self, name: str, culprit: str, error: Exception) -> None:
        """Tell Health, and draw this page without the theme for a minute."""
        self._failed[name] = time.monotonic() + _REMEMBER_SECONDS
        guard.report(culprit, f"template {name}", error)


def _files(error: BaseException) -> list[str]:
    """The files that the error went through, and the one it is about."""
    files = [str(getattr(error, "filename", "") or "")]
    trace = error.__traceback__
    while trace is not None:
        files.append(trace.tb_frame.f_code.co_filename)
        trace = trace.tb_next
    return files
