"""What people send from the checkout page and from the pages on which they claim what they bought."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, EmailField, StringField
from wtforms.validators import InputRequired, Length

from lms.accounts.forms import StrongPassword, is_address
from lms.commerce.consents import TERMS, WITHDRAWAL, Wish
from lms.web import Form


def _trimmed(value: str | None) -> str:
    return (value or "").strip()


class CheckoutForm(Form):
    """An address, for guests; a box for each thing that has to be agreed to before something is paid."""

    email = EmailField(
        _l("E-mail"),
        filters=[_trimmed],
        validators=[InputRequired(_l("Write your e-mail address.")), Length(max=254), is_address],
        description=_l("Your receipt goes there, and the link that opens what you buy."),
    )
    agree_terms = BooleanField()
    agree_withdrawal = BooleanField()

    def __init__(self, *args: Any, for_guest: bool, wishes: tuple[Wish, ...], **options: Any) -> None:
        super().__init__(*args, **options)
        self.wishes = {wish.kind: wish for wish in wishes}
        self.asks_consent = True
        for kind in (TERMS, WITHDRAWAL):
            if kind in self.wishes:
                self[self.wishes[kind].field].label.text = self.wishes[kind].words
            else:
                del self[f"agree_{kind}"]
        if not for_guest:
            del self.email

    def validate(self, extra_validators: Any = None) -> bool:
        """Everything is filled in, and everything is agreed to that what is chosen asks for."""
        is_valid = bool(super().validate(extra_validators))
        for wish in self.wishes.values() if self.asks_consent else ():
            box = self[wish.field]
            if not box.data:
                box.errors = [wish.missing]
                is_valid = False
        return is_valid

    @property
    def agreed(self) -> tuple[Wish, ...]:
        """What was agreed to; nothing for what is free."""
        return tuple(wish for wish in self.wishes.values() if self.asks_consent and self[wish.field].data)

    @property
    def boxes(self) -> list[tuple[Any, Wish]]:
        """Each box with its wish, for the page."""
        return [(self[wish.field], wish) for wish in self.wishes.values()]


class LinkForm(Form):
    """The address that something was paid for with."""

    email = EmailField(
        _l("E-mail"),
        filters=[_trimmed],
        validators=[InputRequired(_l("Write the address that you gave when you paid.")), Length(max=254), is_address],
    )


class NewAccountForm(Form):
    """The account of somebody who has paid: a name and a password; the address is the one given at checkout."""

    account_email = ""
    name = StringField(
        _l("Name"), filters=[_trimmed], validators=[InputRequired(_l("Write your name.")), Length(max=120)]
    )
    password = StrongPassword(_l("Password"))


class NewPasswordForm(Form):
    """A password for an account whose address its owner confirms with it."""

    account_email = ""
    password = StrongPassword(_l("Password"))
