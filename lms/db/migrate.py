"""Migrations: one line of revisions and one version table for each plugin and each room.

With one shared table, Alembic fails for everybody once the revision files of one plugin are gone
(sqlalchemy/alembic#974). The transaction is ours: on SQLite with foreign keys off while tables are rebuilt
(a batch migration with keys on silently deletes the rows that point at the table), checked before the commit;
on PostgreSQL under an advisory lock, so that any number of processes may start at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, inspect, text
from sqlalchemy.engine import Connection

from lms.db.engine import dress

ENVIRONMENT = Path(__file__).parent / "environment"
# Any constant will do, as long as it is ours: "Stoa" in ASCII.
_ADVISORY_LOCK = 0x53746F61


class MigrationFailed(RuntimeError):
    """A revision raised, or left rows that point at nothing; the schema is as it was before."""


@dataclass(frozen=True, slots=True)
class Source:
    """The revisions of one plugin or room: its name and the folder of its files."""

    name: str
    folder: Path

    @property
    def version_table(self) -> str:
        return f"alembic_version_{self.name}"


@dataclass(frozen=True, slots=True)
class Status:
    """Where one source stands: ``current`` and ``head`` are revision ids, None for nothing applied."""

    name: str
    current: str | None
    head: str | None

    @property
    def is_pending(self) -> bool:
        return self.current != self.head


def _script(source: Source) -> tuple[Config, ScriptDirectory]:
    config = Config()
    config.set_main_option("script_location", str(ENVIRONMENT))
    config.set_main_option("version_locations", str(source.folder).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    return config, ScriptDirectory.from_config(config)


def head(source: Source) -> str | None:
    """The newest revision of the source; None when it has none."""
    return _script(source)[1].get_current_head()


def current(connection: Connection, source: Source) -> str | None:
    """The revision that the database has of the source; None when none was applied."""
    context = MigrationContext.configure(connection, opts={"version_table": source.version_table})
    return context.get_current_revision()


def status(engine: Engine, sources: Iterable[Source]) -> list[Status]:
    """Where each source stands."""
    with engine.connect() as connection:
        return [Status(source.name, current(connection, source), head(source)) for source in sources]


@dataclass(frozen=True, slots=True)
class Step:
    """A revision that has not run: its id, and what its first line says that it does."""

    revision: str
    message: str


class NewerThanItsFiles(MigrationFailed):
    """The database has a revision that the source does not know: an older version was installed over a newer one."""


def pending(connection: Connection, source: Source) -> list[Step]:
    """The revisions that have not run yet, first one first. Raises ``NewerThanItsFiles``."""
    script, applied = _script(source)[1], current(connection, source)
    known = {step.revision: step for step in script.walk_revisions()}
    if applied is not None and applied not in known:
        raise NewerThanItsFiles(f"The tables of {source.name} are at {applied}, which this version does not know.")
    if applied == script.get_current_head():
        return []
    steps = script.iterate_revisions("heads", applied or "base")
    return [Step(step.revision, (step.doc or "").rstrip(".")) for step in reversed(list(steps))]


Before = Callable[[Connection], None]


def upgrade(
    engine: Engine, sources: Iterable[Source], target: str = "heads", *, before: Before | None = None
) -> list[str]:
    """Bring every source to ``target``, in the order given; returns the names of those that moved.

    All of it is one transaction. ``before(connection)`` is called inside it where a source is not at its newest
    revision: at most one of several processes that start together finds that. Raises ``MigrationFailed``; then nothing
    has changed.
    """
    return _run(engine, list(sources), target, lambda script: script._upgrade_revs, before)


def downgrade(engine: Engine, sources: Iterable[Source], target: str = "base") -> list[str]:
    """Take every source back to ``target``, in reverse order; returns the names of those that moved.

    At "base" the version table goes too. Raises ``MigrationFailed``; then nothing has changed.
    """
    return _run(engine, list(reversed(list(sources))), target, lambda script: script._downgrade_revs)


def _run(
    engine: Engine,
    sources: list[Source],
    target: str,
    steps: Callable[[ScriptDirectory], Any],
    before_any: Before | None = None,
) -> list[str]:
    moved = []
    with _schema_transaction(engine) as connection:
        if before_any is not None and any(current(connection, source) != head(source) for source in sources):
            before_any(connection)
        for source in sources:
            before = current(connection, source)
            try:
                _migrate(connection, source, target, steps)
            except Exception as error:
                raise MigrationFailed(f"The migration of {source.name} failed: {error}") from error
            after = current(connection, source)
            if after != before:
                moved.append(source.name)
            if after is None and inspect(connection).has_table(source.version_table):
                connection.execute(text(f'DROP TABLE "{source.version_table}"'))
    return moved


def _migrate(connection: Connection, source: Source, target: str, steps: Callable[[ScriptDirectory], Any]) -> None:
    config, script = _script(source)

    def plan(revision: Any, _context: MigrationContext) -> Any:
        return steps(script)(target, revision)

    with EnvironmentContext(config, script, fn=plan, destination_rev=target) as environment:
        environment.configure(connection=connection, version_table=source.version_table, render_as_batch=True)
        environment.run_migrations()


@contextmanager
def _schema_transaction(engine: Engine) -> Iterator[Connection]:
    dress(engine)
    if engine.dialect.name == "sqlite":
        with _sqlite_transaction(engine) as connection:
            yield connection
        return
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
        yield connection


@contextmanager
def _sqlite_transaction(engine: Engine) -> Iterator[Connection]:
    connection = engine.connect()
    raw: Any = connection.connection.dbapi_connection
    # A pragma about foreign keys does nothing inside a transaction, so it stands outside.
    raw.execute("PRAGMA foreign_keys=OFF")
    try:
        with connection.begin():
            yield connection
            dangling = connection.execute(text("PRAGMA foreign_key_check")).all()
            if dangling:
                tables = ", ".join(sorted({row[0] for row in dangling}))
                raise MigrationFailed(f"The migration would leave rows that point at nothing, in: {tables}.")
    finally:
        raw.execute("PRAGMA foreign_keys=ON")
        connection.close()
