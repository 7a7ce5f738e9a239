"""Drafts: operations are applied to the newest state, logged, undone; published and restored.

The only writer of the tables of this room. Everything that changes a draft locks its document, so that two people are
one after the other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Text, cast, delete, select

from lms.audit import services as audit
from lms.base import clock
from lms.base.problem import NotFound
from lms.content import catalog, document, operations, planting
from lms.content import services as content
from lms.content.models import Document
from lms.content.operations import Applied
from lms.content.problems import BlockGone, OperationRefused
from lms.db import session
from lms.editor import history
from lms.editor.history import EDIT, REDO, UNDO
from lms.editor.models import Draft, Operation
from lms.extend import DocumentOwner
from lms.host import guard, registry

TOGETHER = timedelta(seconds=2)
KEPT = timedelta(days=30)
_MOST_STEPS = 500
_MOST_BEHIND = 200

Json = dict[str, Any]
Entry = tuple[list[Json], list[Json]]


@dataclass(frozen=True, slots=True)
class DraftView:
    """A document as its editors see it. ``is_changed``: it holds edits that are in no revision."""

    rev: int
    tree: Mapping[str, Any]
    is_changed: bool


@dataclass(frozen=True, slots=True)
class Change:
    """What came of a request. ``since``: the (operations, inverse) from what the browser had up to ``rev``; None where
    that is unknown, and all has to be drawn. ``mine``: the operations of this request. ``words``: what went otherwise.
    """

    rev: int
    tree: Mapping[str, Any]
    since: list[Entry] | None
    mine: list[Json]
    others: bool
    words: str = ""


def find(kind: str, owner_id: int) -> DraftView:
    """The owner's draft; without one its newest revision, or an empty document."""
    known = content.find_document(kind, owner_id)
    row = None if known is None else session.scalar(select(Draft).where(Draft.document_id == known.id))
    newest = content.newest_revision(kind, owner_id)
    return _current(row, newest) if row or newest else DraftView(0, _beginning(kind, owner_id), False)


def _beginning(kind: str, owner_id: int) -> Mapping[str, Any]:
    """With what an editor begins where nothing was saved: what the owner's kind says, else nothing."""
    owner = next((one for one in registry.current().items(DocumentOwner) if one.name == kind), None)
    thing = owner.find(owner_id) if owner is not None and owner.begins is not None else None
    if owner is None or owner.begins is None or thing is None:
        return document.empty()
    nodes = guard.call(owner.plugin, f"beginning of {kind}", owner.begins, thing, default=())
    return planting.beginning(nodes, place=f"{kind}/{owner_id}")


def _current(row: Draft | None, newest: content.RevisionView | None) -> DraftView:
    if row is None:
        return DraftView(0, newest.tree if newest else document.empty(), False)
    if row.rev == row.saved_rev and newest is not None and newest.id != row.based_on:
        # Something other than the editor saved it, and no edit would be lost.
        return DraftView(row.rev + 1, newest.tree, False)
    return DraftView(row.rev, row.tree, row.rev != row.saved_rev)


def _opened(kind: str, owner_id: int) -> Draft:
    """The draft, made if there is none, and this transaction's alone."""
    known = content.lock_document(kind, owner_id)
    row = session.scalar(select(Draft).where(Draft.document_id == known.id).execution_options(populate_existing=True))
    newest = content.newest_revision(kind, owner_id)
    now = _current(row, newest) if row or newest else DraftView(0, _beginning(kind, owner_id), False)
    if row is None:
        row = Draft(document_id=known.id, rev=0, saved_rev=0, tree=now.tree, based_on=newest.id if newest else None)
        session.add(row)
    elif row.rev != now.rev:
        row.rev = row.saved_rev = now.rev
        row.tree, row.based_on = dict(now.tree), newest.id if newest else None
    return row


