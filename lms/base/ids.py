"""Random names: tokens that are secrets, and ids that are not."""

from __future__ import annotations

import hashlib
import secrets

# No 0/o, 1/l: people read order numbers aloud.
_READABLE = "23456789abcdefghjkmnpqrstuvwxyz"


def new_token(size: int = 32) -> str:
    """An unguessable address-safe token made of ``size`` random bytes."""
    return secrets.token_urlsafe(size)


def token_hash(token: str) -> str:
    """The SHA-256 of a token in hexadecimal: what is stored instead of the token (64 characters)."""
    return hashlib.sha256(token.encode()).hexdigest()


def short_id(length: int = 10) -> str:
    """A random id of letters and digits that cannot be misread; no secret."""
    return "".join(secrets.choice(_READABLE) for _ in range(length))
