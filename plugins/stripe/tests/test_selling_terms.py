"""What an offer says besides its price, at Stripe: sales, trials, coupons, the button of a new offer."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from lms_stripe import prices, simulator_clock
from lms_stripe.models import Price
from sqlalchemy import select

from lms.api import clock, commerce, db, settings
from lms.api.problem import Conflict


def choose(**options: Any) -> None:
    settings.save("stripe", options, actor_id=None)
    db.commit()


def session_of(stage: Any, address: str) -> Any:
    return stage.simulator.stripe().v1.checkout.sessions.retrieve(stage.session_of(address))


def code(stage: Any, text: str = "SPRING20", **restrictions: Any) -> Any:
    stripe = stage.simulator.stripe()
    coupon = stripe.v1.coupons.create({"percent_off": 20, "duration": "once"})
    return stripe.v1.promotion_codes.create(
        {"promotion": {"type": "coupon", "coupon": coupon.id}, "code": text, **restrictions}
    )


def start(stage: Any, person: Any, offer: Any, promo: str = "") -> str:
    order = commerce.place_order(person.id, offer.id, "stripe", clock.now(), wishes=commerce.Wishes(promo))
    db.commit()
    return str(stage.start_order(order, offer))


@pytest.mark.feature("TA-04", "B-23")
@pytest.mark.parametrize(
    ("site_wide", "of_offer", "has_field"),
    [
        (True, "default", True),
        (False, "default", False),
        (True, "none", False),
        (False, "customer_enters", True),
    ],
)
def test_the_code_field_follows_the_offer_and_else_the_settings(
    connected: Any, site_wide: bool, of_offer: str, has_field: bool
) -> None:
    choose(allow_coupons=site_wide)
    person, offer = connected.make.person(), connected.offer("one_time", promotion=of_offer)
    found = session_of(connected, connected.start(person, offer))
    assert bool(found.allow_promotion_codes) is has_field


@pytest.mark.feature("TA-04")
def test_pitfall_14_a_code_of_the_link_is_taken_off_and_no_field_is_sent_with_it(connected: Any) -> None:
    code(connected)
    person, offer = connected.make.person(), connected.offer("one_time")
    address = start(connected, person, offer, "spring20")
    found = session_of(connected, address)
    assert (found.allow_promotion_codes, found.amount_subtotal, found.amount_total) == (None, 4900, 3920)
    connected.simulator.running.pay_checkout(address)
    connected.deliver()
    assert connected.is_in(person, offer)
    assert commerce.orders_of(person.id)[0].state == "paid"


def test_a_fixed_code_is_every_buyers_and_one_that_is_over_stops_no_sale(connected: Any) -> None:
    made = code(connected, "OURS")
    offer = connected.offer("one_time", promotion="fixed", promotion_code="OURS")
    assert session_of(connected, connected.start(connected.make.person(), offer)).amount_total == 3920
    connected.simulator.stripe().v1.promotion_codes.update(made.id, {"active": False})
    found = session_of(connected, connected.start(connected.make.person(), offer))
    assert (found.amount_total, found.allow_promotion_codes) == (4900, None)


def test_a_buyers_code_that_does_not_count_is_said_and_nothing_is_charged(connected: Any) -> None:
    code(connected, "FIRST", restrictions={"minimum_amount": 100_000, "minimum_amount_currency": "eur"})
    person, offer = connected.make.person(), connected.offer("one_time")
    with pytest.raises(Conflict, match="NOSUCH does not count"):
        start(connected, person, offer, "NOSUCH")
    db.session.rollback()
    assert "cs_" in start(connected, person, offer)


@pytest.mark.feature("TA-05", "B-23")
@pytest.mark.parametrize("shown", [True, False])
def test_a_newly_connected_offer_takes_the_buttons_default_over_once(connected: Any, client: Any, shown: bool) -> None:
    choose(show_buy_button=shown)
    course = connected.make.course(lessons=1, sections=1)
    offer = connected.make.offer(connected.make.product(course))
    connected.work()
    db.rollback()
    found = commerce.find_offer(offer.id)
    assert (found.show_button, db.session.scalar(select(Price.offer_id))) == (shown, offer.id)
    db.commit()
    assert (offer.checkout_path in client.get(course.path).get_data(as_text=True)) is shown
    # Another default moves no button that is there; the offer's own switch does.
    choose(show_buy_button=not shown)
    prices.run()
    db.rollback()
    assert commerce.find_offer(offer.id).show_button is shown
    commerce.change_offer(offer.id, show_button=not shown)
    connected.work()
    assert (offer.checkout_path in client.get(course.path).get_data(as_text=True)) is not shown


def test_a_sale_has_a_price_of_its_own_and_ends_with_the_usual_one(connected: Any) -> None:
    offer = connected.offer()
    connected.work()
    offer = commerce.change_offer(offer.id, sale_amount=500, sale_until=clock.now() + timedelta(days=2))
    connected.work()
    early, late = connected.make.person(), connected.make.person()
    assert session_of(connected, connected.start(early, offer)).amount_total == 500
    connected.buy(early, offer)
    connected.deliver()
    connected.simulator.advance(days=3)
    simulator_clock.tick()
    found = session_of(connected, connected.start(late, offer))
    assert found.amount_total == 900
    # Who subscribed on sale goes on paying that.
    connected.simulator.advance(days=31, hours=2)
    connected.deliver()
    paid = connected.simulator.stripe().v1.invoices.list({"customer": _customer(connected), "limit": 10})
    assert [each.amount_paid for each in paid.data] == [500, 500]


def _customer(stage: Any) -> str:
    return str(stage.simulator.stripe().v1.subscriptions.list({"limit": 1}).data[0].customer)


def test_a_trial_without_a_card_asks_for_none_and_ends_by_itself(connected: Any) -> None:
    person, offer = connected.make.person(), connected.offer(trial_days=7, trial_method=False)
    address = connected.start(person, offer)
    assert session_of(connected, address).payment_method_collection == "if_required"
    connected.simulator.running.pay_checkout(address)
    connected.deliver()
    assert connected.is_in(person, offer)
    subscription = connected.simulator.stripe().v1.subscriptions.list({"limit": 1}).data[0]
    assert subscription.trial_settings.end_behavior.missing_payment_method == "cancel"
    connected.simulator.advance(days=8)
    connected.deliver()
    assert connected.simulator.stripe().v1.subscriptions.retrieve(subscription.id).status == "canceled"
    assert not connected.is_in(person, offer)
    # The free days were theirs once.
    again = session_of(connected, connected.start(person, offer))
    assert (again.amount_total, again.payment_method_collection) == (900, "always")


@pytest.mark.parametrize("card", [True, False])
def test_a_trial_with_a_card_goes_on(connected: Any, card: bool) -> None:
    person, offer = connected.make.person(), connected.offer(trial_days=7, trial_method=card)
    connected.buy(person, offer)
    connected.deliver()
    if not card:
        subscription = connected.simulator.stripe().v1.subscriptions.list({"limit": 1}).data[0]
        stripe = connected.simulator.stripe()
        method = stripe.v1.payment_methods.attach("pm_card_visa", {"customer": subscription.customer})
        stripe.v1.subscriptions.update(subscription.id, {"default_payment_method": method.id})
    connected.simulator.advance(days=7, hours=2)
    connected.deliver()
    assert connected.is_in(person, offer)
    assert connected.simulator.stripe().v1.subscriptions.list({"limit": 1}).data[0].status == "active"
