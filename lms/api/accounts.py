"""People: looked up by id or address, and what happens to their accounts."""

from lms.accounts.events import AccountEmailChanged, EmailVerified, PersonRegistered
from lms.accounts.services import PersonView, by_email, create_person, invite, person

__all__ = [
    "AccountEmailChanged",
    "EmailVerified",
    "PersonRegistered",
    "PersonView",
    "by_email",
    "create_person",
    "invite",
    "person",
]
