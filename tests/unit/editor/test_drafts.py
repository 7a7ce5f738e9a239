"""Drafts under any order of edits, repeated requests, undoing and redoing, by one person and by two."""

from __future__ import annotations

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from lms import db
from lms.content import catalog, checking
from lms.content import services as content
from lms.content.problems import BlockGone, OperationRefused
from lms.editor import drafts
from tests.unit.content.test_operations import block, columns, document_of, ids, op, quick, without_empty_slots

_owners = itertools.count(1)
_keys = itertools.count(1)
START = document_of(block("namea0000"), columns("nameb0000", [block("namec0000")]))


class Draft:
    """A draft that begins as ``START``, and what people send to it."""

    def __init__(self):
        self.owner = next(_owners)
        content.save_document("page", self.owner, START, author_id=None)
        db.commit()

    @property
    def tree(self):
        return drafts.find("page", self.owner).tree

    def sends(self, person_id, sent, *, times=1):
        """Apply the operation, "undo" or "redo", under one key and as often; whether it was not refused."""
        key = f"key{next(_keys)}"
        answers = []
        for _time in range(times):
            shared = {"base_rev": 0, "key": key, "person_id": person_id}
            try:
                if isinstance(sent, str):
                    done = drafts.undo("page", self.owner, again=sent == "redo", **shared)
                else:
                    done = drafts.change("page", self.owner, lambda _tree: [sent], **shared)
            except (OperationRefused, BlockGone):
                db.rollback()
                answers.append(None)
            else:
                db.commit()
                answers.append((done.rev, done.tree))
        assert all(answer == answers[0] for answer in answers), "a repeated request is done once"
        return answers[0] is not None


@given(st.lists(st.tuples(op, st.integers(1, 3)), max_size=12))
@settings(quick, max_examples=40)
def test_whatever_one_person_did_is_undone_step_by_step_to_the_start_and_done_again_to_the_end(site, steps):
    draft = Draft()
    for sent, times in steps:
        draft.sends(1, sent, times=times)
    end = draft.tree
    undone = sum(1 for _step in itertools.takewhile(bool, iter(lambda: draft.sends(1, "undo", times=2), None)))
    assert without_empty_slots(draft.tree) == without_empty_slots(START)
    redone = sum(1 for _step in itertools.takewhile(bool, iter(lambda: draft.sends(1, "redo", times=2), None)))
    assert without_empty_slots(draft.tree) == without_empty_slots(end)
    assert undone == redone


@given(
    st.lists(st.tuples(st.sampled_from([1, 2]), op | st.sampled_from(["undo", "redo"]), st.integers(1, 2)), max_size=16)
)
@settings(quick, max_examples=40)
def test_two_people_who_edit_undo_and_redo_leave_a_document_that_can_be_published(site, steps):
    draft = Draft()
    for person_id, sent, times in steps:
        draft.sends(person_id, sent, times=times)
        tree = draft.tree
        assert len(set(ids(tree))) == len(ids(tree))
        assert checking.checked(tree, catalog.current()) == tree
    drafts.publish("page", draft.owner, person_id=None)
    assert content.published_tree("page", draft.owner) == draft.tree
    db.commit()
