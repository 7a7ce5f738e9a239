"""Reading again: late, double and disordered signals end in the same truth."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from lms_stripe import connections, sync, tasks
from lms_stripe.models import ConnectionRow, Event, SyncTask
from sqlalchemy import func, select, update

from lms.api import clock, commerce, db


def subscription_of(person: Any) -> Any:
    db.rollback()
    found = commerce.subscriptions_of(person.id)
    db.commit()
    return found[0] if found else None


@pytest.mark.feature("B-19")
def test_pitfall_05_two_events_about_one_fact_make_one_grant_and_one_letter(connected: Any) -> None:
    person, offer = connected.make.person(), connected.offer()
    connected.buy(person, offer)
    told = connected.undelivered()
    for event in told + [event | {"id": event["id"] + "again"} for event in told]:
        assert connected.post(event) == 200
    connected.work()
    grants, mails = (db.Model.metadata.tables[name] for name in ("access_grant", "mail_message"))
    assert db.session.scalar(select(func.count()).select_from(grants)) == 1
    keys = db.session.scalars(select(mails.c.key).where(mails.c.recipient == person.email)).all()
    assert len([key for key in keys if key.startswith("commerce.order_paid")]) == 1


@pytest.mark.feature("B-19")
def test_pitfall_06_events_in_any_order_end_in_what_stripe_has_now(connected: Any) -> None:
    person, offer = connected.make.person(), connected.offer()
    connected.buy(person, offer)
    for event in reversed(connected.undelivered()):
        assert connected.post(event) == 200
        connected.work()
    assert connected.is_in(person, offer)
    assert subscription_of(person).state == "active"


def test_pitfall_06_an_old_body_never_overwrites_what_is_true_now(connected: Any) -> None:
    person, _offer, subscription_id = connected.subscribe()
    stripe = connected.simulator.stripe()
    stripe.v1.subscriptions.update(subscription_id, {"cancel_at_period_end": True})
    stripe.v1.subscriptions.update(subscription_id, {"cancel_at_period_end": False})
    for event in reversed(connected.undelivered()):
        connected.post(event)
        connected.work()
    assert subscription_of(person).ends_on is None


def test_pitfall_07_a_slow_answer_never_wins_over_a_newer_one(connected: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    person, _offer, subscription_id = connected.subscribe()
    stripe, connection_id = connected.simulator.stripe(), connections.selling().id
    tasks.want(connection_id, "subscription", subscription_id)
    db.commit()
    fetch, apply = sync.KINDS["subscription"]
    claim = tasks.claim
    has_read, may_go_on, second_tried = threading.Event(), threading.Event(), threading.Event()
    second_claims: list[Any] = []

    def slow_the_first_time(client: Any, stripe_id: str) -> Any:
        answer = fetch(client, stripe_id)
        if not has_read.is_set():
            has_read.set()
            assert may_go_on.wait(20)
        return answer

    def watched_claim(key: Any = None) -> Any:
        got = claim(key)
        if key is not None:
            second_claims.append(got)
            second_tried.set()
        return got

    def within_the_site(work: Any) -> threading.Thread:
        def run() -> None:
            with connected.site.app.app_context():
                work()
                db.commit()

        thread = threading.Thread(target=run)
        thread.start()
        return thread

    monkeypatch.setitem(sync.KINDS, "subscription", (slow_the_first_time, apply))
    monkeypatch.setattr(tasks, "claim", watched_claim)
    first = within_the_site(sync.run)
    assert has_read.wait(20)
    stripe.v1.subscriptions.update(subscription_id, {"cancel_at_period_end": True})
    second = within_the_site(lambda: sync.subscription(connection_id, subscription_id))
    assert second_tried.wait(20)
    if second_claims[0] is not None:
        # Nothing held it back: it writes the newer state before the first one writes the older.
        second.join(20)
    may_go_on.set()
    first.join(20)
    second.join(20)
    assert subscription_of(person).ends_on is not None


def test_a_worker_that_lost_its_lease_writes_nothing(connected: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    person, _offer, subscription_id = connected.subscribe()
    connection_id = connections.selling().id
    connected.simulator.stripe().v1.subscriptions.update(subscription_id, {"cancel_at_period_end": True})
    tasks.want(connection_id, "subscription", subscription_id)
    db.commit()
    fetch, apply = sync.KINDS["subscription"]

    def fetch_while_another_takes_over(stripe: Any, stripe_id: str) -> Any:
        answer = fetch(stripe, stripe_id)
        db.session.execute(update(SyncTask).values(lease_token="somebody else"))
        db.commit()
        return answer

    monkeypatch.setitem(sync.KINDS, "subscription", (fetch_while_another_takes_over, apply))
    sync.run()
    db.commit()
    assert subscription_of(person).ends_on is None


def test_pitfall_08_the_later_of_two_items_decides(connected: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    person, offer, subscription_id = connected.subscribe()
    fetch, apply = sync.KINDS["subscription"]

    def with_a_yearly_item(stripe: Any, stripe_id: str) -> Any:
        read = dict(fetch(stripe, stripe_id))
        monthly = read["items"]["data"][0]
        yearly = monthly | {"id": "si_yearly", "current_period_end": monthly["current_period_end"] + 335 * 86_400}
        return read | {"items": {"data": [yearly, monthly]}}

    monkeypatch.setitem(sync.KINDS, "subscription", (with_a_yearly_item, apply))
    before = subscription_of(person).period_end
    assert sync.subscription(connections.selling().id, subscription_id)
    assert subscription_of(person).period_end == before + timedelta(days=335)
    assert connected.is_in(person, offer)


def test_pitfall_09_a_cancellation_in_the_portal_says_until_when_and_can_be_taken_back(connected: Any) -> None:
    person, offer, subscription_id = connected.subscribe()
    stripe = connected.simulator.stripe()
    period_end = stripe.v1.subscriptions.retrieve(subscription_id)["items"].data[0].current_period_end
    stripe.v1.subscriptions.update(subscription_id, {"cancel_at": period_end})
    connected.deliver()
    assert subscription_of(person).ends_on.timestamp() == period_end
    assert connected.is_in(person, offer)
    stripe.v1.subscriptions.update(subscription_id, {"cancel_at": ""})
    connected.deliver()
    assert subscription_of(person).ends_on is None


def test_access_ends_when_the_simulators_clock_moves_past_the_period(connected: Any) -> None:
    person, offer, subscription_id = connected.subscribe()
    connected.simulator.stripe().v1.subscriptions.update(subscription_id, {"cancel_at_period_end": True})
    connected.deliver()
    connected.simulator.advance(days=32)
    connected.deliver()
    assert not connected.is_in(person, offer)
    assert clock.offset() > timedelta(days=31)


def test_a_renewal_keeps_the_door_open_and_is_a_payment_of_its_own(connected: Any) -> None:
    person, offer, _subscription_id = connected.subscribe()
    connected.simulator.advance(days=32)
    connected.deliver()
    assert connected.is_in(person, offer)
    payments = db.Model.metadata.tables["commerce_payment"]
    assert list(db.session.scalars(select(payments.c.amount))) == [900, 900]


def test_pitfall_10_an_unknown_status_leaves_access_alone_and_is_told(
    connected: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    person, offer, subscription_id = connected.subscribe()
    fetch, apply = sync.KINDS["subscription"]
    monkeypatch.setitem(
        sync.KINDS, "subscription", (lambda s, i: {**fetch(s, i), "status": "a_word_of_next_year"}, apply)
    )
    sync.subscription(connections.selling().id, subscription_id)
    assert connected.is_in(person, offer)
    row = db.session.execute(select(ConnectionRow)).scalar_one()
    assert row.status == "degraded"
    assert "a_word_of_next_year" in row.reason


@pytest.mark.parametrize("mode", ["payment", "subscription"])
def test_pitfall_25_another_product_of_the_account_is_ignored(connected: Any, mode: str) -> None:
    stripe = connected.simulator.stripe()
    customer = stripe.v1.customers.create({"email": "stranger@example.org"})
    product = stripe.v1.products.create({"name": "Tea"})
    terms = {"product": product.id, "currency": "eur", "unit_amount": 500}
    price = stripe.v1.prices.create(terms | ({"recurring": {"interval": "month"}} if mode == "subscription" else {}))
    session = stripe.v1.checkout.sessions.create(
        {
            "mode": mode,
            "customer": customer.id,
            "line_items": [{"price": price.id, "quantity": 1}],
            "success_url": "http://localhost/tea",
        }
    )
    connected.simulator.running.pay_checkout(session.url)
    connected.deliver()
    for table in ("accounts_person", "stripe_customer", "stripe_subscription", "commerce_payment"):
        assert db.session.scalar(select(func.count()).select_from(db.Model.metadata.tables[table])) == 0, table
    # What is in the catalogue can be picked for an offer, so it is listed; what was bought with it is not ours.
    sold = Event.object_type.not_in(("", "product", "price"))
    assert set(db.session.scalars(select(Event.status).where(sold))) == {"ignored"}
    assert connections.selling().status == "active"


def test_pitfall_27_an_object_that_is_gone_is_done(connected: Any) -> None:
    stripe = connected.simulator.stripe()
    connection_id = connections.selling().id
    db.commit()
    assert sync.customer(connection_id, "cus_nobody")
    assert stripe is not None
    task = db.session.execute(select(SyncTask).where(SyncTask.object_id == "cus_nobody")).scalar_one()
    assert (task.done, task.attempts) == (task.wanted, 0)


def test_while_stripe_is_down_the_task_waits_and_comes_back(connected: Any) -> None:
    person, offer = connected.make.person(), connected.offer()
    session_id = connected.buy(person, offer)
    told = connected.undelivered()
    connected.simulator.running.faults("500", f"GET /v1/checkout/sessions/{session_id}", next=3)
    for event in told:
        connected.post(event)
    connected.work()
    task = db.session.execute(select(SyncTask).where(SyncTask.object_id == session_id)).scalar_one()
    assert task.attempts == 1
    assert task.not_before > clock.real_now()
    db.session.execute(update(SyncTask).values(not_before=clock.real_now()))
    connected.simulator.come_back()
    sync.run()
    db.commit()
    assert connected.is_in(person, offer)


def test_after_three_days_of_failures_the_task_is_given_up_and_said_so(connected: Any) -> None:
    connected.work()
    connection_id = connections.selling().id
    tasks.want(connection_id, "customer", "cus_1")
    long_ago = clock.real_now() - timedelta(days=4)
    db.session.execute(update(SyncTask).values(first_failed_at=long_ago))
    db.commit()
    claimed = tasks.claim()
    tasks.fail(claimed, "no answer")
    db.commit()
    assert tasks.claim() is None
    assert tasks.dead() == 1


def test_many_events_about_one_object_are_read_once(connected: Any) -> None:
    person, _offer, subscription_id = connected.subscribe()
    for number in range(20):
        connected.simulator.stripe().v1.subscriptions.update(subscription_id, {"metadata": {"n": str(number)}})
    for event in connected.undelivered():
        connected.post(event)
    connected.simulator.calls()
    connected.work()
    reads = [call for call in connected.simulator.calls() if call == f"GET /v1/subscriptions/{subscription_id}"]
    assert len(reads) == 1
    assert subscription_of(person).state == "active"


def test_pitfall_28_a_full_refund_shuts_the_door_and_a_part_does_not(connected: Any) -> None:
    person, offer = connected.make.person(), connected.offer("one_time")
    connected.buy(person, offer)
    connected.deliver()
    stripe = connected.simulator.stripe()
    intent = stripe.v1.payment_intents.list().data[0].id
    stripe.v1.refunds.create({"payment_intent": intent, "amount": 1000})
    connected.deliver()
    assert connected.is_in(person, offer)
    stripe.v1.refunds.create({"payment_intent": intent, "amount": 3900})
    connected.deliver()
    assert not connected.is_in(person, offer)


def test_pitfall_20_an_address_changed_at_stripe_changes_nobodys_login(connected: Any) -> None:
    person, _offer, _subscription = connected.subscribe()
    stripe = connected.simulator.stripe()
    stripe.v1.customers.update(stripe.v1.customers.list().data[0].id, {"email": "victim@example.org"})
    connected.deliver()
    people = db.Model.metadata.tables["accounts_person"]
    assert db.session.scalar(select(people.c.email).where(people.c.id == person.id)) == person.email


def only_the_checkout_is_read(session_id: str) -> None:
    """A worker has read the session and committed; the subscription that it began is still in the queue."""
    key = (connections.selling().id, "checkout", session_id)
    tasks.want(*key)
    db.commit()
    claimed = tasks.claim(key)
    assert claimed is not None
    assert sync._work(claimed) is not None


def test_a_buyer_who_returns_between_two_readings_of_the_worker_is_in_the_course(connected: Any, sign_in: Any) -> None:
    person, offer = connected.make.person(), connected.offer()
    session_id = connected.buy(person, offer)
    only_the_checkout_is_read(session_id)
    assert not connected.is_in(person, offer)
    answer = sign_in(person).get(f"/ext/stripe/done?session_id={session_id}")
    assert answer.status_code == 303
    assert connected.is_in(person, offer)


def test_what_hangs_on_an_object_is_read_even_when_another_worker_read_the_object(
    connected: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    person, offer = connected.make.person(), connected.offer()
    session_id = connected.buy(person, offer)
    claim, looks = tasks.claim, iter([True])

    def claimed_by_another(key: Any = None) -> Any:
        if next(looks, False):
            # Just before our look another worker takes the task, reads the session, and gives it back.
            only_the_checkout_is_read(session_id)
            return None
        return claim(key)

    monkeypatch.setattr(sync.tasks, "claim", claimed_by_another)
    assert sync.checkout(connections.selling().id, session_id)
    assert connected.is_in(person, offer)
