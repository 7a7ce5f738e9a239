"""Forms of the room."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import SelectField, StringField, TextAreaField
from wtforms.validators import DataRequired, Length, Regexp

from lms.courses.services import COVERS
from lms.web import Form

_COVER_WORDS = {
    "letter": _l("A letter"),
    "porch": _l("The porch"),
    "table": _l("A table"),
    "mountain": _l("Mountains"),
    "wave": _l("Waves"),
    "book": _l("A book"),
}


def _trimmed(value: str | None) -> str | None:
    return value.strip() if value else value


class CourseForm(Form):
    """What a course says about itself."""

    title = StringField(
        _l("Title"), filters=[_trimmed], validators=[DataRequired(_l("A course needs a title.")), Length(max=200)]
    )
    subtitle = TextAreaField(
        _l("Subtitle"), filters=[_trimmed], validators=[Length(max=400)],
        description=_l("Below the title: for whom it is, and what comes of it."), render_kw={"rows": 2},
    )  # fmt: skip
    summary = TextAreaField(
        _l("Summary"), filters=[_trimmed], validators=[Length(max=2000)],
        description=_l("One or two sentences for search engines and lists."), render_kw={"rows": 3},
    )  # fmt: skip
    slug = StringField(
        _l("Address"),
        filters=[_trimmed],
        validators=[
            DataRequired(_l("A course needs an address.")),
            Length(max=80),
            Regexp(
                r"^[a-z0-9]+(-[a-z0-9]+)*$", message=_l("Use small letters, digits and single hyphens, at most 80.")
            ),
        ],
        description=_l("Stands after /courses/. Old addresses go on to lead here."),
    )
    cover = SelectField(_l("Cover"), choices=[(name, _COVER_WORDS[name]) for name in COVERS])
