"""Uninstalling: the plugin's own goes, all of it; everything else stays."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import inspect

from lms import db
from lms.admin import exporting
from lms.audit import services as audit
from lms.base import clock
from lms.base.problem import Conflict, NotFound, Problem
from lms.host import activate, backup, catalog, pieces, uninstall
from lms.host.catalog import State
from lms.host.pieces import Incident
from lms.jobs.models import JobRow, ScheduleRow
from lms.settings import services as settings
from lms.settings import store
from lms.testing.distributions import make_distribution, remove_distribution

Shelf = Callable[..., Path]
WITH_SETTINGS = '''
    from datetime import timedelta

    from lms.extend import Job, Plugin, SettingsPage

    class Shelf(Plugin):
        """Book shelf"""

        models = "lms_shelf.models"
        migrations = "lms_shelf.migrations"

        def settings_pages(self):
            return (SettingsPage(name="books", label="Books", form=None),)

        def jobs(self):
            return (Job(name="dust", run=print, every=timedelta(hours=1)),)
'''


def tables() -> set[str]:
    db.rollback()
    with db.db.engine.connect() as connection:
        return set(inspect(connection).get_table_names())


@pytest.fixture
def filled(site: Any, shelf: Shelf) -> None:
    """The plugin with a row in its table, settings, a job and a schedule; switched off."""
    shelf(files={"lms_shelf.plugin": WITH_SETTINGS})
    activate.activate("shelf")
    with db.writes():
        db.session.connection().exec_driver_sql(
            "INSERT INTO shelf_book (title, created_at, updated_at) VALUES ('Émile', '2026-01-01', '2026-01-02')"
        )
        settings.save("books", {"colour": "green"}, actor_id=None)
        settings.set_secret("books", "key", "sk_very_secret_value", actor_id=None)
        settings.save("site", {"name": "Long Table"}, actor_id=None)
        db.session.add(JobRow(name="shelf.dust", args={}))
        db.session.add(JobRow(name="shelfish.dust", args={}))
        db.session.add(ScheduleRow(name="shelf.dust", every_seconds=60, next_at=catalog.plugin("shelf").changed_at))
        activate.deactivate("shelf")


def test_everything_of_it_goes_and_nothing_else(filled: None, site: Any, both_databases: str) -> None:
    before = tables()
    pieces.current().failed(Incident("shelf", "slot x", "too full", clock.real_now()))
    pieces.write()
    made = uninstall.uninstall("shelf", actor_id=7)
    assert before - tables() == {"shelf_book", "alembic_version_shelf"}
    assert [job.name for job in db.session.query(JobRow)] == ["shelfish.dust"]
    assert db.session.query(ScheduleRow).count() == 0
    assert {section for section, _name in store.everything()} == {"site"}
    assert catalog.plugin("shelf").state == State.FOUND
    assert not pieces.table()
    assert bool(made) == (both_databases == "sqlite")
    actions = [(e.action, e.actor_id) for e in audit.entries(limit=2)]
    assert actions[1] == ("plugins.uninstalled", 7) or actions[0] == ("plugins.uninstalled", 7)


def test_its_data_can_be_taken_along_without_secrets(filled: None, both_databases: str) -> None:
    text = "".join(exporting.lines("shelf"))
    head, *records = [json.loads(line) for line in text.splitlines()]
    assert (head["plugin"], head["version"]) == ("shelf", "1.0")
    assert records[0] == {"setting": {"section": "books", "name": "colour", "value": "green"}}
    assert records[1] == {
        "table": "shelf_book",
        "row": {
            "id": 1, "title": "Émile", "created_at": "2026-01-01T00:00:00", "updated_at": "2026-01-02T00:00:00",
        },
    }  # fmt: skip
    assert len(records) == 2
    assert "secret" not in text


def test_the_backup_holds_what_was_removed(filled: None, site: Any) -> None:
    made = Path(uninstall.uninstall("shelf"))
    assert made in backup.newest(site.config)
    assert "before-uninstalling-shelf" in made.name
    assert b"\xc3\x89mile" in made.read_bytes()


def test_one_that_is_on_has_to_be_switched_off_first(site: Any, shelf: Shelf) -> None:
    shelf()
    activate.activate("shelf")
    with pytest.raises(Conflict, match="is active"):
        uninstall.uninstall("shelf")
    with pytest.raises(NotFound, match="never activated"):
        uninstall.uninstall("stripe")


def test_a_package_that_cannot_be_imported_any_more_can_be_uninstalled(filled: None, shelf: Shelf) -> None:
    shelf("1.1", files={"lms_shelf.plugin": "raise RuntimeError('broken')", "lms_shelf/__init__.py": "1 / 0"},
          entry="lms_shelf.plugin:Shelf")  # fmt: skip
    uninstall.uninstall("shelf")
    assert not [name for name in tables() if "shelf" in name]


def test_migrations_that_do_not_go_down_leave_everything(filled: None, shelf: Shelf) -> None:
    no_way_down = """
        revision, down_revision = "shelf_0001", None
        def upgrade(): pass
        def downgrade(): raise NotImplementedError("cannot")
    """
    shelf("1.1", files={"lms_shelf/migrations/0001_books.py": no_way_down})
    with pytest.raises(Problem, match="cannot"):
        uninstall.uninstall("shelf")
    assert "shelf_book" in tables()
    assert ("books", "colour") in store.everything()
    assert catalog.plugin("shelf").state == State.INACTIVE


def test_with_its_package_gone_the_data_is_kept_and_the_row_can_be_forgotten(
    filled: None, packages: Path, shelf: Shelf
) -> None:
    remove_distribution(packages, "shelf")
    assert catalog.plugin("shelf").state == State.MISSING
    with pytest.raises(Conflict, match="The package of shelf is gone"):
        uninstall.uninstall("shelf")
    with db.writes():
        uninstall.forget("shelf", actor_id=7)
    assert catalog.plugin("shelf") is None
    assert "shelf_book" in tables()
    assert ("books", "colour") in store.everything()
    shelf(files={"lms_shelf.plugin": WITH_SETTINGS})
    assert activate.activate("shelf", confirmed="").is_active, "its tables are there: nothing to confirm"
    assert [size.rows for size in uninstall.tables("shelf")] == [1]


def test_what_is_installed_is_not_forgotten(filled: None) -> None:
    with pytest.raises(Conflict, match="is installed"):
        uninstall.forget("shelf")


def test_tables_of_a_plugin_with_a_longer_name_are_not_its_own(site: Any, packages: Path, shelf: Shelf) -> None:
    shelf()
    plugin = {"lms_longer.plugin": "from lms.extend import Plugin\nclass Longer(Plugin): pass"}
    make_distribution(packages, "shelf-book", "1.0", plugin)
    activate.activate("shelf")
    db.session.connection().exec_driver_sql("UPDATE host_plugin SET inventory = NULL")
    db.session.connection().exec_driver_sql("CREATE TABLE shelf_book_page (id INTEGER)")
    db.session.connection().exec_driver_sql("CREATE TABLE shelf_board (id INTEGER)")
    assert uninstall.table_names("shelf") == ("shelf_board", "shelf_book")
