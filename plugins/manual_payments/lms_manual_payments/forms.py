"""What buyers and staff send."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import DateField, Field, HiddenField, StringField, TextAreaField
from wtforms.validators import DataRequired, InputRequired, Length, ValidationError

from lms.api import money
from lms.api.web import Form
from lms_manual_payments import calendar_days


def _trimmed(text: str | None) -> str:
    return (text or "").replace("\r\n", "\n").strip()


class BillingForm(Form):
    """To whom the invoice goes."""

    name = StringField(
        _l("Name"),
        filters=[_trimmed],
        validators=[DataRequired(_l("Write the name that stands on the invoice.")), Length(max=200)],
        description=_l("Yours, or that of the company that pays."),
    )
    address = TextAreaField(
        _l("Address"),
        filters=[_trimmed],
        validators=[DataRequired(_l("Write the address that stands on the invoice.")), Length(max=600)],
        description=_l("Street, town and country."),
        render_kw={"rows": 4, "autocomplete": "street-address"},
    )
    tax_number = StringField(
        _l("Tax number"),
        filters=[_trimmed],
        validators=[Length(max=40)],
        description=_l("For companies that need theirs on the invoice. Others leave it empty."),
    )


class _AmountForm(Form):
    """A form with an amount of one currency."""

    amount = StringField(_l("Amount"), filters=[_trimmed], render_kw={"inputmode": "decimal", "autocomplete": "off"})

    def __init__(self, currency: str, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.currency = currency
        self.amount.label.text = _("Amount in %(currency)s", currency=currency.upper())

    def validate_amount(self, field: Field) -> None:
        """An amount above zero that the currency can write."""
        try:
            amount = self.minor()
        except money.NotRepresentable as error:
            count = money.decimals(self.currency)
            raise ValidationError(_("This currency has %(count)s decimals.", count=count)) from error
        except ValueError as error:
            raise ValidationError(_("Write the amount as a number, like 49 or 9.50.")) from error
        if not 0 < amount < 10**12:
            raise ValidationError(_("Write an amount above zero, and not out of all proportion."))

    def minor(self) -> int:
        """The amount in minor units of the currency. Raises ``ValueError`` for what is no amount."""
        return money.to_minor((self.amount.data or "").replace(",", "."), self.currency)


class PaidForm(_AmountForm):
    """Money has come."""

    paid_on = DateField(
        _l("Arrived on"),
        validators=[InputRequired(_l("Write the day on which the money came."))],
        description=_l("The day on your bank statement."),
    )

    def validate_paid_on(self, field: Field) -> None:
        """A day that has begun."""
        if isinstance(field.data, date) and field.data > calendar_days.today():
            raise ValidationError(_("This day has not come yet."))


class CancelForm(Form):
    """No money is expected any longer."""

    reason = StringField(
        _l("Reason"),
        filters=[_trimmed],
        validators=[DataRequired(_l("Write why, for whoever asks later.")), Length(max=200)],
        description=_l("For your records. The buyer reads that nothing is owed."),
    )


class RefundForm(_AmountForm):
    """Money was sent back. ``remaining`` is what whoever sends this saw as still here."""

    reason = StringField(
        _l("Reason"),
        filters=[_trimmed],
        validators=[DataRequired(_l("Write why, for whoever asks later.")), Length(max=200)],
        description=_l("For your records. The buyer reads how much goes back."),
    )
    remaining = HiddenField()

    def seen(self) -> int:
        """What the sender saw as still here, in minor units; -1 for what is no number."""
        text = self.remaining.data or ""
        return int(text) if text.isdecimal() and len(text) < 16 else -1
