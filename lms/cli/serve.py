"""``lms run``: the web server, with the worker beside it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import Any

import click
from gunicorn.app.base import BaseApplication

from lms.app import create_app
from lms.host.config import load as load_config
from lms.host.site import Site


class Server(BaseApplication):  # type: ignore[misc]
    """Gunicorn with our settings; the site is built in each worker, after the fork."""

    def __init__(self, options: dict[str, Any]) -> None:
        self._options = options
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        return Site(lambda: create_app(load_config()))


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8000, show_default=True, help="Port to listen on.")
@click.option("--workers", default=2, show_default=True, help="Web processes.")
@click.option("--threads", default=4, show_default=True, help="Threads of each process.")
@click.option("--worker/--no-worker", "with_worker", default=True, help="Run background jobs beside the server.")
@click.option("--safe", is_flag=True, help="Start without any plugin.")
def run(host: str, port: int, workers: int, threads: int, with_worker: bool, safe: bool) -> None:
    """Serve the site."""
    load_config()
    if safe:
        os.environ["LMS_SAFE_MODE"] = "1"
    jobs = subprocess.Popen([sys.executable, "-m", "lms", "worker"]) if with_worker else None

    def end_jobs(_server: Any) -> None:
        if jobs is not None and jobs.poll() is None:
            jobs.send_signal(signal.SIGTERM)
            jobs.wait(timeout=20)

    Server(
        {
            "bind": f"{host}:{port}",
            "workers": workers,
            "threads": threads,
            "worker_class": "gthread",
            "timeout": 60,
            "graceful_timeout": 5,
            "accesslog": None,
            "loglevel": "warning",
            "on_exit": end_jobs,
        }
    ).run()
