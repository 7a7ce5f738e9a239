"""The core's own questions: each is answered well on a good site, and names what is wrong on a bad one."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text, update

from lms import db
from lms.base import clock, seal
from lms.extend import HealthResult
from lms.health import services as health
from lms.health.checks import database, machine
from lms.host import activate, backup, guard, state
from lms.host.startup import Why
from lms.jobs import services as jobs
from lms.jobs.models import JobRow
from lms.jobs.runner import Worker
from lms.mail import services as mail
from lms.mail.models import Message, State
from lms.settings import keys
from lms.settings import services as settings
from lms.testing.sites import TestSite

Answers = dict[str, HealthResult]


def answers() -> Answers:
    state.refresh()
    found = {f"{one.plugin}/{one.name}": one.result for one in health.findings()}
    db.rollback()
    return found


@pytest.fixture
def well(site: TestSite) -> TestSite:
    """A site with nothing to complain of: a worker was seen, a backup is there."""
    jobs.say_alive()
    backup.make(site.config, "test")
    return site


def configured(site: TestSite, **changes: Any) -> None:
    site.app.config["LMS"] = replace(site.app.config["LMS"], **changes)


def test_a_site_that_is_well_has_no_complaint(well: TestSite, both_databases: str) -> None:
    assert {name: one for name, one in answers().items() if one.state != "good"} == {}


def test_every_question_has_a_label_and_an_answer_in_words(well: TestSite) -> None:
    for one in health.findings():
        assert str(one.label)
        assert one.group
        assert one.result.sentence.endswith(".")


def breaks_damage(site: TestSite) -> None:
    state.put("database_damaged", 1)


def breaks_old_look(site: TestSite) -> None:
    state.put("database_checked", int((clock.real_now() - timedelta(days=9)).timestamp()))


def breaks_tables(site: TestSite) -> None:
    db.session.execute(text("DELETE FROM alembic_version_pages"))


def breaks_backup(site: TestSite) -> None:
    for file in backup.newest(site.config):
        week = (clock.real_now() - timedelta(days=8)).timestamp()
        os.utime(file, (week, week))


def breaks_backups(site: TestSite) -> None:
    for file in backup.newest(site.config):
        file.unlink()


def breaks_key(site: TestSite) -> None:
    settings.sealer()
    keys.file().chmod(0o644)


def breaks_key_file(site: TestSite) -> None:
    keys.file().write_text("not a key")


def breaks_secret(site: TestSite) -> None:
    settings.set_secret("shop", "key", "rk_test_0123456789abcd", actor_id=None)
    db.commit()
    seal.write_keys(keys.file(), [bytes(32)])


def breaks_all_secrets(site: TestSite) -> None:
    settings.set_secret("shop", "key", "rk_test_0123456789abcd", actor_id=None)
    db.commit()
    keys.file().unlink()


def breaks_address(site: TestSite) -> None:
    configured(site, env="production", site_url="http://school.example")


def breaks_loopback(site: TestSite) -> None:
    configured(site, env="production", site_url="http://localhost")


def breaks_public_demo(site: TestSite) -> None:
    configured(site, env="demo", site_url="https://school.example")


def breaks_strict(site: TestSite) -> None:
    configured(site, env="production", site_url="https://school.example", strict_plugins=True)


def breaks_safe(site: TestSite) -> None:
    configured(site, safe_mode=True)


def breaks_worker(site: TestSite) -> None:
    state.put("worker_seen", int((clock.real_now() - timedelta(minutes=3)).timestamp()))


def breaks_waiting(site: TestSite) -> None:
    jobs.enqueue("jobs.clean", run_at=clock.real_now() - timedelta(minutes=3))


def breaks_failed(site: TestSite) -> None:
    job = jobs.enqueue("jobs.clean")
    db.session.execute(update(JobRow).where(JobRow.id == job).values(state="dead", due_at=None, last_error="No."))


def a_letter(**values: Any) -> None:
    mail.send(to="a@example.org", subject="Hello", template="mail/accounts/already", context={}, key="x")
    db.session.execute(update(JobRow).where(JobRow.name == mail.DELIVER).values(last_error="No route.", due_at=_LATER))
    db.session.execute(update(Message).values(**values))


_LATER = clock.real_now() + timedelta(hours=1)


def breaks_letters(site: TestSite) -> None:
    a_letter(created_at=clock.real_now() - timedelta(minutes=16))


def breaks_refused(site: TestSite) -> None:
    a_letter(state=State.REFUSED)


def breaks_outbox(site: TestSite) -> None:
    configured(site, env="production", site_url="https://school.example", mail="outbox")


def breaks_mail(site: TestSite) -> None:
    configured(site, mail="pigeon://loft")


def breaks_plugin(site: TestSite) -> None:
    activate.mark_active("stripe", "1.0")
    activate.pause("stripe", "It could not be loaded.")


def breaks_missing(site: TestSite) -> None:
    activate.mark_active("gone", "1.0")


def breaks_core(site: TestSite) -> None:
    configured(site, strict_plugins=False)
    guard.call("learning", "slot row", lambda: 1 / 0)


def breaks_theme(site: TestSite) -> None:
    configured(site, strict_plugins=False)
    guard.call("site", "template page.html", lambda: 1 / 0)


CASES: list[tuple[Callable[[TestSite], None], str, str, str, str]] = [
    (breaks_damage, "health/database-file", "broken", "The database file is damaged.", ""),
    (
        breaks_old_look,
        "health/database-file",
        "advice",
        "last looked through 1 week ago",
        "/admin/health/check-database",
    ),
    (breaks_tables, "health/tables", "broken", "The tables of pages are not up to date.", ""),
    (breaks_backup, "health/backups", "advice", "was made 1 week ago", ""),
    (breaks_backups, "health/backups", "advice", "No backup of the database", ""),
    (breaks_key, "health/key-file", "broken", "Others on this machine can read secret.key.", ""),
    (breaks_key_file, "health/key-file", "broken", "secret.key cannot be read.", ""),
    (breaks_secret, "health/secrets", "broken", "1 stored secret does not open.", ""),
    (breaks_all_secrets, "health/secrets", "broken", "secret.key is gone", ""),
    (breaks_address, "health/address", "broken", "travel unencrypted", ""),
    (breaks_loopback, "health/address", "advice", "which only this machine can open", ""),
    (breaks_public_demo, "health/mode", "broken", "The site is public, but runs as demo.", ""),
    (breaks_strict, "health/mode", "broken", "One failing plugin takes the whole site down.", ""),
    (breaks_safe, "health/mode", "broken", "no plugin is loaded", ""),
    (breaks_worker, "jobs/worker", "broken", "The last worker was seen 3 minutes ago.", ""),
    (breaks_waiting, "jobs/waiting", "broken", "due for 3 minutes", "/admin/jobs?state=queued"),
    (breaks_failed, "jobs/failed", "advice", "1 job failed for good.", "/admin/jobs/retry"),
    (breaks_letters, "mail/leaves", "broken", "written 16 minutes ago has not left. No route.", "/admin/jobs"),
    (breaks_refused, "mail/leaves", "advice", "1 letter was refused this week.", ""),
    (breaks_outbox, "mail/leaves", "advice", "Letters are written to files", ""),
    (breaks_mail, "mail/leaves", "broken", "LMS_MAIL is outbox, or looks like", ""),
    (breaks_plugin, "stripe/state", "broken", "Paused: It could not be loaded.", "/admin/plugins/stripe/on"),
    (breaks_missing, "gone/state", "broken", "is not installed any more", "/admin/plugins#plugin-gone"),
    (breaks_core, "health/plugins", "advice", "learning, “slot row”: ZeroDivisionError", ""),
    (breaks_theme, "health/theme", "advice", "“template page.html”: ZeroDivisionError", "/admin/appearance/again"),
]


@pytest.mark.parametrize(
    ("breaks", "name", "result", "words", "remedy"), CASES, ids=[case[0].__name__[7:] for case in CASES]
)
def test_what_is_wrong_is_told_with_one_thing_to_do(
    well: TestSite, breaks: Callable[[TestSite], None], name: str, result: str, words: str, remedy: str
) -> None:
    breaks(well)
    db.commit()
    answer = answers()[name]
    assert (answer.state, words in answer.sentence) == (result, True), answer
    assert answer.do
    assert (answer.remedy.href if answer.remedy else "") == remedy


@pytest.mark.parametrize(
    ("why", "result", "words", "remedy"),
    [
        (Why.MIGRATIONS, "broken", "waits for its upgrade", "/admin/health/upgrade/stripe"),
        (Why.UNFIT, "broken", "asks for something that is not here", "/admin/plugins#plugin-stripe"),
        (Why.NEWER_TABLES, "broken", "belong to a newer version", "/admin/plugins#plugin-stripe"),
        (Why.RESTART, "advice", "still has its old version", ""),
    ],
    ids=str,
)
def test_a_plugin_that_waits_says_for_what(well: TestSite, why: Why, result: str, words: str, remedy: str) -> None:
    activate.mark_active("stripe", "1.0")
    db.commit()
    well.app.extensions["lms_resting"] = {"stripe": why}
    answer = answers()["stripe/state"]
    assert (answer.state, words in answer.sentence) == (result, True), answer
    assert (answer.remedy.href if answer.remedy else "") == remedy


def test_a_variable_that_cannot_be_used_is_told(well: TestSite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LMS_SITE_LANGUAGE", "xx")
    answer = answers()["health/variables"]
    assert (answer.state, "LMS_SITE_LANGUAGE cannot be used" in answer.sentence) == ("broken", True)


def test_too_little_room_is_told(well: TestSite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "_LITTLE", 1 << 62)
    assert answers()["health/room"].state == "advice"
    monkeypatch.setattr(machine, "_TOO_LITTLE", 1 << 62)
    assert answers()["health/room"].state == "broken"


def test_a_worker_that_never_ran_is_told(site: TestSite) -> None:
    assert answers()["jobs/worker"].sentence.startswith("No worker has run yet")


def test_a_theme_that_is_gone_is_told(well: TestSite) -> None:
    configured(well, theme="gone")
    well.config = well.app.config["LMS"]
    well.rebuild()
    with well.app.app_context():
        answer = answers()["health/theme"]
    assert (answer.state, answer.remedy.href if answer.remedy else "") == ("broken", "/admin/appearance")


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write everywhere")
def test_a_database_that_cannot_be_written_is_told(well: TestSite) -> None:
    db.db.engine.dispose()
    Path(well.config.instance, "lms.db").chmod(0o444)
    assert "not written" in answers()["health/database"].sentence


def test_a_database_that_takes_no_writes_is_told(well: TestSite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "is_sqlite", lambda: False)
    monkeypatch.setattr(database, "_refuses_writes", lambda _connection: True)
    assert "The database can be read, but not written." in database.reachable().sentence


def test_the_job_looks_through_the_file_and_says_when(well: TestSite) -> None:
    jobs.enqueue("health.look_through_database")
    db.commit()
    Worker(well.app).run_due()
    assert "and whole." in answers()["health/database-file"].sentence


def test_a_damaged_file_is_found_by_the_job(well: TestSite) -> None:
    jobs.enqueue("health.look_through_database")
    db.commit()
    with db.db.engine.connect() as connection:
        query = text("SELECT rootpage FROM sqlite_master WHERE name = 'pages_old_slug'")
        page = connection.execute(query).scalar_one() - 1
        size = connection.execute(text("PRAGMA page_size")).scalar_one()
    # The last connection that closes writes the log back into the file.
    db.db.session.remove()
    db.db.engine.dispose()
    with Path(well.config.instance, "lms.db").open("r+b") as file:
        file.seek(page * size)
        file.write(b"\xff" * 200)
    Worker(well.app).run_due()
    assert answers()["health/database-file"].sentence == "The database file is damaged."
