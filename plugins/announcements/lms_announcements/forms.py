"""What people send."""

from __future__ import annotations

from datetime import UTC
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import DateTimeLocalField, SelectField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, Length, Optional, ValidationError

from lms.api import settings
from lms.api.content import LinkField
from lms.api.courses import list_all
from lms.api.web import Form
from lms.extend import fields
from lms_announcements.models import Where
from lms_announcements.settings import TONES


def site_zone() -> ZoneInfo:
    """The zone that the site's own times are written in."""
    return ZoneInfo(settings.get("site", "timezone", "UTC"))


class SiteTime(DateTimeLocalField):
    """A moment. People read and write it in the site's zone; ``data`` is in UTC."""

    def process_formdata(self, valuelist: list[Any]) -> None:
        super().process_formdata(valuelist)
        if self.data is not None:
            self.data = self.data.replace(tzinfo=site_zone()).astimezone(UTC)

    def _value(self) -> str:
        if self.raw_data:
            return " ".join(self.raw_data)
        return self.data.astimezone(site_zone()).strftime("%Y-%m-%dT%H:%M") if self.data else ""


class AnnouncementForm(Form):
    """An announcement; field names are those of ``AnnouncementView``."""

    title = fields.PlainText(_l("Title"), max_length=120, validators=[DataRequired(_l("Write a title."))])
    words = TextAreaField(
        _l("Paragraph"),
        validators=[Length(max=400)],
        description=_l("One paragraph, at most 400 characters."),
        render_kw={"rows": 4},
    )
    link = LinkField(
        _l("Link"),
        validators=[Optional()],
        description=_l("An address, such as /courses, or one of the links that are suggested. Nothing means: no link."),
    )
    link_words = fields.PlainText(_l("Words of the link"), max_length=60, default=_l("Read more"))
    tone = fields.Choice(_l("Tone"), TONES)
    where = fields.Choice(
        _l("Shown to"),
        (
            (Where.SITE.value, _l("Everybody, at the top of public pages")),
            (Where.STUDENTS.value, _l("Students, at the top of their account")),
            (Where.COURSE.value, _l("Students of one course, in that course")),
        ),
    )
    course_id = SelectField(_l("Course"), coerce=int)
    starts_at = SiteTime(_l("Begins"), validators=[Optional()])
    ends_at = SiteTime(_l("Ends"), validators=[Optional()])
    dismissible = fields.Toggle(
        _l("Can be closed"),
        default=True,
        description=_l("Whoever is signed in can put it away for good. Guests see it until it ends."),
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.course_id.choices = [
            SelectChoice(0, _("None")),
            *(SelectChoice(each.id, each.title) for each in list_all(limit=500)),
        ]
        zone = site_zone().key.replace("_", " ")
        self.starts_at.description = _("In the zone %(zone)s. Nothing means: a draft.", zone=zone)
        self.ends_at.description = _("In the zone %(zone)s. Nothing means: it stays.", zone=zone)

    def validate_course_id(self, field: SelectField) -> None:
        """A course where one is needed."""
        if self.where.data == Where.COURSE and not field.data:
            raise ValidationError(_("Choose the course."))

    def validate_link_words(self, field: fields.PlainText) -> None:
        """A link has words."""
        if self.link.data and not (field.data or "").strip():
            raise ValidationError(_("Write the words that people click."))

    def validate_ends_at(self, field: SiteTime) -> None:
        """The end comes after the beginning."""
        if field.data and self.starts_at.data and field.data <= self.starts_at.data:
            raise ValidationError(_("Choose an end that is later than the beginning."))

    def values(self) -> dict[str, Any]:
        """What ``services.save`` takes."""
        values = {name: value for name, value in self.data.items() if name != "csrf_token"}
        values["words"] = " ".join((values["words"] or "").split())
        values["link_words"] = (values["link_words"] or "").strip()
        if values["where"] != Where.COURSE:
            values["course_id"] = 0
        return values
