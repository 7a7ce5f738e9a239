"""What staff send about files."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField, FileRequired
from wtforms import BooleanField, SelectField, StringField, ValidationError
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length

from lms.media import kinds
from lms.media.services import FOCUSES
from lms.web import Form

_FOCUS_WORDS = {
    "center": _l("The middle"), "top": _l("Above"), "bottom": _l("Below"), "left": _l("Left"), "right": _l("Right"),
    "top-left": _l("Above left"), "top-right": _l("Above right"), "bottom-left": _l("Below left"),
    "bottom-right": _l("Below right"),
}  # fmt: skip


def is_picture(upload: Any) -> bool:
    """Whether what arrived is a picture, by its content."""
    head = upload.stream.read(4096)
    upload.stream.seek(0)
    return kinds.of(head) in kinds.PICTURES


class UploadForm(Form):
    """One file. A picture has to say what it shows."""

    file = FileField(_l("File"), validators=[FileRequired(_l("Choose a file."))])
    alt = StringField(
        _l("Description"),
        validators=[Length(max=400)],
        description=_l("What a picture shows, for people who do not see it. Pictures need one."),
    )
    public = BooleanField(_l("Everybody may see it"), description=_l("Otherwise only people whom a page lets in."))

    def validate_alt(self, field: Any) -> None:
        """Pictures need words."""
        if self.file.data and not (field.data or "").strip() and is_picture(self.file.data):
            raise ValidationError(_("Say what the picture shows."))


class PictureForm(Form):
    """What a picture shows, and which part of it matters."""

    alt = StringField(
        _l("Description"),
        validators=[Length(max=400)],
        description=_l("For people who do not see it. Blocks that have it already keep their own words."),
    )
    focus = SelectField(
        _l("What matters most is"),
        choices=[SelectChoice(name, _FOCUS_WORDS[name]) for name in FOCUSES],
        description=_l("It stays in sight where the picture is cut."),
    )

    def validate_alt(self, field: Any) -> None:
        """Pictures need words."""
        if not (field.data or "").strip():
            raise ValidationError(_("Say what the picture shows."))


class ReplaceForm(Form):
    """Another file at the same address."""

    file = FileField(_l("New file"), validators=[FileRequired(_l("Choose a file."))])