def change(
    kind: str,
    owner_id: int,
    make: Callable[[Mapping[str, Any]], Sequence[Mapping[str, Any]]],
    *,
    base_rev: int,
    key: str,
    person_id: int | None,
) -> Change:
    """Apply the operations that ``make(newest tree)`` returns: all of them, or none.

    A ``key`` that was used before applies nothing. Raises ``OperationRefused`` and ``BlockGone``.
    """
    row = _opened(kind, owner_id)
    if _is_known(row, key):
        return _answer(row, base_rev, [], person_id)
    done = operations.apply(row.tree, make(row.tree), catalog.current())
    if done.ops:
        _log(row, done, kind=EDIT, step=_step(row, done, person_id), key=key, person_id=person_id)
    return _answer(row, base_rev, done.ops, person_id)


def undo(kind: str, owner_id: int, *, base_rev: int, key: str, person_id: int | None, again: bool = False) -> Change:
    """Take back the person's newest step, or with ``again`` do once more what was taken back last.

    What concerns blocks that somebody deleted meanwhile is left out, and said. Raises ``OperationRefused`` when there
    is no such step.
    """
    row = _opened(kind, owner_id)
    if _is_known(row, key):
        return _answer(row, base_rev, [], person_id)
    steps = _stacks(row.document_id, person_id)
    waiting = steps.undone if again else steps.done
    if not waiting:
        raise OperationRefused(_("There is nothing to do again.") if again else _("There is nothing to undo."))
    step = waiting[-1]
    done, lost = _back(row, _inverse_of(row.document_id, step, person_id))
    _log(row, done, kind=REDO if again else UNDO, step=step, key=key, person_id=person_id)
    words = _("A part was left out: somebody deleted what it was about.") if lost else ""
    return _answer(row, base_rev, done.ops, person_id, words)


def _inverse_of(document_id: int, step: int, person_id: int | None) -> list[Json]:
    """What takes back the newest thing that was done under the step: all its edits, its undoing or its redoing."""
    rows = session.scalars(
        select(Operation)
        .where(Operation.document_id == document_id, Operation.step == step, Operation.person_id == person_id)
        .order_by(Operation.rev.desc())
    ).all()
    taken_back = rows if rows[0].kind == EDIT else rows[:1]
    return [op for row in taken_back for op in row.inverse]


def _back(row: Draft, inverse: Sequence[Json]) -> tuple[Applied, bool]:
    """Apply one by one, leaving out what cannot be applied any more."""
    tree: Any = row.tree
    whole = Applied(tree)
    lost = False
    for op in inverse:
        try:
            done = operations.apply(whole.tree, [op], catalog.current())
        except (BlockGone, OperationRefused):
            lost = True
            continue
        whole = Applied(done.tree, whole.ops + done.ops, done.inverse + whole.inverse)
    return whole, lost


def _is_known(row: Draft, key: str) -> bool:
    if not isinstance(key, str) or not 4 <= len(key) <= 64:
        raise OperationRefused(_("A request has a key of 4 to 64 characters."))
    found = select(Operation.id).where(Operation.document_id == row.document_id, Operation.key == key)
    return session.scalar(found) is not None


def _log(row: Draft, done: Applied, *, kind: str, step: int, key: str, person_id: int | None) -> None:
    row.rev += 1
    row.tree = done.tree
    session.add(
        Operation(
            document_id=row.document_id, rev=row.rev, person_id=person_id, key=key, kind=kind, step=step,
            ops=done.ops, inverse=done.inverse,
        )
    )  # fmt: skip
    session.flush()
    content.note_edit(row.document_id, person_id)


def _step(row: Draft, done: Applied, person_id: int | None) -> int:
    """Under which step the operations are undone: typing goes on with the step before."""
    before = session.scalar(select(Operation).where(Operation.document_id == row.document_id, Operation.rev == row.rev))
    goes_on = (
        before is not None
        and before.kind == EDIT
        and before.person_id == person_id
        and clock.real_now() - before.created_at < TOGETHER
        and history.goes_on((before.ops, before.inverse), (done.ops, done.inverse))
    )
    return before.step if before is not None and goes_on else row.rev + 1


