"""Starting the master anew: what it leaves behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from types import SimpleNamespace

import pytest

from lms.cli import anew
from lms.host import watch

DEAF = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print(flush=True)
time.sleep(60)
"""


@pytest.fixture(autouse=True)
def outdated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GUNICORN_FD", "")
    monkeypatch.setenv("GUNICORN_PID", "")
    monkeypatch.setattr(watch, "core_is_outdated", lambda: True)


class Arbiter:
    """What the hook needs of gunicorn's: one worker, which hears nothing but a kill."""

    cfg = SimpleNamespace(graceful_timeout=0.2)

    def __init__(self) -> None:
        self.LISTENERS = [SimpleNamespace(fileno=lambda: 7)]
        worker = subprocess.Popen([sys.executable, "-c", DEAF], stdout=subprocess.PIPE)
        assert worker.stdout is not None
        with worker.stdout as said:
            said.readline()
        self.worker = worker
        self.WORKERS = {worker.pid: worker}

    def kill_workers(self, number: int) -> None:
        for pid in self.WORKERS:
            os.kill(pid, number)

    def reap_workers(self) -> None:
        for pid, worker in list(self.WORKERS.items()):
            if worker.poll() is not None:
                del self.WORKERS[pid]


def test_a_worker_that_had_to_be_killed_is_gone_before_the_new_image_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    arbiter, ended = Arbiter(), []
    monkeypatch.setattr(watch, "execute_again", lambda: ended.append(arbiter.worker.returncode))
    anew.Master(before=lambda: None)(arbiter, None)
    assert ended == [-signal.SIGKILL]
    assert arbiter.WORKERS == {}
    assert os.environ["GUNICORN_FD"] == "7"


def test_a_master_that_was_told_to_end_does_not_begin_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    arbiter = Arbiter()
    arbiter.LISTENERS = []
    try:
        monkeypatch.setattr(watch, "execute_again", lambda: pytest.fail("It has no socket to hand over."))
        anew.Master(before=lambda: pytest.fail("The job worker is ended by who ends the server."))(arbiter, None)
        assert arbiter.WORKERS
    finally:
        arbiter.worker.kill()
        arbiter.worker.wait()
