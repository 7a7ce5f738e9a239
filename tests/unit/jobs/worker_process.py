"""A real worker process with trial jobs: ``python worker_process.py drain|serve``, configured by ``LMS_*``."""

from __future__ import annotations

import os
import sys
import time
from datetime import timedelta
from pathlib import Path

from flask import Flask

from lms.app import create_app
from lms.audit import services as audit
from lms.extend import Job
from lms.host.config import load
from lms.host.registry import Contribution, Registry
from lms.jobs.command import serve
from lms.jobs.plugin import Jobs
from lms.jobs.runner import Worker


def count(number: int) -> None:
    """One effect per job."""
    audit.record("trial.counted", actor_id=None, subject=f"number/{number}")


def wait_for(folder: str) -> None:
    """Writes, says that it has begun, and goes on when it is told to."""
    audit.record("trial.waited", actor_id=None, subject="trial")
    Path(folder, f"begun-{os.getpid()}").touch()
    while not Path(folder, "go").exists():
        time.sleep(0.01)


JOBS = (
    Job(name="count", run=count, plugin="trial"),
    Job(name="wait_for", run=wait_for, plugin="trial", lease=timedelta(hours=1)),
)


def with_trial_jobs(app: Flask) -> Flask:
    """The app with our jobs instead of its own."""
    app.extensions["lms_registry"] = Registry([Contribution("trial", Jobs(), JOBS, ())])
    return app


if __name__ == "__main__":
    trial_app = with_trial_jobs(create_app(load()))
    if sys.argv[1] == "drain":
        print(Worker(trial_app).run_due())
    else:
        serve(lambda: trial_app, threads=1)
