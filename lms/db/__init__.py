"""Floor 1: storage and migrations."""

from lms.db.engine import (
    MODE,
    Mode,
    Model,
    WriteRefused,
    after_commit,
    db,
    dispose,
    has_pending,
    has_written,
    init_app,
    is_usable,
    retire,
    session,
)
from lms.db.reading import rows
from lms.db.transaction import commit, rollback, scope, writes
from lms.db.types import Json, UtcDateTime

__all__ = [
    "MODE",
    "Json",
    "Mode",
    "Model",
    "UtcDateTime",
    "WriteRefused",
    "after_commit",
    "commit",
    "db",
    "dispose",
    "has_pending",
    "has_written",
    "init_app",
    "is_usable",
    "retire",
    "rollback",
    "rows",
    "scope",
    "session",
    "writes",
]
