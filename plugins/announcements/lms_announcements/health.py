"""Does the clock tell? Answered from our database only."""

from __future__ import annotations

from datetime import timedelta

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from lms.api import clock
from lms.extend import HealthCheck, HealthResult
from lms_announcements import services

_PATIENCE = timedelta(minutes=5)


def _all_told() -> HealthResult:
    late = services.untold(clock.now() - _PATIENCE)
    if not late:
        return HealthResult("good", _("Every announcement that has begun was told of."))
    sentence = ngettext(
        "%(num)d announcement has begun and is shown, but nobody was told of it: background work stands still.",
        "%(num)d announcements have begun and are shown, but nobody was told of them: background work stands still.",
        late,
    )
    return HealthResult("broken", sentence, _("Look whether the worker runs: lms worker."))


all_told = HealthCheck(name="all-told", label=_l("Announcements"), check=_all_told)
