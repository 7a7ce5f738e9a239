"""Ids, secrets and keys in the shapes that Stripe uses."""

from __future__ import annotations

import secrets
import string

ALPHABET = string.ascii_letters + string.digits


def token(length: int) -> str:
    """Return a random word of letters and digits."""
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


def new_id(prefix: str) -> str:
    """Return a new id such as ``cus_…``."""
    return f"{prefix}_{token(24)}"


def api_key(kind: str, mode: str) -> str:
    """Return a new key that cannot exist at Stripe: ``rk_test_simulator_…``."""
    prefix = {"restricted": "rk", "secret": "sk"}[kind]
    return f"{prefix}_{mode}_simulator_{token(32)}"


def redacted(key: str) -> str:
    """Return a key as an error message may show it."""
    head = "_".join(key.split("_")[:2])
    return f"{head}_{'*' * 16}{key[-4:]}" if len(key) > 12 else "*" * len(key)
