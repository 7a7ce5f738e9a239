"""Health as load balancers, owners in the browser and owners at the command line meet it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import text, update
from werkzeug.test import Client

from lms import db
from lms.app import create_app
from lms.audit import services as audit
from lms.cli import doctor as command
from lms.cli.main import cli, main
from lms.host import activate, state
from lms.host.config import load
from lms.host.site import Site
from lms.jobs import services as jobs
from lms.jobs.command import say_alive
from lms.jobs.models import JobRow
from lms.testing.sites import TestSite

AWAY = "postgresql+psycopg://nobody@127.0.0.1:1/none"


# The probes


@pytest.fixture
def away(tmp_path: Path) -> Iterator[Client]:
    """Requests to a production site whose database is away."""
    config = load(
        tmp_path, {}, env="production", site_url="https://school.example", database_url=AWAY, strict_plugins=""
    )
    site = Site(lambda: create_app(config))
    yield Client(site)
    db.dispose(site.app)


def test_a_live_process_with_a_database_is_ready(site: TestSite) -> None:
    client = Client(site.app)
    assert [client.get(path).text for path in ("/health/live", "/health/ready")] == ["live\n", "ready\n"]


def test_without_its_database_a_process_lives_and_is_not_ready(away: Client) -> None:
    assert away.get("/health/live").status_code == 200
    answer = away.get("/health/ready")
    assert (answer.status_code, answer.text) == (503, "not ready: the database does not answer\n")
    assert answer.headers["Retry-After"] == "5"


def test_whether_it_lives_is_answered_without_a_query(site: TestSite, queries: Any) -> None:
    with queries.at_most(0):
        assert Client(site.app).get("/health/live").status_code == 200


def test_with_migrations_pending_it_is_not_ready(site: TestSite, both_databases: str) -> None:
    client = Client(site.app)
    assert client.get("/health/ready").status_code == 200
    db.session.execute(text("DELETE FROM alembic_version_pages"))
    db.commit()
    answer = client.get("/health/ready")
    assert (answer.status_code, answer.text) == (503, "not ready: migrations are pending\n")


@pytest.mark.parametrize("path", ["/health/live", "/health/ready"])
def test_a_probe_needs_nothing_and_leaves_nothing(site: TestSite, path: str) -> None:
    client = Client(site.app)
    for _time in range(40):
        answer = client.get(path, headers={"Host": "10.0.0.7:8000", "Cookie": "lms_session=x"})
        assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert {"Set-Cookie", "Vary", "ETag"} & set(answer.headers) == set()
    assert client.head(path).data == b""
    refused = client.post(path)
    assert (refused.status_code, refused.headers["Allow"]) == (405, "GET, HEAD")


# The worker


def test_a_worker_is_seen_as_soon_as_it_runs(site: TestSite, both_databases: str) -> None:
    class Once:
        def wait(self, _seconds: float) -> bool:
            return True

    assert jobs.worker_seen() is None
    say_alive(lambda: site.app, Once())  # type: ignore[arg-type]
    assert jobs.worker_seen() is not None


# The page


@pytest.fixture
def owner(make: Any, sign_in: Any) -> Any:
    return sign_in(make.person(role="owner"))


@pytest.fixture
def press(owner: Any) -> Callable[[str], Any]:
    """``press("Retry it")`` sends the form of the button on Admin → Health."""

    def send(words: str) -> Any:
        page = owner.get("/admin/health").text
        form = next(part for part in re.findall(r"<form.*?</form>", page, re.S) if words in part)
        action, token = re.search(r'action="([^"]+)"', form), re.search(r'value="([^"]+)"', form)
        assert action is not None
        assert token is not None
        return owner.post(action[1], data={"csrf_token": token[1]})

    return send


def test_the_worst_comes_first_with_its_button_and_what_is_well_last(site: TestSite, owner: Any) -> None:
    job = jobs.enqueue("jobs.clean")
    db.session.execute(update(JobRow).where(JobRow.id == job).values(state="dead", due_at=None))
    db.commit()
    page = owner.get("/admin/health").text
    assert page.index("No worker has run yet") < page.index("1 job failed for good.") < page.index("All tables are up")
    assert "One thing is broken." in page
    assert page.index("<h2>Broken</h2>") < page.index("<h2>Could be better</h2>") < page.index("<h2>Well</h2>")


def test_failed_jobs_run_again_at_the_press_of_a_button(site: TestSite, press: Callable[[str], Any]) -> None:
    for _time in range(3):
        job = jobs.enqueue("jobs.clean")
        db.session.execute(update(JobRow).where(JobRow.id == job).values(state="dead", due_at=None))
    db.commit()
    assert press("Retry them").status_code == 303
    assert (jobs.summary().dead, jobs.summary().queued) == (0, 3)
    assert audit.entries()[0].action == "jobs.retried"


def test_the_database_file_is_looked_through_at_the_press_of_a_button(
    site: TestSite, press: Callable[[str], Any]
) -> None:
    state.put("database_checked", 1)
    db.commit()
    state.refresh()
    assert press("Check now").status_code == 303
    assert [job.name for job in jobs.jobs("queued")] == ["health.look_through_database"]


def test_a_plugin_that_waits_is_upgraded_at_the_press_of_a_button(site: TestSite, make: Any, sign_in: Any) -> None:
    # On, without its tables: as after an update that brought migrations.
    activate.mark_active("manual_payments", "0.1")
    db.commit()
    site.rebuild()
    with site.app.app_context():
        owner = sign_in(make.person(role="owner"))
        page = owner.get("/admin/health").text
        assert "waits for its upgrade" in page
        token = re.search(r'name="csrf_token" value="([^"]+)"', page)
        assert token is not None
        answer = owner.post("/admin/health/upgrade/manual_payments", data={"csrf_token": token[1]})
        assert answer.status_code == 303
        assert audit.entries()[0].action == "plugins.upgraded"
    site.rebuild()
    with site.app.app_context():
        assert "waits for its upgrade" not in sign_in(make.person(role="owner")).get("/admin/health").text


# The command


@pytest.fixture
def doctor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """``doctor("--json", LMS_ENV="…")`` runs the command for the test's folder."""

    def run(*arguments: str, **environment: str) -> Result:
        monkeypatch.setenv("LMS_INSTANCE", str(tmp_path))
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        return CliRunner().invoke(cli, ["doctor", *arguments])

    return run


