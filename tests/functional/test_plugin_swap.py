"""Plugins are switched while eight threads ask: no request fails, nothing grows."""

from __future__ import annotations

import contextvars
import gc
import os
import threading
from pathlib import Path
from typing import Any

from flask import Flask
from werkzeug.test import Client

from lms import db
from lms.app import create_app
from lms.host import activate
from lms.host.site import Site
from lms.testing.distributions import installed, make_distribution

PLUGIN = '''
    from flask import Blueprint

    from lms.api.web import public
    from lms.extend import Plugin

    blueprint = Blueprint("leaf", __name__)

    @blueprint.get("/")
    @public
    def index():
        return "leaf"

    class Leaf(Plugin):
        """Leaf"""

        def blueprint(self):
            return blueprint
'''
SWITCHES = 30
# SQLite closes a connection's file only when nobody in the process locks it, so some linger. Thirty apps that left
# what they opened would be hundreds.
SPARE = 6


def open_things(server: Site) -> tuple[int, int]:
    """Descriptors and threads of this process, besides the connections that the app of now keeps for later."""
    db.rollback()
    db.dispose(server.app)
    gc.collect()
    return len(os.listdir("/proc/self/fd")), threading.active_count()


class Crowd:
    """Eight threads that ask until they are told to stop; keeps each answer's status by path."""

    def __init__(self, server: Site) -> None:
        self._server, self._stop = server, threading.Event()
        self.seen: list[tuple[str, int]] = []
        self._threads = [threading.Thread(target=self._run, args=(number,)) for number in range(8)]

    def _run(self, number: int) -> None:
        contextvars.Context().run(self._ask, number)

    def _ask(self, number: int) -> None:
        browser = Client(self._server)
        path = ("/", "/courses", "/login", "/ext/leaf/")[number % 4]
        while not self._stop.wait(0.005):  # as for the network
            try:
                status = browser.get(path).status_code
            except Exception as error:
                status = 0
                print(path, repr(error))
            self.seen.append((path, status))

    def __enter__(self) -> Crowd:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()


def test_thirty_switches_under_load(site: Any, tmp_path: Path, both_databases: str) -> None:
    with installed(tmp_path):
        make_distribution(tmp_path, "leaf", "1.0", {"lms_leaf.plugin": PLUGIN})
        built: list[int] = []

        def build() -> Flask:
            app = create_app(site.config)
            built.append(app.extensions["lms_generation"])
            return app

        server = Site(build)
        activate.activate("leaf")
        server.app.extensions["lms_state"].forget()
        with Crowd(server) as crowd:
            _switch(server, crowd, 4)
        before, built_before = open_things(server), len(built)
        with Crowd(server) as crowd:
            _switch(server, crowd, SWITCHES)
        after = open_things(server)
        failed = [answer for answer in crowd.seen if answer[1] != 200 and answer != ("/ext/leaf/", 404)]
        assert failed == []
        assert {status for path, status in crowd.seen if path == "/ext/leaf/"} == {200, 404}
        assert len(set(built[built_before:])) == len(built[built_before:]) == SWITCHES
        assert after[0] <= before[0] + SPARE
        assert after[1] == before[1]
        db.dispose(server.app)


def _switch(server: Site, crowd: Crowd, times: int) -> None:
    """Switch the plugin off, on, off …; each time wait until the crowd has the new app, and answers from it."""
    for number in range(times):
        # Taken before: somebody of the crowd may follow the very moment that it is switched.
        old = server.app
        with db.writes():
            if number % 2:
                activate.mark_active("leaf", "1.0")
            else:
                activate.deactivate("leaf")
        answers = len(crowd.seen)
        old.extensions["lms_state"].forget()
        while server.app is old or len(crowd.seen) < answers + 8:
            threading.Event().wait(0.001)
