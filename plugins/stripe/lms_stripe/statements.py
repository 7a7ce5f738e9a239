"""Statements that SQLite and PostgreSQL write alike, though SQLAlchemy keeps them per dialect."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy.dialects import postgresql, sqlite

from lms.api import db


def insert(model: Any) -> Any:
    """An INSERT that knows ``on_conflict_…``."""
    dialect: Any = postgresql if db.session.get_bind().dialect.name == "postgresql" else sqlite
    return dialect.insert(model)


def prepared(build: Callable[[], Any]) -> Any:
    """What ``build`` makes, made once per dialect: building a statement costs more than running it."""
    return _built(build, db.session.get_bind().dialect.name)


@lru_cache
def _built(build: Callable[[], Any], _dialect: str) -> Any:
    return build()


def insert_ignoring(model: Any, values: Mapping[str, Any], unique: Sequence[str]) -> bool:
    """Insert the row unless one with the same ``unique`` columns is there; whether it was inserted."""
    statement = insert(model).values(**values).on_conflict_do_nothing(index_elements=list(unique))
    return db.session.execute(statement.returning(model.id)).scalar() is not None
