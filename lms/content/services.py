"""Saving, publishing and reading documents. The only writer of the tables of this room."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Text, bindparam, cast, delete, func, or_, select, update

from lms.base import clock
from lms.content import catalog, checking
from lms.content.models import Document, Revision
from lms.db import rows, session
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


_document: Any = Document.__table__
_revision: Any = Revision.__table__
_PUBLISHED = (
    select(_revision.c.id, _revision.c.tree)
    .join(_document, _document.c.published_id == _revision.c.id)
    .where(_document.c.owner_kind == bindparam("kind"), _document.c.owner_id == bindparam("owner"))
)
_TREE = select(_revision.c.tree).where(_revision.c.id == bindparam("revision"))


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
    clean = checking.checked(tree, catalog.current())
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


def tree_of_revision(revision_id: int) -> Mapping[str, Any]:
    """The tree of a revision. Raises ``LookupError``."""
    tree = rows(_TREE, {"revision": revision_id}).scalar()
    if tree is None:
        raise LookupError(f"There is no revision {revision_id}.")
    return tree


@dataclass(frozen=True, slots=True)
class PublishedDocument:
    """What visitors get."""

    revision_id: int
    tree: Mapping[str, Any]


def published_document(owner_kind: str, owner_id: int) -> PublishedDocument | None:
    """What visitors get; None if nothing is published. One query."""
    row = rows(_PUBLISHED, {"kind": owner_kind, "owner": owner_id}).one_or_none()
    return None if row is None else PublishedDocument(*row)


def published_tree(owner_kind: str, owner_id: int) -> Mapping[str, Any] | None:
    """The tree that visitors get; None if nothing is published."""
    found = published_document(owner_kind, owner_id)
    return None if found is None else found.tree


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
    """For lists: newest and published revision, who saved the newest one and when, and who edited it since and when
    (real time, UTC; None for nobody)."""

    newest_id: int
    published_id: int | None
    author_id: int | None
    saved_at: datetime
    edited_by: int | None
    edited_at: datetime | None

    @property
    def is_changed(self) -> bool:
        """Whether there is something that visitors do not get."""
        return self.newest_id != self.published_id or self.edited_at is not None


def summaries(owner_kind: str, owner_ids: Sequence[int]) -> dict[int, DocumentSummary]:
    """Owner id → what a list says about its document. One query."""
    if not owner_ids:
        return {}
    newest = (
        select(func.max(Revision.number)).where(Revision.document_id == Document.id).correlate(Document)
    ).scalar_subquery()
    query = (
        select(
            Document.owner_id,
            Revision.id,
            Document.published_id,
            Revision.author_id,
            Revision.created_at,
            Document.edited_by,
            Document.edited_at,
        )
        .join(Revision, (Revision.document_id == Document.id) & (Revision.number == newest))
        .where(Document.owner_kind == owner_kind, Document.owner_id.in_(owner_ids))
    )
    return {owner_id: DocumentSummary(*about) for owner_id, *about in session.execute(query)}


@dataclass(frozen=True, slots=True)
class DocumentView:
    """The document of an owner: its own id, and which revision visitors get."""

    id: int
    published_id: int | None


def find_document(owner_kind: str, owner_id: int) -> DocumentView | None:
    """The owner's document; None before anything was saved."""
    query = select(Document).where(Document.owner_kind == owner_kind, Document.owner_id == owner_id)
    row = session.scalar(query)
    return None if row is None else DocumentView(row.id, row.published_id)


def lock_document(owner_kind: str, owner_id: int) -> DocumentView:
    """The owner's document, made if there is none, and this transaction's alone until it ends."""
    row = _document(owner_kind, owner_id)
    return DocumentView(row.id, row.published_id)


def note_edit(document_id: int, actor_id: int | None) -> None:
    """Remember that the document was edited without a new revision."""
    session.execute(
        update(Document).where(Document.id == document_id).values(edited_at=clock.real_now(), edited_by=actor_id)
    )


def forget_edits(document_id: int) -> None:
    """All edits are in the newest revision now."""
    session.execute(update(Document).where(Document.id == document_id).values(edited_at=None, edited_by=None))


@dataclass(frozen=True, slots=True)
class RevisionLine:
    """A line in the list of revisions. ``saved_at``: real time; ``published_at``: domain time, None if it never was."""

    number: int
    saved_at: datetime
    published_at: datetime | None
    author_id: int | None
    note: str
    is_published: bool


def revisions(owner_kind: str, owner_id: int, *, before: int | None = None, limit: int = 50) -> list[RevisionLine]:
    """The owner's revisions, newest first, of numbers below ``before``. One query."""
    query = (
        select(
            Revision.number, Revision.created_at, Revision.published_at, Revision.author_id, Revision.note,
            Document.published_id == Revision.id,
        )
        .join(Document, Document.id == Revision.document_id)
        .where(Document.owner_kind == owner_kind, Document.owner_id == owner_id)
        .order_by(Revision.number.desc())
        .limit(limit)
    )  # fmt: skip
    if before is not None:
        query = query.where(Revision.number < before)
    return [RevisionLine(*row[:5], is_published=bool(row[5])) for row in session.execute(query)]


def revision(owner_kind: str, owner_id: int, number: int) -> RevisionView | None:
    """One revision of the owner's document."""
    query = (
        select(Revision)
        .join(Document, Document.id == Revision.document_id)
        .where(Document.owner_kind == owner_kind, Document.owner_id == owner_id, Revision.number == number)
    )
    row = session.scalar(query)
    return None if row is None else _view(row)


def owners_with(words: str) -> dict[tuple[str, int], bool]:
    """(kind, id) of the owners whose document holds the words → whether visitors get that. One query.

    Looks at the published and the newest revision; ``words`` is something that stands nowhere by chance, such as a key.
    """
    newest = (
        select(func.max(Revision.number)).where(Revision.document_id == Document.id).correlate(Document)
    ).scalar_subquery()
    query = (
        select(Document.owner_kind, Document.owner_id, Revision.id == Document.published_id)
        .join(Revision, Revision.document_id == Document.id)
        .where(or_(Revision.id == Document.published_id, Revision.number == newest))
        .where(cast(Revision.tree, Text).contains(words, autoescape=True))
    )
    found: dict[tuple[str, int], bool] = {}
    for kind, owner_id, is_published in session.execute(query):
        found[kind, owner_id] = found.get((kind, owner_id), False) or bool(is_published)
    return found


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
