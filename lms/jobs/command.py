"""``lms worker``: runs background jobs until it is told to stop."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from typing import Any

import click
from flask import Flask, current_app

from lms.host.site import Site
from lms.jobs.runner import Worker


def serve(app: Callable[[], Flask], *, threads: int) -> None:
    """Run ``threads`` workers until SIGTERM or SIGINT; jobs at hand are finished."""
    stop = threading.Event()

    def end(*_: Any) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    others = [
        threading.Thread(target=Worker(app).run_forever, args=(stop,), name=f"worker-{number}")
        for number in range(1, threads)
    ]
    for thread in others:
        thread.start()
    Worker(app).run_forever(stop)
    for thread in others:
        thread.join()


@click.command()
@click.option("--threads", default=2, show_default=True, type=click.IntRange(1, 32), help="Jobs at the same time.")
def worker(threads: int) -> None:
    """Run background jobs: mail, payments, schedules. Any number of workers may run at once."""
    first: list[Flask] = [current_app._get_current_object()]  # type: ignore[attr-defined]
    build_again = first[0].extensions["lms_build"]
    site = Site(lambda: first.pop() if first else build_again())

    def present() -> Flask:
        site.follow()
        return site.app

    serve(present, threads=threads)
