"""A made-up row in each table, so that migrations meet tables that are not empty."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

from sqlalchemy import JSON, Column, Connection, MetaData, Table, insert, select
from sqlalchemy.exc import SQLAlchemyError

_VALUES: dict[type, Any] = {
    bool: True,
    int: 1,
    float: 1.0,
    Decimal: Decimal(1),
    str: "x",
    bytes: b"x",
    datetime: datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC).replace(tzinfo=None),
    date: date(2026, 1, 2),
    time: time(3, 4, 5),
}


def fill(connection: Connection, names: Iterable[str]) -> None:
    """Put one row into each of the tables that has none, and into those that it refers to.

    A table that takes no made-up row, because of a rule of its own, stays empty.
    """
    filler = _Filler(connection)
    for name in names:
        filler.row_of(name)


@dataclass
class _Filler:
    connection: Connection
    busy: set[str] = field(default_factory=set)
    """Tables that are being filled: a circle of references ends there."""

    def row_of(self, name: str) -> Any:
        """The mapping of some row of the table, made if there is none; None if there can be none."""
        table = Table(name, MetaData(), autoload_with=self.connection, resolve_fks=False)
        found = self.connection.execute(select(table).limit(1)).mappings().first()
        if found is not None or name in self.busy:
            return found
        self.busy.add(name)
        try:
            with self.connection.begin_nested():
                self.connection.execute(insert(table).values(self._values(table)))
        except SQLAlchemyError:
            return None
        finally:
            self.busy.discard(name)
        return self.connection.execute(select(table).limit(1)).mappings().first()

    def _values(self, table: Table) -> dict[str, Any]:
        return {column.name: self._value(column) for column in table.columns if _is_needed(column)}

    def _value(self, column: Column[Any]) -> Any:
        for key in column.foreign_keys:
            target, _, name = key.target_fullname.rpartition(".")
            row = self.row_of(target)
            return None if row is None else row[name]
        return _made_up(column)


def _is_needed(column: Column[Any]) -> bool:
    return not column.nullable and not column.primary_key


def _made_up(column: Column[Any]) -> Any:
    if isinstance(column.type, JSON):
        return {}
    try:
        kind = column.type.python_type
    except NotImplementedError:
        return "x"
    return _VALUES.get(kind, "x")
