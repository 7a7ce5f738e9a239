"""What accounts can do. Together with ``sessions``, ``tokens`` and ``roles`` the only writer of their tables.

Nothing here hashes a password: that takes time and happens between two transactions (see ``passwords``).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from flask_babel import gettext as _
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from lms.accounts import addresses, mails, policies, tokens
from lms.accounts.events import AccountEmailChanged, EmailVerified, PersonRegistered
from lms.accounts.models import ACTIVE, BLOCKED, Person, RoleAssignment
from lms.accounts.sessions import end_all_sessions, end_session, start_session
from lms.accounts.tokens import Purpose
from lms.base import clock
from lms.base.ids import short_id
from lms.base.problem import Conflict, NotFound, Problem
from lms.db import session
from lms.host.bus import emit

__all__ = [
    "AddressTaken",
    "Confirmed",
    "Credentials",
    "PersonView",
    "address_proved",
    "by_email",
    "change_password",
    "confirm_address",
    "create_person",
    "credentials",
    "end_all_sessions",
    "end_session",
    "invite",
    "names_of",
    "person",
    "register",
    "register_buyer",
    "request_email_change",
    "request_reset",
    "resend_verification",
    "reset_password",
    "save_profile",
    "sign_in",
    "start_session",
    "take_over",
]


class AddressTaken(Conflict):
    """Another account has this e-mail address."""


@dataclass(frozen=True, slots=True)
class PersonView:
    """A person as others see them. ``roles`` are in order, the most powerful first."""

    id: int
    email: str
    name: str
    verified: bool
    roles: tuple[str, ...]
    status: str = ACTIVE
    locale: str = ""
    timezone: str = ""

    @property
    def is_blocked(self) -> bool:
        """Whether the person may not sign in."""
        return self.status == BLOCKED

    def can(self, capability: str) -> bool:
        """Whether a role of the person holds the capability."""
        return not self.is_blocked and capability in policies.capabilities_of(self.roles)


@dataclass(frozen=True, slots=True)
class Credentials:
    """What the sign-in page compares with. Never leaves this room."""

    person_id: int
    email: str
    password_hash: str | None
    blocked: bool


@dataclass(frozen=True, slots=True)
class Confirmed:
    """An address was confirmed: whose, and where they wanted to go. ``changed`` when it replaced another."""

    person_id: int
    email: str
    next_path: str
    changed: bool


def _view(row: Person) -> PersonView:
    roles = session.scalars(select(RoleAssignment.role).where(RoleAssignment.person_id == row.id))
    return PersonView(
        id=row.id,
        email=row.email,
        name=row.name,
        verified=row.email_verified_at is not None,
        roles=policies.in_order(roles),
        status=row.status,
        locale=row.locale,
        timezone=row.timezone,
    )


def _get(person_id: int) -> Person:
    row = session.get(Person, person_id)
    if row is None:
        raise NotFound(_("This person does not exist."))
    return row


def _find(email: str) -> Person | None:
    return session.scalars(select(Person).where(Person.email_key == addresses.key_of(email))).one_or_none()


def person(person_id: int) -> PersonView | None:
    """The person with this id, or None."""
    row = session.get(Person, person_id)
    return None if row is None else _view(row)


def names_of(person_ids: Iterable[int]) -> dict[int, str]:
    """The names of these people, or their addresses where they have none. One query, none for nobody."""
    wanted = set(person_ids)
    query = select(Person.id, Person.name, Person.email).where(Person.id.in_(wanted))
    return {id_: name or email for id_, name, email in session.execute(query)} if wanted else {}


def by_email(email: str) -> PersonView | None:
    """The person with this address, however it is written, or None."""
    row = _find(email)
    return None if row is None else _view(row)


def clean_name(name: str) -> str:
    """The name without control characters and doubled spaces. Raises ``Problem`` when nothing is left."""
    plain = "".join(" " if unicodedata.category(letter) in {"Cc", "Zl", "Zp"} else letter for letter in name)
    cleaned = " ".join(plain.split())[:120]
    if not cleaned:
        raise Problem(_("Write your name."), status=422)
    return cleaned


def create_person(
    *,
    email: str,
    name: str,
    password_hash: str | None,
    roles: tuple[str, ...] = (),
    verified: bool = False,
    locale: str = "",
) -> PersonView:
    """A new person. Raises ``AddressTaken``, ``AddressInvalid``, and ``ValueError`` for an unknown role.

    Of two that create the same address at once, one gets ``AddressTaken``.
    """
    unknown = set(roles) - set(policies.ROLES)
    if unknown:
        raise ValueError(f"no such role: {', '.join(sorted(unknown))}")
    address = addresses.parse(email)
    row = Person(
        email=address.email,
        email_key=address.key,
        name=clean_name(name),
        password_hash=password_hash,
        email_verified_at=clock.real_now() if verified else None,
        locale=locale,
    )
    try:
        # The unique column decides, not a look before: two processes may look at the same moment.
        with session.begin_nested():
            session.add(row)
    except IntegrityError as error:
        raise AddressTaken(_("An account with this e-mail address exists already.")) from error
    session.add_all(RoleAssignment(person_id=row.id, role=role) for role in policies.in_order(roles))
    session.flush()  # the view reads the roles
    return _view(row)


def invite(person_id: int) -> None:
    """Tell somebody, once, that an account was made for them, and how to choose a password. Raises ``NotFound``."""
    row = _get(person_id)
    mails.invited(row.email, row.id, locale=row.locale)


def register(*, email: str, name: str, password_hash: str, next_path: str = "", locale: str = "") -> None:
    """Make an unverified account and send the link; or tell the owner of the address that they have one.

    Answers the same in both cases, so that nobody learns here who has an account. Raises ``AddressInvalid``.
    """
    try:
        made = create_person(
            email=email, name=name, password_hash=password_hash, roles=(policies.STUDENT,), locale=locale
        )
    except AddressTaken:
        owner = _find(email)
        if owner is not None and owner.status == ACTIVE:
            mails.already_registered(owner.email, owner.id, locale=owner.locale)
        return
    link = tokens.issue(made.id, Purpose.VERIFY, made.email, next_path=next_path)
    mails.verify_address(made.email, link, locale=made.locale)
    emit(PersonRegistered(made.id))


def register_buyer(
    *, email: str, name: str, password_hash: str, verified: bool, next_path: str = "", locale: str = ""
) -> PersonView:
    """The account of somebody who has paid as a guest; unless ``verified``, a link to confirm the address goes out.

    Open also while new accounts are not: a purchase is an invitation. Raises ``AddressTaken``, ``AddressInvalid``.
    """
    made = create_person(
        email=email,
        name=name,
        password_hash=password_hash,
        roles=(policies.STUDENT,),
        verified=verified,
        locale=locale,
    )
    if not verified:
        link = tokens.issue(made.id, Purpose.VERIFY, made.email, next_path=next_path)
        mails.verify_address(made.email, link, locale=made.locale)
    emit(PersonRegistered(made.id))
    return made


def address_proved(person_id: int) -> None:
    """A link that went to the person's address came back: it is theirs."""
    _mark_verified(_get(person_id))


