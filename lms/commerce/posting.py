"""What every letter of commerce has: the reader's language, one key for one fact, and links that find their own way."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

from flask_babel import force_locale

from lms.commerce import words
from lms.extend import ProviderLinks
from lms.host import config, registry


@contextmanager
def language_of(locale: str) -> Iterator[None]:
    """The language that somebody chose; the site's for none."""
    if not locale:
        yield
        return
    # Babel writes en_GB, people's settings en-GB.
    with force_locale(locale.replace("-", "_")):
        yield


def key_of(fact: str, about: str = "") -> str:
    """The letter's key; what it is about may be longer than a key, so it stands there as its hash."""
    return f"{fact}.{hashlib.sha256(about.encode()).hexdigest()[:24]}" if about else fact


def address(path: str) -> str:
    """The path of this site as mail carries it."""
    return config.current().site_url + path


def way_to(provider_name: str, purpose: str) -> str:
    """The provider's link for a purpose (``pay``, ``confirm``, ``manage``) as an address; Billing where it has none."""
    known = (one for one in registry.current().services("payment_provider") if one.name == provider_name)
    links = next((one.links for one in known if isinstance(one, ProviderLinks)), {})
    return address(f"/go/{links[purpose]}" if purpose in links else "/account/billing")


def money(amount: int, currency: str) -> str:
    """Minor units as the reader writes them."""
    return words.format_money(amount, currency)
