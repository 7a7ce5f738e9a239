"""Fresh sites, quickly: each database is migrated once per process and then copied."""

from __future__ import annotations

import contextvars
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

from lms import db
from lms.app import create_app
from lms.cli.database import room_sources
from lms.db import migrate
from lms.host import activate, discover, load
from lms.host.config import Config
from lms.host.config import load as load_config

POSTGRESQL = os.environ.get("LMS_TEST_POSTGRESQL", "postgresql+psycopg://postgres@127.0.0.1:5432/test")


def _sources(plugins: tuple[str, ...]) -> list[migrate.Source]:
    found = discover.found()
    return room_sources() + load.migration_sources(load.external(found[name].entry_point) for name in plugins)


@lru_cache
def _sqlite_template(plugins: tuple[str, ...]) -> Path:
    file = Path(tempfile.mkdtemp(prefix="stoa-tests-")) / "template.db"
    engine = create_engine(f"sqlite:///{file}")
    migrate.upgrade(engine, _sources(plugins))
    # The last connection that closes writes the log back, so that one file holds everything.
    engine.dispose()
    return file


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
    engine = create_engine(POSTGRESQL.rsplit("/", 1)[0] + "/" + name)
    migrate.upgrade(engine, _sources(plugins))
    engine.dispose()
    _templates.append(name)
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
    """The address of a fresh, migrated database of the kind (sqlite or postgresql)."""
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
        return contextvars.Context().run(super().open, *arguments, **options)


@dataclass
class TestSite:
    """A site in a test: its app, its folder, and short ways to what tests do all the time."""

    __test__ = False

    app: Flask
    config: Config
    plugins: tuple[str, ...] = ()

    def client(self) -> FlaskClient:
        """A browser without cookies."""
        return Browser(self.app, self.app.response_class)

    def commit(self) -> None:
        """Commit what the test made through services; listeners run now."""
        db.commit()

    def rebuild(self) -> None:
        """Build the app anew, as after a change of plugins."""
        self.app = create_app(self.config)


@contextmanager
def site(folder: Path, *, kind: str = "sqlite", plugins: tuple[str, ...] = (), **overrides: Any) -> Iterator[TestSite]:
    """A fresh site with an app context pushed; plugins are active from the start."""
    plugins = tuple(sorted(plugins))
    with database(kind, folder, plugins) as address:
        settings = {"env": "test", "site_url": "http://localhost", "strict_plugins": "1", "database_url": address}
        config = load_config(folder, {}, **{**settings, **overrides})
        if plugins:
            _switch_on(create_app(config), plugins)
        app = create_app(config)
        with app.app_context():
            try:
                yield TestSite(app, config, plugins)
            finally:
                db.rollback()
                db.db.session.remove()
        db.dispose(app)


def _switch_on(app: Flask, plugins: tuple[str, ...]) -> None:
    found = discover.found()
    with app.app_context():
        for name in plugins:
            activate.mark_active(name, found[name].version)
        db.commit()
    db.dispose(app)
