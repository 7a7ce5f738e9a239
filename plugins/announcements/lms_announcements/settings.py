"""The page Admin → Settings → Announcements, and who may announce."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from lms.api import settings
from lms.api.web import Form
from lms.extend import SettingsPage, fields
from lms_announcements.models import Tone

CAPABILITY = "pages.publish"
TONES = (
    (Tone.INFO.value, _l("Information")),
    (Tone.CELEBRATION.value, _l("Celebration")),
    (Tone.WARNING.value, _l("Warning")),
)


class OptionsForm(Form):
    """What new announcements begin with, and how lists show them."""

    show_dates = fields.Toggle(
        _l("Show dates"), default=True, description=_l("In lists on pages: the day on which each one began.")
    )
    tone = fields.Choice(_l("Usual tone"), TONES, description=_l("What a new announcement begins with."))


page = SettingsPage(
    name="announcements",
    label=_l("Announcements"),
    form=OptionsForm,
    capability=CAPABILITY,
    help=_l("What new announcements begin with, and how lists show them."),
)


def usual_tone() -> str:
    """The tone that a new announcement begins with."""
    return str(settings.get("announcements", "tone"))


def shows_dates() -> bool:
    """Whether lists on pages say when each one began."""
    return bool(settings.get("announcements", "show_dates"))
