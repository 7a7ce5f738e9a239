"""The revisions of access and commerce make exactly the tables that the models describe, and go back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import MetaData, inspect, text

from lms import db
from lms.access.plugin import Access
from lms.commerce.plugin import Commerce
from lms.db import migrate
from lms.host.load import migration_sources
from lms.testing.sites import TestSite

if TYPE_CHECKING:
    from tests.unit.commerce.conftest import Shop

MINE = ("access_", "commerce_")


def mine(names: list[str]) -> set[str]:
    return {name for name in names if name.startswith(MINE)}


def test_models_and_revisions_describe_the_same_tables(both_databases: str, site: TestSite) -> None:
    metadata = MetaData(naming_convention=db.db.metadata.naming_convention)
    for table in db.db.metadata.tables.values():
        table.to_metadata(metadata)
    with db.db.engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={"include_object": lambda item, name, kind, *_: kind != "table" or (name or "").startswith(MINE)},
        )
        assert compare_metadata(context, metadata) == []


def test_revisions_go_down_and_up_again_with_rows_in_every_table(both_databases: str, shop: Shop) -> None:
    shop.subscribed(shop.paid(shop.order(shop.monthly)))
    db.commit()
    db.session.remove()
    sources = migration_sources([Access(), Commerce()])
    engine = db.db.engine
    with engine.connect() as connection:
        before = mine(inspect(connection).get_table_names())
        assert connection.execute(text("SELECT count(*) FROM commerce_subscription")).scalar() == 1
    assert migrate.downgrade(engine, sources) == ["commerce", "access"]
    with engine.connect() as connection:
        assert mine(inspect(connection).get_table_names()) == set()
    assert migrate.upgrade(engine, sources) == ["access", "commerce"]
    with engine.connect() as connection:
        assert mine(inspect(connection).get_table_names()) == before
