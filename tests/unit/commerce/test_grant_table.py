"""STRIPE.md, section 8, as tests: what a fact about money means for access."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lms.access.decision import GrantState
from lms.commerce.facts import SubscriptionFact
from lms.commerce.grants import LEEWAY, GrantPlan, Ledger, for_purchase, for_subscription

NOW = datetime(2026, 11, 18, 12, 0, tzinfo=UTC)
PERIOD_END = NOW + timedelta(days=20)
TRIAL_END = NOW + timedelta(days=5)
CANCEL = NOW + timedelta(days=9)
DUE = NOW - timedelta(days=2)


@dataclass(frozen=True)
class Terms:
    access_days: int | None = None
    grace_days: int = 7
    instalments: int | None = None
    pause_closes: bool = False


def fact(state: str, **more: Any) -> SubscriptionFact:
    return SubscriptionFact(
        offer_id=1, person_id=1, provider="p", provider_ref="s", state=state, **{"period_end": PERIOD_END, **more}
    )


ACTIVE, GRACE, SUSPENDED, REVOKED = (GrantState.ACTIVE, GrantState.GRACE, GrantState.SUSPENDED, GrantState.REVOKED)


@pytest.mark.parametrize(
    ("told", "plan"),
    [
        (fact("trialing", trial_end=TRIAL_END), GrantPlan(ACTIVE, TRIAL_END + timedelta(hours=48), "trial")),
        (fact("trialing"), GrantPlan(ACTIVE, PERIOD_END + LEEWAY, "trial")),
        (fact("trialing", trial_end=TRIAL_END, cancel_at=TRIAL_END), GrantPlan(ACTIVE, TRIAL_END, "trial")),
        (fact("active"), GrantPlan(ACTIVE, PERIOD_END + timedelta(hours=48), "paid")),
        (fact("active", cancel_at=CANCEL), GrantPlan(ACTIVE, CANCEL, "paid")),
        (fact("active", cancel_at=PERIOD_END), GrantPlan(ACTIVE, PERIOD_END, "paid")),
        (
            fact("active", cancel_at=PERIOD_END + timedelta(days=400)),
            GrantPlan(ACTIVE, PERIOD_END + LEEWAY, "paid"),
        ),
        (fact("past_due", past_due_since=DUE), GrantPlan(GRACE, DUE + timedelta(days=7), "past_due")),
        (
            fact("past_due", past_due_since=DUE, cancel_at=NOW + timedelta(days=1)),
            GrantPlan(GRACE, NOW + timedelta(days=1), "past_due"),
        ),
        (
            fact("past_due", past_due_since=NOW - timedelta(days=7)),
            GrantPlan(SUSPENDED, None, "past_due"),
        ),
        (
            fact("past_due", past_due_since=NOW - timedelta(days=7, seconds=-1)),
            GrantPlan(GRACE, NOW + timedelta(seconds=1), "past_due"),
        ),
        (fact("past_due"), GrantPlan(GRACE, NOW + timedelta(days=7), "past_due")),
        (fact("suspended"), GrantPlan(SUSPENDED, None, "unpaid")),
        (fact("suspended", reason="paused"), GrantPlan(SUSPENDED, None, "paused")),
        (fact("pending"), None),
        (fact("ended", ended_at=DUE), GrantPlan(ACTIVE, DUE, "ended", only_existing=True)),
        (fact("ended"), GrantPlan(ACTIVE, NOW, "ended", only_existing=True)),
    ],
    ids=lambda value: value.state if isinstance(value, SubscriptionFact) else "",
)
def test_a_subscription_opens_what_its_state_says(told: SubscriptionFact, plan: GrantPlan | None) -> None:
    assert for_subscription(told, Terms(), NOW) == plan


def test_an_offer_without_grace_shuts_at_the_first_failed_charge() -> None:
    told = fact("past_due", past_due_since=NOW)
    assert for_subscription(told, Terms(grace_days=0), NOW) == GrantPlan(SUSPENDED, None, "past_due")


@pytest.mark.parametrize("state", ["trialing", "active"])
def test_a_subscription_that_would_open_for_ever_is_refused(state: str) -> None:
    with pytest.raises(ValueError, match="end of its period"):
        fact(state, period_end=None)


def test_an_unknown_state_is_refused_before_it_can_change_anything() -> None:
    with pytest.raises(ValueError, match="sleeping"):
        fact("sleeping")


@pytest.mark.parametrize(("days", "ends_at"), [(None, None), (30, NOW + timedelta(days=30))])
def test_what_is_paid_once_lasts_as_long_as_the_offer_says(days: int | None, ends_at: datetime | None) -> None:
    assert for_purchase(Terms(access_days=days), NOW) == GrantPlan(ACTIVE, ends_at, "paid")


@pytest.mark.parametrize(
    ("paid", "returned", "state"),
    [(4900, 4900, REVOKED), (4900, 5000, REVOKED), (4900, 4899, ACTIVE), (4900, 0, ACTIVE), (0, 0, ACTIVE)],
)
def test_only_a_full_refund_shuts(paid: int, returned: int, state: GrantState) -> None:
    assert for_purchase(Terms(), NOW, Ledger(paid=paid, returned=returned)).state is state


PAID_UP = GrantPlan(ACTIVE, None, "plan_completed")
END = PERIOD_END + LEEWAY


@pytest.mark.parametrize(
    ("told", "terms", "money", "plan"),
    [
        (fact("active"), Terms(instalments=3), Ledger(instalments=2), GrantPlan(ACTIVE, END, "paid")),
        (
            fact("active", paid_off_at=PERIOD_END),
            Terms(instalments=3),
            Ledger(instalments=2),
            GrantPlan(ACTIVE, PERIOD_END, "paid"),
        ),
        (fact("active", paid_off_at=PERIOD_END), Terms(instalments=3), Ledger(instalments=3), PAID_UP),
        (fact("active"), Terms(instalments=3), Ledger(instalments=3), PAID_UP),
        (fact("ended", ended_at=NOW), Terms(instalments=3), Ledger(instalments=3), PAID_UP),
        (fact("past_due"), Terms(instalments=3), Ledger(instalments=4), PAID_UP),
        (
            fact("ended", ended_at=NOW),
            Terms(instalments=3),
            Ledger(instalments=2),
            GrantPlan(ACTIVE, NOW, "ended", only_existing=True),
        ),
        (fact("active", collection_paused=True), Terms(), Ledger(), GrantPlan(ACTIVE, END, "paid")),
        (
            fact("active", collection_paused=True),
            Terms(pause_closes=True),
            Ledger(),
            GrantPlan(SUSPENDED, END, "paused"),
        ),
        (fact("active"), Terms(pause_closes=True), Ledger(), GrantPlan(ACTIVE, END, "paid")),
        # Refunding a charge of a subscription alone changes nothing.
        (fact("active"), Terms(), Ledger(paid=900, returned=900), GrantPlan(ACTIVE, END, "paid")),
        (
            fact("active"),
            Terms(),
            Ledger(paid=900, disputed=True),
            GrantPlan(SUSPENDED, END, "disputed", only_existing=True),
        ),
        (
            fact("active"),
            Terms(),
            Ledger(paid=900, lost=True, disputed=True),
            GrantPlan(REVOKED, END, "dispute_lost", only_existing=True),
        ),
        (fact("pending"), Terms(), Ledger(disputed=True), None),
    ],
)
def test_money_and_pauses_change_what_a_subscription_opens(
    told: SubscriptionFact, terms: Terms, money: Ledger, plan: GrantPlan | None
) -> None:
    assert for_subscription(told, terms, NOW, money) == plan


@pytest.mark.parametrize(
    ("money", "state"),
    [
        (Ledger(paid=4900), ACTIVE),
        (Ledger(paid=4900, disputed=True), SUSPENDED),
        (Ledger(paid=4900, lost=True), REVOKED),
        (Ledger(paid=4900, returned=1, part_ends_access=True), REVOKED),
        (Ledger(paid=4900, returned=4900, disputed=True), REVOKED),
    ],
)
def test_a_dispute_shuts_what_was_paid_once(money: Ledger, state: GrantState) -> None:
    assert for_purchase(Terms(), NOW, money).state is state
