"""A plugin that never returns, under ``lms run``: it costs one process, and the next one has it paused."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lms import db
from lms.base import clock
from lms.host import activate, rows
from lms.jobs import services
from lms.jobs.models import JobRow, State
from lms.testing.distributions import installed, make_distribution

PLUGIN = '''
    from flask import Blueprint

    from datetime import timedelta
    from pathlib import Path

    from lms.api.web import public
    from lms.extend import Job, Plugin

    blueprint = Blueprint("loop", __name__)

    @blueprint.get("/")
    @public
    def index():
        spin()

    def spin():
        while True:
            pass

    class Loop(Plugin):
        """Loop"""

        def blueprint(self):
            return blueprint

        def jobs(self):
            return (Job(name="spin", run=spin, time_limit=timedelta(seconds=1)),)
'''


def ask(port: int, path: str, timeout: float = 30) -> tuple[int, str]:
    """Status and text; 0 where the connection ended without an answer."""
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)) as connection:
        try:
            connection.request("GET", path, headers={"Connection": "close"})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        except (OSError, http.client.HTTPException) as error:
            return 0, repr(error)


def until(condition: Callable[[], bool], seconds: float) -> None:
    """Waits for the condition; fails after ``seconds``."""
    give_up = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < give_up, "It did not happen in time."
        time.sleep(0.05)


@pytest.fixture
def site_options() -> dict[str, Any]:
    return {"strict_plugins": "0"}


@dataclass
class Served:
    """``lms run`` with the plugin on, which may take a second."""

    port: int
    process: subprocess.Popen[bytes]
    log: Path
    environment: dict[str, str]

    def job_workers(self) -> set[int]:
        """The processes that run jobs."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return {pid for pid in map(int, children) if Path(f"/proc/{pid}/cmdline").read_bytes().endswith(b"worker\0")}


@pytest.fixture
def environment(site: Any, tmp_path: Path) -> Iterator[dict[str, str]]:
    packages = tmp_path / "packages"
    packages.mkdir()
    make_distribution(packages, "loop", "1.0", {"lms_loop.plugin": PLUGIN})
    with installed(packages):
        activate.activate("loop")
        db.commit()
        yield os.environ | {
            "LMS_ENV": "test",
            "LMS_INSTANCE": str(site.config.instance),
            "LMS_DATABASE_URL": site.config.database_url,
            "LMS_SITE_URL": "http://localhost",
            "LMS_PLUGIN_TIME_LIMIT": "1",
        }


@pytest.fixture
def serve(environment: dict[str, str], tmp_path: Path) -> Iterator[Callable[..., Served]]:
    """Starts ``lms run`` at a port of its own, and ends it after the test."""
    started: list[Served] = []

    def start(*options: str) -> Served:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            number = int(probe.getsockname()[1])
        command = [sys.executable, "-m", "lms", "run", "--port", str(number), *options]
        log = tmp_path / "server.log"
        with log.open("wb") as file:
            process = subprocess.Popen(command, env=environment, stdout=file, stderr=file)
        started.append(Served(number, process, log, environment))
        until(lambda: ask(number, "/health/live")[0] == 200, 60)
        return started[-1]

    yield start
    for one in started:
        one.process.send_signal(signal.SIGTERM)
        one.process.wait(timeout=30)
        print(one.log.read_text())


@pytest.mark.slow
def test_what_never_returns_costs_one_process_and_is_paused_while_the_site_goes_on(
    serve: Callable[..., Served],
) -> None:
    port = serve("--no-worker").port
    hanging = threading.Thread(target=ask, args=(port, "/ext/loop/"))
    hanging.start()
    answers = []

    def is_paused() -> bool:
        answers.append(ask(port, "/courses")[0])
        return ask(port, "/ext/loop/", timeout=3)[0] == 503

    until(is_paused, 60)
    hanging.join()
    assert set(answers) <= {200, 0}
    # A request that was at hand in the process that ended may be lost; one that comes after it is not.
    assert [ask(port, "/courses")[0] for _ in range(10)] == [200] * 10
    assert "did not return" in why_paused()


def why_paused() -> str:
    """Why the plugin is paused; "" while it is not."""
    row = rows.get("loop")
    # On SQLite a transaction that stays open here would keep everybody from writing.
    db.rollback()
    return row.reason if row is not None and row.state == rows.PAUSED else ""


def enqueue(name: str) -> None:
    """As ``services.enqueue`` does; the plugin is not in the memory of this process."""
    db.session.add(JobRow(name=name, args={}, state=State.QUEUED, due_at=clock.real_now()))
    db.commit()


def ran(name: str) -> bool:
    """Whether a job of this name ended well."""
    done = services.jobs(State.DONE)
    db.rollback()
    return any(job.name == name for job in done)


@pytest.mark.slow
def test_a_job_that_never_returns_costs_its_worker_and_the_jobs_of_others_go_on(
    serve: Callable[..., Served], both_databases: str
) -> None:
    served = serve("--workers", "1")
    until(lambda: len(served.job_workers()) == 1, 20)
    enqueue("loop.spin")
    until(lambda: "did not return from job spin within 1 s" in why_paused(), 60)
    enqueue("accounts.tidy")
    until(lambda: ran("accounts.tidy"), 30)
    assert len(served.job_workers()) == 1


@pytest.mark.slow
def test_a_worker_that_is_killed_has_a_successor_and_a_taken_port_leaves_none_behind(
    serve: Callable[..., Served],
) -> None:
    served = serve("--workers", "1")
    until(lambda: len(served.job_workers()) == 1, 20)
    (first,) = served.job_workers()
    os.kill(first, signal.SIGKILL)
    until(lambda: bool(served.job_workers() - {first}), 20)
    assert f"The job worker (process {first}) was ended by SIGKILL. A new one starts in 1 s." in served.log.read_text()

    command = [sys.executable, "-m", "lms", "run", "--port", str(served.port)]
    refused = subprocess.run(command, env=served.environment, capture_output=True, text=True, timeout=60)
    assert refused.returncode == 1
    assert refused.stderr == (
        f"Error: Something listens at 127.0.0.1:{served.port} already. End it, or choose another port with --port.\n"
    )
    everybody = running_workers(served.environment["LMS_INSTANCE"])
    assert everybody == served.job_workers()

    # However the server ends, its worker goes with it.
    served.process.kill()
    served.process.wait()
    until(lambda: not running_workers(served.environment["LMS_INSTANCE"]), 30)


def running_workers(instance: str) -> set[int]:
    """All job workers of the site on this machine, whoever started them."""
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            is_worker = (folder / "cmdline").read_bytes().endswith(b"lms\0worker\0")
            if is_worker and f"LMS_INSTANCE={instance}".encode() in (folder / "environ").read_bytes().split(b"\0"):
                found.add(int(folder.name))
    return found
