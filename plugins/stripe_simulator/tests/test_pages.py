"""The hosted pages in a real browser: usable without script, at 390 pixels, and by everybody."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lms_stripe_simulator import testing

AXE = Path(__file__).resolve().parents[3] / "lms" / "web" / "static" / "dist" / "dev" / "axe.min.js"
DAY = 86_400

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("simulator_browser")]


@pytest.fixture
def page(chromium: Any) -> Iterator[Any]:
    """A page without JavaScript, as the hosted pages promise to work."""
    context = chromium.new_context(viewport={"width": 390, "height": 844}, java_script_enabled=False)
    yield context.new_page()
    context.close()


@pytest.fixture
def addresses(simulator: Any, shop: Any) -> dict[str, str]:
    """One address of each kind of page."""
    shop.client.v1.coupons.create({"id": "HALF", "percent_off": 50})
    shop.subscribe()
    portal = shop.portal().url
    subscription = shop.client.v1.subscriptions.list().data[0].id
    closed = shop.session("payment")
    testing.pay_checkout(closed.url)
    debit = shop.session("payment")
    testing.pay_checkout(debit.url, "sepa")
    return {
        "checkout": shop.session(allow_promotion_codes=True, customer=None).url,
        "trial": shop.session(subscription_data={"trial_period_days": 7}, discounts=[{"coupon": "HALF"}]).url,
        "closed": closed.url,
        "portal": portal,
        "cancel": f"{portal}/subscriptions/{subscription}/cancel",
        "card": f"{portal}/payment-method",
        "invoice": shop.invoices()[0].hosted_invoice_url,
        "front": f"{simulator.url}/",
        "about": f"{simulator.url}/about",
    }


@pytest.mark.parametrize("width", [1280, 390])
def test_pages_fit_and_axe_finds_nothing(chromium: Any, addresses: dict[str, str], width: int, tmp_path: Path) -> None:
    if not AXE.exists():
        pytest.skip("axe-core is not built here: make install builds it")
    context = chromium.new_context(viewport={"width": width, "height": 844}, bypass_csp=True)
    found = []
    for name, address in addresses.items():
        page = context.new_page()
        page.goto(address)
        page.add_script_tag(path=str(AXE))
        result = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        found += [f"{name}: {fault['id']}: {fault['nodes'][0]['html'][:120]}" for fault in result["violations"]]
        if page.evaluate("document.documentElement.scrollWidth") > width:
            found.append(f"{name}: wider than {width}")
        page.screenshot(path=tmp_path / f"{name}-{width}.png", full_page=True)
        page.close()
    context.close()
    assert found == []


def test_buyer_pays_with_a_typed_number(page: Any, shop: Any, receiver: Any) -> None:
    session = shop.session(customer=None, success_url=receiver.url, customer_email="anna@example.org")
    page.goto(session.url)
    assert page.get_by_label("E-mail").input_value() == "anna@example.org"
    page.get_by_label("Card number").fill("5555 5555 5555 4444")
    page.get_by_role("button", name="Subscribe for €9.00").click()
    assert page.url == receiver.url
    assert shop.client.v1.checkout.sessions.retrieve(session.id).payment_status == "paid"


def test_buyer_goes_through_3d_secure(page: Any, shop: Any, receiver: Any) -> None:
    session = shop.session("payment", success_url=receiver.url)
    page.goto(session.url)
    page.get_by_label("Card that asks for 3-D Secure").check()
    page.get_by_role("button", name="Pay €49.00").click()
    page.get_by_role("button", name="Confirm payment").click()
    assert page.url == receiver.url


def test_customer_cancels_and_changes_their_mind(page: Any, shop: Any) -> None:
    subscription = shop.subscribe()
    page.goto(shop.portal().url)
    page.get_by_role("link", name="Cancel subscription").click()
    page.get_by_role("button", name="Cancel subscription").click()
    assert page.get_by_text(re.compile("^Ends on")).is_visible()
    page.get_by_role("button", name="Don’t cancel subscription").click()
    assert page.get_by_text(re.compile("^Renews on")).is_visible()
    assert shop.subscription(subscription.id).cancel_at is None
