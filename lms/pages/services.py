"""What can be done with pages; the only writer of the room's tables."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import delete, select

from lms.audit import services as audit
from lms.base.problem import Conflict, NotFound, Problem
from lms.content import services as content
from lms.db import session
from lms.host import state
from lms.pages.models import OldSlug, Page
from lms.pages.reading import DRAFT, OWNER_KIND, PUBLISHED, PageView

_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


class SlugRefused(Problem):
    """The address cannot be had; the sentence says why."""

    status = 422


class TitleRefused(Problem):
    """There is no title, or it is too long."""

    status = 422


class KindRefused(Problem):
    """This cannot be the name of a kind of page."""

    status = 422


class PageMissing(NotFound):
    """There is no page of that id (any more)."""

    def __init__(self) -> None:
        super().__init__(
            _("This page does not exist."), next_step=_("Somebody may have deleted it. Open the list again.")
        )


def create_page(
    *, slug: str, title: str, document: Mapping[str, Any], actor_id: int | None, publish: bool = True, kind: str = ""
) -> PageView:
    """Make a page with its document. ``kind`` chooses a template of the theme, "" an ordinary page.

    Raises ``SlugRefused``, ``TitleRefused``, ``DocumentInvalid``; then nothing is made.
    """
    row = Page(slug=_free_slug(slug, None), title=_title(title), status=DRAFT, kind=_kind(kind))
    session.add(row)
    session.flush()  # the document points at its id
    content.save_document(OWNER_KIND, row.id, document, author_id=actor_id, publish=publish)
    audit.record("pages.created", actor_id=actor_id, subject=f"page/{row.id}", detail={"slug": row.slug})
    if publish:
        _set_status(row, PUBLISHED, actor_id)
    return _view(row)


def save_page(
    page_id: int, *, slug: str, title: str, document: Mapping[str, Any] | None = None, actor_id: int | None,
    publish: bool = False, kind: str | None = None,
) -> PageView:  # fmt: skip
    """Change title, address and document (None: as it is); ``publish`` lets visitors have it, else it is a draft.

    Title, address and kind (None: as it is) count at once. An address that visitors know goes on leading to the page.
    Raises ``NotFound``, ``SlugRefused``, ``TitleRefused``, ``KindRefused``, ``DocumentInvalid``; then nothing is
    changed.
    """
    row = _get(page_id)
    new_slug, new_title = _free_slug(slug, row), _title(title)
    if document is not None:
        content.save_document(OWNER_KIND, page_id, document, author_id=actor_id, publish=publish)
    if new_slug != row.slug:
        session.execute(delete(OldSlug).where(OldSlug.slug == new_slug))
        if row.status == PUBLISHED:
            session.add(OldSlug(slug=row.slug, page_id=page_id))
    before = {"slug": row.slug, "title": row.title, "kind": row.kind}
    row.slug, row.title, row.kind = new_slug, new_title, row.kind if kind is None else _kind(kind)
    after = {"slug": new_slug, "title": new_title, "kind": row.kind}
    detail = {"before": before, "after": after}
    audit.record("pages.saved", actor_id=actor_id, subject=f"page/{page_id}", detail=detail)
    if before != after:
        state.bump_content_version()
    if publish and document is not None:
        _set_status(row, PUBLISHED, actor_id)
    return _view(row)


def published(page_id: int, *, actor_id: int | None) -> PageView:
    """Its document was published, so visitors get the page. Raises ``NotFound``."""
    row = _get(page_id)
    _set_status(row, PUBLISHED, actor_id)
    return _view(row)


def unpublish_page(page_id: int, *, actor_id: int | None) -> PageView:
    """Take the page away from visitors; it stays as a draft. Raises ``NotFound``, ``Conflict``."""
    row = _get(page_id)
    if row.status == DRAFT:
        raise Conflict(_("This page is a draft already."))
    content.unpublish(OWNER_KIND, page_id)
    _set_status(row, DRAFT, actor_id)
    return _view(row)


def delete_page(page_id: int, *, actor_id: int | None) -> None:
    """Delete the page with all revisions of its document. Raises ``NotFound``."""
    row = _get(page_id)
    content.delete_document(OWNER_KIND, page_id)
    session.delete(row)
    audit.record(
        "pages.deleted", actor_id=actor_id, subject=f"page/{page_id}", detail={"slug": row.slug, "title": row.title}
    )


def _get(page_id: int) -> Page:
    row = session.get(Page, page_id)
    if row is None:
        raise PageMissing
    return row


def _view(row: Page) -> PageView:
    return PageView(row.id, row.slug, row.title, row.status, row.kind)


def _set_status(row: Page, status: str, actor_id: int | None) -> None:
    if row.status == status:
        return
    row.status = status
    action = "pages.published" if status == PUBLISHED else "pages.unpublished"
    audit.record(action, actor_id=actor_id, subject=f"page/{row.id}")
    state.bump_content_version()


def _title(title: str) -> str:
    title = " ".join(title.split())
    if not title:
        raise TitleRefused(_("Write a title."))
    if len(title) > 200:
        raise TitleRefused(_("A title has at most 200 characters."))
    return title


def _kind(kind: str) -> str:
    # A kind that no theme knows is kept: the theme that knows it may come back.
    if kind and (len(kind) > 40 or not _SLUG.fullmatch(kind)):
        raise KindRefused(_("A kind has small letters, digits and single hyphens."))
    return kind


def _free_slug(slug: str, owner: Page | None) -> str:
    slug = slug.strip().strip("/").lower()
    if not slug:
        raise SlugRefused(_("Write an address, such as about-us."))
    if len(slug) > 80 or not _SLUG.fullmatch(slug):
        raise SlugRefused(_("An address has at most 80 small letters, digits and single hyphens, such as about-us."))
    if slug in taken_by_the_site():
        raise SlugRefused(_("The site itself uses /%(slug)s. Choose another address.", slug=slug))
    other = session.scalar(select(Page).where(Page.slug == slug))
    if other is not None and other is not owner:
        raise SlugRefused(
            _("The page “%(title)s” has the address /%(slug)s. Choose another one.", title=other.title, slug=slug)
        )
    return slug


def taken_by_the_site() -> frozenset[str]:
    """First parts of addresses that lead elsewhere: a page there would never be seen."""
    firsts = (rule.rule.split("/")[1] for rule in current_app.url_map.iter_rules())
    return frozenset(first for first in firsts if first and "<" not in first)
