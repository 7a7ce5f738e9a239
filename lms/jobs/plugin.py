"""What the room adds."""

from __future__ import annotations

from datetime import timedelta

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from lms.base import clock
from lms.extend import Command, HealthCheck, HealthResult, Job, Plugin
from lms.host import bus
from lms.jobs import command, listeners, services

bus.on_listener_failure(listeners.keep)

_KEEP_DONE = timedelta(days=2)
_SLOW = timedelta(minutes=2)


def _clean() -> None:
    services.delete_done(clock.real_now() - _KEEP_DONE)


def _jobs_run() -> HealthResult:
    counts = services.summary()
    if counts.oldest_due is not None and clock.real_now() - counts.oldest_due > _SLOW:
        return HealthResult(
            "broken",
            _("Background work stands still: the oldest job has been due for more than two minutes."),
            _("Start a worker: lms worker."),
        )
    if counts.dead:
        return HealthResult(
            "advice", _("%(count)s jobs failed for good.", count=counts.dead), _("Retry or discard them under Jobs.")
        )
    return HealthResult("good", _("Background work runs as it should."))


class Jobs(Plugin):
    """Jobs

    Background work: mail, payments, schedules.
    """

    name = "jobs"
    builtin = True
    models = "lms.jobs.models"
    migrations = "lms.jobs.migrations"

    def jobs(self) -> tuple[Job, ...]:
        return (
            Job(name="listener", run=listeners.deliver_again),
            Job(name="clean", run=_clean, every=timedelta(hours=6)),
        )

    def health_checks(self) -> tuple[HealthCheck, ...]:
        return (HealthCheck(name="running", label=_l("Background work"), check=_jobs_run),)

    def commands(self) -> tuple[Command, ...]:
        return (Command(name="worker", command=command.worker),)