def take_over(person_id: int, new_hash: str) -> None:
    """The owner of the mailbox gets an account that was made with its address and never confirmed.

    Whoever made it is out: the password is another one, and all sessions are over. Raises ``NotFound``, and
    ``Conflict`` when the address was confirmed meanwhile.
    """
    row = _get(person_id)
    if row.email_verified_at is not None:
        raise Conflict(_("The address of this account was confirmed meanwhile."))
    _set_password(row, new_hash)
    _mark_verified(row)


def resend_verification(email: str, *, next_path: str = "") -> None:
    """A new link for an account that is not verified; nothing for any other address. Answers the same."""
    row = _find(email)
    if row is None or row.email_verified_at is not None or row.status != ACTIVE:
        return
    link = tokens.issue(row.id, Purpose.VERIFY, row.email, next_path=next_path)
    mails.verify_address(row.email, link, locale=row.locale)


def confirm_address(token: str) -> Confirmed:
    """Use the link of a mail: the address is verified, or the new one takes effect.

    Raises ``LinkDead``, and ``AddressTaken`` when somebody else has the new address by now.
    """
    link = tokens.consume(token, Purpose.VERIFY, Purpose.CHANGE)
    row = _get(link.person_id)
    if link.purpose is Purpose.CHANGE:
        return _change_address(row, link)
    if addresses.key_of(link.email) != row.email_key:
        raise tokens.LinkDead(_("This link is for an address that your account no longer has."))
    _mark_verified(row)
    return Confirmed(row.id, row.email, link.next_path, changed=False)


def _mark_verified(row: Person) -> None:
    if row.email_verified_at is None:
        row.email_verified_at = clock.real_now()
        emit(EmailVerified(row.id, row.email))


