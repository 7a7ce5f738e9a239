"""The worker: takes jobs that are due and runs each in a unit of work of its own."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from flask import Flask, has_app_context
from sqlalchemy.exc import DatabaseError

from lms.base import clock
from lms.base.problem import Problem
from lms.db import Mode, db, scope, session, writes
from lms.host import guard
from lms.jobs import leases, schedules
from lms.jobs.leases import Lease, LeaseLost, NotYet

log = logging.getLogger("lms.jobs")

_POLL_SECONDS = 0.25
_SCHEDULE_SECONDS = 5.0
_DATABASE_GONE_SECONDS = 2.0


class Worker:
    """Runs the jobs of one site. ``app`` is the app, or a function that gives the present one after a rebuild."""

    def __init__(self, app: Flask | Callable[[], Flask]) -> None:
        # A Flask app can be called too (as WSGI), hence the question about its type.
        self._app: Callable[[], Flask] = (lambda: app) if isinstance(app, Flask) else app
        self._scheduled_for: Flask | None = None
        self._look_at_schedules = 0.0

    def run_due(self, limit: int = 1000, *, at: datetime | None = None) -> int:
        """Run what is due now (or at ``at``, real time, UTC), what follows from it too; returns how many ran.

        For tests and commands; an open transaction of the caller is ended first. With strict plugins a failure is
        kept as ever, then raised; a ``Problem`` is not.
        """
        if has_app_context():
            # Each job has a session of its own; on SQLite a transaction left open here would lock it out.
            session.rollback()
        count = 0
        while count < limit and self._run_one(at, strict=True):
            count += 1
        return count

    def run_forever(self, stop: threading.Event) -> None:
        """Run jobs until ``stop`` is set; the job at hand is finished first. Outlives a lost database."""
        while not stop.is_set():
            try:
                self._follow_schedules()
                if not self._run_one():
                    stop.wait(_POLL_SECONDS)
            except DatabaseError as error:
                log.error("the database does not answer: %s", error)
                stop.wait(_DATABASE_GONE_SECONDS)

    def _follow_schedules(self) -> None:
        if time.monotonic() < self._look_at_schedules:
            return
        app, now = self._app(), clock.real_now()
        with app.app_context():
            items = leases.active_items()
            if self._scheduled_for is not app:
                schedules.remember(items, now)
                self._scheduled_for = app
            with scope(Mode.READ):
                due = schedules.next_at(items)
                session.rollback()
            if due is not None and due <= now:
                schedules.enqueue_due(items, now)
        self._look_at_schedules = time.monotonic() + _SCHEDULE_SECONDS

    def _run_one(self, at: datetime | None = None, *, strict: bool = False) -> bool:
        app = self._app()
        with app.app_context():
            items = leases.active_items()
            now = at or clock.real_now()
            with scope(Mode.READ), db.engine.connect() as connection:
                if not leases.any_due(connection, now, list(items)):
                    return False
            lease = leases.claim(now, items)
        if lease is None:
            return False
        with app.app_context(), _heartbeat(app, lease):
            _run(app, lease, at, strict)
        return True


def _run(app: Flask, lease: Lease, at: datetime | None, strict: bool) -> None:
    item = lease.item
    piece = f"job {item.name}"
    try:
        with writes():
            with guard.piece(item.plugin, piece, outside=True, limit=item.time_limit.total_seconds()):
                item.run(**lease.args)
            leases.finish(lease)
    except LeaseLost:
        log.warning("job %s (%s) is with another worker by now; this run is undone", lease.job_id, lease.name)
    except guard.PASSES:
        raise
    except BaseException as error:
        leases.fail(lease, error, at or clock.real_now())
        if isinstance(error, Problem | NotYet):
            log.warning("job %s (%s), attempt %s: %s", lease.job_id, lease.name, lease.attempt, error)
            return
        guard.report(item.plugin, piece, error)
        if strict and app.config["LMS"].strict_plugins:
            raise


@contextmanager
def _heartbeat(app: Flask, lease: Lease) -> Iterator[None]:
    """Keeps the lease while the job runs: three beats a lease, so that two may be missed."""
    over = threading.Event()
    pause = lease.item.lease.total_seconds() / 3

    def beat() -> None:
        while not over.wait(pause):
            try:
                with app.app_context():
                    if not leases.extend(lease, clock.real_now()):
                        return
            except DatabaseError as error:
                log.warning("the lease of job %s could not be renewed: %s", lease.job_id, error)

    thread = threading.Thread(target=beat, name=f"heartbeat-{lease.job_id}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
