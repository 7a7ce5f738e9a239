"""The letters of an account. Each goes to an address that we keep, never to one that only a browser sent.

Links start with the configured address of the site: the Host header of a request says nothing. They carry
no names, and no other words that a stranger can choose, so that nobody sends messages to others through us.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask_babel import force_locale
from flask_babel import gettext as _

from lms.accounts.tokens import Issued
from lms.base import clock
from lms.host import config
from lms.mail import services as mail
from lms.themes.chain import core_only


@contextmanager
def _language(locale: str) -> Iterator[None]:
    if not locale:
        yield
        return
    with force_locale(locale):
        yield


def _send(to: str, subject: str, template: str, context: dict[str, Any], key: str) -> None:
    mail.send(to=to, subject=subject, template=f"mail/accounts/{template}", context=context, key=f"accounts.{key}")


def _address(path: str) -> str:
    return config.current().site_url + path


def verify_address(to: str, link: Issued, *, locale: str = "") -> None:
    """The link that verifies the address of a new account."""
    with _language(locale):
        context = {"link": _address(f"/verify/{link.token}")}
        _send(to, _("Confirm your e-mail address"), "verify", context, f"verify.{link.id}")


def invited(to: str, person_id: int, *, locale: str = "") -> None:
    """Somebody made an account for this address; once for each. Its owner asks for a password themselves."""
    with _language(locale):
        context = {"forgot": _address("/forgot"), "account": _address("/account")}
        _send(to, _("Your account is ready"), "invited", context, f"invited.{person_id}")


def already_registered(to: str, person_id: int, *, locale: str = "") -> None:
    """Somebody wanted a second account for this address; at most once an hour."""
    hour = clock.real_now().strftime("%Y%m%d%H")
    with _language(locale):
        context = {"login": _address("/login"), "forgot": _address("/forgot")}
        _send(to, _("You already have an account"), "already", context, f"already.{person_id}.{hour}")


def reset_password(to: str, link: Issued, *, locale: str = "") -> None:
    """The link that sets a new password."""
    with _language(locale):
        context = {"link": _address(f"/reset/{link.token}")}
        _send(to, _("Choose a new password"), "reset", context, f"reset.{link.id}")


def recovery(to: str, link: Issued, *, locale: str = "") -> None:
    """The link that lets an owner in where the site does not. No theme draws it: one may be what is broken."""
    with _language(locale), core_only():
        context = {"link": recovery_address(link)}
        _send(to, _("Get back into your site"), "recovery", context, f"recovery.{link.id}")


def recovery_address(link: Issued) -> str:
    """Where the link leads."""
    return _address(f"/recover/{link.token}")


def password_changed(to: str, event_id: str, *, locale: str = "") -> None:
    """Says that the password is another one now."""
    with _language(locale):
        context = {"forgot": _address("/forgot")}
        _send(to, _("Your password was changed"), "password_changed", context, f"password.{event_id}")


def confirm_new_address(to: str, link: Issued, *, locale: str = "") -> None:
    """The link that makes a new address take effect."""
    with _language(locale):
        context = {"link": _address(f"/verify/{link.token}")}
        _send(to, _("Confirm your new e-mail address"), "change", context, f"change.{link.id}")


def change_asked(to: str, link: Issued, *, locale: str = "") -> None:
    """Tells the old address that a new one was asked for."""
    with _language(locale):
        context = {"profile": _address("/account/profile")}
        _send(to, _("A new e-mail address for your account"), "change_asked", context, f"change-asked.{link.id}")


def address_changed(to: str, new: str, link_id: int, *, locale: str = "") -> None:
    """Tells the old address that ``new``, verified meanwhile, is in force."""
    with _language(locale):
        context = {"new": new}
        subject = _("Your e-mail address was changed")
        _send(to, subject, "address_changed", context, f"address-changed.{link_id}")
