"""Buying: one customer, one open session, and access when the money is there."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from lms_stripe import connections, sync
from lms_stripe.checkout import StripePayments
from lms_stripe.models import Checkout, Customer, Price
from sqlalchemy import func, select

from lms.api import access, clock, commerce, db
from lms.api.problem import Unavailable


def rows(model: Any) -> int:
    db.rollback()
    return int(db.session.scalar(select(func.count()).select_from(model)) or 0)


def order_state(person: Any) -> str:
    db.rollback()
    orders = commerce.orders_of(person.id)
    db.commit()
    return str(orders[0].state) if orders else "none"


def test_a_subscription_opens_the_course_once_its_events_arrived(connected: Any) -> None:
    person, offer = connected.make.person(), connected.offer()
    connected.buy(person, offer)
    assert not connected.is_in(person, offer)
    connected.deliver()
    assert connected.is_in(person, offer)
    assert order_state(person) == "paid"


@pytest.mark.feature("B-21")
def test_a_one_time_purchase_opens_the_course_and_leaves_an_invoice(connected: Any) -> None:
    person, offer = connected.make.person(), connected.offer("one_time")
    connected.buy(person, offer)
    connected.deliver()
    assert connected.is_in(person, offer)
    assert [entry.amount_paid for entry in connected.simulator.stripe().v1.invoices.list().data] == [4900]


def test_the_return_page_alone_opens_the_course(connected: Any) -> None:
    person, offer = connected.make.person(), connected.offer()
    session_id = connected.buy(person, offer)
    assert sync.checkout(connections.selling().id, session_id)
    assert connected.is_in(person, offer)


@pytest.mark.feature("B-19")
def test_the_same_money_told_by_page_and_webhook_counts_once(connected: Any) -> None:
    person, offer = connected.make.person(), connected.offer()
    session_id = connected.buy(person, offer)
    sync.checkout(connections.selling().id, session_id)
    connected.deliver()
    order = commerce.orders_of(person.id)[0]
    assert len(commerce.subscriptions_of(person.id)) == 1
    assert db.session.execute(
        select(func.count(), func.sum(commerce_payment().c.amount)).where(commerce_payment().c.order_id == order.id)
    ).one() == (1, 900)


def commerce_payment() -> Any:
    return db.Model.metadata.tables["commerce_payment"]


@pytest.mark.feature("B-20")
def test_pitfall_15_two_windows_at_once_make_one_customer_and_one_session(both_databases: str, connected: Any) -> None:
    person, offer = connected.make.person(), connected.offer()
    order = connected.order(person, offer)

    def press(_number: int) -> str:
        with connected.site.app.app_context():
            return StripePayments().start(order, offer.checkout_path)

    with ThreadPoolExecutor(4) as windows:
        addresses = set(windows.map(press, range(4)))
    stripe = connected.simulator.stripe()
    assert len(addresses) == 1
    assert len(stripe.v1.customers.list().data) == 1
    assert len(stripe.v1.checkout.sessions.list().data) == 1
    assert (rows(Customer), rows(Checkout), rows(Price)) == (1, 1, 1)


@pytest.mark.feature("B-20")
def test_pitfall_15_coming_back_later_leads_to_the_same_open_session(connected: Any) -> None:
    person, offer = connected.make.person(), connected.offer()
    assert connected.start(person, offer) == connected.start(person, offer)
    assert rows(Checkout) == 1


def test_a_session_that_was_paid_meanwhile_leads_into_the_course(connected: Any) -> None:
    person, offer = connected.make.person(), connected.offer()
    order = connected.order(person, offer)
    connected.buy(person, offer)
    again = StripePayments().start(order, offer.checkout_path)
    assert again == commerce.after_purchase_path(order.id)


def test_an_expired_session_is_followed_by_a_new_one(connected: Any) -> None:
    person, offer = connected.make.person(), connected.offer()
    first = connected.start(person, offer)
    connected.simulator.stripe().v1.checkout.sessions.expire(connected.session_of(first))
    connected.deliver()
    assert connected.start(person, offer) != first


def test_an_expired_checkout_opens_nothing_and_says_so(connected: Any) -> None:
    person, offer = connected.make.person(), connected.offer()
    order = connected.order(person, offer)
    session_id = connected.session_of(connected.start(person, offer))
    connected.simulator.stripe().v1.checkout.sessions.expire(session_id)
    connected.deliver()
    assert not connected.is_in(person, offer)
    assert commerce.find_order(order.id).state == "expired"
    assert db.session.scalar(select(Checkout.url)) == ""


@pytest.mark.feature("B-11")
@pytest.mark.parametrize("kind", ["one_time", "subscription"])
def test_pitfall_12_a_bank_debit_opens_nothing_until_the_money_is_there(connected: Any, kind: str) -> None:
    person, offer = connected.make.person(), connected.offer(kind)
    session_id = connected.buy(person, offer, "sepa")
    connected.deliver()
    assert (order_state(person), connected.is_in(person, offer)) == ("awaiting", False)
    connected.simulator.settle(session_id, "succeeded")
    connected.deliver()
    assert (order_state(person), connected.is_in(person, offer)) == ("paid", True)


@pytest.mark.feature("B-11")
@pytest.mark.parametrize("kind", ["one_time", "subscription"])
def test_pitfall_12_a_bank_debit_that_fails_opens_nothing_and_the_buyer_is_told(connected: Any, kind: str) -> None:
    person, offer = connected.make.person(), connected.offer(kind)
    session_id = connected.buy(person, offer, "sepa_fails")
    connected.deliver()
    connected.simulator.settle(session_id, "failed")
    connected.deliver()
    assert (order_state(person), connected.is_in(person, offer)) == ("failed", False)
    mails = db.Model.metadata.tables["mail_message"]
    letters = db.session.scalars(select(mails.c.key).where(mails.c.recipient == person.email)).all()
    assert len([key for key in letters if key.startswith("commerce.order_failed")]) == 1


def test_a_trial_opens_the_course_without_a_payment(connected: Any) -> None:
    person, offer = connected.make.person(), connected.offer(trial_days=7)
    connected.buy(person, offer)
    connected.deliver()
    assert connected.is_in(person, offer)
    paid = db.session.scalar(select(func.sum(commerce_payment().c.amount)))
    assert paid == 0


def test_pitfall_38_our_mark_is_on_everything_that_comes_of_a_session(connected: Any) -> None:
    person, offer = connected.make.person(), connected.offer()
    connected.buy(person, offer)
    stripe = connected.simulator.stripe()
    subscription = stripe.v1.subscriptions.list().data[0]
    marks = {"site_id": connections.selling().site_id, "person": str(person.id)}
    assert marks.items() <= subscription.metadata.to_dict().items()


def test_pitfall_38_also_on_payment_and_invoice_of_a_one_time_purchase(connected: Any) -> None:
    person, offer = connected.make.person(), connected.offer("one_time")
    connected.buy(person, offer)
    stripe = connected.simulator.stripe()
    marks = {"site_id": connections.selling().site_id, "person": str(person.id)}
    for made in (stripe.v1.payment_intents.list().data[0], stripe.v1.invoices.list().data[0]):
        assert marks.items() <= made.metadata.to_dict().items()


def test_pitfall_39_yen_have_no_cents(connected: Any) -> None:
    person, offer = connected.make.person(), connected.offer("one_time", amount=5000, currency="jpy")
    connected.buy(person, offer)
    paid = connected.simulator.stripe().v1.payment_intents.list().data[0]
    assert (paid.amount, paid.currency) == (5000, "jpy")


def test_while_stripe_is_down_the_buyer_reads_a_sentence_and_nothing_is_half_made(connected: Any) -> None:
    person, offer = connected.make.person(), connected.offer()
    order = connected.order(person, offer)
    connected.simulator.go_down()
    with pytest.raises(Unavailable) as failure:
        StripePayments().start(order, offer.checkout_path)
    assert failure.value.status == 503
    assert rows(Customer) == 0
    connected.simulator.come_back()
    assert "cs_" in StripePayments().start(order, offer.checkout_path)
    assert len(connected.simulator.stripe().v1.customers.list().data) == 1


@pytest.mark.parametrize("route", ["POST /v1/customers", "POST /v1/prices", "POST /v1/checkout/sessions"])
def test_pitfall_17_an_answer_that_got_lost_makes_nothing_twice(connected: Any, route: str) -> None:
    person, offer = connected.make.person(), connected.offer()
    connected.simulator.running.faults("drop", route, next=1)
    assert "cs_" in connected.start(person, offer)
    stripe = connected.simulator.stripe()
    made = [stripe.v1.customers.list(), stripe.v1.prices.list(), stripe.v1.checkout.sessions.list()]
    assert [len(listed.data) for listed in made] == [1, 1, 1]


def test_pitfall_17_a_stored_500_is_overcome_by_the_next_attempt(connected: Any) -> None:
    person, offer = connected.make.person(), connected.offer()
    order = connected.order(person, offer)
    connected.simulator.running.faults("500", "POST /v1/customers", next=1, stored=True)
    with pytest.raises(Unavailable):
        StripePayments().start(order, offer.checkout_path)
    connected.simulator.come_back()
    assert "cs_" in StripePayments().start(order, offer.checkout_path)
    assert len(connected.simulator.stripe().v1.customers.list().data) == 1


def test_pitfall_26_a_customer_deleted_at_stripe_is_made_anew_at_the_next_checkout(connected: Any) -> None:
    person, offer = connected.make.person(), connected.offer("one_time")
    connected.start(person, offer)
    stripe = connected.simulator.stripe()
    stripe.v1.customers.delete(stripe.v1.customers.list().data[0].id)
    assert "cs_" in connected.start(person, connected.offer("one_time"))
    assert len(stripe.v1.customers.list().data) == 1


def test_pitfall_45_addresses_for_the_way_back_come_from_the_configuration(connected: Any) -> None:
    person, offer = connected.make.person(), connected.offer()
    with connected.site.app.test_request_context("/", headers={"Host": "evil.example"}):
        address = connected.start(person, offer)
    session = connected.simulator.stripe().v1.checkout.sessions.retrieve(connected.session_of(address))
    assert session.success_url == "http://localhost/ext/stripe/done?session_id={CHECKOUT_SESSION_ID}"
    assert session.cancel_url == f"http://localhost{offer.checkout_path}"


def test_nothing_is_sold_before_stripe_is_connected(stage: Any) -> None:
    assert StripePayments().can_sell(stage.offer()) == "Payments are not connected yet."


@pytest.mark.feature("B-05")
def test_two_offers_of_a_product_are_two_prices_of_one_product_at_stripe(connected: Any) -> None:
    offer = connected.offer()
    connected.start(connected.make.person(), offer)
    dearer = connected.make.offer(type("Product", (), {"id": offer.product_id})(), kind="subscription", amount=1200)
    connected.start(connected.make.person(), dearer)
    stripe = connected.simulator.stripe()
    assert sorted(price.unit_amount for price in stripe.v1.prices.list().data) == [900, 1200]
    assert len(stripe.v1.products.list().data) == 1


@pytest.mark.feature("B-10")
def test_a_bundle_opens_its_courses_and_its_refund_leaves_what_was_bought_besides(
    both_databases: str, connected: Any
) -> None:
    person, make = connected.make.person(), connected.make
    first, second, third = (make.course(lessons=1, sections=1) for _ in range(3))
    bundle = make.offer(make.product(first, second, name="Both"), amount=9900)
    alone = make.offer(make.product(first), amount=4900)
    everything = make.offer(make.product(), amount=19900)
    sessions = [connected.buy(person, each) for each in (bundle, alone)]
    connected.deliver()

    def doors() -> list[bool]:
        db.rollback()
        return [access.decide(person, access.Thing(each.id), clock.now()).allowed for each in (first, second, third)]

    assert doors() == [True, True, False]
    stripe = connected.simulator.stripe()
    paid = stripe.v1.checkout.sessions.retrieve(sessions[0])
    stripe.v1.refunds.create({"payment_intent": paid.payment_intent})
    connected.deliver()
    assert doors() == [True, False, False]
    connected.buy(person, everything)
    connected.deliver()
    assert doors() == [True, True, True]
