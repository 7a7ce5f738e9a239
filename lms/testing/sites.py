"""Fresh sites, quickly: each database is migrated once per process and then copied."""

from __future__ import annotations

import contextvars
import os
import shutil
import sqlite3
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

from lms import db
from lms.app import create_app
from lms.base import clock as base_clock
from lms.cli.database import room_sources
from lms.db import migrate
from lms.host import activate, discover, load, state
from lms.host.config import Config
from lms.host.config import load as load_config
from lms.jobs.runner import Worker

POSTGRESQL = os.environ.get("LMS_TEST_POSTGRESQL", "postgresql+psycopg://postgres@127.0.0.1:5432/test")


def _sources(plugins: tuple[str, ...]) -> list[migrate.Source]:
    found = discover.found()
    return room_sources() + load.migration_sources(load.external(found[name].entry_point) for name in plugins)


@lru_cache
def _sqlite_template(plugins: tuple[str, ...]) -> Path:
    file = Path(tempfile.mkdtemp(prefix="stoa-tests-")) / "template.db"
    # The last connection that closes writes the log back, so that one file holds everything.
    _prepare(f"sqlite:///{file}", plugins)
    return file


def _prepare(address: str, plugins: tuple[str, ...]) -> None:
    """Migrate the database, and switch the plugins on in it."""
    engine = create_engine(address)
    migrate.upgrade(engine, _sources(plugins))
    engine.dispose()
    if plugins:
        with tempfile.TemporaryDirectory(prefix="stoa-tests-") as folder:
            _switch_on(_build(_config(Path(folder), address)), plugins)


def _config(folder: Path, address: str, **overrides: Any) -> Config:
    settings = {"env": "test", "site_url": "http://localhost", "strict_plugins": "1", "database_url": address}
    return load_config(folder, {}, **{**settings, **overrides})


def _server(database: str) -> Any:
    return create_engine(POSTGRESQL.rsplit("/", 1)[0] + "/" + database, isolation_level="AUTOCOMMIT")


@lru_cache
def postgresql_is_reachable() -> bool:
    """Whether a PostgreSQL server answers where tests look for one."""
    engine = create_engine(POSTGRESQL, connect_args={"connect_timeout": 2})
    try:
        with engine.connect():
            return True
    except OperationalError:
        return False
    finally:
        engine.dispose()


@lru_cache
def _postgresql_template(plugins: tuple[str, ...]) -> str:
    name = f"stoa_template_{uuid.uuid4().hex[:12]}"
    _on_server(f'CREATE DATABASE "{name}"')
    _templates.append(name)
    _prepare(POSTGRESQL.rsplit("/", 1)[0] + "/" + name, plugins)
    return name


_templates: list[str] = []


def _on_server(statement: str) -> None:
    engine = _server("test")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()


def drop_templates() -> None:
    """Remove the databases that tests were copied from; at the end of the run."""
    while _templates:
        _on_server(f'DROP DATABASE IF EXISTS "{_templates.pop()}" WITH (FORCE)')


@contextmanager
def database(kind: str, folder: Path, plugins: tuple[str, ...]) -> Iterator[str]:
    """The address of a fresh, migrated database of the kind (sqlite or postgresql), in which the plugins are on."""
    if kind == "sqlite":
        file = folder / "lms.db"
        shutil.copy(_sqlite_template(plugins), file)
        yield f"sqlite:///{file}"
        return
    with empty_postgresql(template=_postgresql_template(plugins)) as address:
        yield address