def _stacks(document_id: int, person_id: int | None) -> history.Stacks:
    newest = (
        select(Operation.kind, Operation.step, Operation.rev)
        .where(Operation.document_id == document_id, Operation.person_id == person_id)
        .order_by(Operation.rev.desc())
        .limit(_MOST_STEPS)
    )
    return history.stacks((each.kind, each.step) for each in reversed(session.execute(newest).all()))


def can(kind: str, owner_id: int, person_id: int | None) -> tuple[bool, bool]:
    """Whether the person has something to undo, and something to do again."""
    known = content.find_document(kind, owner_id)
    if known is None:
        return False, False
    found = _stacks(known.id, person_id)
    return bool(found.done), bool(found.undone)


def _answer(row: Draft, base_rev: int, mine: list[Json], person_id: int | None, words: str = "") -> Change:
    since, others = _since(row.document_id, base_rev, row.rev, person_id)
    return Change(row.rev, row.tree, since, mine, others, words)


def _since(document_id: int, base_rev: int, rev: int, person_id: int | None) -> tuple[list[Entry] | None, bool]:
    if base_rev == rev:
        return [], False
    if not 0 <= base_rev < rev or rev - base_rev > _MOST_BEHIND:
        return None, False
    entries = session.execute(
        select(Operation.ops, Operation.inverse, Operation.person_id)
        .where(Operation.document_id == document_id, Operation.rev > base_rev, Operation.rev <= rev)
        .order_by(Operation.rev)
    ).all()
    others = any(each.person_id != person_id for each in entries)
    whole = len(entries) == rev - base_rev and not any(op["op"] == "replace" for each in entries for op in each.ops)
    return ([(each.ops, each.inverse) for each in entries] if whole else None), others


def changes(kind: str, owner_id: int, *, base_rev: int, person_id: int | None) -> Change:
    """What others changed since ``base_rev``."""
    now, known = find(kind, owner_id), content.find_document(kind, owner_id)
    since, others = _since(known.id, base_rev, now.rev, person_id) if known else ([], False)
    return Change(now.rev, now.tree, since, [], others)


def publish(kind: str, owner_id: int, *, person_id: int | None) -> content.RevisionView:
    """Make the draft a revision that visitors get. Raises ``DocumentInvalid``; then nothing is changed."""
    row = _opened(kind, owner_id)
    saved = content.save_document(kind, owner_id, row.tree, author_id=person_id, publish=True)
    row.tree, row.saved_rev, row.based_on = dict(saved.tree), row.rev, saved.id
    content.forget_edits(row.document_id)
    detail = {"revision": saved.number}
    audit.record("editor.published", actor_id=person_id, subject=f"{kind}/{owner_id}", detail=detail)
    return saved


def restore(kind: str, owner_id: int, number: int, *, person_id: int | None, key: str) -> Change:
    """Make the draft what a revision was; one step that can be undone. Visitors see nothing of it.

    Raises ``NotFound``, and ``OperationRefused`` for a revision that could not be saved today.
    """
    wanted = content.revision(kind, owner_id, number)
    if wanted is None:
        raise NotFound(_("There is no version %(number)s of this page.", number=number))
    op = {"op": "replace", "tree": wanted.tree}
    return change(kind, owner_id, lambda _tree: [op], base_rev=-1, key=key, person_id=person_id)


def prune() -> None:
    """Forget operations older than a month: nobody undoes them any more. Drafts and revisions stay as they are."""
    session.execute(delete(Operation).where(Operation.created_at < clock.real_now() - KEPT))


def owners_with(words: str) -> list[tuple[str, int]]:
    """(kind, id) of the owners whose draft holds the words, which stand nowhere by chance. One query."""
    query = (
        select(Document.owner_kind, Document.owner_id)
        .join(Draft, Draft.document_id == Document.id)
        .where(cast(Draft.tree, Text).contains(words, autoescape=True))
    )
    return [(kind, owner_id) for kind, owner_id in session.execute(query)]
