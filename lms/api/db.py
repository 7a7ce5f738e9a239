"""Tables and transactions of a plugin."""

from lms.db import Json, Mode, Model, UtcDateTime, after_commit, commit, db, rollback, rows, scope, session, writes

__all__ = [
    "Json",
    "Mode",
    "Model",
    "UtcDateTime",
    "after_commit",
    "commit",
    "db",
    "rollback",
    "rows",
    "scope",
    "session",
    "writes",
]
