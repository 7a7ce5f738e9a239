"""What a creator writes about a new coupon, and about a code for one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import DateField, HiddenField, IntegerField, SelectField, SelectMultipleField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, Length, NumberRange, Optional, Regexp, ValidationError
from wtforms.widgets import CheckboxInput, ListWidget

from lms.api import clock, settings
from lms.api.ids import new_token
from lms.api.money import NotRepresentable, UnknownCurrency, decimals, to_minor
from lms.api.web import Form
from lms.extend import fields
from lms_stripe import currencies

# Far beyond any school, and what a column holds.
_MOST = 1_000_000


def _trimmed(value: str | None) -> str:
    return (value or "").strip()


class MultiCheckboxField(SelectMultipleField):
    """Several of a list, each with its box."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


class CodeForm(Form):
    """A code for a coupon that is there. ``key`` makes two presses one decision."""

    key = HiddenField(default=lambda: new_token(12), validators=[DataRequired(), Length(max=80)])
    code = StringField(
        _l("Code"),
        filters=[_trimmed],
        validators=[
            Length(max=80),
            Regexp(r"[A-Za-z0-9_-]*\Z", message=_l("A code has letters, digits, hyphens and no spaces.")),
        ],
        description=_l("What buyers type, such as SPRING20. Small and capital letters are the same."),
    )
    code_until = DateField(_l("Last day of the code"), validators=[Optional()], description=_l("Empty: no end."))
    code_most = IntegerField(
        _l("How often the code can be used"),
        validators=[Optional(), NumberRange(1, _MOST, _l("Write a number from 1 upwards, or nothing."))],
        description=_l("By all buyers together. Empty: as often as they like."),
    )
    first_purchase = fields.Toggle(_l("For first purchases only"))
    minimum = StringField(
        _l("Least to be paid"), filters=[_trimmed], description=_l("Like 49 or 9.50. Empty: no matter how much.")
    )
    currency = SelectField(_l("Currency"), description=_l("Of the amounts on this page."))

    is_code_needed = True

    def __init__(self, *args: Any, currencies_used: Sequence[str], **options: Any) -> None:
        super().__init__(*args, **options)
        self.currency.choices = [SelectChoice(each, each.upper()) for each in currencies_used]

    def validate_code(self, field: StringField) -> None:
        """There is one where one is made."""
        wants_one = self.code_until.data or self.code_most.data or self.first_purchase.data or self.minimum.data
        if not field.data and (self.is_code_needed or wants_one):
            raise ValidationError(_("Write the code, such as SPRING20."))

    def validate_code_until(self, field: DateField) -> None:
        """A day to come."""
        check_day(field.data)

    def validate_minimum(self, field: StringField) -> None:
        """An amount that the currency can write."""
        if field.data:
            read_amount(field.data, str(self.currency.data))

    def code_params(self) -> dict[str, Any]:
        """What Stripe is told about the code."""
        params: dict[str, Any] = {"code": self.code.data}
        if self.code_until.data:
            params["expires_at"] = end_of(self.code_until.data)
        if self.code_most.data:
            params["max_redemptions"] = self.code_most.data
        limits: dict[str, Any] = {"first_time_transaction": True} if self.first_purchase.data else {}
        if self.minimum.data:
            currency = str(self.currency.data)
            limits |= {
                "minimum_amount": read_amount(self.minimum.data, currency),
                "minimum_amount_currency": currency,
            }
        return {**params, "restrictions": limits} if limits else params


