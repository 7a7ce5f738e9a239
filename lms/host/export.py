"""The rows of a plugin's tables as plain data: what its owner takes along before it is uninstalled."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import MetaData, Table, select

from lms.db import session
from lms.host import rows, uninstall


def table_rows(name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each row of each table of the plugin with the table's name, in the order of their ids. Values are JSON values.

    Times are ISO 8601 in UTC, bytes base64. What is sealed is left out: nobody could open it elsewhere. The plugin's
    code is not needed: the database is asked for its columns.
    """
    row = rows.get(name)
    sealed = row.inventory.names("SealedColumn") if row is not None and row.inventory is not None else ()
    for table_name in uninstall.table_names(name):
        table = Table(table_name, MetaData(), autoload_with=session.connection(), resolve_fks=False)
        columns = [column for column in table.columns if f"{table_name}.{column.name}" not in sealed]
        ordered = select(*columns).order_by(*table.primary_key.columns)
        for record in session.connection().execute(ordered, execution_options={"yield_per": 500}).mappings():
            yield table_name, {key: _plain(value) for key, value in record.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, bytes | memoryview):
        return base64.b64encode(bytes(value)).decode()
    return value
