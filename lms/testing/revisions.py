"""A database as an older version left it, for tests of what an upgrade makes of its rows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import MetaData, Table, func, inspect, select

from lms import db
from lms.db import migrate
from lms.host import discover, load


@contextmanager
def tables_of(plugin: str, revision: str) -> Iterator[dict[str, list[dict[str, Any]]]]:
    """Take the plugin's tables of the site in use back to ``revision``, made anew, then upgrade them.

    Yields the rows by table, with the columns that this revision has; what the body leaves there is stored in the old
    tables, and then the later revisions run. Commits.
    """
    engine = db.db.engine
    (source,) = load.migration_sources([load.external(discover.found()[plugin].entry_point)])
    db.commit()
    rows = {name: _rows(engine, name) for name in _names(engine, plugin)}
    migrate.downgrade(engine, [source])
    migrate.upgrade(engine, [source], revision)
    old = MetaData()
    old.reflect(engine, only=_names(engine, plugin))
    kept = {
        table.name: [{c.name: row[c.name] for c in table.columns if c.name in row} for row in rows.get(table.name, [])]
        for table in old.sorted_tables
    }
    yield kept
    with engine.begin() as connection:
        for table in old.sorted_tables:
            if kept[table.name]:
                connection.execute(table.insert(), kept[table.name])
                _count_on(connection, table)
    migrate.upgrade(engine, [source])


def _count_on(connection: Any, table: Table) -> None:
    """PostgreSQL gives numbers out on its own, and knows nothing of rows that brought theirs along."""
    if connection.dialect.name == "postgresql" and "id" in table.columns:
        sequence = func.pg_get_serial_sequence(table.name, "id")
        connection.execute(select(func.setval(sequence, select(func.max(table.c.id)).scalar_subquery())))


def _names(engine: Any, plugin: str) -> list[str]:
    return [name for name in inspect(engine).get_table_names() if name.startswith(f"{plugin}_")]


def _rows(engine: Any, name: str) -> list[dict[str, Any]]:
    table = Table(name, MetaData(), autoload_with=engine)
    with engine.connect() as connection:
        return [dict(row) for row in connection.execute(select(table)).mappings()]
