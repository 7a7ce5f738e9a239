"""``lms worker``: runs background jobs until it is told to stop."""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Callable
from typing import Any

import click
from flask import Flask, current_app
from sqlalchemy.exc import DatabaseError

from lms.host import config, watch, watchdog
from lms.host.site import Site
from lms.jobs import services
from lms.jobs.runner import Worker

log = logging.getLogger("lms.jobs")
_ALIVE_SECONDS = 30.0


def say_alive(app: Callable[[], Flask], stop: threading.Event) -> None:
    """Let Health know of this worker, at once and then every half minute, also while a job takes long."""
    while True:
        try:
            with app().app_context():
                services.say_alive()
        except DatabaseError as error:
            log.warning("the database does not answer, so nobody knows of this worker: %s", error)
        if stop.wait(_ALIVE_SECONDS):
            return


def serve(app: Callable[[], Flask], *, threads: int, stop: threading.Event | None = None) -> None:
    """Run ``threads`` workers until SIGTERM, SIGINT or ``stop``; jobs at hand are finished."""
    stop = stop or threading.Event()

    def end(*_: Any) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    alive = threading.Thread(target=say_alive, args=(app, stop), name="worker-alive", daemon=True)
    alive.start()
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
    stop, begins_anew = threading.Event(), threading.Event()

    def begin_anew() -> None:
        # Who was told to end does not begin anew.
        if not stop.is_set():
            begins_anew.set()
            stop.set()

    def begin_anew_now() -> None:
        if begins_anew.is_set():
            watch.execute_again()
        os._exit(watchdog.EXIT_STATUS)

    guardian = watchdog.start(config.current())
    if guardian is not None:
        guardian.app, guardian.warn, guardian.end = lambda: site.app, begin_anew, begin_anew_now
    watch.Watch(plugins=watch.AT_IMPORT).start(site, begin_anew)

    def present() -> Flask:
        site.follow()
        return site.app

    serve(present, threads=threads, stop=stop)
    if begins_anew.is_set():
        watch.execute_again()
