"""Swapping the app while it serves."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from flask import Flask, request
from sqlalchemy import delete, text
from sqlalchemy.exc import OperationalError
from werkzeug.test import Client

from lms import db
from lms.app import create_app
from lms.host import rows, startup, state
from lms.host.models import StateNumber
from lms.host.site import SEEN_COOKIE, Site
from lms.host.state import CHANGED_COOKIE
from lms.settings import services as settings
from lms.web import public


def test_a_moved_generation_brings_a_new_app_and_no_request_fails(site: Any) -> None:
    built: list[Flask] = []

    def build() -> Flask:
        app = create_app(site.config)
        number = len(built)
        app.add_url_rule("/number", "number", public(lambda: str(number)))
        built.append(app)
        return app

    server = Site(build)
    statuses: list[int] = []
    stop = threading.Event()

    def ask() -> None:
        browser = Client(server)
        while not stop.is_set():
            statuses.append(browser.get("/number").status_code)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(5):
        with db.writes():
            state.bump("generation")
        server.app.extensions["lms_state"].forget()
        server.follow()
    stop.set()
    for thread in threads:
        thread.join()
    assert set(statuses) == {200}
    assert len(built) >= 2
    server.app.extensions["lms_state"].forget()
    server.follow()
    assert Client(server).get("/number").text == str(len(built) - 1)
    for app in built:
        db.dispose(app)


def test_a_build_that_fails_keeps_the_old_app(site: Any) -> None:
    calls: list[str] = []

    def build() -> Flask:
        if calls:
            raise RuntimeError("broken")
        calls.append("built")
        return create_app(site.config)

    server = Site(build)
    with db.writes():
        state.bump("generation")
    server.app.extensions["lms_state"].forget()
    assert not server.follow()
    assert Client(server).get("/health/live").status_code == 200
    db.dispose(server.app)


def test_a_build_that_failed_is_tried_again(site: Any) -> None:
    outcomes = iter([True, False, True])

    def build() -> Flask:
        if not next(outcomes):
            raise RuntimeError("the database was away")
        return create_app(site.config)

    server = Site(build)
    first = server.app
    with db.writes():
        state.bump("generation")
    server.app.extensions["lms_state"].forget()
    assert not server.follow()
    assert not server.follow(), "not with every request"
    server.try_again_now()
    assert server.follow()
    assert server.app is not first
    db.dispose(server.app)


def test_who_switched_a_plugin_finds_it_switched_in_whichever_process_answers(site: Any) -> None:
    server = Site(lambda: create_app(site.config))
    browser = Client(server)
    browser.get("/health/ready")
    first = server.app
    with db.writes():
        state.bump("generation")
    state.refresh()
    browser.get("/health/ready")
    assert server.app is first, "this process looked less than a second ago"
    browser.set_cookie(SEEN_COOKIE, str(state.generation()), domain="localhost")
    browser.get("/health/ready")
    assert server.app is not first
    second = server.app
    browser.get("/health/ready")
    assert server.app is second, "there is nothing newer"
    db.dispose(second)


def test_who_changed_something_finds_it_changed_in_whichever_process_answers(site: Any) -> None:
    def build() -> Flask:
        app = create_app(site.config)

        def name() -> str:
            if request.method == "POST":
                settings.save("test", {"name": "Long Table"}, actor_id=None)
            return str(settings.get("test", "name"))

        app.add_url_rule("/name", "name", public(name), methods=["GET", "POST"])
        app.config["WTF_CSRF_ENABLED"] = False
        return app

    one, other = Site(build), Site(build)
    somebody, else_where = Client(one), Client(other)
    assert else_where.get("/name").text == "None"
    changed = somebody.post("/name")
    assert else_where.get("/name").text == "None", "this process looked less than a second ago"
    cookie = next(each for each in changed.headers.getlist("Set-Cookie") if each.startswith(CHANGED_COOKIE))
    assert "Max-Age=3" in cookie
    assert "HttpOnly" in cookie
    else_where.set_cookie(CHANGED_COOKIE, "1", domain="localhost")
    assert else_where.get("/name").text == "Long Table"
    assert "Set-Cookie" not in somebody.get("/name").headers, "nothing changed"
    for server in (one, other):
        db.dispose(server.app)


def test_numbers_are_read_again_behind_who_is_reading_them(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = site.app.extensions["lms_state"]
    has_begun, may_go_on = threading.Event(), threading.Event()
    read = numbers._read

    def slowly() -> None:
        read()
        has_begun.set()
        assert may_go_on.wait(20)

    def reads() -> None:
        with site.app.app_context():
            numbers.current()

    numbers.forget()
    monkeypatch.setattr(numbers, "_read", slowly)
    thread = threading.Thread(target=reads)
    thread.start()
    assert has_begun.wait(20)
    monkeypatch.setattr(numbers, "_read", read)
    with db.writes():
        state.bump("settings")
    threading.Timer(0.05, may_go_on.set).start()
    before = numbers.values.get("settings", 0)
    numbers.read_again()
    thread.join()
    assert numbers.values["settings"] == before + 1


def test_what_came_back_is_built_in_whatever_the_generation(site: Any) -> None:
    server = Site(lambda: create_app(site.config))
    first = server.app
    server.build_again()
    assert server.follow()
    assert not server.follow()
    assert server.app is not first
    db.dispose(server.app)


def test_an_app_that_could_not_read_the_plugins_is_never_swapped_in(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    server = Site(lambda: create_app(site.config))
    first = server.app

    def away(*_: Any) -> Any:
        raise OperationalError("SELECT", {}, Exception("the server closed the connection"))

    with db.writes():
        state.bump("generation")
    server.app.extensions["lms_state"].forget()
    with monkeypatch.context() as broken:
        broken.setattr(rows, "everything", away)
        broken.setattr(startup, "_is_unfinished", lambda: False)
        assert not server.follow()
    assert server.app is first
    server.try_again_now()
    assert server.follow()
    db.dispose(server.app)


def test_a_database_without_any_number_was_never_upgraded_but_one_that_is_away_may_have_been(
    site: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = site.app.extensions["lms_state"]
    with db.writes():
        db.session.execute(delete(StateNumber))
    server = Site(lambda: site.app)
    with monkeypatch.context() as away:
        away.setattr(state, "_READ", text("SELECT name FROM nowhere"))
        site.app.extensions["lms_state"] = state.Numbers()
        assert server.upgrades() is None
    site.app.extensions["lms_state"].forget()
    assert server.upgrades() == 0
    with db.writes():
        state.bump("upgrades")
    site.app.extensions["lms_state"].forget()
    assert server.upgrades() == 1
    site.app.extensions["lms_state"] = numbers
