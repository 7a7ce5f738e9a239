"""What is paid in instalments: so many payments, then it is theirs; who stops before loses access."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from lms_stripe import instalments, portal
from lms_stripe.models import PortalConfiguration, Subscription
from lms_stripe_simulator import testing
from sqlalchemy import func, select

from lms.api import access, commerce, db

MONTH = timedelta(days=31)
_PLAN = {"kind": "instalments", "instalments": 3, "interval": "month", "amount": 1900}


def at(seconds: int | None) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if seconds else None


def pass_time(stage: Any, span: timedelta = MONTH) -> None:
    """Time goes on until the renewal's invoice has left its hour as a draft."""
    stage.simulator.advance(days=span.days, hours=2)
    stage.deliver()
    stage.deliver()  # what the work of the first time changed at Stripe


def invoices(stage: Any, subscription_id: str) -> list[int]:
    listed = stage.simulator.stripe().v1.invoices.list({"subscription": subscription_id, "limit": 100})
    return [entry.amount_paid for entry in listed.data]


def grant_of(person: Any, offer: Any) -> Any:
    db.rollback()
    (found,) = [each for each in access.grants_of(person.id) if each.product_id == offer.product_id]
    return found


def letters(person: Any) -> list[str]:
    mails = db.Model.metadata.tables["mail_message"]
    keys = db.session.scalars(select(mails.c.key).where(mails.c.recipient == person.email))
    return sorted(key.split(":")[0] for key in keys)


def test_three_payments_then_it_is_theirs_for_good(connected: Any) -> None:
    person, offer, subscription_id = connected.subscribe(**_PLAN)
    connected.deliver()
    stripe = connected.simulator.stripe()
    found = stripe.v1.subscriptions.retrieve(subscription_id)
    first_end = at(found["items"].data[0].current_period_end)
    assert found.metadata["instalments"] == "3"
    assert at(found.cancel_at) == instalments.later(first_end, "month", 2, at(found.billing_cycle_anchor))
    (running,) = commerce.subscriptions_of(person.id)
    # The end of a plan is no cancellation.
    assert (running.cancel_at, running.paid_off_at) == (None, at(found.cancel_at))
    assert grant_of(person, offer).ends_at is not None
    pass_time(connected)
    assert (invoices(connected, subscription_id), connected.is_in(person, offer)) == ([1900, 1900], True)
    pass_time(connected)
    grant = grant_of(person, offer)
    assert (grant.ends_at, grant.reason) == (None, "plan_completed")
    assert commerce.subscriptions_of(person.id)[0].next_charge is None
    for _month in range(3):
        pass_time(connected)
    assert invoices(connected, subscription_id) == [1900, 1900, 1900]
    assert stripe.v1.subscriptions.retrieve(subscription_id).status == "canceled"
    assert connected.is_in(person, offer)
    assert not [each for each in letters(person) if "subscription_ended" in each]


def test_who_stops_paying_loses_access(connected: Any) -> None:
    person, offer, subscription_id = connected.subscribe(**_PLAN)
    connected.deliver()
    customer = connected.simulator.stripe().v1.subscriptions.retrieve(subscription_id).customer
    method = connected.simulator.stripe().v1.payment_methods.attach(
        "pm_card_chargeCustomerFail", {"customer": customer}
    )
    connected.simulator.stripe().v1.subscriptions.update(subscription_id, {"default_payment_method": method.id})
    for _month in range(3):
        pass_time(connected)
    assert invoices(connected, subscription_id).count(1900) == 1
    assert not connected.is_in(person, offer)


def test_the_portal_lets_nobody_cancel_a_plan_and_everybody_change_the_card(connected: Any, sign_in: Any) -> None:
    person, _offer, subscription_id = connected.subscribe(**_PLAN)
    connected.deliver()
    browser = sign_in(person)
    assert browser.get("/go/stripe/cancel-subscription").status_code != 303
    address = browser.get("/go/stripe/customer-portal").location
    with pytest.raises(RuntimeError, match="does not offer to cancel"):
        testing.portal_cancel(address)
    with pytest.raises(RuntimeError, match="does not offer to resume"):
        testing.portal_resume(address)
    testing.portal_card(address)
    kept = db.session.scalars(select(PortalConfiguration.purpose).order_by(PortalConfiguration.id)).all()
    assert kept == [portal.PURPOSE, portal.INSTALMENTS]
    # A hundred clicks make no further configuration.
    browser.get("/go/stripe/customer-portal")
    listed = connected.simulator.stripe().v1.billing_portal.configurations.list({"limit": 100})
    assert len(listed.data) == 2
    assert connected.simulator.stripe().v1.subscriptions.retrieve(subscription_id).cancel_at


