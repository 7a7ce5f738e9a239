"""E-mail addresses: how they are checked, kept and compared."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from email_validator import EmailNotValidError, validate_email
from flask_babel import gettext as _

from lms.base.problem import Problem

LONGEST = 254


class AddressInvalid(Problem):
    """The text is no e-mail address."""

    status = 422


@dataclass(frozen=True, slots=True)
class Address:
    """``email`` as its owner writes it; ``key`` is equal for all ways to write it."""

    email: str
    key: str


def key_of(text: str) -> str:
    """What addresses are compared by: no outer spaces, composed characters, no capitals."""
    return unicodedata.normalize("NFC", text.strip()).casefold()[:LONGEST]


def parse(text: str) -> Address:
    """The address in ``text``. Asks no name server. Raises ``AddressInvalid``."""
    try:
        # Letters outside ASCII before the @ look like others and reach few mailboxes.
        checked = validate_email(text.strip(), check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError as error:
        raise AddressInvalid(_("This is no e-mail address. Write it like name@example.org.")) from error
    # A host with other letters is kept as name servers and mail servers know it (xn--…).
    email = checked.ascii_email or checked.normalized
    return Address(email, key_of(email))
