"""Read and write scopes, work after the commit, and SQLite under many writers."""

from __future__ import annotations

import threading
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, select, text, update

from lms import db
from lms.base import clock
from lms.db.engine import dress
from lms.host.models import StateNumber


def add(name: str, value: int = 0) -> None:
    db.session.add(StateNumber(name=name, value=value))


def value(name: str) -> int | None:
    return db.session.scalar(select(StateNumber.value).where(StateNumber.name == name))


def test_a_read_scope_refuses_to_write(site: Any) -> None:
    db.rollback()
    with db.scope(db.Mode.READ):
        add("x")
        with pytest.raises(db.WriteRefused):
            db.session.flush()
    db.rollback()
    assert value("x") is None


def test_a_unit_of_work_that_raises_leaves_nothing(site: Any) -> None:
    def work() -> None:
        with db.writes():
            add("x")
            db.session.flush()
            raise KeyError

    with pytest.raises(KeyError):
        work()
    assert value("x") is None


def test_work_after_the_commit_runs_once_and_may_use_the_session(site: Any) -> None:
    seen: list[int | None] = []
    with db.writes():
        add("x", 7)
        db.after_commit(lambda: seen.append(value("x")))
        assert seen == []
    db.commit()
    assert seen == [7]


def test_work_after_the_commit_is_forgotten_by_a_rollback(site: Any) -> None:
    seen: list[str] = []
    db.after_commit(lambda: seen.append("told"))
    db.rollback()
    db.commit()
    assert seen == []


def test_a_time_without_zone_is_refused(site: Any) -> None:
    type_ = db.UtcDateTime()
    with pytest.raises(ValueError, match="needs a zone"):
        type_.process_bind_param(datetime(2026, 1, 1), None)  # type: ignore[arg-type]
    now = clock.real_now()
    assert type_.process_result_value(type_.process_bind_param(now, None), None) == now  # type: ignore[arg-type]


def test_no_update_is_lost_among_many_writers(site: Any, both_databases: str) -> None:
    with db.writes():
        add("counter")
    failures: list[BaseException] = []

    def count() -> None:
        try:
            with site.app.app_context():
                for _ in range(25):
                    with db.writes():
                        found = db.session.scalars(
                            select(StateNumber).where(StateNumber.name == "counter").with_for_update()
                        ).one()
                        found.value += 1
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=count) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    db.rollback()
    assert value("counter") == 150


def test_sqlite_keeps_what_it_promised(site: Any) -> None:
    pragmas = {
        name: db.session.execute(text(f"PRAGMA {name}")).scalar()
        for name in ("journal_mode", "synchronous", "foreign_keys")
    }
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


def test_an_update_statement_in_a_read_scope_is_refused_too(site: Any) -> None:
    db.rollback()
    with db.scope(db.Mode.READ), pytest.raises(db.WriteRefused):
        db.session.execute(update(StateNumber).values(value=1))
    db.rollback()


def test_eight_that_begin_together_on_a_new_sqlite_file(tmp_path: Path) -> None:
    failed: list[Exception] = []

    def begin(address: str, together: threading.Barrier) -> None:
        engine = create_engine(address)
        dress(engine)
        together.wait()
        try:
            with engine.begin() as connection:
                connection.exec_driver_sql("CREATE TABLE IF NOT EXISTS leaf (id INTEGER)")
        except Exception as error:
            failed.append(error)
        engine.dispose()

    for number in range(40):
        together = threading.Barrier(8)
        address = f"sqlite:///{tmp_path / str(number)}.db"
        threads = [threading.Thread(target=begin, args=(address, together)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert failed == []
