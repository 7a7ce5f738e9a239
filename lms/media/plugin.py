"""What the room adds. Its addresses are drawn by ``admin``, which stands above the web layer."""

from __future__ import annotations

from datetime import timedelta

from lms.extend import Job, Plugin
from lms.media import services


def _clean() -> None:
    services.clean()


class Media(Plugin):
    """Media

    Pictures and files, private by default.
    """

    name = "media"
    builtin = True
    models = "lms.media.models"
    migrations = "lms.media.migrations"

    def jobs(self) -> tuple[Job, ...]:
        return (Job(name="clean", run=_clean, every=timedelta(hours=24)),)