def test_an_end_that_was_taken_away_comes_back_and_an_earlier_one_is_respected(connected: Any) -> None:
    person, offer, subscription_id = connected.subscribe(**_PLAN)
    connected.deliver()
    stripe = connected.simulator.stripe()
    planned = stripe.v1.subscriptions.retrieve(subscription_id).cancel_at
    stripe.v1.subscriptions.update(subscription_id, {"cancel_at": ""})
    connected.deliver()
    connected.deliver()
    assert stripe.v1.subscriptions.retrieve(subscription_id).cancel_at == planned
    early = stripe.v1.subscriptions.retrieve(subscription_id)["items"].data[0].current_period_end
    stripe.v1.subscriptions.update(subscription_id, {"cancel_at": early, "proration_behavior": "none"})
    connected.deliver()
    connected.deliver()
    assert stripe.v1.subscriptions.retrieve(subscription_id).cancel_at == early
    assert commerce.subscriptions_of(person.id)[0].cancel_at == at(early)
    pass_time(connected, timedelta(days=35))
    assert (invoices(connected, subscription_id), connected.is_in(person, offer)) == ([1900], False)


def test_a_plan_that_staff_change_to_a_yearly_one_loses_its_end(connected: Any) -> None:
    yearly = connected.offer(amount=9000, interval="year")
    person, offer, subscription_id = connected.subscribe(**_PLAN)
    connected.deliver()
    stripe = connected.simulator.stripe()
    found = stripe.v1.subscriptions.retrieve(subscription_id)
    assert found.cancel_at
    price = next(
        each.id for each in stripe.v1.prices.list({"limit": 100}).data if each.metadata["offer"] == str(yearly.id)
    )
    item = {"id": found["items"].data[0].id, "price": price}
    stripe.v1.subscriptions.update(subscription_id, {"items": [item], "proration_behavior": "always_invoice"})
    connected.deliver()
    connected.deliver()
    # Who has paid for a year is not thrown out with the last of the instalments.
    assert stripe.v1.subscriptions.retrieve(subscription_id).cancel_at is None
    (running,) = commerce.subscriptions_of(person.id)
    assert (running.offer.id, running.cancel_at, running.paid_off_at) == (yearly.id, None, None)
    pass_time(connected, timedelta(days=120))
    assert (connected.is_in(person, yearly), connected.is_in(person, offer)) == (True, False)


def test_the_last_month_of_a_plan_that_is_not_paid_ends_with_the_plan(connected: Any) -> None:
    """A bank took the first instalment back: nothing is charged after the last one, so nothing can be late."""
    person, offer, subscription_id = connected.subscribe(**{**_PLAN, "instalments": 2})
    connected.deliver()
    (invoice,) = connected.simulator.stripe().v1.invoices.list({"subscription": subscription_id}).data
    paid_by = connected.simulator.stripe().v1.invoice_payments.list({"invoice": invoice.id})
    dispute = connected.simulator.running.dispute(paid_by.data[0].payment.payment_intent)
    connected.simulator.running.decide(dispute["id"], "lost")
    connected.deliver()
    pass_time(connected, timedelta(days=35))
    ends = at(connected.simulator.stripe().v1.subscriptions.retrieve(subscription_id).cancel_at)
    assert connected.is_in(person, offer)
    assert grant_of(person, offer).ends_at == ends


