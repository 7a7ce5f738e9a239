from __future__ import annotations

from lms import db
from lms.audit import services as audit


def test_entries_come_newest_first_and_page_by_page(site, both_databases):
    for number in range(5):
        audit.record("thing.changed", actor_id=1, subject="thing/1", detail={"number": number})
    db.commit()
    first = audit.entries(limit=3)
    second = audit.entries(limit=3, before=first[-1].id)
    assert [entry.detail["number"] for entry in first + second] == [4, 3, 2, 1, 0]


def test_entries_of_one_subject_leave_out_the_others(site):
    audit.record("thing.changed", actor_id=None, subject="thing/1")
    audit.record("thing.changed", actor_id=None, subject="thing/11")
    assert [entry.subject for entry in audit.entries(subject="thing/1")] == ["thing/1"]


def test_a_change_that_is_rolled_back_is_not_recorded(site):
    audit.record("thing.changed", actor_id=None, subject="thing/1")
    db.rollback()
    assert audit.entries() == ()
