"""What people read who may not enter: for the site, a product or a course, in three cases. The nearest one counts.

Why a door is shut, until when and how it is mended is the decision's; these are the words around it. Whoever has only
to pay, or waits for money on its way, reads what is the matter and nothing else.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, delete, select

from lms.access.decision import Decision, Reason
from lms.access.models import Product, ProductItem, Refusal
from lms.audit import services as audit
from lms.db import session
from lms.host import state
from lms.host.kept import kept
from lms.settings import services as settings

SECTION = "locked"
LONGEST_TEXT = 2000


class Context(StrEnum):
    """The three cases."""

    GUEST = "guest"
    NO_ACCESS = "no_access"
    NOT_OPEN = "not_open"


class Level(StrEnum):
    """Where words were set, from far to near."""

    SITE = "site"
    PRODUCT = "product"
    COURSE = "course"


_CASES = {
    Reason.SIGN_IN_NEEDED: Context.GUEST,
    Reason.NO_GRANT: Context.NO_ACCESS,
    Reason.ENDED: Context.NO_ACCESS,
    Reason.FULL: Context.NO_ACCESS,
    Reason.COURSE_CLOSED: Context.NO_ACCESS,
    Reason.NOT_BEGUN: Context.NOT_OPEN,
    Reason.COURSE_NOT_OPEN: Context.NOT_OPEN,
    Reason.NOT_RELEASED: Context.NOT_OPEN,
}


@dataclass(frozen=True, slots=True)
class Words:
    """What is said and offered: ``text`` ("" for the usual words), whether to sign in, ``page`` (a path of this site or
    an https address, "" for none) and the product to offer (None: whatever opens the course).
    """

    text: str = ""
    sign_in: bool = False
    page: str = ""
    product_id: int | None = None

    @property
    def paragraphs(self) -> tuple[str, ...]:
        """The text as it was divided by empty lines."""
        parts = self.text.replace("\r\n", "\n").split("\n\n")
        return tuple(part.strip() for part in parts if part.strip())


@dataclass(frozen=True, slots=True)
class Found:
    """The words that count in a case, and where they were set."""

    context: Context
    words: Words
    level: Level


@dataclass(frozen=True, slots=True)
class _Book:
    """All words of products and courses; ``opened_by`` are the products with words that open a course, in order."""

    of_product: Mapping[tuple[int, str], Words]
    of_course: Mapping[tuple[int, str], Words]
    opened_by: Mapping[int | None, tuple[int, ...]]


def context_of(decision: Decision) -> Context | None:
    """The case of a shut door; None for one that is open, and where only paying or waiting for money helps."""
    if decision.allowed or (decision.reason is Reason.NOT_BEGUN and decision.until is None):
        return None
    return _CASES.get(decision.reason)


def of_decision(decision: Decision, course_id: int) -> Found | None:
    """The words for a door of the course that is shut for this reason; None where there are none to choose.

    Costs one query per process after something changed, else none.
    """
    context = context_of(decision)
    return nearest(context, course_id=course_id, product_id=decision.product_id) if context else None


def nearest(
    context: Context, *, course_id: int | None = None, product_id: int | None = None, is_own_left_out: bool = False
) -> Found:
    """The course's words, else those of the product (the one given, else the first that opens the course), else the
    site's. ``is_own_left_out``: as if the course said nothing.
    """
    book = kept("access.refusals", _read)
    if course_id is not None and not is_own_left_out and (course_id, context) in book.of_course:
        return Found(context, book.of_course[course_id, context], Level.COURSE)
    for each in _products(book, course_id, product_id):
        if (each, context) in book.of_product:
            return Found(context, book.of_product[each, context], Level.PRODUCT)
    return Found(context, of_site(context), Level.SITE)


def _products(book: _Book, course_id: int | None, product_id: int | None) -> tuple[int, ...]:
    if product_id is not None:
        return (product_id,)
    return (*book.opened_by.get(course_id, ()), *book.opened_by.get(None, ())) if course_id is not None else ()


def of_site(context: Context) -> Words:
    """What the settings say. No query unless a setting changed."""

    def said(name: str, default: Any) -> Any:
        return settings.get(SECTION, f"{context}_{name}", default)

    chosen = str(said("product", "") or "")
    return Words(
        text=str(said("text", "") or ""),
        sign_in=bool(said("sign_in", context is Context.GUEST)),
        page=str(said("page", "") or ""),
        product_id=int(chosen) if chosen.isdecimal() else None,
    )


def own(*, product_id: int | None = None, course_id: int | None = None) -> dict[Context, Words]:
    """What the product, or the course, says itself. One query."""
    query = select(Refusal).where(_of(product_id, course_id))
    return {Context(row.context): _words(row) for row in session.scalars(query)}


def keep(
    words: Mapping[Context, Words],
    *,
    product_id: int | None = None,
    course_id: int | None = None,
    actor_id: int | None = None,
) -> None:
    """Let the product, or the course, say this and nothing else. What is missing is left to those further away."""
    before = own(product_id=product_id, course_id=course_id)
    if before == dict(words):
        return
    session.execute(delete(Refusal).where(_of(product_id, course_id)))
    for context, said in words.items():
        session.add(
            Refusal(
                product_id=product_id,
                course_id=course_id,
                context=context.value,
                text=said.text,
                sign_in=said.sign_in,
                page=said.page,
                offered_id=said.product_id,
            )
        )
    session.flush()  # a product that is gone shows here
    subject = f"product/{product_id}" if product_id is not None else f"course/{course_id}"
    detail = {"cases": sorted(context.value for context in words)}
    audit.record("access.words_changed", actor_id=actor_id, subject=subject, detail=detail)
    state.bump_content_version()


def _of(product_id: int | None, course_id: int | None) -> Any:
    if (product_id is None) == (course_id is None):
        raise ValueError("words are of one product or of one course")
    return Refusal.product_id == product_id if product_id is not None else Refusal.course_id == course_id


def _words(row: Any) -> Words:
    return Words(text=row.text, sign_in=bool(row.sign_in), page=row.page, product_id=row.offered_id)


def _read(connection: Connection) -> _Book:
    columns = (Refusal.product_id, Refusal.course_id, Refusal.context)
    said = (Refusal.text, Refusal.sign_in, Refusal.page, Refusal.offered_id)
    query = (
        select(*columns, *said, Product.status, ProductItem.id.label("item"), ProductItem.course_id.label("opens"))
        .join(Product, Product.id == Refusal.product_id, isouter=True)
        .join(ProductItem, ProductItem.product_id == Refusal.product_id, isouter=True)
        .order_by(Refusal.product_id, Refusal.id)
    )
    of_product: dict[tuple[int, str], Words] = {}
    of_course: dict[tuple[int, str], Words] = {}
    opened_by: dict[int | None, list[int]] = defaultdict(list)
    for row in connection.execute(query):
        if row.product_id is None:
            of_course[row.course_id, row.context] = _words(row)
            continue
        of_product[row.product_id, row.context] = _words(row)
        # An archived product speaks to whoever had it, and to nobody new.
        if row.item is not None and row.status == "active" and row.product_id not in opened_by[row.opens]:
            opened_by[row.opens].append(row.product_id)
    return _Book(of_product, of_course, {opens: tuple(ids) for opens, ids in opened_by.items()})
