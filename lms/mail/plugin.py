"""What the room adds."""

from __future__ import annotations

from lms.extend import HealthCheck, Job, Plugin, SealedColumn
from lms.mail import health, services
from lms.mail.models import Message


class Mail(Plugin):
    """Mail

    Letters to people, each sent once.
    """

    name = "mail"
    builtin = True
    models = "lms.mail.models"
    migrations = "lms.mail.migrations"

    def sealed_columns(self) -> tuple[SealedColumn, ...]:
        return (SealedColumn(name="body", column=Message.sealed_body, key=Message.key, place="mail.{}"),)

    def jobs(self) -> tuple[Job, ...]:
        return (Job(name="deliver", run=services.deliver),)

    def health_checks(self) -> tuple[HealthCheck, ...]:
        return (health.letters_leave,)
