"""The scratch site on which a plugin is looked at."""

from __future__ import annotations

import inspect
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import create_engine

from lms import db
from lms.app import create_app
from lms.cli.database import room_sources
from lms.db import migrate
from lms.host import activate
from lms.host.config import Config
from lms.host.config import load as load_config
from lms.testing.contract.distribution import Distribution, Entry
from lms.testing.contract.finding import WRONG, Finding


@dataclass(frozen=True, slots=True)
class Stage:
    """One plugin of a distribution, and a site of its own."""

    distribution: Distribution
    entry: Entry
    config: Config

    @property
    def name(self) -> str:
        """The plugin's name."""
        return self.entry.name

    @property
    def plugin_file(self) -> str:
        """The module with the plugin's class, as findings name it."""
        return self.distribution.shown(self._plugin_path())

    def _plugin_path(self) -> Path:
        file = self.distribution.sources.joinpath(*self.entry.module.split("."))
        return file / "__init__.py" if file.is_dir() else file.with_suffix(".py")

    def where(self, thing: Any) -> str:
        """File and line of a function or class of the plugin; the plugin's module for anything else."""
        while isinstance(thing, partial):
            thing = thing.func
        thing = inspect.unwrap(thing) if callable(thing) else thing
        code = getattr(thing, "__code__", None)
        if code is not None and Path(code.co_filename).is_relative_to(self.distribution.root):
            return self.distribution.shown(Path(code.co_filename), code.co_firstlineno)
        if inspect.isclass(thing):
            try:
                file, line = Path(inspect.getfile(thing)), inspect.getsourcelines(thing)[1]
            except (OSError, TypeError):
                return self.plugin_file
            if file.is_relative_to(self.distribution.root):
                return self.distribution.shown(file, line)
        return self.plugin_file

    def copy_of_database(self) -> Path:
        """A copy of the site's database as it is now, to try things on."""
        file = self.config.instance / "lms.db"
        return Path(shutil.copy(file, file.with_name("copy.db")))

    def finding(self, rule: str, sentence: str, do: str, *, at: Any = None, level: str = WRONG) -> Finding:
        """A finding at a function or class of the plugin (``at``), or at a file's name."""
        file = at if isinstance(at, str) else self.where(at) if at is not None else self.plugin_file
        return Finding(file, rule, sentence, do, level)

    @contextmanager
    def site(self, *, active: bool) -> Iterator[Flask]:
        """The app, with or without the plugin, its context pushed."""
        if active:
            with _app(self.config) as app, app.app_context(), db.writes():
                activate.mark_active(self.name, self.distribution.version)
        with _app(self.config) as app, app.app_context():
            yield app
            db.rollback()
            db.session.remove()


@contextmanager
def _app(config: Config) -> Iterator[Flask]:
    app = create_app(config)
    try:
        yield app
    finally:
        db.dispose(app)


@contextmanager
def stage(distribution: Distribution, entry: Entry, folder: Path) -> Iterator[Stage]:
    """A fresh site in ``folder`` on SQLite, its rooms migrated, in which the distribution counts as installed."""
    config = load_config(folder / "instance", {}, env="test", site_url="http://localhost", strict_plugins="1")
    engine = create_engine(config.database_url)
    migrate.upgrade(engine, room_sources())
    engine.dispose()
    metadata = folder / "installed"
    _as_installed(distribution, metadata)
    sys.path[:0] = [str(distribution.sources), str(metadata)]
    yield Stage(distribution, entry, config)


def _as_installed(distribution: Distribution, folder: Path) -> None:
    """What pip leaves behind for an editable installation, so that the host finds the plugin."""
    name = distribution.name.replace("-", "_") or "plugin"
    info = folder / f"{name}-{distribution.version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {distribution.name}\nVersion: {distribution.version}\n"
        f"Summary: {distribution.summary}\n",
        encoding="utf-8",
    )
    lines = [f"{entry.name} = {entry.value}" for entry in distribution.entries]
    (info / "entry_points.txt").write_text("\n".join(["[lms.plugins]", *lines, ""]), encoding="utf-8")


def tried(function: Callable[[], Any]) -> tuple[Any, BaseException | None]:
    """What the function returns, and what it raised instead: plugin code may do anything."""
    try:
        return function(), None
    except (Exception, SystemExit) as error:
        return None, error


def words(error: BaseException) -> str:
    """An error in one line, without a full stop."""
    return " ".join(f"{type(error).__name__}: {error}".split()).rstrip(".:")
