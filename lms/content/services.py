"""Saving, publishing and reading documents. The only writer of the tables of this room."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, func, select

from lms.base import clock
from lms.content import catalog, document
from lms.content.models import Document, Revision
from lms.db import session
from lms.host import state


@dataclass(frozen=True, slots=True)
class RevisionView:
    """One saved state of a document. ``published_at``: domain time, UTC; None if visitors never got it."""

    id: int
    document_id: int
    number: int
    tree: Mapping[str, Any]
    published_at: datetime | None
    author_id: int | None
    note: str


_PUBLISHED_ID = select(Document.published_id).where(
    Document.owner_kind == bindparam("kind"), Document.owner_id == bindparam("owner")
)
_TREE = select(Revision.tree).where(Revision.id == bindparam("revision"))


def save_document(
    owner_kind: str,
    owner_id: int,
    tree: Mapping[str, Any],
    *,
    author_id: int | None,
    publish: bool = True,
    note: str = "",
) -> RevisionView:
    """Store the tree as the newest revision of the owner's document, and publish it unless told otherwise.

    Rich text is cleaned on the way. Raises ``DocumentInvalid`` with every mistake; then nothing is stored. A tree that
    equals the newest revision makes no new one.
    """
    clean = document.checked(tree, catalog.current())
    row = _document(owner_kind, owner_id)
    newest = _newest(row.id)
    if newest is None or newest.tree != clean:
        number = newest.number + 1 if newest else 1
        newest = Revision(document_id=row.id, number=number, tree=clean, author_id=author_id, note=note)
        session.add(newest)
        session.flush()  # the document points at its id
    if publish:
        _publish(row, newest)
    return _view(newest)


def _document(owner_kind: str, owner_id: int) -> Document:
    query = select(Document).where(Document.owner_kind == owner_kind, Document.owner_id == owner_id)
    # Locked, so that two people who save at once get two numbers.
    row = session.scalar(query.with_for_update())
    if row is None:
        row = Document(owner_kind=owner_kind, owner_id=owner_id)
        session.add(row)
        session.flush()  # its revisions point at its id
    return row


def _newest(document_id: int) -> Revision | None:
    query = select(Revision).where(Revision.document_id == document_id)
    return session.scalar(query.order_by(Revision.number.desc()).limit(1))


def _publish(row: Document, revision: Revision) -> None:
    if row.published_id == revision.id:
        return
    row.published_id = revision.id
    revision.published_at = clock.now()
    state.bump_content_version()


def _view(row: Revision) -> RevisionView:
    return RevisionView(row.id, row.document_id, row.number, row.tree, row.published_at, row.author_id, row.note)


def published_revision_id(owner_kind: str, owner_id: int) -> int | None:
    """The revision that visitors get; None if there is none."""
    return session.execute(_PUBLISHED_ID, {"kind": owner_kind, "owner": owner_id}).scalar()


def tree_of_revision(revision_id: int) -> Mapping[str, Any]:
    """The tree of a revision. Raises ``LookupError``."""
    tree = session.execute(_TREE, {"revision": revision_id}).scalar()
    if tree is None:
        raise LookupError(f"There is no revision {revision_id}.")
    return tree


def published_tree(owner_kind: str, owner_id: int) -> Mapping[str, Any] | None:
    """The tree that visitors get; None if nothing is published."""
    revision_id = published_revision_id(owner_kind, owner_id)
    return None if revision_id is None else tree_of_revision(revision_id)


def newest_revision(owner_kind: str, owner_id: int) -> RevisionView | None:
    """What an editor goes on with: the newest revision, published or not."""
    query = (
        select(Revision)
        .join(Document, Document.id == Revision.document_id)
        .where(Document.owner_kind == owner_kind, Document.owner_id == owner_id)
        .order_by(Revision.number.desc())
        .limit(1)
    )
    row = session.scalar(query)
    return None if row is None else _view(row)


@dataclass(frozen=True, slots=True)
class DocumentSummary:
    """For lists: newest and published revision, who saved the newest one and when (real time, UTC)."""

    newest_id: int
    published_id: int | None
    author_id: int | None
    saved_at: datetime


def summaries(owner_kind: str, owner_ids: Sequence[int]) -> dict[int, DocumentSummary]:
    """Owner id → what a list says about its document. One query."""
    if not owner_ids:
        return {}
    newest = (
        select(func.max(Revision.number)).where(Revision.document_id == Document.id).correlate(Document)
    ).scalar_subquery()
    query = (
        select(Document.owner_id, Revision.id, Document.published_id, Revision.author_id, Revision.created_at)
        .join(Revision, (Revision.document_id == Document.id) & (Revision.number == newest))
        .where(Document.owner_kind == owner_kind, Document.owner_id.in_(owner_ids))
    )
    return {owner_id: DocumentSummary(*about) for owner_id, *about in session.execute(query)}


def unpublish(owner_kind: str, owner_id: int) -> None:
    """Let visitors get nothing; all revisions stay."""
    row = session.scalar(select(Document).where(Document.owner_kind == owner_kind, Document.owner_id == owner_id))
    if row is not None and row.published_id is not None:
        row.published_id = None
        state.bump_content_version()


def delete_document(owner_kind: str, owner_id: int) -> None:
    """Forget the owner's document with all its revisions: the owner itself is gone."""
    session.execute(delete(Document).where(Document.owner_kind == owner_kind, Document.owner_id == owner_id))
    state.bump_content_version()