@contextmanager
def empty_postgresql(template: str = "template0") -> Iterator[str]:
    """The address of a new database on the PostgreSQL server, dropped afterwards."""
    name = f"stoa_test_{uuid.uuid4().hex[:12]}"
    _on_server(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    try:
        yield POSTGRESQL.rsplit("/", 1)[0] + "/" + name
    finally:
        _on_server(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


class Browser(FlaskClient):
    """A test client whose requests stand alone.

    Flask lends a request the app context that is pushed already, and with it ``g`` and the database session of the
    test. Here each request runs in an empty context, and what the test made is committed before it.
    """

    def open(self, *arguments: Any, **options: Any) -> Any:
        db.commit()
        # Read to the end and closed, as a browser does with a file.
        options.setdefault("buffered", True)
        return contextvars.Context().run(super().open, *arguments, **options)


@dataclass
class TestSite:
    """A site in a test: its app, its folder, and short ways to what tests do all the time."""

    __test__ = False

    app: Flask
    config: Config
    plugins: tuple[str, ...] = ()
    _former: list[Flask] = field(default_factory=list)

    def client(self) -> FlaskClient:
        """A browser without cookies."""
        return Browser(self.app, self.app.response_class)

    def commit(self) -> None:
        """Commit what the test made through services; listeners run now."""
        db.commit()

    @property
    def jobs(self) -> Worker:
        """The worker: ``site.jobs.run_due(at=…)`` runs what is due then (real time, UTC; now for none)."""
        return Worker(lambda: self.app)

    def rebuild(self) -> None:
        """Build the app anew, as after a change of plugins."""
        self._former.append(self.app)
        self.app = _build(self.config)

    def remember(self) -> sqlite3.Connection:
        """A copy of the database, SQLite only, for ``restore``: thousands of runs begin with the same site."""
        db.commit()
        kept = sqlite3.connect(":memory:", check_same_thread=False)
        with closing(sqlite3.connect(self._file)) as present:
            present.backup(kept)
        return kept

    def restore(self, kept: sqlite3.Connection) -> None:
        """Be as the copy says; what is kept in memory under the numbers of before counts no longer."""
        db.rollback()
        moved = state.numbers().current()
        with closing(sqlite3.connect(self._file, timeout=15)) as present:
            kept.backup(present)
            for name in ("content", "settings"):
                beyond = moved.get(name, 0) + 1
                present.execute("UPDATE host_state SET value = max(value, ?) WHERE name = ?", (beyond, name))
            present.commit()
        base_clock.set_offset(timedelta(0))
        state.refresh()

    @property
    def _file(self) -> Path:
        return self.config.instance / "lms.db"

    def close(self) -> None:
        """Close the connections of every app that there was."""
        for app in (*self._former, self.app):
            db.dispose(app)


@contextmanager
def site(folder: Path, *, kind: str = "sqlite", plugins: tuple[str, ...] = (), **overrides: Any) -> Iterator[TestSite]:
    """A fresh site with an app context pushed; plugins are active from the start."""
    plugins = tuple(sorted(plugins))
    with database(kind, folder, plugins) as address:
        config = _config(folder, address, **overrides)
        app = _build(config)
        with app.app_context():
            made = TestSite(app, config, plugins)
            try:
                yield made
            finally:
                db.rollback()
                db.db.session.remove()
        made.close()


# Statements compiled so far, and the dialect they were compiled for, by kind of database.
_compiled: dict[str, tuple[Any, dict[Any, Any]]] = {}


def _share_statements(app: Flask) -> None:
    """Compile each statement once per process instead of once per site: a quarter of a test's time.

    The key of SQLAlchemy's cache holds the dialect, so the sites share that as well; it keeps nothing of a connection.
    """
    with app.app_context():
        engine = db.db.engine
        dialect, statements = _compiled.setdefault(engine.dialect.name, (engine.dialect, {}))
        engine.dialect = dialect
        engine.update_execution_options(compiled_cache=statements)


def _build(config: Config) -> Flask:
    app = create_app(config)
    _share_statements(app)
    return app


def _switch_on(app: Flask, plugins: tuple[str, ...]) -> None:
    found = discover.found()
    with app.app_context():
        for name in plugins:
            activate.mark_active(name, found[name].version)
        db.commit()
    db.dispose(app)