def _change_address(row: Person, link: tokens.Link) -> Confirmed:
    old, new = row.email, addresses.parse(link.email)
    try:
        with session.begin_nested():
            row.email, row.email_key, row.email_verified_at = new.email, new.key, clock.real_now()
    except IntegrityError as error:
        raise AddressTaken(_("Another account has this e-mail address.")) from error
    # Links that went to the old address must not open the account any more.
    tokens.void(row.id, Purpose.RESET, Purpose.VERIFY, Purpose.RECOVER, Purpose.RECOVERING)
    mails.address_changed(old, new.email, link.id, locale=row.locale)
    emit(AccountEmailChanged(row.id, old, new.email))
    emit(EmailVerified(row.id, new.email))
    return Confirmed(row.id, new.email, link.next_path, changed=True)


def request_email_change(person_id: int, email: str) -> str:
    """Send a link to the new address and word of it to the old one; returns the new address.

    Nothing changes before the link is used. An address that belongs to somebody else gets the letter "you already
    have an account" instead, and the answer here is the same. Raises ``AddressInvalid``, and ``Problem`` for the
    address that the person has.
    """
    row, address = _get(person_id), addresses.parse(email)
    if address.key == row.email_key:
        raise Problem(_("This is the address of your account already."), status=422)
    link = tokens.issue(row.id, Purpose.CHANGE, address.email)
    owner = _find(address.email)
    if owner is not None:
        mails.already_registered(owner.email, owner.id, locale=owner.locale)
    else:
        mails.confirm_new_address(address.email, link, locale=row.locale)
    mails.change_asked(row.email, link, locale=row.locale)
    return address.email


def credentials(email: str) -> Credentials | None:
    """What to compare a typed password with; None for an unknown address."""
    row = _find(email)
    return None if row is None else _credentials(row)


def credentials_of(person_id: int) -> Credentials:
    """The same for somebody who is signed in."""
    return _credentials(_get(person_id))


def _credentials(row: Person) -> Credentials:
    return Credentials(row.id, row.email, row.password_hash, row.status != ACTIVE)


def _still(known: Credentials) -> Person:
    """The person, if nothing has changed since the password was compared, locked until the commit."""
    row = session.scalars(
        select(Person).where(Person.id == known.person_id).with_for_update().execution_options(populate_existing=True)
    ).one_or_none()
    if row is None or row.password_hash != known.password_hash or row.status != ACTIVE:
        raise Conflict(_("Your account was changed at this moment. Sign in again."))
    return row


def sign_in(known: Credentials, *, new_hash: str | None = None, user_agent: str = "", address: str = "") -> str:
    """Start a session for somebody whose password was right; returns the token for the cookie.

    ``new_hash`` replaces a hash that was made with weaker parameters. Raises ``Conflict`` when the password changed
    or the person was blocked while theirs was being compared.
    """
    row = _still(known)
    if new_hash is not None:
        row.password_hash = new_hash
    return start_session(row.id, user_agent=user_agent, address=address)


def change_password(known: Credentials, new_hash: str, *, user_agent: str = "", address: str = "") -> str:
    """Set a new password and end every session; returns the token of a new one for the device at hand.

    Raises ``Conflict`` when something changed meanwhile.
    """
    _set_password(_still(known), new_hash)
    return start_session(known.person_id, user_agent=user_agent, address=address)


def _set_password(row: Person, new_hash: str) -> None:
    row.password_hash = new_hash
    end_all_sessions(row.id)
    # A change of address that was asked for with the old password, perhaps by a thief, goes too.
    tokens.void(row.id, Purpose.RESET, Purpose.CHANGE, Purpose.RECOVER, Purpose.RECOVERING)
    mails.password_changed(row.email, f"{row.id}.{short_id()}", locale=row.locale)


def request_reset(email: str) -> None:
    """Send a link that sets a new password; nothing for an unknown or blocked address. Answers the same."""
    row = _find(email)
    if row is None or row.status != ACTIVE:
        return
    link = tokens.issue(row.id, Purpose.RESET, row.email)
    mails.reset_password(row.email, link, locale=row.locale)


def reset_password(token: str, new_hash: str) -> None:
    """Use the link of a mail: the password is new and all sessions are over. Raises ``LinkDead``.

    The address is verified by it, since the link reached its owner.
    """
    row = _get(tokens.consume(token, Purpose.RESET).person_id)
    _set_password(row, new_hash)
    _mark_verified(row)


def set_password(person_id: int, new_hash: str) -> None:
    """Set a password where no old one is asked for; ends all sessions. Raises ``NotFound``."""
    _set_password(_get(person_id), new_hash)


def save_profile(person_id: int, *, name: str, locale: str, timezone: str) -> None:
    """Keep name, language and time zone. Raises ``Problem`` for an empty name."""
    session.execute(
        update(Person).where(Person.id == person_id).values(name=clean_name(name), locale=locale, timezone=timezone)
    )
