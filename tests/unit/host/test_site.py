"""Swapping the app while it serves."""

from __future__ import annotations

import threading
from typing import Any

from flask import Flask
from werkzeug.test import Client

from lms import db
from lms.app import create_app
from lms.host import state
from lms.host.site import Site
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
