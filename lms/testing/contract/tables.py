"""Tables: their names, whether migrations make what the models say, and whether each revision can be undone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, Table, create_engine, inspect

from lms.db import Model, migrate
from lms.extend import Plugin
from lms.host import load
from lms.testing.contract import rows
from lms.testing.contract.finding import Finding
from lms.testing.contract.stage import Stage, tried, words

Found = Iterator[Finding]


def check(stage: Stage, plugin: Plugin, before: frozenset[str]) -> Found:
    """``before`` names the tables of the core. Works on a copy: the migrations are tried with made-up rows."""
    tables = _own_tables(stage, before)
    yield from _models(stage, plugin, tables, before)
    source, error = tried(lambda: load.migration_source(plugin))
    if error is not None:
        do = f"Make the package {plugin.migrations} with an __init__.py and the revisions."
        yield stage.finding("migrations", f"Its migrations are not there: {words(error)}.", do)
    if source is None:
        return
    engine = create_engine(f"sqlite:///{stage.copy_of_database()}")
    try:
        yield from _Revisions(stage, engine, source, tables).check()
    finally:
        engine.dispose()


def migrated(stage: Stage, plugin: Plugin) -> bool:
    """Bring the plugin's tables onto the site itself; whether that worked."""
    engine = create_engine(stage.config.database_url)
    try:
        source, error = tried(lambda: load.migration_source(plugin))
        if source is not None:
            _moved, error = tried(lambda: migrate.upgrade(engine, [source]))
        return error is None
    finally:
        engine.dispose()


def _own_tables(stage: Stage, before: frozenset[str]) -> dict[str, Table]:
    """New tables, without those of other plugins that this one imports."""
    package = stage.entry.package
    foreign = {
        mapper.local_table.name  # type: ignore[attr-defined]
        for mapper in Model.registry.mappers
        if mapper.class_.__module__.partition(".")[0] != package
    }
    return {name: table for name, table in Model.metadata.tables.items() if name not in before | foreign}


def _models(stage: Stage, plugin: Plugin, tables: dict[str, Table], before: frozenset[str]) -> Found:
    for name, table in sorted(tables.items()):
        at = _class_of(table)
        if not name.startswith(f"{stage.name}_"):
            do = f"Call it {stage.name}_{name}."
            yield stage.finding("table", f"The table {name} does not carry the plugin's name.", do, at=at)
        for key in table.foreign_keys:
            target = key.target_fullname.partition(".")[0]
            if target not in tables and target not in before:
                do = "Keep the id without a foreign key: either plugin may be uninstalled."
                yield stage.finding("table", f"{name} points at {target}, a table of another plugin.", do, at=at)
    if tables and not plugin.models:
        module = next((c.__module__ for c in map(_class_of, tables.values()) if c), f"{stage.entry.package}.models")
        yield stage.finding("models", "The plugin has tables and does not say so.", f'Add models = "{module}".')


def _class_of(table: Table) -> Any:
    return next((m.class_ for m in Model.registry.mappers if m.local_table is table), None)


