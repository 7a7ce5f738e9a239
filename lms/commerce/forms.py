"""What people send to the room commerce."""

from __future__ import annotations

from typing import Any

from babel.numbers import get_currency_name
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, IntegerField, SelectField, SelectMultipleField, StringField
from wtforms.validators import DataRequired, Length, NumberRange, Optional, ValidationError
from wtforms.widgets import CheckboxInput, ListWidget

from lms.base import money
from lms.commerce import offers
from lms.web import Form

CURRENCIES = ("eur", "usd", "gbp", "chf", "sek", "nok", "dkk", "pln", "czk", "cad", "aud", "nzd", "jpy", "krw", "kwd")


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


class OfferForm(Form):
    """A price. It cannot be changed later: another price is another offer."""

    kind = SelectField(
        _l("Kind"),
        choices=[
            (offers.ONE_TIME, _l("Paid once")),
            (offers.SUBSCRIPTION, _l("Subscription")),
            (offers.FREE, _l("Free")),
        ],
    )
    price = StringField(_l("Price"), default="", description=_l("As people write it, like 49 or 9.50."))
    currency = SelectField(_l("Currency"))
    interval = SelectField(
        _l("Charged every"),
        choices=[("month", _l("month")), ("year", _l("year")), ("week", _l("week")), ("day", _l("day"))],
        description=_l("For subscriptions."),
    )
    trial_days = IntegerField(
        _l("Free days at the start"),
        default=0,
        validators=[Optional(), NumberRange(0, 730, _l("Write a number from 0 to 730."))],
        description=_l("For subscriptions."),
    )
    grace_days = IntegerField(
        _l("Days of grace"),
        default=7,
        validators=[Optional(), NumberRange(0, 90, _l("Write a number from 0 to 90."))],
        description=_l("How long the courses stay open when a charge fails."),
    )
    access_days = IntegerField(
        _l("Open for how many days"),
        validators=[Optional(), NumberRange(1, 36500, _l("Write a number from 1 upwards, or nothing."))],
        description=_l("For what is paid once. Nothing means: for good."),
    )
    button_text = StringField(
        _l("Button"), validators=[Length(max=80)], description=_l("Nothing means the usual words.")
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.currency.choices = [(code, f"{code.upper()}, {get_currency_name(code.upper())}") for code in CURRENCIES]

    def validate_price(self, field: StringField) -> None:
        """A price that the currency can write; free offers have none."""
        if self.kind.data == offers.FREE:
            return
        try:
            amount = self._minor()
        except money.NotRepresentable as error:
            count = money.decimals(self.currency.data)
            raise ValidationError(_("This currency has %(count)s decimals.", count=count)) from error
        except ValueError as error:
            raise ValidationError(_("Write the price as a number, like 49 or 9.50.")) from error
        if not 0 < amount <= offers.LARGEST_AMOUNT:
            raise ValidationError(_("Write a price above zero, and not out of all proportion."))

    def terms(self) -> dict[str, Any]:
        """The offer as ``create_offer`` wants it."""
        return {
            "kind": self.kind.data,
            "amount": 0 if self.kind.data == offers.FREE else self._minor(),
            "currency": self.currency.data,
            "interval": self.interval.data,
            "trial_days": self.trial_days.data or 0,
            "grace_days": 7 if self.grace_days.data is None else self.grace_days.data,
            "access_days": self.access_days.data,
            "button_text": self.button_text.data or "",
        }

    def _minor(self) -> int:
        return money.to_minor((self.price.data or "").strip().replace(",", "."), self.currency.data)
