"""Which key is which, and where it may be sent. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from flask_babel import gettext as _

from lms_stripe.failures import WrongKey

_SHAPE = re.compile(r"(rk|sk)_(test|live)_(simulator_)?[A-Za-z0-9_]{4,}")


@dataclass(frozen=True, slots=True)
class Key:
    """What the key itself says."""

    kind: str
    """restricted_key or secret_key."""
    livemode: bool
    is_simulated: bool
    prefix: str
    last4: str


def read(key: str) -> Key:
    """What kind of key it is. Raises ``WrongKey`` with a sentence that says what to paste instead."""
    if key.startswith("pk_"):
        raise WrongKey(_("This is the publishable key. Paste the secret or restricted key instead."))
    if key.startswith("whsec_"):
        raise WrongKey(_("This is the secret of a webhook endpoint. Paste a restricted key (rk_…) instead."))
    found = _SHAPE.fullmatch(key)
    if found is None:
        raise WrongKey(_("This is no key of Stripe. A restricted key starts with rk_test_ or rk_live_."))
    kind = "restricted_key" if found[1] == "rk" else "secret_key"
    return Key(kind, found[2] == "live", bool(found[3]), f"{found[1]}_{found[2]}", key[-4:])


def check_destination(key: Key, api_base: str, *, is_loopback: bool, is_production: bool) -> None:
    """Raises ``WrongKey`` unless a request with this key may go to ``api_base`` ("" is Stripe itself).

    The simulator is on this very machine, never serves a production site, and never gets a real live key.
    """
    if not api_base:
        if key.is_simulated:
            raise WrongKey(_("This key belongs to the simulator, and this site talks to Stripe itself."))
        return
    if is_production or not is_loopback:
        raise WrongKey(_("The simulator runs on this machine only, and never for a site in production."))
    if key.livemode and not key.is_simulated:
        raise WrongKey(_("A live key is never sent to the simulator. Paste one of the simulator's own keys."))
