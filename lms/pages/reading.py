"""Read models of pages: what visitors and lists need, as joined selects prepared once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, bindparam, func, or_, select
from sqlalchemy.orm import aliased

from lms.accounts.models import Person
from lms.content import services as content
from lms.content.models import Document
from lms.db import session
from lms.pages.models import OldSlug, Page

OWNER_KIND = "page"
PUBLISHED = "published"
DRAFT = "draft"
STATES = ("", PUBLISHED, DRAFT)
_PER_PAGE = 50


@dataclass(frozen=True, slots=True)
class PageView:
    """A page. ``slug`` is its address without the slash; ``status`` is published or draft."""

    id: int
    slug: str
    title: str
    status: str

    @property
    def path(self) -> str:
        """Its address below the site's."""
        return f"/{self.slug}"


@dataclass(frozen=True, slots=True)
class PublicPage:
    """What a visitor's page needs: the page, and which revision of its document is out."""

    page: PageView
    revision_id: int


@dataclass(frozen=True, slots=True)
class PageRow:
    """A line of the list. ``state``: published, draft, or changed (published, with edits that visitors do not see).
    ``changed_at``: real time, UTC."""

    page: PageView
    state: str
    changed_at: datetime
    changed_by: str


@dataclass(frozen=True, slots=True)
class PageList:
    """A part of the list; ``after`` is the id that the next part follows, None at the end. Counts by status."""

    rows: tuple[PageRow, ...]
    published: int
    drafts: int
    after: int | None


_COLUMNS = (Page.id, Page.slug, Page.title, Page.status)
_PUBLIC = (
    select(*_COLUMNS, Document.published_id)
    .join(Document, and_(Document.owner_kind == OWNER_KIND, Document.owner_id == Page.id))
    .where(Page.slug == bindparam("slug"), Page.status == PUBLISHED, Document.published_id.is_not(None))
)
_BY_ID = select(*_COLUMNS).where(Page.id == bindparam("page_id"))
_MOVED = (
    select(*_COLUMNS)
    .join(OldSlug, OldSlug.page_id == Page.id)
    .where(OldSlug.slug == bindparam("slug"), Page.status == PUBLISHED)
)
_ADDRESSES = select(Page.id, Page.slug).where(Page.status == PUBLISHED)


def public_page(slug: str) -> PublicPage | None:
    """The published page at the address; None if there is none. One query."""
    row = session.execute(_PUBLIC, {"slug": slug}).one_or_none()
    return None if row is None else PublicPage(PageView(*row[:4]), row[4])


def page(page_id: int) -> PageView | None:
    """The page, published or not."""
    row = session.execute(_BY_ID, {"page_id": page_id}).one_or_none()
    return None if row is None else PageView(*row)


def page_that_was_at(slug: str) -> PageView | None:
    """The published page that had this address before."""
    row = session.execute(_MOVED, {"slug": slug}).one_or_none()
    return None if row is None else PageView(*row)


def published_addresses() -> dict[int, str]:
    """Page id → path, of all pages that visitors may see."""
    return {page_id: f"/{slug}" for page_id, slug in session.execute(_ADDRESSES)}


def list_pages(*, search: str = "", status: str = "", after: int | None = None) -> PageList:
    """Pages by title, fifty at a time. Five queries, whatever their number."""
    query = select(*_COLUMNS, Page.updated_at).order_by(Page.title, Page.id).limit(_PER_PAGE + 1)
    if search:
        fits = [column.icontains(search, autoescape=True) for column in (Page.title, Page.slug)]
        query = query.where(or_(*fits))
    if status in (PUBLISHED, DRAFT):
        query = query.where(Page.status == status)
    if after is not None:
        last = aliased(Page)
        title = select(last.title).where(last.id == after).scalar_subquery()
        query = query.where(or_(Page.title > title, and_(Page.title == title, Page.id > after)))
    found = session.execute(query).all()
    shown = found[:_PER_PAGE]
    counts = _mapping(select(Page.status, func.count()).group_by(Page.status))
    return PageList(
        rows=_rows(shown),
        published=counts.get(PUBLISHED, 0),
        drafts=counts.get(DRAFT, 0),
        after=shown[-1].id if len(found) > _PER_PAGE else None,
    )


def _mapping(query: Select[Any, Any]) -> dict[Any, Any]:
    """The rows of two columns as a dictionary."""
    return dict(session.execute(query).all())


def _rows(found: Sequence[Any]) -> tuple[PageRow, ...]:
    documents = content.summaries(OWNER_KIND, [row.id for row in found])
    authors = {one.author_id for one in documents.values() if one.author_id is not None}
    names = {}
    if authors:
        names = _mapping(select(Person.id, Person.name).where(Person.id.in_(authors)))
    rows = []
    for row in found:
        about = documents.get(row.id)
        state = row.status
        if about is not None and row.status == PUBLISHED and about.newest_id != about.published_id:
            state = "changed"
        changed_at = max(row.updated_at, about.saved_at) if about else row.updated_at
        author = names.get(about.author_id, "") if about and about.author_id else ""
        rows.append(PageRow(PageView(*row[:4]), state, changed_at, author))
    return tuple(rows)
