"""``lms run``: the web server, with the worker beside it."""

from __future__ import annotations

import errno
import os
import socket
import sys
from typing import Any

import click
from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter

from lms.app import create_app
from lms.cli import anew
from lms.cli.supervise import Kept
from lms.host import watchdog
from lms.host.config import load as load_config
from lms.host.site import Site
from lms.host.watch import Watch


class Master(Arbiter):  # type: ignore[misc]
    """Gunicorn's master, which keeps the job worker beside its web workers."""

    def manage_workers(self) -> None:
        """Gunicorn calls this once a second, and whenever a child ended."""
        super().manage_workers()
        if self.app.jobs is not None:
            self.app.jobs.look()

    def reap_workers(self) -> None:
        """Gunicorn takes the end of every child, so ours has to be noticed before."""
        if self.app.jobs is not None:
            self.app.jobs.look()
        super().reap_workers()


class Server(BaseApplication):  # type: ignore[misc]
    """Gunicorn with our settings; the site is built in each worker, after the fork."""

    def __init__(self, options: dict[str, Any], *, with_jobs: bool) -> None:
        self._options = options
        self._with_jobs = with_jobs
        self.jobs: Kept | None = None
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._options.items():
            self.cfg.set(name, value)
        self.cfg.set("child_exit", anew.Master(before=self.tell_jobs_to_end))

    def load(self) -> Any:
        # Before any plugin is imported: an import may be what does not return.
        guardian = watchdog.start(load_config())
        watch = Watch()
        site = Site(lambda: create_app(load_config()))
        if guardian is not None:
            guardian.app = lambda: site.app
        watch.start(site, anew.end_worker)
        return site

    def tell_jobs_to_end(self) -> None:
        """Nothing happens where there is no job worker."""
        if self.jobs is not None:
            self.jobs.tell_to_end()

    def run(self) -> None:
        """Serve until told to end; the job worker goes with the server, however that ends."""
        master = Master(self)
        if self._with_jobs:
            self.jobs = Kept("job worker", [sys.executable, "-m", "lms", "worker"], master.log.warning)
        try:
            master.run()
        finally:
            # Forked web workers come along here too; in them it does nothing.
            if self.jobs is not None:
                self.jobs.end()


def require_free(host: str, port: int) -> None:
    """Raises ``ClickException`` where the server could not listen, before anything is started."""
    if "GUNICORN_FD" in os.environ:
        # This is the process that listens already, as a new image.
        return
    try:
        family, kind, protocol, _name, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            # Without this, two that were bound with SO_REUSEADDR would only notice each other later.
            probe.listen()
    except OSError as error:
        raise click.ClickException(_refusal(host, port, error)) from error


def _refusal(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Something listens at {host}:{port} already. End it, or choose another port with --port."
    if error.errno == errno.EACCES:
        return f"The system does not let you listen at port {port}. Choose one from 1024 up with --port."
    return f"This machine cannot listen at {host}:{port}: {error.strerror}. Choose another address with --host."


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535), help="Port to listen on.")
@click.option("--workers", default=2, show_default=True, type=click.IntRange(1), help="Web processes.")
@click.option("--threads", default=4, show_default=True, type=click.IntRange(1), help="Threads of each process.")
@click.option("--worker/--no-worker", "with_worker", default=True, help="Run background jobs beside the server.")
@click.option("--safe", is_flag=True, help="Start without any plugin.")
def run(host: str, port: int, workers: int, threads: int, with_worker: bool, safe: bool) -> None:
    """Serve the site."""
    load_config()
    if safe:
        os.environ["LMS_SAFE_MODE"] = "1"
    require_free(host, port)
    options = {
        "bind": f"[{host}]:{port}" if ":" in host else f"{host}:{port}",
        "workers": workers,
        "threads": threads,
        "worker_class": "gthread",
        "timeout": 60,
        "graceful_timeout": 5,
        "accesslog": None,
        "loglevel": "warning",
    }
    Server(options, with_jobs=with_worker).run()
