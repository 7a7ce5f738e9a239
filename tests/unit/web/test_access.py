"""Every view declares who may see it; what it declares is enforced."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from lms import db
from lms.base.problem import Problem
from lms.host.models import StateNumber
from lms.web import public, requires, signed_in
from lms.web.access import Undeclared, check_views


def test_a_view_without_declaration_keeps_the_app_from_starting() -> None:
    app = Flask("x", static_folder=None)
    app.add_url_rule("/open", "open", lambda: "open")
    with pytest.raises(Undeclared, match="open"):
        check_views(app)


def test_a_guest_signs_in_first_and_comes_back(site: Any, client: Any) -> None:
    site.app.add_url_rule("/mine", "mine", signed_in(lambda: "mine"))
    answer = client.get("/mine?a=b")
    assert (answer.status_code, answer.location) == (303, "/login?next=/mine%3Fa%3Db")


def test_a_guest_is_not_sent_back_to_a_post(site: Any, client: Any) -> None:
    site.app.add_url_rule("/admin/x", "x", requires("settings.manage")(lambda: "x"), methods=["GET", "POST"])
    assert client.get("/admin/x").status_code == 303
    assert client.head("/admin/x").status_code == 401


def test_a_get_that_writes_without_saying_so_is_refused(site: Any, client: Any) -> None:
    def view() -> str:
        db.session.add(StateNumber(name="x", value=1))
        db.session.flush()
        return "wrote"

    site.app.add_url_rule("/quiet", "quiet", public(lambda: view()))
    site.app.add_url_rule("/loud", "loud", public(writes=True)(lambda: view()))
    with pytest.raises(db.WriteRefused):
        client.get("/quiet")
    assert client.get("/loud").status_code == 200


@pytest.mark.parametrize(("status", "kept"), [(200, True), (303, True), (422, False), (404, False)])
def test_only_what_succeeded_is_committed(site: Any, client: Any, status: int, kept: bool) -> None:
    def view() -> tuple[str, int]:
        db.session.add(StateNumber(name="x", value=1))
        return "", status

    site.app.add_url_rule("/change", "change", public(csrf=False)(view), methods=["POST"])
    site.app.extensions["csrf"].exempt(site.app.view_functions["change"])
    client.post("/change")
    db.rollback()
    found = db.session.query(StateNumber).filter_by(name="x").count()
    assert found == int(kept)


def test_a_problem_becomes_a_page_with_its_sentence_and_changes_nothing(site: Any, client: Any) -> None:
    def view() -> str:
        db.session.add(StateNumber(name="x", value=1))
        raise Problem("The cup is empty.", next_step="Fill it.", status=409)

    site.app.add_url_rule("/cup", "cup", public(writes=True)(view))
    answer = client.get("/cup", headers={"Accept": "text/html"})
    assert answer.status_code == 409
    assert "The cup is empty." in answer.text
    assert "Fill it." in answer.text
    assert db.session.query(StateNumber).filter_by(name="x").count() == 0


def test_a_form_without_its_token_is_refused_with_a_sentence(site: Any, client: Any) -> None:
    site.app.add_url_rule("/form", "form", public(lambda: "sent"), methods=["POST"])
    answer = client.post("/form", headers={"Accept": "text/html"})
    assert answer.status_code == 400
    assert "reload the page" in answer.text


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example"])
def test_an_unknown_host_is_refused(client: Any, host: str) -> None:
    assert client.get("/", headers={"Host": host}).status_code == 400


def test_every_page_carries_the_policy(client: Any) -> None:
    headers = client.get("/nowhere", headers={"Accept": "text/html"}).headers
    policy = headers["Content-Security-Policy"]
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_a_lost_database_is_503_and_heals(site: Any, client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def view() -> str:
        return str(db.session.query(StateNumber).count())

    site.app.add_url_rule("/count", "count", public(view))
    db.rollback()
    db.db.session.remove()
    file = site.config.instance / "lms.db"
    hidden = file.with_suffix(".away")
    db.db.engine.dispose()
    file.rename(hidden)
    file.mkdir()
    answer = client.get("/count")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    file.rmdir()
    hidden.rename(file)
    assert client.get("/count").status_code == 200
