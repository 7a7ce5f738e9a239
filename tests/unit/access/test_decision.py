"""The decision as a table: grants in, answer out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from lms.access.decision import Decision, Held, NextStep, Reason, judge

NOW = datetime(2026, 11, 18, 12, 0, tzinfo=UTC)
SOON, LATER = NOW + timedelta(days=7), NOW + timedelta(days=30)
BEFORE, LONG_BEFORE = NOW - timedelta(days=1), NOW - timedelta(days=30)
MOMENT = timedelta(microseconds=1)


def held(state: str = "active", starts: datetime | None = None, ends: datetime | None = None, id: int = 1) -> Held:
    return Held(id, 7, state, starts, ends, "because")


@pytest.mark.parametrize(
    ("grant", "allowed", "reason", "step", "until"),
    [
        (held(), True, Reason.GRANTED, None, None),
        (held(ends=SOON), True, Reason.GRANTED, None, SOON),
        (held(ends=NOW + MOMENT), True, Reason.GRANTED, None, NOW + MOMENT),
        (held(ends=NOW), False, Reason.ENDED, NextStep.RENEW, NOW),
        (held(ends=BEFORE), False, Reason.ENDED, NextStep.RENEW, BEFORE),
        (held(starts=NOW), True, Reason.GRANTED, None, None),
        (held(starts=SOON), False, Reason.NOT_BEGUN, NextStep.WAIT, SOON),
        (held(starts=LONG_BEFORE, ends=BEFORE), False, Reason.ENDED, NextStep.RENEW, BEFORE),
        (held("pending"), False, Reason.NOT_BEGUN, NextStep.WAIT, None),
        (held("grace", ends=SOON), True, Reason.GRANTED, None, SOON),
        (held("grace", ends=BEFORE), False, Reason.SUSPENDED, NextStep.PAY, BEFORE),
        (held("suspended"), False, Reason.SUSPENDED, NextStep.PAY, None),
        (held("suspended", ends=SOON), False, Reason.SUSPENDED, NextStep.PAY, None),
        (held("suspended", ends=BEFORE), False, Reason.ENDED, NextStep.RENEW, BEFORE),
        (held("revoked"), False, Reason.ENDED, NextStep.RENEW, None),
        (held("revoked", ends=LATER), False, Reason.ENDED, NextStep.RENEW, None),
    ],
)
def test_one_grant_decides(
    grant: Held, allowed: bool, reason: Reason, step: NextStep | None, until: datetime | None
) -> None:
    assert judge([grant], NOW) == Decision(allowed, reason, until, step, 7, 1, "because")


def test_nobody_without_a_grant_enters() -> None:
    assert judge([], NOW) == Decision(False, Reason.NO_GRANT, next_step=NextStep.BUY)


@pytest.mark.parametrize(
    ("grants", "winner"),
    [
        ([held(ends=SOON, id=1), held(ends=LATER, id=2)], 2),
        ([held(ends=LATER, id=1), held(ends=SOON, id=2)], 1),
        ([held(id=1), held(ends=LATER, id=2)], 1),
        ([held("suspended", id=2), held(ends=SOON, id=1)], 1),
        ([held("revoked", id=2), held(ends=SOON, id=1)], 1),
        ([held("grace", ends=SOON, id=1), held("suspended", id=2)], 1),
        ([held(ends=BEFORE, id=1), held("suspended", id=2)], 2),
        ([held(starts=LATER, id=1), held(starts=SOON, id=2)], 2),
        ([held("pending", id=2), held(starts=SOON, id=1)], 1),
        ([held("suspended", id=1), held(starts=SOON, id=2)], 1),
        ([held(ends=BEFORE, id=2), held(starts=SOON, id=1)], 1),
        ([held(ends=BEFORE, id=1), held(ends=LONG_BEFORE, id=2)], 1),
        ([held("revoked", id=2), held(ends=LONG_BEFORE, id=1)], 1),
        ([held(id=1), held(id=2)], 2),
    ],
)
def test_the_best_of_several_grants_wins_in_any_order(grants: list[Held], winner: int) -> None:
    assert [judge(grants, NOW).grant_id, judge(grants[::-1], NOW).grant_id] == [winner, winner]
