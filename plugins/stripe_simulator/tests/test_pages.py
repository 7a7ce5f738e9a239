"""The hosted pages in a real browser: usable without script, at 390 pixels, and by everybody."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lms_stripe_simulator import testing

AXE = Path(__file__).resolve().parents[3] / "lms" / "web" / "static" / "dist" / "dev" / "axe.min.js"
DAY = 86_400
SHOTS = os.environ.get("SIMULATOR_SHOTS")
"""A folder for pictures of all pages, for those who want to look at them."""

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("simulator_browser")]


@pytest.fixture
def page(chromium: Any) -> Iterator[Any]:
    """A page without JavaScript, as the hosted pages promise to work."""
    context = chromium.new_context(viewport={"width": 390, "height": 844}, java_script_enabled=False)
    yield context.new_page()
    context.close()


@pytest.fixture
def addresses(simulator: Any, shop: Any, receiver: Any) -> dict[str, str]:
    """One address of each kind of page, each with something on it."""
    v1 = shop.client.v1
    v1.coupons.create({"id": "HALF", "percent_off": 50})
    v1.webhook_endpoints.create({"url": receiver.url, "enabled_events": ["*"]})
    v1.tax.settings.update({"head_office": {"address": {"country": "DE"}}, "defaults": {"tax_behavior": "inclusive"}})
    v1.tax.registrations.create(
        {"country": "DE", "active_from": "now", "country_options": {"de": {"type": "oss_union"}}}
    )
    v1.test_helpers.test_clocks.create({"frozen_time": 1_900_000_000, "name": "A clock"})
    subscription = shop.subscribe("4000000000000259").id
    closed = shop.session("payment")
    testing.pay_checkout(closed.url, "4000000000007726")
    v1.refunds.create({"payment_intent": v1.checkout.sessions.retrieve(closed.id).payment_intent, "amount": 900})
    simulator.advance(2 * DAY - 60)
    debit = shop.session("payment")
    testing.pay_checkout(debit.url, "sepa")
    simulator.faults("duplicate", "webhooks", next=3)
    simulator.key(deny=("customer:write",))
    portal, dear = _portals(shop, subscription)
    client = f"ca_simulator_test_{simulator.state()['accounts'][0]['id'].removeprefix('acct_')}"
    everything = shop.session(
        allow_promotion_codes=True,
        customer=None,
        automatic_tax={"enabled": True},
        billing_address_collection="required",
        phone_number_collection={"enabled": True},
        consent_collection={"terms_of_service": "required", "promotions": "auto"},
        custom_fields=[
            {"key": "name", "label": {"type": "custom", "custom": "Name on the certificate"}, "type": "text"}
        ],
    )
    own = ("", "about", "cards", "clock", "money", "events", "webhooks", "requests", "faults", "accounts")
    return {f"own-{name or 'front'}": f"{simulator.url}/{name}" for name in own} | {
        "event": f"{simulator.url}/events/{shop.client.v1.events.list().data[0].id}",
        "checkout": shop.session(allow_promotion_codes=True, customer=None).url,
        "everything": everything.url,
        "trial": shop.session(subscription_data={"trial_period_days": 7}, discounts=[{"coupon": "HALF"}]).url,
        "closed": closed.url,
        "portal": portal,
        "cancel": f"{portal}/subscriptions/{subscription}/cancel",
        "update": f"{portal}/subscriptions/{subscription}/update",
        "pause": f"{portal}/subscriptions/{subscription}/pause",
        "details": f"{portal}/details",
        "card": f"{portal}/payment-method",
        "offer": dear["offer"],
        "confirm": dear["confirm"],
        "login": dear["login"],
        "authorize": f"{simulator.url}/oauth/authorize?response_type=code&client_id={client}&redirect_uri=http://127.0.0.1:9/",
        "refused": f"{simulator.url}/nowhere",
        "invoice": shop.invoices()[0].hosted_invoice_url,
    }


def _portals(shop: Any, subscription: str) -> tuple[str, dict[str, str]]:
    """A portal with everything on, and three pages that flows and settings lead to."""
    dear = shop.client.v1.prices.create(
        {"product": shop.product, "currency": "eur", "unit_amount": 1800, "recurring": {"interval": "month"}}
    ).id
    configuration = shop.client.v1.billing_portal.configurations.create(
        {
            "features": {
                "customer_update": {"enabled": True, "allowed_updates": ["name", "email", "address", "phone"]},
                "invoice_history": {"enabled": True},
                "payment_method_update": {"enabled": True},
                "subscription_cancel": {
                    "enabled": True,
                    "cancellation_reason": {"enabled": True, "options": ["other"]},
                },
                "subscription_pause": {"enabled": True},
                "subscription_update": {
                    "enabled": True,
                    "default_allowed_updates": ["price", "quantity", "promotion_code"],
                    "products": [{"product": shop.product, "prices": [shop.monthly, dear]}],
                    "proration_behavior": "always_invoice",
                },
            },
            "login_page": {"enabled": True},
        }
    )
    item = shop.subscription(subscription)["items"].data[0].id
    offer = {"type": "coupon_offer", "coupon_offer": {"coupon": "HALF"}}
    flows = {
        "offer": {"type": "subscription_cancel", "subscription_cancel": {"retention": offer}},
        "confirm": {
            "type": "subscription_update_confirm",
            "subscription_update_confirm": {"items": [{"id": item, "price": dear}]},
        },
    }
    for flow in flows.values():
        flow[flow["type"]]["subscription"] = subscription
    found = {n: shop.portal(configuration=configuration.id, flow_data=flow).url for n, flow in flows.items()}
    return shop.portal(configuration=configuration.id).url, found | {"login": configuration.login_page.url}


EVERYTHING = "{resultTypes: ['violations']}"
COLOURS = "{resultTypes: ['violations'], runOnly: ['color-contrast']}"


@pytest.mark.parametrize(("width", "scheme", "rules"), [(390, "light", EVERYTHING), (1280, "dark", COLOURS)])
def test_pages_fit_and_axe_finds_nothing(
    chromium: Any, addresses: dict[str, str], width: int, scheme: str, rules: str
) -> None:
    if not AXE.exists():
        pytest.skip("axe-core is not built here: make install builds it")
    context = chromium.new_context(
        viewport={"width": width, "height": 844}, bypass_csp=True, color_scheme=scheme, reduced_motion="reduce"
    )
    page, found = context.new_page(), []
    for name, address in addresses.items():
        page.goto(address)
        page.add_script_tag(path=str(AXE))
        result = page.evaluate(f"axe.run(document, {rules})")
        found += [f"{name}: {fault['id']}: {fault['nodes'][0]['html'][:120]}" for fault in result["violations"]]
        if page.evaluate("document.documentElement.scrollWidth") > width:
            found.append(f"{name}: wider than {width}")
        if SHOTS:
            page.screenshot(path=Path(SHOTS) / f"{name}-{width}-{scheme}.png", full_page=True)
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
