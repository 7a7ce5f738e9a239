"""Pitfalls of money: what costs nothing, what is paid twice, what comes back, and what must not hold the rest up."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from email.message import EmailMessage
from typing import Any

import pytest
from lms_stripe import sync, tasks
from lms_stripe.models import Checkout, SyncTask
from lms_stripe_simulator import testing
from sqlalchemy import select, update

from lms.api import clock, commerce, db
from lms.extend import On, Plugin
from lms.testing.plugins import add_plugin

Letters = Callable[[], list[EmailMessage]]


def subjects(stage: Any, letters: Letters) -> list[str]:
    stage.work()
    return [str(each["Subject"]) for each in letters()]


def rows_of(table: str) -> list[Any]:
    db.rollback()
    found = list(db.session.execute(select(db.Model.metadata.tables[table])).mappings())
    db.rollback()
    return found


def story_of(stage: Any, sign_in: Any) -> str:
    (order,) = rows_of("commerce_order")
    page = sign_in(stage.make.person(role="owner")).get(f"/admin/orders/{order['number']}")
    return str(page.text)


def health(stage: Any, sign_in: Any) -> str:
    return str(sign_in(stage.make.person(role="owner")).get("/admin/health").text)


# 11 and 13: nothing to pay


def test_pitfall_11_a_trial_opens_the_door_and_is_no_payment(connected: Any, letters: Letters, sign_in: Any) -> None:
    person, offer, subscription_id = connected.subscribe(trial_days=14)
    invoice = connected.simulator.stripe().v1.invoices.list({"subscription": subscription_id}).data[0]
    assert (invoice.status, invoice.amount_paid) == ("paid", 0)
    assert connected.is_in(person, offer)
    (running,) = commerce.subscriptions_of(person.id)
    assert (running.state, running.next_charge) == ("trialing", running.trial_end)
    assert subjects(connected, letters) == ["Product 3 is open for you"]
    assert [row["amount"] for row in rows_of("commerce_payment")] == [0]
    page = story_of(connected, sign_in)
    assert "Paid, " not in page
    # The trial is over: now something is paid, and it is the first payment of all.
    connected.simulator.advance(days=15)
    connected.deliver()
    assert subjects(connected, letters)[1:] == ["Your receipt for Product 3"]
    assert connected.is_in(person, offer)


@pytest.mark.parametrize("kind", ["one_time", "subscription"])
def test_pitfall_13_a_code_for_all_of_it_opens_the_door_without_a_payment(
    connected: Any, letters: Letters, kind: str
) -> None:
    stripe = connected.simulator.stripe()
    coupon = stripe.v1.coupons.create({"percent_off": 100, "duration": "forever"})
    stripe.v1.promotion_codes.create({"promotion": {"type": "coupon", "coupon": coupon.id}, "code": "ALLOFIT"})
    person, offer = connected.make.person(), connected.offer(kind)
    address = connected.start(person, offer)
    assert testing.fetch(address, {"action": "apply", "promotion_code": "ALLOFIT"}).status == 303
    testing.pay_checkout(address)
    connected.deliver()
    session = stripe.v1.checkout.sessions.retrieve(connected.session_of(address))
    assert (session.payment_status, session.payment_intent, session.amount_total) == ("no_payment_required", None, 0)
    assert stripe.v1.payment_intents.list().data == []
    assert connected.is_in(person, offer)
    assert subjects(connected, letters) == ["Product 3 is open for you"]
    (payment,) = rows_of("commerce_payment")
    # Nothing came, and all of it was paid for: an instalment would count.
    assert (payment["amount"], payment["subtotal"]) == (0, offer.amount)


# 16: paid twice


def pay_twice(stage: Any, kind: str) -> tuple[Any, Any, list[str]]:
    """Two tabs of one order whose sessions were both open: the second was made as the first was being paid."""
    person, offer = stage.make.person(), stage.offer(kind)
    first = stage.start(person, offer)
    db.session.execute(update(Checkout).values(params_hash="other terms"))
    db.commit()
    stage.simulator.running.faults("500", "POST /v1/checkout/sessions/*/expire")
    second = stage.start(person, offer)
    stage.simulator.come_back()
    for address in (first, second):
        stage.simulator.running.pay_checkout(address)
    stage.deliver()
    return person, offer, [stage.session_of(first), stage.session_of(second)]


def test_pitfall_16_a_second_payment_is_kept_told_and_can_be_sent_back(
    connected: Any, letters: Letters, sign_in: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stripe.HTTPClient._sleep_time_seconds", lambda *_arguments: 0)
    person, offer, sessions = pay_twice(connected, "one_time")
    assert sessions[0] != sessions[1]
    assert sorted(row["status"] for row in rows_of("stripe_checkout")) == ["duplicate", "fulfilled"]
    assert [row["amount"] for row in rows_of("commerce_payment")] == [4900, 4900]
    assert len(rows_of("access_grant")) == 1
    (order,) = rows_of("commerce_order")
    page = health(connected, sign_in)
    assert "1 order was paid twice." in page
    assert f"/admin/orders/{order['number']}" in page
    assert "Paid a second time" in story_of(connected, sign_in)
    # Whichever is sent back, the other one keeps the door open; with both gone it is shut.
    stripe = connected.simulator.stripe()
    for number, session_id in enumerate(reversed(sessions)):
        stripe.v1.refunds.create({"payment_intent": stripe.v1.checkout.sessions.retrieve(session_id).payment_intent})
        connected.deliver()
        assert "paid twice" not in health(connected, sign_in)
        assert connected.is_in(person, offer) is (number == 0)
    assert tasks.waiting() == 0
    assert sum("go back" in each for each in subjects(connected, letters)) == 2


def test_pitfall_16_a_second_subscription_is_told_until_one_of_them_is_cancelled(
    connected: Any, sign_in: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stripe.HTTPClient._sleep_time_seconds", lambda *_arguments: 0)
    person, offer, sessions = pay_twice(connected, "subscription")
    assert "1 person has two subscriptions to one product that run." in health(connected, sign_in)
    stripe = connected.simulator.stripe()
    stripe.v1.subscriptions.cancel(stripe.v1.checkout.sessions.retrieve(sessions[1]).subscription)
    connected.deliver()
    assert "Nobody pays twice for one thing." in health(connected, sign_in)
    assert connected.is_in(person, offer)


# 28: money that should have gone back


@pytest.mark.parametrize("way", ["4000000000005126", "by hand"])
def test_pitfall_28_a_refund_that_fails_later_opens_the_door_again(connected: Any, letters: Letters, way: str) -> None:
    person, offer = connected.make.person(), connected.offer("one_time")
    connected.buy(person, offer, way if way.isdecimal() else "4242424242424242")
    connected.deliver()
    stripe = connected.simulator.stripe()
    intent = stripe.v1.payment_intents.list().data[0].id
    refund = stripe.v1.refunds.create({"payment_intent": intent})
    connected.deliver()
    assert not connected.is_in(person, offer)
    if way == "by hand":
        connected.simulator.running.end_refund(refund.id, "failed")
    else:
        connected.simulator.advance(days=3)
    connected.deliver()
    assert stripe.v1.refunds.retrieve(refund.id).status == "failed"
    assert connected.is_in(person, offer)
    assert sum("go back" in each for each in subjects(connected, letters)) == 1


def test_a_refund_that_is_told_before_its_checkout_waits_for_it(connected: Any) -> None:
    person, offer = connected.make.person(), connected.offer("one_time")
    connected.buy(person, offer)
    connected.seen |= {event["id"] for event in connected.undelivered()}
    stripe = connected.simulator.stripe()
    stripe.v1.refunds.create({"payment_intent": stripe.v1.payment_intents.list().data[0].id})
    connected.deliver()
    assert [(row["amount"], row["state"]) for row in rows_of("commerce_refund")] == [(4900, "succeeded")]
    assert not connected.is_in(person, offer)
    assert (tasks.waiting(), tasks.dead()) == (0, 0)


def test_what_is_paid_counts_from_when_it_was_paid_and_not_from_when_we_heard(connected: Any) -> None:
    person, offer = connected.make.person(), connected.offer("one_time", access_days=30)
    connected.buy(person, offer)
    bought = clock.now()
    connected.simulator.advance(days=10)
    connected.deliver()
    (grant,) = rows_of("access_grant")
    assert abs(grant["ends_at"] - bought - timedelta(days=30)) < timedelta(minutes=1)
    (order,) = rows_of("commerce_order")
    assert abs(order["paid_at"] - bought) < timedelta(minutes=1)


# 37: somebody's program that never rests


def test_pitfall_37_five_hundred_updates_of_one_are_read_a_few_times_and_hold_nobody_up(
    connected: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    busy, _offer, _subscription = connected.subscribe()
    customer_id = next(row["stripe_id"] for row in rows_of("stripe_customer"))
    person, offer = connected.make.person(), connected.offer("one_time")
    connected.buy(person, offer)
    told = connected.undelivered()
    template = connected.simulator.stripe().v1.customers.retrieve(customer_id)
    fetch, numbers = sync.KINDS["customer"][0], iter(range(500))

    def update_it() -> None:
        body = {"id": f"evt_busy{next(numbers)}", "object": "event", "type": "customer.updated", "livemode": False}
        made = {"created": int(clock.now().timestamp()), "data": {"object": json.loads(str(template))}}
        assert connected.post(body | made) == 200

    def fetched(*arguments: Any) -> Any:
        # While it is being read, it changes again, and again.
        for _change in range(12):
            update_it()
        return fetch(*arguments)

    monkeypatch.setitem(sync.KINDS, "customer", (fetched, sync.KINDS["customer"][1]))
    for _change in range(100):
        update_it()
    for event in told:
        connected.post(event)
    connected.simulator.calls()
    connected.work()
    read = connected.simulator.calls().count(f"GET /v1/customers/{customer_id}")
    assert read <= 2
    assert connected.is_in(person, offer)
    assert connected.is_in(busy, _offer)
    # It is not forgotten: after a moment of rest it is read again.
    db.rollback()
    task = db.session.execute(select(SyncTask).where(SyncTask.object_id == customer_id)).scalar_one()
    assert task.wanted > task.done
    assert timedelta(0) < task.not_before - clock.real_now() <= tasks.REST
    monkeypatch.setitem(sync.KINDS, "customer", (fetch, sync.KINDS["customer"][1]))
    connected.work_after_a_rest()
    assert tasks.waiting() == 0


# 42: what hangs on a payment fails


class Failing(Plugin):
    """Fails

    Whoever listens here fails.
    """

    name = "failing"

    def __init__(self) -> None:
        self.heard = 0

    def fail(self, _event: commerce.OrderPaid) -> None:
        self.heard += 1
        raise RuntimeError("a listener fails")

    def listeners(self) -> tuple[On, ...]:
        return (On(commerce.OrderPaid, self.fail),)


def test_pitfall_42_a_mail_server_or_a_listener_that_fails_leaves_the_payment_and_is_tried_again_alone(
    connected: Any, letters: Letters
) -> None:
    site, failing = connected.site, Failing()
    well = site.app.config["LMS"]
    add_plugin(site.app, failing)
    # Nobody listens at this port.
    site.app.config["LMS"] = replace(well, strict_plugins=False, mail="smtp://127.0.0.1:9")
    person, offer = connected.make.person(), connected.offer("one_time")
    connected.buy(person, offer)
    connected.deliver()
    assert failing.heard >= 1
    assert connected.is_in(person, offer)
    assert [row["amount"] for row in rows_of("commerce_payment")] == [4900]
    assert letters() == []
    connected.simulator.calls()
    site.app.config["LMS"] = replace(well, strict_plugins=False)
    site.jobs.run_due(at=clock.real_now() + timedelta(hours=1))
    assert [str(each["Subject"]) for each in letters()] == ["Your receipt for Product 3"]
    # Only the letter: nothing was read again, nothing was booked again.
    assert connected.simulator.calls() == []
    assert [row["amount"] for row in rows_of("commerce_payment")] == [4900]
