"""Floor 1: storage and migrations."""

from lms.db.engine import Mode, Model, WriteRefused, after_commit, db, dispose, init_app, session
from lms.db.reading import rows
from lms.db.transaction import commit, rollback, scope, writes
from lms.db.types import Json, UtcDateTime

__all__ = [
    "Json",
    "Mode",
    "Model",
    "UtcDateTime",
    "WriteRefused",
    "after_commit",
    "commit",
    "db",
    "dispose",
    "init_app",
    "rollback",
    "rows",
    "scope",
    "session",
    "writes",
]
