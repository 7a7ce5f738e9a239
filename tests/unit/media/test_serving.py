from __future__ import annotations

import io
from typing import Any

import pytest

from lms import db
from lms.extend import Service
from lms.media import services as media

WORDS = b"%PDF-1.7 twenty bytes"


def store(content: bytes = WORDS, name: str = "book.pdf", **options: Any) -> media.MediaView:
    kept = media.store(io.BytesIO(content), name=name, **{"actor_id": None, "visibility": "public", **options})
    db.commit()
    return kept


def fetch(browser: Any, path: str, **options: Any) -> Any:
    # Buffered: the file is closed when the answer is there, as a server does.
    return browser.get(path, buffered=True, **options)


def test_a_public_file_is_served_with_its_type_and_a_tag(site, client):
    kept = store()
    answer = fetch(client, kept.path)
    assert (answer.data, answer.mimetype, answer.headers["ETag"]) == (WORDS, "application/pdf", f'"{kept.digest}"')
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_browser_that_has_the_file_gets_no_bytes(site, client):
    kept = store()
    assert fetch(client, kept.path, headers={"If-None-Match": f'"{kept.digest}"'}).status_code == 304


@pytest.mark.parametrize(
    ("asked", "status", "bytes_"),
    [("bytes=1-3", 206, WORDS[1:4]), ("bytes=-5", 206, WORDS[-5:]), ("bytes=900-", 416, None)],
)
def test_a_part_of_a_file_can_be_asked_for(site, client, asked, status, bytes_):
    answer = fetch(client, store().path, headers={"Range": asked})
    assert answer.status_code == status
    assert bytes_ is None or answer.data == bytes_


@pytest.mark.parametrize(
    "content",
    [b"<html><script>alert(1)</script></html>", b'<svg onload="alert(1)"/>', b"PK\x03\x04 zip", b"plain words"],
)
def test_what_could_run_is_only_downloaded(site, client, content):
    answer = fetch(client, store(content, "file").path)
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert (answer.mimetype, "sandbox" in answer.headers["Content-Security-Policy"]) == (
        "application/octet-stream",
        True,
    )


def test_a_guest_gets_no_private_file_and_does_not_learn_that_it_exists(site, client):
    answers = [fetch(client, store(visibility="private").path), fetch(client, "/media/unknown")]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].data == answers[1].data


@pytest.mark.parametrize(("role", "status"), [("owner", 200), ("creator", 200), ("editor", 200), ("student", 404)])
def test_staff_read_private_files_and_students_do_not(site, make, sign_in, role, status):
    kept = store(visibility="private")
    answer = fetch(sign_in(make.person(role=role)), kept.path)
    assert answer.status_code == status
    assert status == 404 or "private" in answer.headers["Cache-Control"]


def test_whoever_uploaded_a_private_file_reads_it(site, make, sign_in):
    person = make.person()
    assert fetch(sign_in(person), store(visibility="private", actor_id=person.id).path).status_code == 200


class Gate(Service):
    kind = "media_gate"
    name = "trial"

    def __init__(self, key: str) -> None:
        self.key = key

    def may_read(self, person: Any, file: media.MediaView) -> bool:
        return person is not None and file.key == self.key


def test_a_gate_opens_the_file_that_it_knows_and_no_other(site, make, sign_in):
    mine, other = store(visibility="private"), store(visibility="private")
    site.app.extensions["lms_registry"]._services["media_gate"] = [("trial", Gate(mine.key))]
    browser = sign_in(make.person())
    assert [fetch(browser, one.path).status_code for one in (mine, other)] == [200, 404]


def test_a_name_of_any_script_travels_in_the_header(site, client):
    answer = fetch(client, store(b"PK\x03\x04", 'صورة "1".zip').path)
    assert "filename*=UTF-8''%D8%B5" in answer.headers["Content-Disposition"]


def test_asking_for_a_file_writes_nothing_and_costs_one_query(site, client, queries):
    path = store().path
    with queries.at_most(1):
        fetch(client, path)
