"""What people send about products."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, SelectMultipleField, StringField
from wtforms.validators import DataRequired, Length
from wtforms.widgets import CheckboxInput, ListWidget

from lms.web import Form


class MultiCheckboxField(SelectMultipleField):
    """Several of a list, each with its box."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


class ProductForm(Form):
    """A product: its name and what it opens."""

    name = StringField(_l("Name"), validators=[DataRequired(_l("Give the product a name.")), Length(max=200)])
    everything = BooleanField(
        _l("Every course"), description=_l("All courses that are here, and those that come later.")
    )
    courses = MultiCheckboxField(_l("Courses it opens"), coerce=int)

    def items(self) -> list[tuple[str, int | None]]:
        """What was chosen, as ``access`` wants it."""
        if self.everything.data:
            return [("everything", None)]
        return [("course", course_id) for course_id in self.courses.data or ()]
