"""A plugin's newer version: its own addresses wait until the owner upgrades, nothing else does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from lms import db
from lms.audit import services as audit
from lms.base.problem import Conflict, Problem
from lms.cli.main import cli
from lms.host import activate, catalog, rows
from lms.host.catalog import State
from lms.host.startup import Why
from lms.host.upgrade import upgrade
from lms.testing.distributions import forget_modules, remove_distribution

Shelf = Callable[..., Path]

VIEWS = '''
    from flask import Blueprint

    from lms.api.web import public
    from lms.extend import Plugin

    blueprint = Blueprint("shelf", __name__)

    @blueprint.get("/")
    @public
    def index():
        return "{words}"

    @blueprint.post("/hook")
    @public(csrf=False)
    def hook():
        return "{words}"

    class Shelf(Plugin):
        """Book shelf"""

        migrations = "lms_shelf.migrations"

        def blueprint(self):
            return blueprint
'''
SECOND = """
    '''Colours of books.'''
    import sqlalchemy as sa
    from alembic import op

    revision, down_revision = "shelf_0002", "shelf_0001"

    def upgrade():
        op.add_column("shelf_book", sa.Column("colour", sa.String(20)))
        {more}

    def downgrade():
        op.drop_column("shelf_book", "colour")
"""


def one(**more: Any) -> dict[str, Any]:
    return {"version": "1.0", "files": {"lms_shelf.plugin": VIEWS.format(words="one")}, **more}


def two(more: str = "pass") -> dict[str, Any]:
    files = {
        "lms_shelf.plugin": VIEWS.format(words="two"),
        "lms_shelf/migrations/0002_colours.py": SECOND.format(more=more),
    }
    return {"version": "2.0", "files": files}


def columns() -> set[str]:
    db.rollback()
    with db.db.engine.connect() as connection:
        return set(connection.exec_driver_sql("SELECT * FROM shelf_book").keys())


@pytest.fixture
def running(site: Any, shelf: Shelf) -> Any:
    """A site on which version 1.0 is active and answers."""
    shelf(**one())
    activate.activate("shelf")
    site.rebuild()
    assert site.client().get("/ext/shelf/").text == "one"
    return site


@pytest.fixture
def begin_anew(running: Any, packages: Path) -> Callable[[], Any]:
    """What a process that starts anew would see: ``begin_anew()`` returns a browser."""

    def start() -> Any:
        forget_modules(packages)
        running.rebuild()
        return running.client()

    return start


def view(site: Any) -> catalog.PluginView:
    db.rollback()
    with site.app.app_context():
        seen = catalog.plugin("shelf")
    assert seen is not None
    return seen


def test_with_migrations_to_run_its_addresses_wait_for_the_owner(
    running: Any, shelf: Shelf, begin_anew: Any, both_databases: str
) -> None:
    shelf(**two())
    client = begin_anew()
    seen = view(running)
    assert (seen.state, seen.why, seen.ran, seen.version) == (State.NEEDS_UPGRADE, Why.MIGRATIONS, "1.0", "2.0")
    for answer in (client.get("/ext/shelf/"), client.post("/ext/shelf/hook"), client.get("/ext/shelf/any/thing")):
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
    assert client.get("/").status_code == 200
    assert client.get("/ext/unknown/").status_code == 404
    assert columns() == {"id", "title", "created_at", "updated_at"}
    made = upgrade("shelf", actor_id=7)
    assert "colour" in columns()
    assert bool(made.backup) == (both_databases == "sqlite")
    running.rebuild()
    assert running.client().get("/ext/shelf/").text == "two"
    assert (view(running).state, rows.get("shelf").version) == (State.ACTIVE, "2.0")
    entry = audit.entries(limit=1)[0]
    assert (entry.action, entry.actor_id, entry.detail["to"]) == ("plugins.upgraded", 7, "2.0")


def test_without_migrations_the_new_version_simply_runs(running: Any, shelf: Shelf, begin_anew: Any) -> None:
    shelf(version="1.1", files={"lms_shelf.plugin": VIEWS.format(words="one point one")})
    assert begin_anew().get("/ext/shelf/").text == "one point one"
    assert (view(running).state, rows.get("shelf").version) == (State.ACTIVE, "1.1")


def test_a_process_with_the_old_version_in_memory_does_not_mix_the_two(running: Any, shelf: Shelf) -> None:
    shelf(**two())
    running.rebuild()
    assert running.client().get("/ext/shelf/").status_code == 503
    assert view(running).why == Why.RESTART
    upgrade("shelf")
    running.rebuild()
    assert running.client().get("/ext/shelf/").status_code == 503, "until it starts anew"
    assert view(running).why == Why.RESTART


def test_an_upgrade_that_fails_leaves_the_old_schema_and_says_what_to_do(
    running: Any, shelf: Shelf, begin_anew: Any, both_databases: str
) -> None:
    shelf(**two(more="raise RuntimeError('no space')"))
    begin_anew()
    with pytest.raises(Problem) as refused:
        upgrade("shelf")
    assert "The upgrade of shelf to 2.0 failed: The migration of shelf failed: no space." in refused.value.sentence
    assert "Install version 1.0 again (pip install shelf==1.0)" in refused.value.next_step
    assert "colour" not in columns()
    assert (view(running).state, rows.get("shelf").version) == (State.NEEDS_UPGRADE, "1.0")
    shelf(**one())
    client = begin_anew()
    assert client.get("/ext/shelf/").text == "one"


def test_tables_of_a_newer_version_are_left_alone(running: Any, shelf: Shelf, begin_anew: Any) -> None:
    shelf(**two())
    upgrade("shelf")
    shelf(**one())
    assert begin_anew().get("/ext/shelf/").status_code == 503
    assert view(running).why == Why.NEWER_TABLES
    with pytest.raises(Problem, match="does not know"):
        upgrade("shelf")
    assert "colour" in columns()


def test_a_version_that_asks_for_another_core_rests(running: Any, shelf: Shelf, begin_anew: Any) -> None:
    shelf(**{**two(), "requires": ["stoa>=99"]})
    assert begin_anew().get("/ext/shelf/").status_code == 503
    seen = view(running)
    assert (seen.why, seen.unfit.what) == (Why.UNFIT, "stoa")
    with pytest.raises(Problem, match="shelf needs Stoa >=99"):
        upgrade("shelf")


def test_a_paused_one_answers_503_and_a_missing_one_too(running: Any, packages: Path, begin_anew: Any) -> None:
    with db.writes():
        activate.pause("shelf", "It failed.")
    running.rebuild()
    answer = running.client().get("/ext/shelf/")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
    assert "paused" in answer.text
    with db.writes():
        rows.store("shelf", rows.ACTIVE)
    remove_distribution(packages, "shelf")
    assert begin_anew().post("/ext/shelf/hook").status_code == 503
    assert view(running).state == State.MISSING
    with db.writes():
        activate.deactivate("shelf")
    running.rebuild()
    assert running.client().get("/ext/shelf/").status_code == 404


def test_only_what_is_on_is_upgraded(running: Any) -> None:
    with db.writes():
        activate.deactivate("shelf")
    with pytest.raises(Conflict, match="not active"):
        upgrade("shelf")


def test_one_that_fails_in_the_new_version_is_paused_and_the_site_runs(
    running: Any, shelf: Shelf, packages: Path
) -> None:
    shelf(version="1.1", files={"lms_shelf.plugin": "raise ValueError('half a file')"}, entry="lms_shelf.plugin:Shelf")
    forget_modules(packages)
    contained = running.app.config["LMS"].__class__(**{**_facts(running.config), "strict_plugins": False})
    running.config = contained
    running.rebuild()
    assert running.client().get("/").status_code == 200
    seen = view(running)
    assert (seen.state, seen.reason) == (State.PAUSED, "It cannot start: ValueError: half a file")
    assert audit.entries(limit=1)[0].action == "plugins.paused"


def _facts(config: Any) -> dict[str, Any]:
    return {name: getattr(config, name) for name in config.__dataclass_fields__}


def test_the_command_upgrades_core_and_plugins_and_one_that_fails_keeps_nobody(
    running: Any, shelf: Shelf, packages: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("env", "instance", "database_url", "site_url"):
        monkeypatch.setenv(f"LMS_{name.upper()}", str(getattr(running.config, name)))
    shelf(**two(more="raise RuntimeError('no space')"))
    forget_modules(packages)
    failed = CliRunner().invoke(cli, ["db", "upgrade"])
    assert failed.exit_code == 1
    assert "The upgrade of shelf to 2.0 failed" in failed.output
    status = CliRunner().invoke(cli, ["db", "status"])
    assert status.exit_code == 1
    assert "shelf        shelf_0001                   pending" in status.output
    shelf(**two())
    forget_modules(packages)
    worked = CliRunner().invoke(cli, ["db", "upgrade"])
    assert (worked.exit_code, "Upgraded: shelf" in worked.output) == (0, True)
    assert "before-upgrading-shelf.db" in worked.output
    remove_distribution(packages, "shelf")
    gone = CliRunner().invoke(cli, ["db", "status"])
    assert (gone.exit_code, "shelf        its package is not installed" in gone.output) == (0, True)
    assert CliRunner().invoke(cli, ["db", "upgrade"]).exit_code == 0
