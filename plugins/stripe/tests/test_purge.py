"""Test purchases are removed in one press: what they opened shuts for good, and nothing else does."""

from __future__ import annotations

import re
from typing import Any

import pytest
from lms_stripe import client, connections, sync
from lms_stripe_simulator import testing
from sqlalchemy import select

from lms.api import access, commerce, db

SETTINGS, PAGE = "/admin/settings/stripe", "/ext/stripe/test-purchases"


@pytest.fixture
def owner(connected: Any, sign_in: Any) -> Any:
    return sign_in(connected.make.person(role="owner"))


def remove(browser: Any, word: str = "test") -> Any:
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', browser.get(SETTINGS).text)
    assert found
    return browser.post(PAGE, data={"csrf_token": found[1], "word": word})


def facts(page: Any) -> list[int]:
    """The numbers of the preview: purchases, people, doors, subscriptions."""
    return [int(re.findall(r"\d+", text)[0]) for text in re.findall(r"<dd>([^<]*)</dd>", page.text)]


def state_of(order_number: str) -> tuple[str, bool]:
    db.rollback()
    order = commerce.order_by_number(order_number)
    assert order is not None
    return order.state.value, order.is_purged


def sell_live(stage: Any) -> None:
    connections.sell_with(stage.connect("live").id)
    db.commit()


def deliver_live(session_id: str) -> None:
    """What the live mode tells of a checkout."""
    live = next(each for each in connections.all_of_them() if each.livemode)
    assert sync.checkout(live.id, session_id)


@pytest.mark.feature("B-14")
def test_what_tests_opened_shuts_and_what_was_paid_or_given_stays_open(
    both_databases: str, connected: Any, owner: Any, letters: Any
) -> None:
    tester, offer, _subscription = connected.subscribe()
    once = connected.offer("one_time")
    connected.buy(tester, once)
    given = connected.make.person()
    connected.buy(given, once)
    connected.deliver()
    access.set_grant(person_id=given.id, product_id=once.product_id, source="manual", source_ref="gift", state="active")
    db.commit()
    sell_live(connected)
    buyer = connected.make.person()
    deliver_live(connected.buy(buyer, once))
    assert [connected.is_in(*pair) for pair in ((tester, offer), (tester, once), (given, once), (buyer, once))] == [
        True
    ] * 4

    assert "3 · <a href" in owner.get(SETTINGS).text
    assert facts(owner.get(PAGE)) == [3, 2, 3, 1]
    refused = remove(owner, "yes")
    assert refused.status_code == 422
    assert "Type test to remove them." in refused.text
    assert connected.is_in(tester, once)

    assert remove(owner).location == SETTINGS
    assert "3 test purchases were removed." in owner.get(SETTINGS).text
    doors = [connected.is_in(*pair) for pair in ((tester, offer), (tester, once), (given, once), (buyer, once))]
    assert doors == [False, False, True, True]
    assert PAGE not in owner.get(SETTINGS).text
    connected.work()
    written = len(letters())

    # Whatever Stripe tells of them from now on.
    connected.simulator.advance(days=31)
    connected.deliver()
    for event in connected.simulator.stripe().v1.events.list({"limit": 30}).data:
        connected.post({**client.plain(event), "id": f"{event.id}_again"})
    connected.work()
    assert [connected.is_in(*pair) for pair in ((tester, offer), (tester, once), (buyer, once))] == [False, False, True]
    assert len(letters()) == written
    assert facts(owner.get(PAGE)) == [0, 0, 0, 0]
    assert remove(owner).location == SETTINGS
    assert "There was nothing left to remove." in owner.get(SETTINGS).text
    table = db.Model.metadata.tables["audit_entry"]
    kept = db.session.execute(select(table.c.action).where(table.c.action.endswith("purged"))).scalars().all()
    assert sorted(kept) == ["order.purged"] * 3 + ["stripe.tests_purged"]
    db.rollback()


@pytest.mark.feature("B-14")
def test_who_tested_is_a_stranger_afterwards_and_may_buy_for_real(connected: Any, owner: Any, sign_in: Any) -> None:
    tester, offer, _subscription = connected.subscribe()
    number = commerce.orders_of(tester.id)[0].number
    browser = sign_in(tester)
    assert number in browser.get("/account/billing").text
    remove(owner)
    page = browser.get("/account/billing").text
    assert number not in page
    assert offer.product_name not in page
    assert "Test, removed" in owner.get("/admin/orders").text
    assert "Removed as a test purchase" in owner.get(f"/admin/orders/{number}").text
    sell_live(connected)
    deliver_live(connected.buy(tester, offer))
    assert connected.is_in(tester, offer)
    remove(owner)
    assert connected.is_in(tester, offer)


@pytest.mark.feature("B-14")
def test_test_money_on_its_way_opens_nothing_when_it_arrives(connected: Any, owner: Any, letters: Any) -> None:
    tester, once = connected.make.person(), connected.offer("one_time")
    session = connected.buy(tester, once, "sepa")
    connected.deliver()
    number = commerce.orders_of(tester.id)[0].number
    assert state_of(number) == ("awaiting", False)
    assert facts(owner.get(PAGE))[0] == 1
    remove(owner)
    written = len(letters())
    connected.simulator.settle(session, "succeeded")
    connected.deliver()
    assert state_of(number) == ("paid", True)
    assert not connected.is_in(tester, once)
    assert len(letters()) == written


@pytest.mark.feature("B-14")
def test_an_order_for_which_real_money_came_too_is_left_alone(connected: Any, owner: Any) -> None:
    person, once = connected.make.person(), connected.offer("one_time")
    tested = connected.start(person, once)
    sell_live(connected)
    real = connected.start(person, once)
    testing.pay_checkout(tested)
    connected.deliver()
    testing.pay_checkout(real)
    deliver_live(connected.session_of(real))
    assert [order.test for order in commerce.orders_of(person.id)] == [True]
    remove(owner)
    assert connected.is_in(person, once)
    assert [order.is_purged for order in commerce.orders_of(person.id)] == [False]


@pytest.mark.feature("B-14")
def test_a_guests_test_is_nobodys_to_claim_afterwards(connected: Any, owner: Any, site: Any) -> None:
    once, browser = connected.offer("one_time"), site.client()
    token = re.findall(r'name="csrf_token"[^>]*value="([^"]+)"', browser.get(once.checkout_path).text)[0]
    fields = {"csrf_token": token, "offer": once.public_id, "email": "bruno@example.org"}
    testing.pay_checkout(browser.post(once.checkout_path, data=fields).location)
    connected.deliver()
    assert once.product_name in browser.get("/claim").text
    remove(owner)
    assert once.product_name not in browser.get("/claim").text


def test_only_who_connects_payments_removes_test_purchases(connected: Any, sign_in: Any) -> None:
    connected.subscribe()
    browser = sign_in(connected.make.person(role="student"))
    assert browser.get(PAGE).status_code == 403
    assert browser.post(PAGE, data={"word": "test"}).status_code in (400, 403)
