"""Activating: everything that may fail does so before anything is stored."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import inspect

from lms import db
from lms.audit import services as audit
from lms.base.problem import Conflict, NotFound, Problem
from lms.host import activate, attempt, backup, catalog, lease, state
from lms.host.catalog import State
from lms.testing.distributions import make_distribution

Shelf = Callable[..., Path]


def tables() -> set[str]:
    db.rollback()
    with db.db.engine.connect() as connection:
        return {name for name in inspect(connection).get_table_names() if "shelf" in name}


def stands(name: str = "shelf") -> State:
    db.rollback()
    found = catalog.plugin(name)
    assert found is not None
    return found.state


def test_the_owner_confirms_the_tables_first(site: Any, shelf: Shelf, both_databases: str) -> None:
    shelf()
    asked = activate.activate("shelf", confirmed="")
    assert not asked.is_active
    assert (asked.tables, [step.message for step in asked.steps]) == (("shelf_book",), ["Books"])
    assert (tables(), stands()) == (set(), State.FOUND)
    made = activate.activate("shelf", confirmed=asked.confirmation, actor_id=7)
    assert made.is_active
    assert (tables(), stands()) == ({"shelf_book", "alembic_version_shelf"}, State.ACTIVE)
    assert bool(made.backup) == (both_databases == "sqlite")
    entry = audit.entries()[0]
    assert (entry.action, entry.actor_id, entry.subject) == ("plugins.switched_on", 7, "plugin/shelf")


def test_it_tells_what_it_adds_before_this_process_imports_it(site: Any, shelf: Shelf) -> None:
    shelf()
    activate.activate("shelf")
    view = catalog.plugin("shelf")
    assert view is not None
    assert view.inventory is not None
    assert (view.title, view.description, view.category) == ("Book shelf", "Keeps books.", "teaching")
    assert view.inventory.tables == ("shelf_book",)


def test_the_generation_moves_so_that_every_process_follows(site: Any, shelf: Shelf) -> None:
    shelf()
    before = state.generation()
    activate.activate("shelf")
    assert state.generation() == before + 1


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        ({"files": {"lms_shelf.plugin": "import nothing_like_this"}, "entry": "lms_shelf.plugin:Shelf"},
         "No module named 'nothing_like_this'"),
        ({"files": {"lms_shelf.plugin": "class Shelf(Plugin:"}, "entry": "lms_shelf.plugin:Shelf"}, "SyntaxError"),
        ({"files": {"lms_shelf.plugin": "import sys; sys.exit(0)"}, "entry": "lms_shelf.plugin:Shelf"}, "sys.exit"),
        ({"files": {"lms_shelf.plugin": "import os; os._exit(0)"}, "entry": "lms_shelf.plugin:Shelf"},
         "it ended the process (exit status 0)"),
        ({"files": {"lms_shelf.plugin": "class Shelf: pass"}, "entry": "lms_shelf.plugin:Shelf"}, "subclass of"),
        ({"files": {"lms_shelf/migrations/0001_books.py": "revision = 'x'\ndown_revision = None\n"
                    "def upgrade():\n    raise RuntimeError('no room')\n"}}, "no room"),
        ({"on_activate": "raise RuntimeError('not today')"}, "not today"),
        ({"on_activate": "import os; os._exit(3)"}, "exit status 3"),
        ({"files": {"lms_shelf/templates/shelf/x.html": "{% if %}"}}, "TemplateSyntaxError"),
        ({"files": {"lms_shelf.models": "from lms.api.db import Model\nclass X(Model):\n  __tablename__ = 'other'\n"}},
         "its table other must be called shelf_…"),
        ({"requires": ["stoa>=99"]}, "shelf needs Stoa >=99; here is"),
        ({"requires": ["no-such-thing>=1"]}, "shelf needs no-such-thing >=1, which is not installed."),
        ({"requires_python": ">=4"}, "shelf needs Python >=4; here is"),
    ],
    ids=["import", "syntax", "exit", "hard exit", "no plugin", "migration", "on_activate", "exit in on_activate",
         "template", "foreign table", "core too old", "requirement missing", "python too old"],
)  # fmt: skip
def test_whatever_fails_leaves_nothing_and_is_one_sentence(
    site: Any, shelf: Shelf, broken: dict[str, Any], words: str
) -> None:
    shelf(**broken)
    before = state.generation()
    with pytest.raises(Problem) as refused:
        activate.activate("shelf")
    assert words in refused.value.sentence
    assert refused.value.next_step
    assert (tables(), stands(), state.generation()) == (set(), State.FOUND, before)
    assert not [entry for entry in audit.entries() if entry.action.startswith("plugins.")]


def test_one_that_does_not_return_is_ended(site: Any, shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(attempt.LIMITS, attempt.TRYING, 3.0)
    shelf(files={"lms_shelf.plugin": "while True: pass"}, entry="lms_shelf.plugin:Shelf")
    with pytest.raises(Problem, match="it did not finish within 3 seconds"):
        activate.activate("shelf")


def test_on_activate_runs_in_a_unit_of_work_with_its_own_tables(site: Any, shelf: Shelf) -> None:
    shelf(on_activate="from lms_shelf.models import Book; from lms.api.db import session; session.add(Book(title='A'))")
    activate.activate("shelf")
    with db.db.engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT title FROM shelf_book").scalars().all() == ["A"]


def test_a_trial_may_not_write(site: Any, shelf: Shelf) -> None:
    writes = """
        from lms.extend import Plugin
        from lms.api.db import session
        from sqlalchemy import text

        class Shelf(Plugin):
            def jobs(self):
                session.execute(text("DELETE FROM host_plugin"))
                return ()
    """
    shelf(files={"lms_shelf.plugin": writes})
    with pytest.raises(Problem, match="WriteRefused"):
        activate.activate("shelf")


def test_one_that_is_on_is_not_switched_on_again(site: Any, shelf: Shelf) -> None:
    shelf()
    activate.activate("shelf")
    with pytest.raises(Conflict):
        activate.activate("shelf")
    with pytest.raises(NotFound):
        activate.activate("nothing")


def test_only_one_change_at_a_time(site: Any, shelf: Shelf) -> None:
    shelf()
    with lease.only_change(), pytest.raises(Conflict, match="Another plugin"):
        activate.activate("shelf")
    activate.activate("shelf")


def test_switched_off_its_data_stays_and_on_again_it_is_as_before(site: Any, shelf: Shelf) -> None:
    shelf()
    activate.activate("shelf")
    with db.writes():
        db.session.connection().exec_driver_sql(
            "INSERT INTO shelf_book (title, created_at, updated_at) VALUES ('A', '2026-01-01', '2026-01-01')"
        )
    with db.writes():
        activate.deactivate("shelf", actor_id=7)
    assert stands() == State.INACTIVE
    again = activate.activate("shelf", confirmed="")
    assert (again.is_active, again.steps, again.backup) == (True, (), "")
    assert db.session.connection().exec_driver_sql("SELECT count(*) FROM shelf_book").scalar() == 1
    assert [e.action for e in audit.entries()] == ["plugins.switched_on", "plugins.switched_off", "plugins.switched_on"]


def test_a_paused_one_is_tried_again(site: Any, shelf: Shelf) -> None:
    shelf()
    activate.activate("shelf")
    with db.writes():
        activate.pause("shelf", "It failed.")
    assert stands() == State.PAUSED
    assert activate.activate("shelf").is_active
    assert stands() == State.ACTIVE


def test_only_what_is_on_can_be_paused(site: Any, shelf: Shelf) -> None:
    shelf()
    activate.activate("shelf")
    with db.writes():
        activate.deactivate("shelf")
        activate.pause("shelf", "It failed somewhere else.")
        activate.pause("nothing", "It failed.")
    assert (stands(), catalog.plugin("nothing")) == (State.INACTIVE, None)


def test_the_trial_sees_what_others_have_taken(site: Any, packages: Path) -> None:
    page = '''
        from lms.extend import Plugin, SettingsPage

        class One(Plugin):
            """One"""

            def settings_pages(self):
                return (SettingsPage(name="site", label="Mine", form=None),)
    '''
    make_distribution(packages, "grabber", "1.0", {"lms_grabber.plugin": page})
    with pytest.raises(Problem, match="there is a settings page called site already, of settings"):
        activate.activate("grabber")


def test_the_newest_ten_backups_stay(site: Any) -> None:
    for number in range(12):
        made = backup.make(site.config, f"before trying number {number}")
    assert made is not None
    names = [file.name for file in backup.newest(site.config)]
    assert len(names) == 10
    assert names[0] == made.name
    assert names[0].endswith("-before-trying-number-11.db")
    assert names[-1].endswith("-before-trying-number-2.db")
    assert made.stat().st_mode & 0o077 == 0
