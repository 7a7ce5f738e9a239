"""The places of the core's templates that plugins fill with slots: the one list, for authors, docs and checks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Place:
    """A named place of a page: where it is, and what ``render(context)`` gets there, by name.

    ``shared``: also part of pages that all guests share from memory. What is drawn there for guests depends on nothing
    but the site's data and, said through ``lms.api.web.good_until``, on the time.
    """

    name: str
    where: str
    context: Mapping[str, str] = field(default_factory=dict)
    shared: bool = False


_COURSE = {
    "course": "the course: id, title, path and so on",
    "is_open": "whether every lesson of it is open to this person",
}
_VISIT = {"visit": "one person at the course: outline, person, decision, owns, standing, lesson"}
_SUBSCRIPTION = {"subscription": "a lms.api.commerce.SubscriptionView"}

_ALL = (
    Place("account.billing", "Account, billing: below the memberships", {
        "person": "who looks", "subscriptions": "all of theirs", "orders": "all of theirs",
    }),
    Place("account.billing.unpaid", "Account, billing: the button beside a charge that failed", _SUBSCRIPTION),
    Place("account.courses", "Account, my courses: beside the list", {"person": "who looks"}),
    Place("account.order", "An order's page: below its facts", {"order": "a lms.api.commerce.OrderView"}),
    Place("account.top", "Every page of an account: below its tabs", {"person": "who looks"}),
    Place("admin.help", "Admin, help: rows above those of a topic", {
        "topic": "the topic's name: courses, payments, pages or trouble",
    }),
    Place("admin.nav", "Admin, sidebar: a badge behind an entry", {"entry": "the entry's full name"}),
    Place("admin.offer", "Admin, a product: below each offer", {"offer": "a lms.api.commerce.OfferView"}),
    Place("admin.overview", "Admin, overview: below what needs somebody"),
    Place("admin.person", "Admin, a person: buttons beside the name", {"found": "a lms.api.accounts.PersonView"}),
    Place("commerce.subscription.facts", "Wherever a subscription is shown: below its facts", _SUBSCRIPTION),
    Place("course.end", "A course's page: below everything", _VISIT, shared=True),
    Place("course.top", "A course's page and its open lessons: above the title", _COURSE, shared=True),
    Place("lesson.end", "An open lesson: below its text", _VISIT, shared=True),
    Place("site.footer", "Every public page: in its foot", shared=True),
    # A lesson is a reader's page and stays quiet; whoever signs in has one thing to do.
    Place("site.top", "Every public page: below its head, except lessons and the pages to sign in on", shared=True),
)  # fmt: skip

PLACES: Mapping[str, Place] = {place.name: place for place in _ALL}
"""All places by name. A theme may have more of its own."""
