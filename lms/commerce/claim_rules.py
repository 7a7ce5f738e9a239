"""Who may make a guest's purchase theirs, and how: a pure function, a table in code.

Three things can speak for somebody: the cookie that the paying browser got, the link that was mailed to the address
given at checkout, and an account with that address, confirmed. The address alone, typed by anybody, never does.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Proof(StrEnum):
    """What the visitor has."""

    BROWSER = "browser"
    LINK = "link"
    ACCOUNT = "account"


class Step(StrEnum):
    """What the page offers.

    ``register``: a new account with the address. ``confirm``: add it to the account that is signed in. ``give``: add
    it to the account of the address, without signing anybody in. ``new_password``: the same for an account whose
    address nobody has confirmed so far; whoever made it loses it to the owner of the mailbox. ``sign_in``: the
    address has an account; its owner signs in, or opens the mailed link. ``other_account``: as before, for somebody
    who is signed in otherwise. ``blocked``: staff closed the account. ``nothing``: there is nothing here for the
    visitor.
    """

    REGISTER = "register"
    CONFIRM = "confirm"
    GIVE = "give"
    NEW_PASSWORD = "new_password"  # noqa: S105  no password, a step
    SIGN_IN = "sign_in"
    OTHER_ACCOUNT = "other_account"
    BLOCKED = "blocked"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Owner:
    """The account that has the address given at checkout."""

    id: int
    verified: bool
    blocked: bool = False


def step(proof: Proof, owner: Owner | None, signed_in_id: int | None) -> Step:
    """What the visitor may do with the purchase."""
    is_owner = owner is not None and owner.id == signed_in_id
    if proof is Proof.ACCOUNT:
        return Step.CONFIRM if owner is not None and is_owner and owner.verified else Step.NOTHING
    if owner is not None and owner.blocked:
        return Step.BLOCKED
    if owner is None:
        return Step.REGISTER if signed_in_id is None else Step.CONFIRM
    if is_owner:
        return Step.CONFIRM
    if proof is Proof.LINK:
        return Step.GIVE if owner.verified else Step.NEW_PASSWORD
    return Step.SIGN_IN if signed_in_id is None else Step.OTHER_ACCOUNT
