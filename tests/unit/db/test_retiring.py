"""What an app leaves open once another has taken over."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Connection

from lms import db


def is_open(raw: Any) -> bool:
    try:
        raw.cursor().execute("SELECT 1")
    except Exception:
        return False
    return True


def raw_of(connection: Connection) -> Any:
    return connection.connection.dbapi_connection


@pytest.mark.usefixtures("both_databases")
def test_connections_of_a_retired_app_close_when_they_come_back(site: Any) -> None:
    db.rollback()
    idle, at_work = db.db.engine.connect(), db.db.engine.connect()
    raws = [raw_of(idle), raw_of(at_work)]
    idle.close()
    db.retire(site.app)
    assert [is_open(raw) for raw in raws] == [False, True]
    at_work.close()
    late = db.db.engine.connect()
    raws.append(raw_of(late))
    assert [is_open(raw) for raw in raws] == [False, False, True]
    late.close()
    assert [is_open(raw) for raw in raws] == [False, False, False]
