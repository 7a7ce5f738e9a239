from __future__ import annotations

import os
import runpy
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from lms import db
from lms.audit import services as audit
from lms.base import clock
from lms.jobs import services
from lms.jobs.runner import Worker

SCRIPT = Path(__file__).with_name("worker_process.py")


@pytest.fixture
def start(site: Any) -> Iterator[Any]:
    """``start("serve")`` starts a real worker process on the site's database."""
    runpy.run_path(str(SCRIPT))["with_trial_jobs"](site.app)
    environment = os.environ | {
        "LMS_ENV": "test",
        "LMS_INSTANCE": str(site.config.instance),
        "LMS_DATABASE_URL": site.config.database_url,
    }
    running: list[subprocess.Popen[str]] = []

    def process(mode: str) -> subprocess.Popen[str]:
        running.append(
            subprocess.Popen([sys.executable, str(SCRIPT), mode], env=environment, stdout=subprocess.PIPE, text=True)
        )
        return running[-1]

    yield process
    for worker in running:
        worker.kill()
        worker.communicate()


def has_begun(folder: Path, worker: subprocess.Popen[str]) -> None:
    while not (folder / f"begun-{worker.pid}").exists():
        assert worker.poll() is None
        time.sleep(0.01)


def test_several_processes_do_every_job_exactly_once(site, start, both_databases):
    for number in range(30):
        services.enqueue("trial.count", {"number": number})
    db.commit()
    workers = [start("drain") for _ in range(3)]
    assert [worker.wait(timeout=60) for worker in workers] == [0, 0, 0]
    assert sorted(entry.subject for entry in audit.entries(limit=100)) == sorted(f"number/{n}" for n in range(30))


def test_a_killed_worker_loses_nothing_and_another_does_the_job_once(site, start, both_databases, tmp_path):
    services.enqueue("trial.wait_for", {"folder": str(tmp_path)})
    db.commit()
    worker = start("serve")
    has_begun(tmp_path, worker)
    worker.send_signal(signal.SIGKILL)
    worker.wait(timeout=10)
    (tmp_path / "go").touch()
    assert Worker(site.app).run_due() == 0
    assert Worker(site.app).run_due(at=clock.real_now() + timedelta(hours=2)) == 1
    assert [entry.action for entry in audit.entries()] == ["trial.waited"]


def test_a_worker_that_is_told_to_stop_finishes_the_job_at_hand(site, start, tmp_path):
    services.enqueue("trial.wait_for", {"folder": str(tmp_path)})
    db.commit()
    worker = start("serve")
    has_begun(tmp_path, worker)
    worker.send_signal(signal.SIGTERM)
    (tmp_path / "go").touch()
    assert worker.wait(timeout=20) == 0
    assert (services.summary().running, len(services.jobs("done"))) == (0, 1)