def test_charges_that_rest_move_the_end(connected: Any) -> None:
    _person, _offer, subscription_id = connected.subscribe(**_PLAN)
    connected.deliver()
    stripe = connected.simulator.stripe()
    before = at(stripe.v1.subscriptions.retrieve(subscription_id).cancel_at)
    stripe.v1.subscriptions.update(subscription_id, {"pause_collection": {"behavior": "void"}})
    pass_time(connected)
    stripe.v1.subscriptions.update(subscription_id, {"pause_collection": ""})
    connected.deliver()
    connected.deliver()
    after = at(stripe.v1.subscriptions.retrieve(subscription_id).cancel_at)
    assert before is not None
    assert after is not None
    assert timedelta(days=27) < after - before < timedelta(days=32)
    for _month in range(4):
        pass_time(connected)
    assert [amount for amount in invoices(connected, subscription_id) if amount] == [1900] * 3


def test_free_days_are_no_instalment(connected: Any) -> None:
    person, offer, subscription_id = connected.subscribe(**_PLAN, trial_days=7)
    connected.deliver()
    found = connected.simulator.stripe().v1.subscriptions.retrieve(subscription_id)
    assert at(found.cancel_at) == instalments.later(at(found.trial_end), "month", 3, at(found.trial_end))
    pass_time(connected, timedelta(days=7))
    for _month in range(4):
        pass_time(connected)
    assert [amount for amount in invoices(connected, subscription_id) if amount] == [1900] * 3
    assert grant_of(person, offer).reason == "plan_completed"


def test_while_stripe_is_down_the_end_waits_and_comes(connected: Any) -> None:
    person, offer = connected.make.person(), connected.offer(**_PLAN)
    connected.buy(person, offer)
    connected.simulator.running.faults("500", "GET /v1/invoices", next=20)
    connected.deliver()
    row = db.session.scalars(select(Subscription)).one()
    assert (row.plan_end, row.plan_seen) == (None, "")
    connected.simulator.come_back()
    db.rollback()
    instalments.run(row.id)
    connected.deliver()
    assert db.session.scalar(select(func.max(Subscription.plan_end))) is not None


@pytest.mark.parametrize(
    ("moment", "interval", "count", "anchor", "wanted"),
    [
        ((2027, 1, 31), "month", 1, (2026, 12, 31), (2027, 2, 28)),
        ((2027, 2, 28), "month", 1, (2026, 12, 31), (2027, 3, 31)),
        ((2027, 12, 15), "month", 2, (2027, 11, 15), (2028, 2, 15)),
        ((2028, 2, 29), "year", 1, (2024, 2, 29), (2029, 2, 28)),
        ((2027, 3, 27), "week", 2, (2027, 3, 20), (2027, 4, 10)),
        ((2027, 3, 27), "day", 10, (2027, 3, 20), (2027, 4, 6)),
        ((2027, 3, 27), "month", 0, (2027, 2, 27), (2027, 3, 27)),
    ],
)
def test_periods_end_on_the_anchors_day(
    moment: tuple[int, int, int], interval: str, count: int, anchor: tuple[int, int, int], wanted: tuple[int, int, int]
) -> None:
    found = instalments.later(datetime(*moment, tzinfo=UTC), interval, count, datetime(*anchor, tzinfo=UTC))
    assert found == datetime(*wanted, tzinfo=UTC)


def invoice(status: str, subtotal: int = 1900) -> dict[str, Any]:
    return {"status": status, "subtotal": subtotal}


@pytest.mark.parametrize(
    ("listed", "months"),
    [
        ([invoice("paid")], 2),
        ([invoice("paid"), invoice("open")], 1),
        ([invoice("paid"), invoice("draft")], 1),
        ([invoice("paid"), invoice("void")], 2),
        ([invoice("paid"), invoice("uncollectible")], 2),
        ([invoice("paid", 0)], 3),
        ([invoice("paid")] * 3, 0),
        ([invoice("paid")] * 5, 0),
    ],
)
def test_the_end_follows_from_what_was_charged(listed: list[dict[str, Any]], months: int) -> None:
    end = datetime(2027, 5, 4, tzinfo=UTC)
    item = {
        "id": "si_1",
        "price": {"id": "price_1", "recurring": {"interval": "month", "interval_count": 1}},
        "current_period_end": int(end.timestamp()),
    }
    subscription = {
        "id": "sub_1",
        "status": "active",
        "billing_cycle_anchor": int(end.timestamp()),
        "items": {"data": [item]},
    }
    assert instalments.end_of(subscription, listed, 3) == datetime(2027, 5 + months, 4, tzinfo=UTC)