@dataclass
class _Revisions:
    stage: Stage
    engine: Engine
    source: migrate.Source
    tables: dict[str, Table]

    def check(self) -> Found:
        script = ScriptDirectory(str(migrate.ENVIRONMENT), version_locations=[str(self.source.folder)])
        revisions, error = tried(lambda: list(script.walk_revisions())[::-1])
        if error is not None:
            yield self._finding(f"The revisions cannot be read: {words(error)}.", "")
            return
        if not revisions:
            yield self._finding("There are no revisions.", f"Write one: lms db new {self.source.name} -m tables.")
            return
        if len(script.get_heads()) > 1:
            do = "Let each revision follow one other: one line, no branches."
            yield self._finding(f"There are several newest revisions: {', '.join(script.get_heads())}.", do)
            return
        self._before = self._names()
        problem = yield from self._up(revisions)
        if problem:
            return
        made = self._names() - self._before
        yield from self._prefixes(made)
        yield from self._differences(made)
        first = self._schema(made)
        problem = yield from self._down(revisions)
        if problem:
            return
        left = self._names() - self._before - {self.source.version_table}
        if left:
            do = "Let downgrade() drop what upgrade() made."
            yield self._finding(f"Undone to the beginning, it leaves {', '.join(sorted(left))}.", do, revisions[0])
            return
        problem = yield from self._up(revisions)
        if not problem and self._schema(self._names() - self._before) != first:
            yield self._finding("Down and up again gives other tables than the first time.", "", revisions[-1])

    def _finding(self, sentence: str, do: str, revision: Any = None) -> Finding:
        path = revision.path if revision is not None else self.source.folder
        return self.stage.finding("migrations", sentence, do, at=self.stage.distribution.shown(path))

    def _names(self) -> set[str]:
        return set(inspect(self.engine).get_table_names())

    def _up(self, revisions: list[Any]) -> Iterator[Finding]:
        """One by one, with a row in each table: a column that may not be empty fails where there are rows."""
        for revision in revisions:
            _moved, error = tried(lambda r=revision: migrate.upgrade(self.engine, [self.source], r.revision))
            if error is not None:
                do = "It has to run on tables with rows: add a column empty, fill it, then tighten it."
                yield self._finding(f"upgrade() of {revision.revision} fails: {_cause(error)}.", do, revision)
                return True
            made = sorted(self._names() - self._before - {self.source.version_table})
            with self.engine.begin() as connection:
                rows.fill(connection, made)
        return False

    def _down(self, revisions: list[Any]) -> Iterator[Finding]:
        targets = ["base", *(revision.revision for revision in revisions[:-1])]
        for revision, target in zip(reversed(revisions), reversed(targets), strict=True):
            _moved, error = tried(lambda t=target: migrate.downgrade(self.engine, [self.source], t))
            if error is not None:
                do = "Write the way back: the owner may uninstall the plugin or take an upgrade back."
                yield self._finding(f"downgrade() of {revision.revision} fails: {_cause(error)}.", do, revision)
                return True
        return False

    def _prefixes(self, made: set[str]) -> Found:
        for name in sorted(made - {self.source.version_table} - self.tables.keys()):
            if not name.startswith(f"{self.stage.name}_"):
                do = f"Call it {self.stage.name}_{name}."
                yield self._finding(f"A migration makes the table {name}.", do)

    def _differences(self, made: set[str]) -> Found:
        # A table of a migration that does not carry the plugin's name was told already.
        wanted = {name for name in made if name.startswith(f"{self.stage.name}_")} | self.tables.keys()

        def is_ours(name: str | None, kind: str, _parents: object) -> bool:
            return kind != "table" or name in wanted

        def ours(_object: object, name: str | None, kind: str, *_: object) -> bool:
            return is_ours(name, kind, None)

        options = {"include_name": is_ours, "include_object": ours, "compare_type": True}
        with self.engine.connect() as connection:
            context = MigrationContext.configure(connection, opts=options)
            for difference in compare_metadata(context, Model.metadata):
                yield self._finding(
                    f"The models and the migrations differ: {_words(difference)}.",
                    f"Write a migration: lms db new {self.stage.name} -m 'what changes'.",
                )

    def _schema(self, names: set[str]) -> dict[str, list[str]]:
        seen = inspect(self.engine)
        return {
            name: sorted(f"{c['name']} {c['type']} {c['nullable']}" for c in seen.get_columns(name)) for name in names
        }


def _cause(error: BaseException) -> str:
    cause = error.__cause__ or error
    text = " ".join(str(getattr(cause, "orig", None) or cause).split())
    return text.rstrip(".") or type(cause).__name__


def _words(difference: Any) -> str:
    """One difference that Alembic found, as words: what the models have and the migrations do not, or the reverse."""
    if isinstance(difference, list):
        return "; ".join(_words(one) for one in difference)
    what = difference[0]
    if what in {"add_table", "remove_table"}:
        return _side(what, f"the table {difference[1].name}")
    if what in {"add_column", "remove_column"}:
        return _side(what, f"the column {difference[2]}.{difference[3].name}")
    if what.startswith("modify_"):
        matter, column = what.removeprefix("modify_"), f"{difference[2]}.{difference[3]}"
        return f"{matter} of {column} is {difference[6]} in the models and {difference[5]} in the migrations"
    thing = difference[1]
    return _side(what, f"{type(thing).__name__} {thing.name or ''} of {thing.table.name}".replace("  ", " "))


def _side(what: str, thing: str) -> str:
    return f"{thing} is in the models only" if what.startswith("add_") else f"{thing} is in the migrations only"
