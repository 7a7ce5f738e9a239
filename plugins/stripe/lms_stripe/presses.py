"""What follows each press of a button by the owner: a line in the record, or a word about what Stripe refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lms.api import audit, db
from lms.api.problem import Problem
from lms.api.web import current_person, flash
from lms_stripe.connections import Connection


def person_id() -> int:
    """Who pressed."""
    person = current_person()
    assert person is not None  # noqa: S101  these views let nobody else in
    return person.id


def record(action: str, row: Connection, detail: Mapping[str, Any]) -> None:
    """Keep who decided what about the connection. Does not commit."""
    audit.record(action, actor_id=person_id(), subject=f"stripe/{row.account_id}", detail=dict(detail))


def refuse(problem: Problem) -> None:
    """Forget what was begun, and tell the owner what was wrong, in Stripe's own words too: students never see them."""
    db.rollback()
    detail = getattr(problem, "detail", "")
    flash(" ".join(filter(None, (problem.sentence, detail, problem.next_step))), "error")