def test_a_good_site_is_told_to_be_good(site: TestSite, doctor: Callable[..., Result]) -> None:
    jobs.say_alive()
    answer = doctor("--json", LMS_ENV="development")
    told = json.loads(answer.output)
    assert {one["state"] for one in told} <= {"good", "advice"}, told
    assert answer.exit_code == 0
    assert "0 broken" in doctor(LMS_ENV="development").output


def test_what_is_broken_is_told_first_and_by_the_exit_status(site: TestSite, doctor: Callable[..., Result]) -> None:
    answer = doctor(LMS_ENV="development")
    assert answer.exit_code == 1
    assert answer.output.startswith("✗ Background work, Worker: No worker has run yet")


def test_it_works_while_the_database_is_away(tmp_path: Path, doctor: Callable[..., Result]) -> None:
    answer = doctor(LMS_DATABASE_URL=AWAY)
    assert answer.exit_code == 1
    assert "The database does not answer." in answer.output
    assert "questions need it." in answer.output
    assert "MB are free" in answer.output


def test_it_works_before_the_first_migration(tmp_path: Path, doctor: Callable[..., Result]) -> None:
    answer = doctor()
    assert answer.exit_code == 1
    assert "Run lms db upgrade." in answer.output


WRONG = [
    ("env = 'demo'\nsite_url = 'school'\n", {}, "LMS_SITE_URL must look like", "Change line 2 of {file}."),
    ("env = 'demo'\n\nsite_ulr = 'x'\n", {}, "settings that do not exist: site_ulr", "Change line 3 of {file}."),
    ("env = 'demo'\nsite_url = \n", {}, "lms.toml cannot be read", "Change line 2 of {file}."),
    ("", {"LMS_ENV": "prodution"}, "LMS_ENV is 'prodution'", "Change the variable LMS_ENV where the site is started."),
    ("", {"LMS_DATABASE_URL": "nonsense"}, "The database address cannot be used",
     "Change the variable LMS_DATABASE_URL where the site is started."),
    ("database_url = 'oracle://x'\n", {}, "The database address cannot be used", "Change line 1 of {file}."),
]  # fmt: skip


@pytest.mark.parametrize(
    ("toml", "environment", "words", "do"), WRONG, ids=["value", "name", "toml", "variable", "address", "driver"]
)
def test_a_wrong_configuration_is_told_with_the_line_to_change(
    tmp_path: Path, doctor: Callable[..., Result], toml: str, environment: dict[str, str], words: str, do: str
) -> None:
    (tmp_path / "lms.toml").write_text(toml)
    answer = doctor(**environment)
    assert answer.exit_code == 1
    assert words in answer.output
    assert do.format(file=tmp_path / "lms.toml") in answer.output


def test_a_site_that_cannot_start_is_told(
    tmp_path: Path, doctor: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_config: Any) -> Any:
        raise ZeroDivisionError("inside")

    monkeypatch.setattr(command, "create_app", fails)
    answer = doctor()
    assert answer.exit_code == 1
    assert "The site cannot start: ZeroDivisionError: inside" in answer.output
    assert "lms run --safe" in answer.output


def test_other_commands_name_what_is_wrong_and_the_doctor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LMS_INSTANCE", str(tmp_path))
    monkeypatch.setenv("LMS_ENV", "prodution")
    with pytest.raises(SystemExit):
        main(["db", "status"])
    assert "LMS_ENV is 'prodution'" in capsys.readouterr().err
