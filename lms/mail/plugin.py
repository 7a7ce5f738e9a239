"""What the room adds."""

from __future__ import annotations

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from lms.extend import HealthCheck, HealthResult, Job, Plugin
from lms.host import config
from lms.mail import services


def _letters_leave() -> HealthResult:
    site = config.current()
    if site.is_production and site.mail == "outbox":
        return HealthResult(
            "broken", _("Letters are written to files instead of being sent."), _("Set LMS_MAIL to your mail server.")
        )
    count = services.refused()
    if count:
        sentence = ngettext("%(num)s letter was refused this week.", "%(num)s letters were refused this week.", count)
        return HealthResult("advice", sentence, _("Look whether the addresses of these people are right."))
    return HealthResult("good", _("Letters leave as they should."))


class Mail(Plugin):
    """Mail

    Letters to people, each sent once.
    """

    name = "mail"
    builtin = True
    models = "lms.mail.models"
    migrations = "lms.mail.migrations"

    def jobs(self) -> tuple[Job, ...]:
        return (Job(name="deliver", run=services.deliver),)

    def health_checks(self) -> tuple[HealthCheck, ...]:
        return (HealthCheck(name="leaves", label=_l("Mail"), check=_letters_leave),)
