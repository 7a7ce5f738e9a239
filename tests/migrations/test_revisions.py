"""Every room's and plugin's revisions: up, down, up again, on both databases; failures leave nothing."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, inspect, text

from lms.cli.database import room_sources
from lms.db import migrate
from lms.host import discover, load
from lms.testing import sites


def sources() -> list[migrate.Source]:
    plugins = [load.external(found.entry_point) for _, found in sorted(discover.found().items())]
    return room_sources() + load.migration_sources(plugins)


@pytest.fixture
def engine(tmp_path: Path, both_databases: str) -> Iterator[Engine]:
    if both_databases == "sqlite":
        made = create_engine(f"sqlite:///{tmp_path / 'x.db'}")
        yield made
        made.dispose()
        return
    with sites.empty_postgresql() as address:
        made = create_engine(address)
        yield made
        made.dispose()


def tables(engine: Engine) -> set[str]:
    return set(inspect(engine).get_table_names())


def schema(engine: Engine) -> dict[str, list[str]]:
    seen = inspect(engine)
    return {t: sorted(f"{c['name']} {c['type']} {c['nullable']}" for c in seen.get_columns(t)) for t in tables(engine)}


def test_up_down_and_up_again(engine: Engine) -> None:
    all_sources = sources()
    migrate.upgrade(engine, all_sources)
    first = schema(engine)
    migrate.downgrade(engine, all_sources)
    assert tables(engine) == set()
    migrate.upgrade(engine, all_sources)
    assert schema(engine) == first


def test_what_has_to_happen_before_happens_once_under_the_lock_and_sees_the_tables_as_they_were(
    engine: Engine,
) -> None:
    seen: list[bool] = []
    for _again in range(2):
        migrate.upgrade(engine, sources(), before=lambda c: seen.append(inspect(c).has_table("host_plugin")))
    assert seen == [False], "the second finds everything up to date, and nothing to keep a copy of"


def test_one_room_can_go_down_and_up_while_the_rest_stays(engine: Engine) -> None:
    all_sources = sources()
    migrate.upgrade(engine, all_sources)
    before = schema(engine)
    top = [source for source in all_sources if source.name == "stripe"]
    migrate.downgrade(engine, top)
    assert not any(name.startswith("stripe_") for name in tables(engine))
    assert tables(engine) == {n for n in before if not n.startswith("stripe_")} - {"alembic_version_stripe"}
    migrate.upgrade(engine, top)
    assert schema(engine) == before


def test_the_tables_are_what_the_models_say(engine: Engine) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    from lms.db import db

    all_sources = sources()
    migrate.upgrade(engine, all_sources)
    names = {source.version_table for source in all_sources}

    def ours(_object: object, name: str | None, kind: str, *_: object) -> bool:
        return not (kind == "table" and name in names)

    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_object": ours, "compare_type": False})
        assert compare_metadata(context, db.metadata) == []


def revision(folder: Path, name: str, body: str, down: str | None = None) -> None:
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.py").write_text(
        f"import sqlalchemy as sa\nfrom alembic import op\nrevision = {name!r}\ndown_revision = {down!r}\n"
        + textwrap.dedent(body)
    )


def test_a_revision_that_fails_half_way_leaves_schema_and_version_as_they_were(engine: Engine, tmp_path: Path) -> None:
    folder = tmp_path / "half"
    revision(folder, "half_1", """
        def upgrade(): op.create_table("half_a", sa.Column("id", sa.Integer, primary_key=True))
        def downgrade(): op.drop_table("half_a")
    """)  # fmt: skip
    source = migrate.Source("half", folder)
    migrate.upgrade(engine, [source])
    revision(folder, "half_2", """
        def upgrade():
            op.create_table("half_b", sa.Column("id", sa.Integer, primary_key=True))
            raise RuntimeError("the disk is full")
        def downgrade(): op.drop_table("half_b")
    """, "half_1")  # fmt: skip
    with pytest.raises(migrate.MigrationFailed, match="the disk is full"):
        migrate.upgrade(engine, [source])
    assert tables(engine) == {"half_a", "alembic_version_half"}
    assert migrate.status(engine, [source]) == [migrate.Status("half", "half_1", "half_2")]


def test_rebuilding_a_table_keeps_the_rows_that_point_at_it(engine: Engine, tmp_path: Path) -> None:
    core, plugin = tmp_path / "core", tmp_path / "plug"
    revision(core, "core_1", """
        def upgrade(): op.create_table("core_a", sa.Column("id", sa.Integer, primary_key=True))
        def downgrade(): op.drop_table("core_a")
    """)  # fmt: skip
    revision(plugin, "plug_1", """
        def upgrade():
            op.create_table("plug_a", sa.Column("id", sa.Integer, primary_key=True),
                sa.Column("a_id", sa.Integer, sa.ForeignKey("core_a.id", ondelete="CASCADE")))
        def downgrade(): op.drop_table("plug_a")
    """)  # fmt: skip
    both = [migrate.Source("core", core), migrate.Source("plug", plugin)]
    migrate.upgrade(engine, both)
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO core_a (id) VALUES (1)"))
        connection.execute(text("INSERT INTO plug_a (id, a_id) VALUES (5, 1)"))
    revision(core, "core_2", """
        def upgrade():
            rebuild = "always" if op.get_bind().dialect.name == "sqlite" else "auto"
            with op.batch_alter_table("core_a", recreate=rebuild) as table:
                table.add_column(sa.Column("title", sa.String(20)))
        def downgrade():
            with op.batch_alter_table("core_a") as table:
                table.drop_column("title")
    """, "core_1")  # fmt: skip
    migrate.upgrade(engine, both)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT id, a_id FROM plug_a")).all() == [(5, 1)]


def test_a_revision_that_leaves_dangling_rows_is_undone_on_sqlite(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'y.db'}")
    folder = tmp_path / "dang"
    revision(folder, "dang_1", """
        def upgrade():
            op.create_table("dang_a", sa.Column("id", sa.Integer, primary_key=True))
            op.create_table("dang_b", sa.Column("a_id", sa.Integer, sa.ForeignKey("dang_a.id")))
            op.execute("INSERT INTO dang_b VALUES (7)")
        def downgrade(): pass
    """)  # fmt: skip
    with pytest.raises(migrate.MigrationFailed, match="dang_b"):
        migrate.upgrade(engine, [migrate.Source("dang", folder)])
    assert tables(engine) == set()
    engine.dispose()


def test_other_plugins_migrate_when_one_plugins_files_are_gone(engine: Engine, tmp_path: Path) -> None:
    gone, stays = tmp_path / "gone", tmp_path / "stays"
    for folder in (gone, stays):
        revision(folder, f"{folder.name}_1", f"""
            def upgrade(): op.create_table("{folder.name}_a", sa.Column("id", sa.Integer, primary_key=True))
            def downgrade(): op.drop_table("{folder.name}_a")
        """)  # fmt: skip
    migrate.upgrade(engine, [migrate.Source("gone", gone), migrate.Source("stays", stays)])
    revision(stays, "stays_2", """
        def upgrade(): op.create_table("stays_b", sa.Column("id", sa.Integer, primary_key=True))
        def downgrade(): op.drop_table("stays_b")
    """, "stays_1")  # fmt: skip
    assert migrate.upgrade(engine, [migrate.Source("stays", stays)]) == ["stays"]
    assert {"gone_a", "stays_b"} <= tables(engine)
