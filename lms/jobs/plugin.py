"""What the room adds."""

from __future__ import annotations

from datetime import timedelta

from lms.base import clock
from lms.extend import Command, HealthCheck, Job, Plugin
from lms.host import bus, changes
from lms.host.changes import Change
from lms.jobs import command, health, listeners, services

bus.on_listener_failure(listeners.keep)

_KEEP_DONE = timedelta(days=2)


def _go_with_their_plugin(change: Change) -> None:
    if change.what == "uninstalled":
        services.delete_of_plugin(change.plugin)


changes.on_change(_go_with_their_plugin)


def _clean() -> None:
    services.delete_done(clock.real_now() - _KEEP_DONE)


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
        return health.CHECKS

    def commands(self) -> tuple[Command, ...]:
        return (Command(name="worker", command=command.worker),)
