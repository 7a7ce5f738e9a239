"""The revisions of access and commerce make exactly the tables that the models describe, and go back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import MetaData, inspect, select, text, update

from lms import db
from lms.access.plugin import Access
from lms.commerce.models import FailedCharge, Order, Payment, RefundRequest
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


@pytest.mark.parametrize("revision", ["commerce_0001", "commerce_0002"])
def test_an_older_version_of_the_tables_is_upgraded_with_its_rows(
    both_databases: str, shop: Shop, revision: str
) -> None:
    test = shop.paid(shop.order(shop.monthly), test=True)
    shop.subscribed(test, test=True)
    shop.subscribed(test, "past_due", test=True)
    real = shop.paid(shop.order(shop.monthly, shop.person()))
    shop.subscribed(real)
    guest = shop.paid(shop.order(shop.once, shop.person()))
    db.session.execute(update(Order).where(Order.id == guest.id).values(person_id=None))
    payment_id = db.session.scalars(select(Payment.id).where(Payment.order_id == guest.id)).one()
    asked = {"key": "k", "payment_id": payment_id, "amount": 1, "amount_left": 2, "reason": "x", "asked_at": shop.now}
    db.session.add(RefundRequest(**asked))
    db.session.add(
        FailedCharge(key="x", order_id=guest.id, amount=1, currency="eur", failed_at=shop.now, subscription_id=None)
    )
    db.commit()
    db.session.remove()
    sources = migration_sources([Commerce()])
    engine = db.db.engine
    assert migrate.downgrade(engine, sources, revision) == ["commerce"]
    assert migrate.upgrade(engine, sources) == ["commerce"]
    with engine.connect() as connection:
        found = connection.execute(text("SELECT test FROM commerce_subscription ORDER BY id")).scalars()
        assert [bool(each) for each in found] == [True, False]
        # What belongs to nobody has no place in the older tables.
        assert connection.execute(text("SELECT count(*) FROM commerce_order")).scalar() == 2