class CouponForm(CodeForm):
    """A new coupon, and at the same time its first code."""

    is_code_needed = False

    name = fields.PlainText(
        _l("Name"), max_length=40, description=_l("Buyers read it beside what is taken off. Empty: the code.")
    )
    kind = fields.Choice(_l("It takes off"), (("percent", _l("A share")), ("amount", _l("An amount"))))
    percent = StringField(_l("Percent"), filters=[_trimmed], description=_l("Like 20 or 12.5. For a share."))
    amount = StringField(_l("Amount"), filters=[_trimmed], description=_l("Like 10 or 9.50. For an amount."))
    duration = fields.Choice(
        _l("Of which payments"),
        (("once", _l("The first one")), ("repeating", _l("Those of some months")), ("forever", _l("Every one"))),
    )
    months = IntegerField(
        _l("For how many months"),
        validators=[Optional(), NumberRange(1, 120, _l("Write a number from 1 to 120."))],
    )
    until = DateField(_l("Last day of the coupon"), validators=[Optional()], description=_l("Empty: no end."))
    most = IntegerField(
        _l("How often the coupon can be used"),
        validators=[Optional(), NumberRange(1, _MOST, _l("Write a number from 1 upwards, or nothing."))],
        description=_l("With all its codes together. Empty: as often as they like."),
    )
    products = MultiCheckboxField(_l("Only for these products"), coerce=int, description=_l("None: for all of them."))

    def __init__(self, *args: Any, products: Mapping[int, str], **options: Any) -> None:
        super().__init__(*args, **options)
        self.products.choices = [SelectChoice(key, name) for key, name in products.items()]

    def validate_percent(self, field: StringField) -> None:
        """Above zero, at most a hundred, with at most two decimals."""
        if self.kind.data == "percent":
            read_percent(field.data or "")

    def validate_amount(self, field: StringField) -> None:
        """An amount that the currency can write and Stripe can take off."""
        if self.kind.data == "amount":
            read_amount(field.data or "", str(self.currency.data))

    def validate_duration(self, field: SelectField) -> None:
        """Some months are so many months."""
        if field.data == "repeating" and not self.months.data:
            raise ValidationError(_("Write below for how many months, from 1 to 120."))

    def validate_until(self, field: DateField) -> None:
        """A day to come."""
        check_day(field.data)

    def coupon_params(self, at_stripe: Mapping[int, Sequence[str]]) -> dict[str, Any]:
        """What Stripe is told about the coupon; ``at_stripe`` are its products by ours."""
        params: dict[str, Any] = {"duration": self.duration.data}
        if self.kind.data == "percent":
            params["percent_off"] = float(read_percent(self.percent.data or ""))
        else:
            currency = str(self.currency.data)
            params |= {"amount_off": read_amount(self.amount.data or "", currency), "currency": currency}
        if self.duration.data == "repeating":
            params["duration_in_months"] = self.months.data
        if self.name.data:
            params["name"] = self.name.data.strip()
        if self.until.data:
            params["redeem_by"] = end_of(self.until.data)
        if self.most.data:
            params["max_redemptions"] = self.most.data
        if self.products.data:
            params["applies_to"] = {"products": [each for key in self.products.data for each in at_stripe[key]]}
        return params


def read_percent(words: str) -> Decimal:
    """A share as people write it. Raises ``ValidationError`` with what to write instead."""
    try:
        found = Decimal(words.replace(",", ".").removesuffix("%").strip())
    except InvalidOperation:
        raise ValidationError(_("Write the share as a number, like 20 or 12.5.")) from None
    if not found.is_finite() or not 0 < found <= 100:
        raise ValidationError(_("A share lies above 0 and is at most 100."))
    if found != round(found, 2):
        raise ValidationError(_("A share has at most two decimals."))
    return found


def read_amount(words: str, currency: str) -> int:
    """An amount as people write it, in minor units. Raises ``ValidationError`` with what to write instead."""
    try:
        found = to_minor(words.strip().replace(",", "."), currency)
    except NotRepresentable as error:
        raise ValidationError(_("This currency has %(count)s decimals.", count=decimals(currency))) from error
    except UnknownCurrency as error:
        raise ValidationError(_("Choose a currency.")) from error
    except ValueError as error:
        raise ValidationError(_("Write the amount as a number, like 10 or 9.50.")) from error
    if not 0 < found <= 99_999_999:
        raise ValidationError(_("Write an amount above zero, and not out of all proportion."))
    may = currencies.can_charge(found, currency)
    if may is not True:
        raise ValidationError(str(may))
    return found


def check_day(day: date | None) -> None:
    """Raises ``ValidationError`` for a day that is over, or that no calendar here reaches."""
    if day is not None and (day.year >= 9000 or end_of(day) <= clock.now().timestamp()):
        raise ValidationError(_("Choose a day to come."))


def end_of(day: date) -> int:
    """The end of the day where the site is, as Stripe counts time."""
    zone = ZoneInfo(settings.get("site", "timezone", "UTC"))
    return int(datetime.combine(day + timedelta(days=1), time(), zone).astimezone(UTC).timestamp())
