"""Read models of pages: what visitors and lists need, as joined selects prepared once."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, bindparam, func, or_, select
from sqlalchemy.orm import aliased

from lms.accounts.models import Person
from lms.content import services as content
from lms.content.models import Document
from lms.db import rows, session
from lms.host.kept import kept_by_key
from lms.pages.models import OldSlug, Page

OWNER_KIND = "page"
PUBLISHED = "published"
DRAFT = "draft"
STATES = ("", PUBLISHED, DRAFT)
_PER_PAGE = 50


@dataclass(frozen=True, slots=True)
class PageView:
    """A page. ``slug`` is its address without the slash; ``status`` is published or draft; ``kind`` is the theme's."""

    id: int
    slug: str
    title: str
    status: str
    kind: str = ""

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


_page: Any = Page.__table__
_document: Any = Document.__table__
_old_slug: Any = OldSlug.__table__
_COLUMNS = (_page.c.id, _page.c.slug, _page.c.title, _page.c.status, _page.c.kind)
_PUBLIC = (
    select(*_COLUMNS, _document.c.published_id)
    .join(_document, and_(_document.c.owner_kind == OWNER_KIND, _document.c.owner_id == _page.c.id))
    .where(_page.c.slug == bindparam("slug"), _page.c.status == PUBLISHED, _document.c.published_id.is_not(None))
)
_BY_ID = select(*_COLUMNS).where(_page.c.id == bindparam("page_id"))
_MOVED = (
    select(*_COLUMNS)
    .join(_old_slug, _old_slug.c.page_id == _page.c.id)
    .where(_old_slug.c.slug == bindparam("slug"), _page.c.status == PUBLISHED)
)
_ADDRESSES = select(_page.c.id, _page.c.slug).where(_page.c.status == PUBLISHED)


def public_page(slug: str) -> PublicPage | None:
    """The published page at the address; None if there is none. One query, none while it is in memory."""

    def read() -> PublicPage | None:
        row = rows(_PUBLIC, {"slug": slug}).one_or_none()
        return None if row is None else PublicPage(PageView(*row[:5]), row[5])

    return kept_by_key("pages.public", slug, read)


def page(page_id: int) -> PageView | None:
    """The page, published or not."""
    row = rows(_BY_ID, {"page_id": page_id}).one_or_none()
    return None if row is None else PageView(*row)


def page_that_was_at(slug: str) -> PageView | None:
    """The published page that had this address before."""
    row = rows(_MOVED, {"slug": slug}).one_or_none()
    return None if row is None else PageView(*row)


def published_addresses() -> dict[int, str]:
    """Page id → path, of all pages that visitors may see. One query, none while it is in memory; not to be changed."""

    def read() -> dict[int, str]:
        return {page_id: f"/{slug}" for page_id, slug in rows(_ADDRESSES, {})}

    return kept_by_key("pages.addresses", "", read) or {}


def pages(page_ids: Collection[int]) -> tuple[PageView, ...]:
    """Those of the pages that are there, published or not. One query, none for no ids."""
    found = session.execute(select(*_COLUMNS).where(_page.c.id.in_(page_ids))) if page_ids else ()
    return tuple(PageView(*row) for row in found)


def titled(words: str, *, limit: int) -> tuple[PageView, ...]:
    """Pages whose title or address has the words, drafts too, by title."""
    query = select(*_COLUMNS).order_by(_page.c.title, _page.c.id).limit(limit)
    if words:
        query = query.where(
            or_(*(column.icontains(words, autoescape=True) for column in (_page.c.title, _page.c.slug)))
        )
    return tuple(PageView(*row) for row in session.execute(query))


def titles(limit: int = 500) -> list[tuple[int, str]]:
    """Id and title of all pages, drafts too, by title."""
    return [(row[0], row[1]) for row in session.execute(select(Page.id, Page.title).order_by(Page.title).limit(limit))]


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
    authors = {who for one in documents.values() for who in (one.author_id, one.edited_by) if who is not None}
    names = {}
    if authors:
        names = _mapping(select(Person.id, Person.name).where(Person.id.in_(authors)))
    listed = []
    for row in found:
        about = documents.get(row.id)
        state = row.status
        if about is not None and row.status == PUBLISHED and about.is_changed:
            state = "changed"
        moments = [row.updated_at, *([about.saved_at, about.edited_at or about.saved_at] if about else [])]
        changed_at = max(moments)
        author_id = (about.edited_by if about.edited_at else about.author_id) if about else None
        author = names.get(author_id, "") if author_id else ""
        listed.append(PageRow(PageView(*row[:5]), state, changed_at, author))
    return tuple(listed)
