"""The forms of an account. What is wrong is said at the field, with what to do."""

from __future__ import annotations

from functools import cache
from zoneinfo import available_timezones

from babel import Locale
from flask import current_app
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import EmailField, Field, PasswordField, SelectField, StringField
from wtforms import Form as PlainForm
from wtforms.validators import InputRequired, Length, ValidationError

from lms.accounts import addresses, passwords
from lms.base.problem import Problem
from lms.web import Form

# Longer than any password that may be set, short enough that nobody makes us hash novels.
_TYPED_AT_MOST = 1000


def _trimmed(value: str | None) -> str:
    return (value or "").strip()


def is_address(_form: PlainForm, field: Field) -> None:
    """The text is an e-mail address."""
    try:
        addresses.parse(field.data)
    except Problem as problem:
        raise ValidationError(problem.sentence) from problem


class LoginForm(Form):
    """E-mail and password."""

    email = EmailField(
        _l("E-mail"), filters=[_trimmed], validators=[InputRequired(_l("Write your e-mail address.")), Length(max=254)]
    )
    password = PasswordField(
        _l("Password"), validators=[InputRequired(_l("Write your password.")), Length(max=_TYPED_AT_MOST)]
    )


class EmailForm(Form):
    """An address to send a link to."""

    email = EmailField(
        _l("E-mail"), filters=[_trimmed], validators=[InputRequired(_l("Write your e-mail address.")), is_address]
    )


class StrongPassword(PasswordField):
    """A password to be set; ``email`` of the form or account must not be in it."""

    def __init__(self, label: object, **options: object) -> None:
        super().__init__(
            label,
            description=_l("At least %(count)d characters. A sentence is easy to keep.", count=passwords.SHORTEST),
            validators=[InputRequired(_l("Choose a password.")), Length(max=_TYPED_AT_MOST)],
            **options,
        )

    def pre_validate(self, form: PlainForm) -> None:
        """Refuse what would be guessed."""
        if not self.data:
            return
        address = form["email"].data if "email" in form else getattr(form, "account_email", "")
        try:
            passwords.require_strength(self.data, email=address or "")
        except Problem as problem:
            raise ValidationError(problem.sentence) from problem


class RegisterForm(Form):
    """A new account."""

    name = StringField(
        _l("Name"), filters=[_trimmed], validators=[InputRequired(_l("Write your name.")), Length(max=120)]
    )
    email = EmailField(
        _l("E-mail"), filters=[_trimmed], validators=[InputRequired(_l("Write your e-mail address.")), is_address]
    )
    password = StrongPassword(_l("Password"))


class ResetForm(Form):
    """A new password, chosen through a mailed link."""

    account_email = ""
    password = StrongPassword(_l("New password"))


def languages() -> list[tuple[str, str]]:
    """The languages that the site can speak, each in its own words."""
    found = {str(locale): locale for locale in current_app.extensions["babel"].instance.list_translations()}
    found.setdefault("en", Locale("en"))
    return sorted((code, (locale.display_name or code).capitalize()) for code, locale in found.items())


@cache
def zones() -> tuple[str, ...]:
    """The time zones of the world, by name."""
    return tuple(sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith("Etc/")))


class ProfileForm(Form):
    """Name, language and time zone."""

    name = StringField(
        _l("Name"), filters=[_trimmed], validators=[InputRequired(_l("Write your name.")), Length(max=120)]
    )
    locale = SelectField(_l("Language"))
    timezone = SelectField(_l("Time zone"), description=_l("Dates and times are shown in it."))

    def __init__(self, *args: object, **options: object) -> None:
        super().__init__(*args, **options)
        self.locale.choices = [("", _("The language of the site")), *languages()]
        self.timezone.choices = [
            ("", _("The time zone of the site")),
            *((zone, zone.replace("_", " ")) for zone in zones()),
        ]


def _current_password(label: object) -> PasswordField:
    return PasswordField(
        label, validators=[InputRequired(_l("Write your current password.")), Length(max=_TYPED_AT_MOST)]
    )


class ChangeEmailForm(Form):
    """A new address, confirmed with the password."""

    new_email = EmailField(
        _l("New e-mail"), filters=[_trimmed], validators=[InputRequired(_l("Write the new address.")), is_address]
    )
    email_password = _current_password(_l("Current password"))


class ChangePasswordForm(Form):
    """A new password, confirmed with the old one."""

    account_email = ""
    current_password = _current_password(_l("Current password"))
    new_password = StrongPassword(_l("New password"))
