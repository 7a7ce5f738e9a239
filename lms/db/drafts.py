"""Writing a new revision: what the models have and the migrations do not, as a draft for a person to look over."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any, Literal

from alembic.autogenerate import produce_migrations, render_python_code
from alembic.operations.ops import UpgradeOps
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import MetaData, create_engine
from sqlalchemy.types import TypeDecorator

from lms.db import migrate
from lms.db.migrate import Source


class NothingToWrite(LookupError):
    """The migrations make exactly what the models say."""


def write(source: Source, others: Iterable[Source], metadata: MetaData, tables: Collection[str], message: str) -> Path:
    """Write the next revision of ``source`` and return its file.

    ``tables`` names the tables of its models; ``others`` are the revisions that come before. Nothing of a real
    database is touched: the comparison is made with a scratch one. Raises ``NothingToWrite``.
    """
    with tempfile.TemporaryDirectory(prefix="stoa-draft-") as folder:
        engine = create_engine(f"sqlite:///{Path(folder) / 'scratch.db'}")
        try:
            migrate.upgrade(engine, [*others, source])
            with engine.connect() as connection:
                context = MigrationContext.configure(connection, opts=_options(tables, source))
                operations = produce_migrations(context, metadata)
                if operations.upgrade_ops is None or operations.upgrade_ops.is_empty():
                    raise NothingToWrite(source.name)
                up, down = (_code(ops, context) for ops in (operations.upgrade_ops, operations.downgrade_ops))
        finally:
            engine.dispose()
    return _file(source, message, up, down)


def _options(tables: Collection[str], source: Source) -> dict[str, Any]:
    def is_ours(_object: Any, name: str | None, kind: str, *_: Any) -> bool:
        return kind != "table" or name in tables

    return {"include_object": is_ours, "compare_type": True, "version_table": source.version_table}


def _code(operations: UpgradeOps | Any, context: MigrationContext) -> str:
    code = render_python_code(operations, render_as_batch=True, render_item=_own_type, migration_context=context)
    return re.sub(r"^ *# ### .*\n|\n *# ### .*$", "", code).strip().replace("'", '"')


def _own_type(kind: str, thing: Any, _context: Any) -> str | Literal[False]:
    # A revision does not import our types: it has to run when they look different.
    return f"sa.{thing.impl_instance!r}" if kind == "type" and isinstance(thing, TypeDecorator) else False


def _file(source: Source, message: str, up: str, down: str) -> Path:
    numbers = [int(found[1]) for file in source.folder.glob("*.py") if (found := re.match(r"(\d+)_", file.name))]
    number = f"{max(numbers, default=0) + 1:04}"
    script = ScriptDirectory(
        str(migrate.ENVIRONMENT),
        version_locations=[str(source.folder)],
        file_template=f"{number}_%(slug)s",
        truncate_slug_length=60,
    )
    made = script.generate_revision(
        f"{source.name}_{number}", message, head=script.get_current_head() or "base", version_path=source.folder,
        upgrades=up, downgrades=down,
    )  # fmt: skip
    return Path(made.path)  # type: ignore[union-attr]  # None is for commands that only check
