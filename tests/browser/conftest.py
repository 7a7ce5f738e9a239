"""The demo as its own processes, and a real Chromium in front of it."""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

ROOT = Path(__file__).resolve().parents[2]
# How long to wait says nothing about the product: a busy machine draws a preview late.
expect.set_options(timeout=30_000)
AXE = ROOT / "lms" / "web" / "static" / "dist" / "dev" / "axe.min.js"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(item.fspath).parent == Path(__file__).parent:
            item.add_marker(pytest.mark.browser)
            # One process drives all browser tests, so that a demo is started once.
            item.add_marker(pytest.mark.xdist_group("browser"))


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Demo:
    """A running demo: addresses, people, and the simulator's controls."""

    site: str
    simulator: str
    people: dict[str, dict[str, str]]
    pages: dict[str, str]
    instance: Path
    packages: Path
    """What lies here counts as installed (``lms.testing.distributions.make_distribution``)."""
    sessions: dict[str, Any] = field(default_factory=dict)

    def url(self, path: str) -> str:
        return self.site + path

    def control(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """GET or, with a body, POST a control address of the simulator."""
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(
            f"{self.simulator}/_simulator/{path}", data=data, headers={"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def advance(self, **duration: float) -> None:
        """Move the simulator's clock; domain time follows it."""
        seconds = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86400}
        self.control("clock", {"advance": sum(int(n * seconds[unit]) for unit, n in duration.items())})

    def simulator_key(self) -> str:
        keys = self.control("state")["keys"]
        return next(str(key["key"]) for key in keys if key["key"].startswith("rk_test_"))

    def sign_in(self, page: Page, role: str) -> None:
        person = self.people[role]
        page.goto(self.url("/login"))
        page.get_by_label("E-mail").fill(person["email"])
        page.get_by_label("Password", exact=True).fill(person["password"])
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(lambda address: "/login" not in address)

    def enter(self, page: Page, role: str) -> None:
        """Sign in, the first time; later go on with the session of that time. For tests that never sign out."""
        if role not in self.sessions:
            self.sign_in(page, role)
            self.sessions[role] = page.context.cookies()
        page.context.add_cookies(self.sessions[role])

    def mails(self) -> list[str]:
        """The text of every mail in the outbox, oldest first."""
        return [file.read_text() for file in sorted((self.instance / "outbox").glob("*.eml"))]


@contextmanager
def running_demo(instance: Path, *options: str) -> Iterator[Demo]:
    """A demo of its own, until the end of the block."""
    process, running = _start(instance, *options)
    try:
        yield running
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=30)


def _start(instance: Path, *options: str) -> tuple[subprocess.Popen[bytes], Demo]:
    packages = instance.parent / "packages"
    packages.mkdir()
    paths = [str(packages), os.environ.get("PYTHONPATH", "")]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        "LMS_INSTANCE": str(instance),
        "LMS_DEMO_PORT": str(free_port()),
        "LMS_DEMO_SIMULATOR_PORT": str(free_port()),
    }
    said = instance.parent / f"{instance.name}.log"
    with said.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "lms", "demo", *options],
            env=environment,
            stdout=log,
            stderr=log,
            cwd=instance.parent,
            # Whoever runs the tests in the background has told every child to ignore Ctrl-C.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
    told = instance / "demo.json"
    until = time.monotonic() + 300
    while not told.exists() or not told.read_text().endswith("}\n"):
        if process.poll() is not None or time.monotonic() > until:
            process.kill()
            logs = "\n".join(f"{f.name}:\n{f.read_text()[-3000:]}" for f in instance.glob("logs/*.log"))
            pytest.fail(f"The demo did not start:\n{said.read_text()}\n{logs}")
        time.sleep(0.1)
    about = json.loads(told.read_text())
    return process, Demo(about["site"], about["simulator"], about["people"], about["pages"], instance, packages)


@pytest.fixture(scope="session")
def start_demo() -> Any:
    """``with start_demo(folder) as demo:`` for tests that need one of their own."""
    return running_demo


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """The demo as `make demo` starts it: connected, and the subscriber pays."""
    with running_demo(tmp_path_factory.mktemp("demo") / "instance") as running:
        yield running


@pytest.fixture
def fresh_demo(tmp_path: Path) -> Iterator[Demo]:
    """The demo as `make demo FRESH=1` starts it: Stripe is not connected."""
    with running_demo(tmp_path / "instance", "--fresh") as running:
        yield running


class Rows:
    """The demo's database by hand, while it runs: for what no page can bring about."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __call__(self, *statements: str) -> None:
        with closing(sqlite3.connect(self.file, timeout=30)) as connection, connection:
            for statement in statements:
                connection.execute(statement)

    def columns(self, table: str) -> list[str]:
        with closing(sqlite3.connect(self.file, timeout=30)) as connection:
            return [str(row[1]) for row in connection.execute(f"PRAGMA table_info({table})")]


@pytest.fixture
def change_rows(demo: Demo) -> Rows:
    """``change_rows("UPDATE …")`` writes into the database of the shared demo."""
    return Rows(demo.instance / "lms.db")


@pytest.fixture
def new_page(chromium: Browser) -> Iterator[Callable[..., Page]]:
    """``new_page()`` opens a browser of its own (own cookies). Script errors and policy reports fail the test."""
    contexts = []
    complaints: list[str] = []

    def opened(**options: Any) -> Page:
        context = chromium.new_context(locale="en-GB", **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(30_000)
        page.on("pageerror", lambda error: complaints.append(f"{page.url}: {error}"))
        page.on(
            "console",
            lambda message: (
                complaints.append(f"{page.url}: {message.text}")
                if message.type == "error" and "Failed to load resource" not in message.text
                else None
            ),
        )
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def page(new_page: Callable[..., Page]) -> Page:
    return new_page()


def check_accessibility(page: Page, *rules: str) -> None:
    """Fails on everything that axe-core calls serious or critical; by these rules only, or by all."""
    page.evaluate(AXE.read_text())
    only = {"runOnly": list(rules)} if rules else {}
    found = page.evaluate("options => axe.run(document, options)", {"resultTypes": ["violations"], **only})
    bad = [
        f"{v['id']} ({v['impact']}): {v['help']}: {[n['target'] for n in v['nodes']][:5]}"
        for v in found["violations"]
        if v["impact"] in {"serious", "critical"}
    ]
    assert bad == [], f"{page.url}: " + "\n".join(bad)


@pytest.fixture
def accessible() -> Callable[[Page], None]:
    return check_accessibility


@pytest.fixture
def in_every_light() -> Callable[[Page], None]:
    """``in_every_light(page)``: axe at 1280 and 390 pixels, light and dark; and nothing is wider than the window."""

    def look(page: Page) -> None:
        before = page.viewport_size
        for width, height in ((1280, 900), (390, 844)):
            page.set_viewport_size({"width": width, "height": height})
            # Without motion, because a colour on its way from one scheme to the other is neither.
            page.emulate_media(color_scheme="dark", reduced_motion="reduce")
            check_accessibility(page, "color-contrast")
            page.emulate_media(color_scheme="light", reduced_motion="reduce")
            check_accessibility(page)
            overflow = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
            assert overflow <= 0, f"{page.url} is {overflow} pixels wider than {width}"
        if before is not None:
            page.set_viewport_size(before)

    return look
