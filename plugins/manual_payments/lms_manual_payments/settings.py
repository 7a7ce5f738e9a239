"""The page Admin → Settings → Bank transfer: where the money goes, and what stands on an invoice."""

from __future__ import annotations

import re
from dataclasses import dataclass

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import TextAreaField
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange, Optional, ValidationError

from lms.api import money, settings
from lms.api.web import Form
from lms.extend import SettingsPage, fields
from lms_manual_payments import iban

SECTION = "manual_payments"
CAPABILITY = "payments.connect"
_TEXT = Length(max=2000)


class BankTransferForm(Form):
    """All that an invoice needs to be one."""

    account_holder = fields.PlainText(
        _l("Account holder"),
        default="",
        max_length=120,
        validators=[DataRequired(_l("Write whose account it is, as the bank knows it."))],
        description=_l("As the bank knows it: banks compare it with the account’s number."),
    )
    iban = fields.PlainText(
        _l("IBAN"),
        default="",
        max_length=42,
        description=_l("The number of your account. Leave it empty where accounts have no IBAN."),
        render_kw={"autocomplete": "off", "spellcheck": "false"},
    )
    bank_details = TextAreaField(
        _l("Bank details"),
        default="",
        validators=[_TEXT],
        description=_l("What a transfer needs besides: BIC, name of the bank, or account and routing number."),
        render_kw={"rows": 3},
    )
    seller = TextAreaField(
        _l("Your name and address"),
        default="",
        validators=[DataRequired(_l("An invoice needs the name and the address of who sells.")), _TEXT],
        description=_l("As they stand at the top of an invoice; your tax number, too, where the law wants it."),
        render_kw={"rows": 5},
    )
    currencies = fields.PlainText(
        _l("Currencies"),
        default="EUR",
        max_length=200,
        validators=[DataRequired(_l("Write at least one currency, such as EUR."))],
        description=_l("In which you take transfers, like EUR CHF. Offers in others are not sold this way."),
    )
    days_until_due = fields.Number(
        _l("Days until an invoice is due"),
        default=14,
        description=_l("Counted from the day of the order. The buyer is reminded once when they are over."),
        validators=[
            InputRequired(_l("Write a number from 0 to 365.")),
            NumberRange(0, 365, _l("Write a number from 0 to 365.")),
        ],
    )
    cancel_after_days = fields.Number(
        _l("Cancel unpaid orders after how many days"),
        validators=[Optional(), NumberRange(1, 365, _l("Write a number from 1 to 365, or nothing."))],
        description=_l("Counted from the reminder, which goes out when an invoice is overdue. Nothing means: never."),
    )
    number_prefix = fields.PlainText(
        _l("Invoice numbers begin with"),
        default="INV-",
        max_length=20,
        description=_l("Such as INV-, which makes INV-0001. Another beginning starts to count anew."),
    )
    instructions = TextAreaField(
        _l("Payment instructions"),
        default="",
        validators=[_TEXT],
        description=_l("A word to your buyers, below the account on the invoice and in the mail."),
        render_kw={"rows": 3},
    )
    tax_note = TextAreaField(
        _l("Tax note"),
        default="",
        validators=[_TEXT],
        description=_l("Stands below the total: which tax the price contains, or why none."),
        render_kw={"rows": 3},
    )

    def validate_iban(self, field: fields.PlainText) -> None:
        """A number whose check digits fit, or none where there are other details."""
        if not field.data and not (self.bank_details.data or "").strip():
            raise ValidationError(_("Write the IBAN, or the bank details below."))
        if field.data and not iban.is_valid(field.data):
            raise ValidationError(_("This is no IBAN: its check digits do not fit. Compare it with a statement."))

    def validate_currencies(self, field: fields.PlainText) -> None:
        """Codes of ISO 4217."""
        for code in codes(field.data):
            try:
                money.decimals(code)
            except money.UnknownCurrency as error:
                raise ValidationError(_("%(code)s is not a currency.", code=code.upper())) from error

    def validate_number_prefix(self, field: fields.PlainText) -> None:
        """Short, fit for an address, and kept apart from the number that follows."""
        if not re.fullmatch(r"[A-Za-z0-9._-]*", field.data or ""):
            raise ValidationError(_("Use letters, digits, hyphens, dots and underscores only."))
        if (field.data or "")[-1:].isdigit():
            raise ValidationError(_("End it with a letter or a hyphen, so that it does not run into the number."))


def codes(text: str | None) -> tuple[str, ...]:
    """The currencies that are written in the text, in small letters."""
    return tuple(code.lower() for code in re.split(r"[\s,;]+", text or "") if code)


@dataclass(frozen=True, slots=True)
class Terms:
    """How the site takes bank transfers at this moment."""

    account_holder: str
    iban: str
    bank_details: str
    seller: str
    currencies: tuple[str, ...]
    days_until_due: int
    cancel_after_days: int | None
    number_prefix: str
    instructions: str
    tax_note: str

    @property
    def is_complete(self) -> bool:
        """Whether an invoice can be issued."""
        return bool(self.account_holder and self.seller and (self.iban or self.bank_details))


def terms() -> Terms:
    """What the settings say; no query unless a setting changed."""

    def text(name: str) -> str:
        return str(settings.get(SECTION, name, "") or "").replace("\r\n", "\n").strip()

    return Terms(
        account_holder=text("account_holder"),
        iban=iban.plain(text("iban")),
        bank_details=text("bank_details"),
        seller=text("seller"),
        currencies=codes(text("currencies")),
        days_until_due=int(settings.get(SECTION, "days_until_due", 14)),
        cancel_after_days=settings.get(SECTION, "cancel_after_days"),
        number_prefix=text("number_prefix"),
        instructions=text("instructions"),
        tax_note=text("tax_note"),
    )


def _badge() -> tuple[str, str]:
    return ("good", _("On sale")) if terms().is_complete else ("neutral", _("Not set up"))


page = SettingsPage(
    name=SECTION,
    label=_l("Bank transfer"),
    form=BankTransferForm,
    capability=CAPABILITY,
    help=_l("Sell against an invoice: the buyer transfers the money, you mark it as paid, and the course opens."),
    badge=_badge,
)
