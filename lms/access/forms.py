"""What staff send about access."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import DateField, EmailField, Field, HiddenField, SelectField, StringField
from wtforms.validators import DataRequired, Length, Optional, ValidationError

from lms.base import clock
from lms.base.ids import new_token
from lms.web import Form
from lms.web.site import site_view

_LAST_YEAR = 9000


class ReasonForm(Form):
    """Why."""

    reason = StringField(
        _l("Reason"),
        validators=[DataRequired(_l("Say why, for whoever asks later.")), Length(max=200)],
        description=_l("Only staff read it."),
    )


class UntilForm(ReasonForm):
    """Until when, and why. ``key`` makes two presses one decision."""

    until = DateField(
        _l("Until"), validators=[Optional()], description=_l("The last day. Without one, access has no end.")
    )
    key = HiddenField(default=lambda: new_token(12), validators=[DataRequired(), Length(max=80)])

    def validate_until(self, field: Field) -> None:
        """A day to come. One that no calendar here reaches must not count as none, which would be for good."""
        if isinstance(field.data, date) and not field.data.year < _LAST_YEAR:
            raise ValidationError(_("Choose a day before the year %(year)s, or none.", year=_LAST_YEAR))
        ends_at = self.ends_at()
        if ends_at is not None and ends_at <= clock.now():
            raise ValidationError(_("That day has passed. Choose a day to come."))

    def ends_at(self) -> datetime | None:
        """The end of the last day in the site's zone, in UTC; None for no end."""
        day = self.until.data
        if day is None:
            return None
        return datetime.combine(day + timedelta(days=1), time(), ZoneInfo(site_view().timezone)).astimezone(UTC)


class GiveForm(UntilForm):
    """To one person: which product."""

    product = SelectField(_l("Product"), coerce=int)


class GiveByAddressForm(UntilForm):
    """Of one product: to whom."""

    email = EmailField(
        _l("E-mail"),
        validators=[DataRequired(_l("Write the address of their account.")), Length(max=254)],
        description=_l("Of somebody who has an account."),
    )
