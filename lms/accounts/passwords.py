"""Passwords: argon2id with the parameters that OWASP recommends (m=19 MiB, t=2, p=1).

Hashing takes some hundredths of a second on purpose, so it never runs inside a transaction (commit, hash, commit),
and at most two run at a time in one process: a crowd at the sign-in page must not take all processors and memory.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from flask_babel import gettext as _

from lms.base.ids import new_token
from lms.base.problem import Problem, Unavailable

SHORTEST = 12
LONGEST = 200
_WAIT_SECONDS = 15

hasher = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)
_turns = BoundedSemaphore(2)

# Long enough for the rule, and yet the first ones that anybody tries.
_COMMON_WORDS = """
    123456789012 1234567890123 0123456789012 abcdefghijkl abcd12345678 abc123456789 1q2w3e4r5t6y 1qaz2wsx3edc
    q1w2e3r4t5y6 qwertyuiop12 qwertyuiop123 qwerty123456 qwerty1234567 zaq12wsxcde3 asdfghjkl123 123qweasdzxc
    password1234 password12345 password123456 passwordpassword password2024 password2025 password2026 p@ssword1234
    p@ssw0rd1234 passw0rd1234 mypassword123 iloveyou1234 letmein12345 letmeinplease welcome12345 welcome123456
    administrator administrator1 admin1234567 admin12345678 changeme1234 changemenow1 football1234 basketball12
    sunshine1234 princess1234 superman1234 trustno112345 correcthorsebatterystaple
"""
_COMMON = frozenset(_COMMON_WORDS.split())


class PasswordTooWeak(Problem):
    """The password would not hold."""

    status = 422


def normal(text: str) -> str:
    """The password in one way of writing it: keyboards compose accents differently (NIST SP 800-63B, 3.1.1.2)."""
    return unicodedata.normalize("NFKC", text)


def require_strength(text: str, *, email: str = "") -> None:
    """Raises ``PasswordTooWeak``, with a sentence that says what to do, for a password that would be guessed."""
    word = normal(text)
    if len(word) < SHORTEST:
        raise PasswordTooWeak(_("Use %(count)d characters or more. A sentence is easy to keep.", count=SHORTEST))
    if len(word) > LONGEST:
        raise PasswordTooWeak(_("Use %(count)d characters or fewer.", count=LONGEST))
    if len(set(word)) < 4 or word.casefold() in _COMMON:
        raise PasswordTooWeak(_("This password is among the first that are guessed. Choose another."))
    local = email.partition("@")[0].casefold()
    if len(local) >= 4 and local in word.casefold():
        raise PasswordTooWeak(_("Leave your e-mail address out of the password."))


@contextmanager
def _turn() -> Iterator[None]:
    if not _turns.acquire(timeout=_WAIT_SECONDS):
        raise Unavailable(_("Too many people are signing in at this moment. Try again in a minute."))
    try:
        yield
    finally:
        _turns.release()


def hash_password(text: str) -> str:
    """The hash to store. Call it with no transaction open. Raises ``Unavailable`` when too many wait."""
    with _turn():
        return hasher.hash(normal(text))


def check(stored: str | None, text: str) -> bool:
    """Whether ``text`` is the password behind ``stored``.

    Takes as long for an unknown account (``stored`` is None) as for a known one. Call it with no transaction open.
    Raises ``Unavailable`` when too many wait.
    """
    with _turn():
        try:
            return hasher.verify(stored or _nobody_of(hasher), normal(text)) and stored is not None
        except (VerificationError, InvalidHashError):
            return False


def needs_rehash(stored: str) -> bool:
    """Whether ``stored`` was made with other parameters than today's."""
    return hasher.check_needs_rehash(stored)


@cache
def _nobody_of(made_with: PasswordHasher) -> str:
    # A hash that nobody knows the password of, with the parameters in force; made once per process.
    return made_with.hash(new_token())
