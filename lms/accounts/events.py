"""What happened to an account, told after the commit."""

from __future__ import annotations

from dataclasses import dataclass

from lms.extend import Event


@dataclass(frozen=True, slots=True)
class PersonRegistered(Event):
    """Somebody made an account; the address is not verified yet."""

    person_id: int


@dataclass(frozen=True, slots=True)
class EmailVerified(Event):
    """The person has shown that ``email`` is theirs."""

    person_id: int
    email: str


@dataclass(frozen=True, slots=True)
class AccountEmailChanged(Event):
    """The account has a new address, verified before it took effect."""

    person_id: int
    old: str
    new: str
