"""Does background work get done?"""

from __future__ import annotations

from datetime import timedelta

from flask_babel import format_timedelta, ngettext
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from lms.base import clock
from lms.extend import HealthCheck, HealthResult, Remedy
from lms.jobs import services

_GROUP = _l("Background work")
_SILENT = timedelta(minutes=2)
_SLOW = timedelta(minutes=2)


def _worker() -> HealthResult:
    seen = services.worker_seen()
    if seen is None:
        return HealthResult(
            "broken", _("No worker has run yet: mail, payments and schedules wait."), _("Start one: lms worker.")
        )
    silent = clock.real_now() - seen
    if silent > _SILENT:
        return HealthResult(
            "broken",
            _("The last worker was seen %(when)s.", when=format_timedelta(-silent, add_direction=True)),
            _("Start one: lms worker. (lms run starts one beside the server.)"),
        )
    return HealthResult("good", _("A worker runs."))


def _waiting() -> HealthResult:
    counts = services.summary()
    if counts.oldest_due is None:
        return HealthResult("good", _("Nothing waits."))
    late = clock.real_now() - counts.oldest_due
    words = _("The oldest job has been due for %(time)s.", time=format_timedelta(late))
    if late > _SLOW:
        do = _("Start more workers: lms worker. Any number may run.")
        return HealthResult("broken", words, do, Remedy(_("See what waits"), "/admin/jobs?state=queued"))
    return HealthResult("good", words)


def _failed() -> HealthResult:
    dead = services.summary().dead
    if dead:
        return HealthResult(
            "advice",
            ngettext("%(num)s job failed for good.", "%(num)s jobs failed for good.", dead),
            _("Mend what they stumble over, then let them run again."),
            Remedy(ngettext("Retry it", "Retry them", dead), "/admin/jobs/retry", post=True),
        )
    return HealthResult("good", _("No job failed for good."))


CHECKS = (
    HealthCheck(name="worker", label=_l("Worker"), group=_GROUP, check=_worker, order=5),
    HealthCheck(name="waiting", label=_l("Waiting"), group=_GROUP, check=_waiting, order=6),
    HealthCheck(name="failed", label=_l("Failed"), group=_GROUP, check=_failed, order=7),
)
