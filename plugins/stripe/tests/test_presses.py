"""One person presses Buy fifty times at the same moment, in as many windows: it is one purchase.

Fifty threads are more than a pool of connections holds by itself, and each may need a second one for a moment.
"""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from lms_stripe.models import Checkout, Customer
from sqlalchemy import func, select

from lms.api import commerce, db

PRESSES = 50
OF_A_GUEST = 20
"""So often an hour an address may be written to: one more is told to wait."""
LISTED: Any = {"limit": 100}


def windows(site: Any, first: Any, count: int) -> list[Any]:
    """As many windows of one browser: what the first holds in cookies, all hold."""
    opened = [first]
    for _number in range(count - 1):
        window = site.client()
        for cookie in first._cookies.values():
            window.set_cookie(cookie.key, cookie.value, domain=cookie.domain, path=cookie.path)
        opened.append(window)
    return opened


def press_together(site: Any, first: Any, offer: Any, count: int = PRESSES, **fields: str) -> list[Any]:
    """Every window shows the checkout page; then all press at once."""
    page = first.get(offer.checkout_path).get_data(as_text=True)
    token = re.findall(r'name="csrf_token"[^>]*value="([^"]+)"', page)[0]
    together = Barrier(count, timeout=60)

    def press(window: Any) -> Any:
        with site.app.app_context():
            together.wait()
            return window.post(offer.checkout_path, data={"csrf_token": token, "offer": offer.public_id, **fields})

    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(press, windows(site, first, count)))


def is_one_purchase(stage: Any, answers: list[Any]) -> str:
    """One order, one checkout, one open session, one product and price; the page that all were sent to."""
    said = {answer.status_code for answer in answers}
    assert said == {303}, [answer.get_data(as_text=True) for answer in answers if answer.status_code != 303][:1]
    (address,) = {answer.location for answer in answers}
    stripe = stage.simulator.stripe()
    sessions = stripe.v1.checkout.sessions.list(LISTED).data
    assert [each.status for each in sessions] == ["open"]
    assert [each.url for each in sessions] == [address]
    assert [len(kind.list(LISTED).data) for kind in (stripe.v1.products, stripe.v1.prices)] == [1, 1]
    db.rollback()
    orders = commerce.find_order(1), commerce.find_order(2)
    assert orders[0] is not None
    assert orders[1] is None
    assert db.session.scalar(select(func.count(Checkout.id))) == 1
    return str(address)


@pytest.mark.feature("B-02", "B-20")
@pytest.mark.parametrize("kind", ["one_time", "subscription"])
def test_fifty_presses_of_one_person_are_one_customer_one_order_one_session(
    both_databases: str, connected: Any, sign_in: Any, kind: str
) -> None:
    person, offer = connected.make.person(), connected.offer(kind)
    address = is_one_purchase(connected, press_together(connected.site, sign_in(person), offer))
    assert len(connected.simulator.stripe().v1.customers.list(LISTED).data) == 1
    assert db.session.scalar(select(func.count(Customer.id))) == 1
    db.rollback()
    connected.simulator.running.pay_checkout(address)
    connected.deliver()
    assert connected.is_in(person, offer)


@pytest.mark.feature("B-02", "B-20")
def test_presses_of_one_guest_are_one_order_and_one_session(both_databases: str, connected: Any, site: Any) -> None:
    offer, browser = connected.offer("one_time"), site.client()
    browser.get(offer.checkout_path)
    is_one_purchase(connected, press_together(site, browser, offer, OF_A_GUEST, email="bruno@example.org"))
    # Nobody has paid: whoever leaves now has left nothing of theirs at Stripe.
    assert connected.simulator.stripe().v1.customers.list(LISTED).data == []
