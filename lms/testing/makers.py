"""Makers: what tests need in one line. Each writes through services and commits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lms import db
from lms.access import services as access
from lms.access.services import GrantView, ProductView
from lms.accounts import passwords
from lms.accounts import services as accounts
from lms.accounts.services import PersonView
from lms.commerce import offers
from lms.commerce.offer_view import OfferView
from lms.content import document
from lms.courses import services as courses
from lms.courses.outline import Outline, PlacementView
from lms.pages import services as pages
from lms.pages.reading import PageView
from lms.sample.blocks import written
from lms.web import COOKIE


def session_cookie(person_id: int) -> tuple[str, str]:
    """Name and value of the cookie of a new session of the person."""
    token = accounts.start_session(person_id)
    db.commit()
    return COOKIE, token


@dataclass(frozen=True)
class MadeCourse:
    """A course that a test made, as it was then."""

    outline: Outline

    @property
    def id(self) -> int:
        return self.outline.course.id

    @property
    def slug(self) -> str:
        return self.outline.course.slug

    @property
    def path(self) -> str:
        return self.outline.course.path

    @property
    def lessons(self) -> tuple[PlacementView, ...]:
        return self.outline.lessons

    @property
    def first_lesson(self) -> PlacementView:
        return self.outline.lessons[0]


class Makers:
    """One method per thing; the values that a test does not name are sensible."""

    def __init__(self) -> None:
        self._count = 0

    def next(self) -> int:
        """A number that no other maker call of this test got."""
        self._count += 1
        return self._count

    def commit(self, made: Any) -> Any:
        """Commit and hand over."""
        db.commit()
        return made

    def person(
        self, *, role: str = "student", email: str = "", name: str = "", password: str = "", verified: bool = True
    ) -> PersonView:
        """Somebody with one role ("" for none); without a password nobody can sign in as them by hand."""
        number = self.next()
        made = accounts.create_person(
            email=email or f"person{number}@example.org",
            name=name or f"Person {number}",
            password_hash=passwords.hash_password(password) if password else None,
            roles=(role,) if role else (),
            verified=verified,
        )
        return self.commit(made)

    def course(
        self,
        *,
        lessons: int = 9,
        sections: int = 3,
        preview_first: bool = True,
        published: bool = True,
        slug: str = "",
        title: str = "",
        **facts: Any,
    ) -> MadeCourse:
        """A course with short lessons of five minutes, shared out over its sections."""
        number = self.next()
        course = courses.create_course(
            slug=slug or f"course-{number}", title=title or f"Course {number}", actor_id=None, **facts
        )
        made = [courses.add_section(course.id, f"Section {n + 1}") for n in range(sections)]
        for n in range(lessons):
            document = written(f"lesson-{number}-{n}", f"Words of lesson {n + 1}.")
            courses.add_lesson(
                made[n * sections // lessons].id, title=f"Lesson {n + 1}", slug=f"lesson-{n + 1}", minutes=5,
                document=document, preview=preview_first and n == 0, actor_id=None,
            )  # fmt: skip
        if published:
            courses.publish_course(course.id, actor_id=None)
        return self.commit(MadeCourse(courses.outline(course.id)))

    def page(
        self, *blocks: dict[str, Any], slug: str = "", title: str = "", publish: bool = True, kind: str = ""
    ) -> PageView:
        """A page of the site with these blocks; without any, with a short text."""
        number = self.next()
        tree = document.empty()
        tree["root"]["slots"]["main"] = list(blocks) or [document.new_block("core/text", {"html": "<p>Words.</p>"})]
        return self.commit(
            pages.create_page(
                slug=slug or f"page-{number}", title=title or f"Page {number}", document=tree, actor_id=None,
                publish=publish, kind=kind,
            )
        )  # fmt: skip

    def product(self, *made: MadeCourse, name: str = "") -> ProductView:
        """A product that opens the courses; without one, everything."""
        number = self.next()
        items = [("course", course.id) for course in made] or [("everything", None)]
        name = name or f"Product {number}"
        return self.commit(access.create_product(slug=f"product-{number}", name=name, items=items))

    def offer(self, product: ProductView, *, kind: str = "one_time", amount: int = 4900, **facts: Any) -> OfferView:
        """An offer in euros: one-time unless told otherwise; a subscription is monthly."""
        if kind == "subscription":
            facts.setdefault("interval", "month")
        return self.commit(offers.create_offer(product_id=product.id, kind=kind, amount=amount, **facts))

    def grant(self, person: Any, product: ProductView, *, state: str = "active", **facts: Any) -> GrantView:
        """The person holds the product, given by hand; the rest as ``set_grant`` takes it."""
        facts = {"source": "manual", "source_ref": "test", **facts}
        return self.commit(access.set_grant(person_id=person.id, product_id=product.id, state=state, **facts))
