"""The server is killed while somebody edits: nothing is lost, nothing is done twice."""

from __future__ import annotations

import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Error, Page, Route, expect

from lms import db
from lms.content.document import blocks, new_block
from lms.editor import drafts
from lms.testing.makers import Makers, session_cookie
from tests.browser.editing import add, saved


@dataclass
class Served:
    """``lms run`` with one web process, a page in its database, and the cookie of an editor."""

    process: subprocess.Popen[bytes]
    site: str
    page_id: int
    cookie: tuple[str, str]

    @property
    def worker(self) -> int:
        """The process that answers now; 0 while there is none."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return int(children[0]) if children else 0

    def kill(self) -> int:
        """Kill the process that answers; its successor is under way then. Returns which one it was."""
        killed = self.worker
        os.kill(killed, signal.SIGKILL)
        return killed

    def wait_for_successor(self, killed: int) -> None:
        wait_until(lambda: self.worker not in (0, killed) and self.answers())

    def answers(self) -> bool:
        try:
            return bool(urllib.request.urlopen(f"{self.site}/health/live", timeout=10).status == 200)
        except OSError:
            return False

    def draft(self) -> tuple[int, list[str]]:
        """Revision of the draft, and the kinds of its blocks."""
        with db.scope(db.Mode.READ):
            found = drafts.find("page", self.page_id)
            kinds = [node["type"] for node in blocks(found.tree["root"])][1:]
            db.rollback()
        return found.rev, kinds


def wait_until(condition: Callable[[], bool], seconds: float = 60) -> None:
    give_up = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < give_up, "It did not happen in time."
        time.sleep(0.02)


@pytest.fixture
def served(site: Any, make: Makers, tmp_path: Path) -> Iterator[Served]:
    page = make.page(new_block("core/quote"), slug="killed", title="Killed")
    cookie = session_cookie(make.person(role="editor").id)
    db.commit()
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    environment = os.environ | {
        "LMS_ENV": "test",
        "LMS_INSTANCE": str(site.config.instance),
        "LMS_DATABASE_URL": site.config.database_url,
        "LMS_SITE_URL": f"http://127.0.0.1:{port}",
    }
    command = [sys.executable, "-m", "lms", "run", "--port", str(port), "--workers", "1", "--no-worker"]
    log = tmp_path / "server.log"
    with log.open("wb") as file:
        process = subprocess.Popen(command, env=environment, stdout=file, stderr=file)
    running = Served(process, f"http://127.0.0.1:{port}", page.id, cookie)
    wait_until(running.answers)
    yield running
    process.send_signal(signal.SIGTERM)
    process.wait(timeout=30)
    print(log.read_text())


def test_what_was_under_way_when_the_server_was_killed_is_done_once(
    served: Served, site: Any, new_page: Callable[..., Page]
) -> None:
    page = new_page()
    page.context.add_cookies([{"name": served.cookie[0], "value": served.cookie[1], "url": served.site}])
    page.goto(f"{served.site}/admin/pages/{served.page_id}/edit")
    shown = page.frame_locator("iframe")
    expect(shown.get_by_role("heading", name="Killed")).to_be_visible()

    # Killed before anything could be written: somebody else holds the database.
    with closing(sqlite3.connect(site.config.database_url.removeprefix("sqlite:///"))) as connection:
        connection.execute("BEGIN IMMEDIATE")
        with page.expect_request("**/ops"):
            page.get_by_role("tab", name="Add").click()
            page.get_by_role("button", name="Heading", exact=True).click()
        killed = served.kill()
        wait_until(lambda: served.worker not in (0, killed))
        assert served.draft() == (0, ["core/quote"])
        connection.rollback()
    saved(page)
    assert served.draft() == (1, ["core/quote", "core/heading"])

    # Killed when it was written and not answered.
    lost: list[int] = []

    def lose(route: Route) -> None:
        if lost:
            return route.continue_()
        lost.append(route.fetch().status)
        lost.append(served.kill())
        return route.abort()

    page.route("**/ops", lose)
    page.get_by_role("tab", name="Add").click()
    page.get_by_role("button", name="Button", exact=True).click()
    expect(page.get_by_text("Not saved: no connection.")).to_be_visible()
    assert lost[0] == 200
    assert served.draft()[0] == 2
    # What she does meanwhile waits, and is done after it: both come after the heading, which is still selected.
    page.get_by_role("button", name="Divider", exact=True).click()
    served.wait_for_successor(lost[1])
    saved(page)
    assert served.draft() == (3, ["core/quote", "core/heading", "core/divider", "core/button"])
    expect(shown.locator("[data-block]")).to_have_count(4)
    add(page, "Text")
    saved(page)
    page.reload()
    expect(shown.locator("[data-block]")).to_have_count(5)


@pytest.mark.slow
def test_at_whatever_moment_the_server_is_killed_a_repeated_request_is_done_once(
    served: Served, new_page: Callable[..., Page], both_databases: str
) -> None:
    browser = new_page().context
    browser.add_cookies([{"name": served.cookie[0], "value": served.cookie[1], "url": served.site}])
    shell = browser.request.get(f"{served.site}/admin/pages/{served.page_id}/edit").text()
    found = re.search(r'data-token="([^"]+)"', shell)
    assert found

    def send(number: int) -> bool:
        body = {"base_rev": 0, "key": f"press{number}", "ops": [{"op": "insert", "type": "core/text"}]}
        address = f"{served.site}/admin/editor/page/{served.page_id}/ops"
        return bool(browser.request.post(address, data=body, headers={"X-CSRFToken": found[1]}).ok)

    assert send(0)
    unanswered = 0
    for number in range(1, 7):
        # A few milliseconds later each time: before, while and after it is written.
        killed = served.worker
        killer = subprocess.Popen(["sh", "-c", f"sleep 0.0{number * 6:02}; kill -9 {killed}"])
        try:
            send(number)
        except Error:
            unanswered += 1
        killer.wait(timeout=10)
        served.wait_for_successor(killed)
        assert send(number)
        assert send(number)
        assert served.draft() == (number + 1, ["core/quote", *["core/text"] * (number + 1)])
    assert unanswered
