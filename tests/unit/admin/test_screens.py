from __future__ import annotations

import io
from dataclasses import replace

import pytest

from lms import db
from lms.audit import services as audit
from lms.host import activate, catalog
from lms.jobs import services as jobs
from lms.jobs.runner import Worker
from lms.media import services as media

SCREENS = ["/admin", "/admin/health", "/admin/jobs", "/admin/plugins", "/admin/media", "/admin/settings/site"]


@pytest.mark.parametrize("path", SCREENS)
def test_the_owner_opens_every_screen(site, as_role, path):
    assert as_role("owner").get(path).status_code == 200


@pytest.mark.parametrize("path", SCREENS)
def test_a_student_opens_none(site, as_role, path):
    assert as_role("student").get(path).status_code == 403


@pytest.mark.parametrize("path", SCREENS)
def test_a_guest_is_asked_to_sign_in(site, client, path):
    assert client.get(path).headers["Location"].startswith("/login?next=/admin")


@pytest.mark.parametrize("path", ["/admin/health", "/admin/jobs", "/admin/plugins"])
def test_an_editor_sees_no_machinery(site, as_role, path):
    assert as_role("editor").get(path).status_code == 403


@pytest.fixture
def failed_job(site, shop):
    site.app.config["LMS"] = replace(site.app.config["LMS"], strict_plugins=False)
    job_id = jobs.enqueue("shop.fails")
    db.commit()
    Worker(site.app).run_due()
    return job_id


def test_a_failed_job_is_shown_with_its_error(failed_job, as_role):
    page = as_role("owner").get("/admin/jobs").text
    assert "shop.fails" in page
    assert "ZeroDivisionError: &lt;b&gt;inside" in page


def test_the_owner_lets_a_failed_job_run_again(failed_job, as_role, post):
    assert post(as_role("owner"), f"/admin/jobs/{failed_job}/retry").status_code == 303
    assert (jobs.summary().dead, jobs.summary().queued) == (0, 1)


def test_the_owner_discards_a_failed_job(failed_job, as_role, post):
    post(as_role("owner"), f"/admin/jobs/{failed_job}/discard")
    assert (jobs.summary().dead, jobs.summary().queued) == (0, 0)


def test_a_job_that_is_gone_is_a_sentence(site, as_role, post):
    answer = post(as_role("owner"), "/admin/jobs/99/retry")
    assert answer.status_code == 404
    assert "not waiting for a decision" in answer.text


def test_jobs_that_failed_for_good_are_told_on_the_overview(failed_job, as_role):
    assert "1 job failed for good." in as_role("owner").get("/admin").text


def test_a_plugin_that_is_not_installed_cannot_be_switched_on(site, as_role, post):
    answer = post(as_role("owner"), "/admin/plugins/nothing/on", page="/admin/plugins")
    assert answer.status_code == 404
    assert "No plugin called nothing is installed." in answer.text


def test_a_paused_plugin_shows_its_reason(site, as_role):
    activate.mark_active("stripe", "1.0")
    activate.pause("stripe", "It could not be loaded: no module")
    db.commit()
    page = as_role("owner").get("/admin/plugins").text
    assert "It could not be loaded: no module" in page
    assert "Try again" in page


def test_a_plugin_is_switched_off_and_told_to_the_audit(site, as_role, post):
    activate.mark_active("stripe", "1.0")
    db.commit()
    answer = post(as_role("owner"), "/admin/plugins/stripe/off", page="/admin/plugins")
    assert answer.status_code == 303
    assert {view.name: view.state for view in catalog.plugins()}["stripe"] == "inactive"
    assert audit.entries()[0].action == "plugins.switched_off"


def test_an_editor_uploads_a_file_that_is_private(site, as_role, post):
    answer = post(as_role("editor"), "/admin/media", page="/admin/media", file=(io.BytesIO(b"%PDF-1.7"), "book.pdf"))
    assert answer.status_code == 303
    assert [(view.name, view.visibility) for _id, view in media.newest()] == [("book.pdf", "private")]


def test_a_file_that_is_refused_says_why(site, as_role, post):
    answer = post(as_role("editor"), "/admin/media", page="/admin/media", file=(io.BytesIO(b"<b>x</b>"), "a.png"))
    assert answer.status_code == 415
    assert "a.png is called a picture, but is none." in answer.text


def test_a_file_is_opened_closed_and_deleted(site, as_role, post):
    browser = as_role("editor")
    key = media.store(io.BytesIO(b"%PDF-1.7"), name="book.pdf", actor_id=None).key
    db.commit()
    seen = []
    for change in ("open", "close", "delete"):
        post(browser, f"/admin/media/{key}/{change}", page="/admin/media")
        db.rollback()
        found = media.view(key)
        seen.append(found.visibility if found else None)
    assert seen == ["public", "private", None]


def test_a_live_process_with_a_database_is_ready(site, client):
    assert [client.get(path).text for path in ("/health/live", "/health/ready")] == ["live\n", "ready\n"]
