"""Where the portal's Return leads: signed by us, so that nobody makes our return page a way to elsewhere."""

from __future__ import annotations

from urllib.parse import quote

from flask import current_app
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from itsdangerous import BadData, URLSafeSerializer
from wtforms import Form
from wtforms.validators import ValidationError

from lms.api import config
from lms.api.urls import is_https_address, is_loopback, is_safe_path
from lms.api.web import site_url
from lms.extend.fields import PlainText

_SALT = "lms_stripe.return"
HOME = "/account/billing"
HOW_TO_WRITE = _l("Start the address with https://, or choose a page of this site.")


def is_allowed(target: str) -> bool:
    """A page of this site, or an address that starts with https:// (this machine's own, too, outside production)."""
    own = site_url("/")
    if is_safe_path(target) or is_https_address(target):
        return True
    if target.startswith(own):
        return is_safe_path("/" + target.removeprefix(own))
    is_http = not config.current().is_production and target.startswith("http://")
    # All that holds for an https address, but for the scheme.
    return is_http and is_loopback(target) and is_https_address(f"https{target.removeprefix('http')}")


def address(target: str, *, new_card_of: int | None = None) -> str:
    """The address that Stripe sends people back to, on their way to ``target``.

    ``new_card_of``: the person who goes this way only after giving another card.
    """
    signed = _signer().dumps(target if new_card_of is None else [target, new_card_of])
    return site_url("/ext/stripe/return?to=" + quote(signed if isinstance(signed, str) else signed.decode()))


def target_of(signed: str | None) -> str:
    """Where to go on; our Billing page for what we did not sign."""
    return read(signed)[0]


def read(signed: str | None) -> tuple[str, int | None]:
    """Where to go on, and who comes with a new card (None where nobody gave one)."""
    try:
        value = _signer().loads(signed or "")
    except BadData:
        return HOME, None
    target, person_id = value if isinstance(value, list) and len(value) == 2 else (value, None)
    is_fine = isinstance(target, str) and is_allowed(target)
    return (target, person_id) if is_fine else (HOME, None)


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(str(current_app.secret_key), salt=_SALT)


class ReturnPageForm(Form):
    """The argument of the portal's links."""

    return_page = PlainText(max_length=500)

    def __init__(self, *args: object, **options: object) -> None:
        super().__init__(*args, **options)
        self.return_page.label.text = _("Return page")
        self.return_page.description = _("A page of this site or an https:// address. Empty: the page of the button.")

    def validate_return_page(self, field: PlainText) -> None:
        """Refuses everything else, with a word on how to write it."""
        if field.data and not is_allowed(field.data):
            raise ValidationError(HOW_TO_WRITE)
