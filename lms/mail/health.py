"""Do letters leave?"""

from __future__ import annotations

from datetime import timedelta

from flask_babel import format_timedelta, ngettext
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from lms.base import clock
from lms.extend import HealthCheck, HealthResult, Remedy
from lms.host import config
from lms.jobs import services as jobs
from lms.mail import services, transports

_LATE = timedelta(minutes=15)


def _letters_leave() -> HealthResult:
    site = config.current()
    try:
        transports.of(site)
    except config.ConfigurationError as error:
        return HealthResult("broken", str(error), _("Correct LMS_MAIL where the site is started."))
    waiting = services.waiting_since(clock.real_now() - _LATE)
    if waiting is not None:
        count, oldest = waiting
        when = format_timedelta(oldest - clock.real_now(), add_direction=True)
        sentence = ngettext(
            "A letter that was written %(when)s has not left.",
            "%(num)s letters have not left; the oldest was written %(when)s.",
            count,
            when=when,
        )
        why = jobs.last_error(services.DELIVER)
        do = _("Mend what it stumbles over, then let it run again.") if why else _("Look whether a worker runs.")
        return HealthResult("broken", f"{sentence} {why}".strip(), do, Remedy(_("See background work"), "/admin/jobs"))
    if site.is_production and site.mail == "outbox":
        return HealthResult(
            "advice", _("Letters are written to files instead of being sent."), _("Set LMS_MAIL to your mail server.")
        )
    count = services.refused()
    if count:
        sentence = ngettext("%(num)s letter was refused this week.", "%(num)s letters were refused this week.", count)
        return HealthResult("advice", sentence, _("Look whether the addresses of these people are right."))
    return HealthResult("good", _("Letters leave as they should."))


letters_leave = HealthCheck(name="leaves", label=_l("Letters"), group=_l("Mail"), check=_letters_leave, order=8)
