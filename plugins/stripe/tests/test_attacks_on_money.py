"""What somebody tries who wants in without paying, or money twice: at the hook, at checkout, at codes."""

from __future__ import annotations

from typing import Any

import pytest
from lms_stripe import connections, leaving
from lms_stripe.models import Checkout, Event
from sqlalchemy import func, select

from lms.api import clock, commerce, db
from lms.api.problem import Conflict


def test_a_session_of_another_program_that_carries_our_reference_opens_nothing(connected: Any) -> None:
    """A public payment link of the same account takes any ``client_reference_id`` from its address."""
    person, offer = connected.make.person(), connected.offer("one_time")
    connected.start(person, offer)
    row = db.session.scalars(select(Checkout)).one()
    reference, session_id = row.reference, row.session_id
    db.rollback()
    stripe = connected.simulator.stripe()
    # As dear as the course, with a code that pays for all of it.
    coupon = stripe.v1.coupons.create({"percent_off": 100, "duration": "once"})
    price = stripe.v1.prices.create({"currency": "eur", "unit_amount": 4900, "product_data": {"name": "A mug"}})
    theirs: Any = {
        "mode": "payment",
        "line_items": [{"price": price.id, "quantity": 1}],
        "client_reference_id": reference,
        "discounts": [{"coupon": coupon.id}],
        "success_url": "https://mugs.example/thanks",
    }
    made = stripe.v1.checkout.sessions.create(theirs)
    connected.simulator.running.pay_checkout(made.url)
    connected.deliver()
    assert not connected.is_in(person, offer)
    db.rollback()
    row = db.session.scalars(select(Checkout)).one()
    assert (row.status, row.session_id) == ("open", session_id)
    db.rollback()
    # The buyer's own session is as it was.
    connected.buy(person, offer)
    connected.deliver()
    assert connected.is_in(person, offer)


def test_events_that_are_told_again_after_the_money_went_back_open_nothing(connected: Any) -> None:
    person, offer = connected.make.person(), connected.offer("one_time")
    session = connected.buy(person, offer)
    told = connected.undelivered()
    connected.deliver()
    stripe = connected.simulator.stripe()
    intent = stripe.v1.checkout.sessions.retrieve(session).payment_intent
    stripe.v1.refunds.create({"payment_intent": intent})
    connected.deliver()
    assert not connected.is_in(person, offer)
    for number, event in enumerate(told):
        assert connected.post(event) == 200
        # The same bodies under new names, as if they had happened now: only ids are taken from them.
        assert connected.post({**event, "id": f"evt_again{number}", "created": event["created"] + 60}) == 200
    connected.work_after_a_rest()
    assert not connected.is_in(person, offer)


def test_a_code_for_one_use_pays_once(connected: Any) -> None:
    stripe = connected.simulator.stripe()
    coupon = stripe.v1.coupons.create({"percent_off": 100, "duration": "once"})
    promotion: Any = {"promotion": {"type": "coupon", "coupon": coupon.id}, "code": "ONCE", "max_redemptions": 1}
    stripe.v1.promotion_codes.create(promotion)
    first, second = connected.make.person(), connected.make.person()
    offer, other = connected.offer("one_time"), connected.offer("one_time")

    def begin(person: Any, what: Any) -> str:
        wishes = commerce.Wishes(promotion_code="ONCE")
        order = commerce.place_order(person.id, what.id, "stripe", clock.now(), wishes=wishes)
        db.commit()
        return str(connected.start_order(order, what))

    connected.simulator.running.pay_checkout(begin(first, offer))
    connected.deliver()
    assert connected.is_in(first, offer)
    for person, what in ((second, offer), (first, other)):
        with pytest.raises(Conflict, match="ONCE does not count"):
            begin(person, what)
        db.rollback()
        assert not connected.is_in(person, what)


def test_an_endpoint_that_could_not_be_deleted_takes_nothing_after_disconnecting(connected: Any) -> None:
    connected.buy(connected.make.person(), connected.offer())
    told = connected.undelivered()
    connected.simulator.running.faults("500", "DELETE /v1/webhook_endpoints/*")
    leaving.disconnect(connections.all_of_them()[0], actor_id=None)
    connected.simulator.come_back()
    assert [each["status"] for each in connected.simulator.state()["endpoints"]] == ["enabled"]
    known = db.session.scalar(select(func.count(Event.id)))
    db.rollback()
    assert {connected.post(event) for event in told} == {404}
    assert db.session.scalar(select(func.count(Event.id))) == known
    db.rollback()


@pytest.mark.parametrize("currency", ["usd", "jpy"])
def test_the_amount_in_a_cheaper_currency_opens_nothing(connected: Any, currency: str) -> None:
    """Somebody changed the price at Stripe by hand: the figures are as agreed, the money is not."""
    person, offer = connected.make.person(), connected.offer("one_time")
    order = connected.order(person, offer)
    told = commerce.record_paid(
        order.id, provider="stripe", provider_ref="pi_1", subtotal=4900, total=4900, currency=currency,
        paid_at=clock.now(),
    )  # fmt: skip
    db.commit()
    assert (told.state, connected.is_in(person, offer)) == ("held", False)


HUGE = "99999999999999999999"


def test_numbers_that_no_database_knows_are_no_page_and_no_crash(connected: Any, sign_in: Any) -> None:
    person, offer = connected.make.person(), connected.offer("one_time")
    connected.buy(person, offer)
    connected.deliver()
    number = commerce.orders_of(person.id)[0].number
    db.rollback()
    owner = sign_in(connected.make.person(role="owner"))
    lists = [
        f"{page}?{name}={HUGE}"
        for page in ("/admin/orders", "/admin/orders.csv", "/admin/subscriptions", "/admin/subscriptions.csv")
        for name in ("before", "product")
    ]
    for address in [*lists, f"/ext/stripe/connections/1/drift?before={HUGE}"]:
        assert owner.get(address, buffered=True).status_code in {200, 404}, address
    for address in (
        f"/admin/orders/{number}/refund/{HUGE}",
        f"/admin/orders/{HUGE}",
        f"/admin/products/{HUGE}",
        f"/ext/stripe/connections/{HUGE}/drift",
        "/admin/orders/%00",
    ):
        assert owner.get(address).status_code == 404, address
    token = owner.get("/admin/settings/stripe").text.split('name="csrf_token"')[1].split('value="')[1].split('"')[0]
    for address in (f"/admin/orders/{number}/refunds/{HUGE}", f"/ext/stripe/connections/1/drift/{HUGE}"):
        assert owner.post(address, data={"csrf_token": token}).status_code == 404, address
