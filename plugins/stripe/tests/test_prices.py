"""An offer has its price at Stripe before anybody buys it."""

from __future__ import annotations

from typing import Any

from lms_stripe import catalog, connections, portal
from lms_stripe.portal_features import Choices

from lms.api import commerce, db


def price(offer: Any) -> Any:
    db.rollback()
    found = connections.selling()
    assert found is not None
    row = catalog.price_of(found.id, offer)
    db.rollback()
    return row


def test_a_new_offer_gets_its_price_by_itself(connected: Any) -> None:
    offer = connected.offer()
    connected.work()
    assert price(offer) is not None


def test_while_stripe_is_down_the_price_waits_and_is_made_once(connected: Any) -> None:
    connected.simulator.go_down()
    offer = connected.offer()
    connected.work()
    assert price(offer) is None
    connected.simulator.come_back()
    connected.start(connected.make.person(), offer)
    connected.work()
    assert len(connected.simulator.stripe().v1.prices.list({"limit": 10}).data) == 1


def test_a_student_who_may_change_plans_finds_the_new_one(connected: Any) -> None:
    found = connections.selling()
    portal.choose(found, Choices(change_plan=True))
    connected.offer()
    connected.offer(amount=9000, interval="year")
    connected.work()
    features = connected.simulator.stripe().v1.billing_portal.configurations.list().data[0].features
    assert features.subscription_update.enabled is True
    assert sum(len(each.prices) for each in features.subscription_update.products) == 2


def test_without_a_connection_an_offer_asks_nobody(stage: Any) -> None:
    stage.simulator.calls()
    offer = stage.offer()
    stage.work()
    assert stage.simulator.calls() == []
    assert commerce.find_offer(offer.id) is not None
