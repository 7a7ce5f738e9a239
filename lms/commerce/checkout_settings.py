"""The page Admin → Settings → Checkout: who may buy, what buyers agree to, what a disputed payment means."""

from __future__ import annotations

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms.validators import ValidationError

from lms.base.urls import is_https_address, is_safe_path
from lms.commerce.policies import MANAGE
from lms.extend import SettingsPage
from lms.extend.fields import PlainText, Toggle
from lms.settings import services as settings
from lms.web import Form

SECTION = "checkout"


class CheckoutSettingsForm(Form):
    """Defaults that suit most schools: guests may buy, and nothing has to be agreed to."""

    guests = Toggle(
        _l("People may buy without an account"),
        default=True,
        description=_l("They give an address, pay, and make their account afterwards. Off: they sign in first."),
    )
    ask_terms = Toggle(
        _l("Buyers agree to your terms"),
        default=False,
        description=_l("A box that has to be ticked before the payment."),
    )
    terms_page = PlainText(
        _l("Where the terms stand"),
        default="",
        max_length=300,
        description=_l("A page of this site, such as /terms, or an address that starts with https://."),
    )
    terms_version = PlainText(
        _l("Version of the terms"),
        default="",
        max_length=40,
        description=_l("As you name it, such as 2026-05. Kept with each order, so that you know who agreed to which."),
    )
    ask_withdrawal = Toggle(
        _l("Buyers give up their right of withdrawal"),
        default=False,
        description=_l(
            "For sales to people in the European Union: a course opens at once, so its buyer has to ask for that and "
            "to know that the right to withdraw ends with it."
        ),
    )
    withdrawal_page = PlainText(
        _l("Where the right of withdrawal is explained"),
        default="",
        max_length=300,
        description=_l("A page of this site or an address that starts with https://."),
    )
    withdrawal_version = PlainText(_l("Version of that page"), default="", max_length=40)
    disputes_suspend = Toggle(
        _l("A disputed payment suspends the access it paid for"),
        default=True,
        description=_l(
            "Until the banks have decided. Won, it opens again; lost, it ends, whatever you choose here. For disputes "
            "that are open already, a change counts within the hour."
        ),
    )
    success_page = PlainText(
        _l("Page after paying"),
        default="",
        max_length=300,
        description=_l(
            "Where buyers go once it is paid: a page of this site or an address that starts with https://. Empty: into "
            "what they bought. An offer can name its own."
        ),
    )
    cancel_page = PlainText(
        _l("Page after giving up"),
        default="",
        max_length=300,
        description=_l("Where buyers go who come back without paying. Empty: the checkout. An offer can name its own."),
    )

    def validate_terms_page(self, field: PlainText) -> None:
        """Needed where it is asked for."""
        _check(field, needed=bool(self.ask_terms.data))

    def validate_terms_version(self, field: PlainText) -> None:
        """Needed where it is asked for."""
        if self.ask_terms.data and not (field.data or "").strip():
            raise ValidationError(_("Name the version, such as 2026-05."))

    def validate_withdrawal_page(self, field: PlainText) -> None:
        """Needed where it is asked for."""
        _check(field, needed=bool(self.ask_withdrawal.data))

    def validate_success_page(self, field: PlainText) -> None:
        """A place to send people to."""
        _check(field, needed=False)

    def validate_cancel_page(self, field: PlainText) -> None:
        """A place to send people to."""
        _check(field, needed=False)

    def validate_withdrawal_version(self, field: PlainText) -> None:
        """Needed where it is asked for."""
        if self.ask_withdrawal.data and not (field.data or "").strip():
            raise ValidationError(_("Name the version, such as 2026-05."))


def _check(field: PlainText, *, needed: bool) -> None:
    address = (field.data or "").strip()
    if not address and needed:
        raise ValidationError(_("Say where buyers can read it, such as /terms."))
    if address and not (is_safe_path(address) or is_https_address(address)):
        raise ValidationError(_("Write a page of this site, such as /terms, or an address that starts with https://."))


def guests_may_buy() -> bool:
    """Whether people may buy without an account; costs no query on most requests."""
    return bool(settings.get(SECTION, "guests", True))


def disputes_suspend() -> bool:
    """Whether an open dispute rests what its payment opened; costs no query on most requests."""
    return bool(settings.get(SECTION, "disputes_suspend", True))


def success_page() -> str:
    """Where buyers go once it is paid, unless the offer says otherwise; "" for what they bought."""
    return str(settings.get(SECTION, "success_page", "") or "").strip()


def cancel_page() -> str:
    """Where buyers go who give up, unless the offer says otherwise; "" for the checkout."""
    return str(settings.get(SECTION, "cancel_page", "") or "").strip()


page = SettingsPage(
    name=SECTION,
    label=_l("Checkout"),
    order=20,
    form=CheckoutSettingsForm,
    capability=MANAGE,
    help=_l("Who may buy, what buyers agree to, where they go, and what a disputed payment means."),
)
