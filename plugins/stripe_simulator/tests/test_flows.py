"""Portal flows, offers to stay, codes, several cards, and the page where customers ask for a link."""

from __future__ import annotations

from typing import Any

import pytest
import stripe
from lms_stripe_simulator import testing

DAY = 86_400


@pytest.fixture
def dear(shop: Any) -> str:
    params = {"product": shop.product, "currency": "eur", "unit_amount": 1800, "recurring": {"interval": "month"}}
    return str(shop.client.v1.prices.create(params).id)


def configure(shop: Any, dear: str, **update: Any) -> str:
    """A configuration that lets customers change their plan."""
    features = {
        "subscription_cancel": {"enabled": True},
        "payment_method_update": {"enabled": True},
        "subscription_update": {
            "enabled": True,
            "default_allowed_updates": ["price", "quantity", "promotion_code"],
            "products": [{"product": shop.product, "prices": [shop.monthly, dear]}],
        }
        | update,
    }
    return str(shop.client.v1.billing_portal.configurations.create({"features": features}).id)


def cancel_flow(subscription: Any, **more: Any) -> dict[str, Any]:
    return {"type": "subscription_cancel", "subscription_cancel": {"subscription": subscription.id} | more}


def test_offer_to_stay_is_taken(simulator: Any, shop: Any) -> None:
    shop.client.v1.coupons.create({"id": "STAY", "percent_off": 20, "duration": "repeating", "duration_in_months": 3})
    subscription = shop.subscribe()
    offer = {"type": "coupon_offer", "coupon_offer": {"coupon": "STAY"}}
    after = {"after_completion": {"type": "redirect", "redirect": {"return_url": "http://127.0.0.1:9/thanks"}}}
    session = shop.portal(flow_data=cancel_flow(subscription, retention=offer) | after)
    page = testing.fetch(f"{session.url}/subscriptions/{subscription.id}/cancel")
    assert "20 % off for 3 months" in page.text
    answer = testing.fetch(f"{session.url}/subscriptions/{subscription.id}/stay", {})
    assert answer.location == "http://127.0.0.1:9/thanks"
    assert shop.subscription(subscription.id).cancel_at is None
    simulator.advance(32 * DAY)
    assert shop.invoices()[0].total == 720


def test_offer_to_stay_can_be_declined(shop: Any) -> None:
    shop.client.v1.coupons.create({"id": "STAY", "percent_off": 20})
    subscription = shop.subscribe()
    offer = {"type": "coupon_offer", "coupon_offer": {"coupon": "STAY"}}
    session = shop.portal(flow_data=cancel_flow(subscription, retention=offer))
    address = f"{session.url}/subscriptions/{subscription.id}/cancel"
    assert "Cancel subscription" in testing.fetch(f"{address}?decline_offer=1").text
    testing.fetch(address, {})
    assert shop.subscription(subscription.id).cancel_at is not None


def test_unknown_coupon_is_no_offer(shop: Any) -> None:
    subscription = shop.subscribe()
    offer = {"type": "coupon_offer", "coupon_offer": {"coupon": "NONE"}}
    with pytest.raises(stripe.InvalidRequestError) as caught:
        shop.portal(flow_data=cancel_flow(subscription, retention=offer))
    assert caught.value.param == "flow_data[subscription_cancel][retention][coupon_offer][coupon]"


def confirm_flow(subscription: Any, price: str, **more: Any) -> dict[str, Any]:
    items = [{"id": subscription["items"].data[0].id, "price": price}]
    details = {"subscription": subscription.id, "items": items} | more
    return {"type": "subscription_update_confirm", "subscription_update_confirm": details}


def test_change_is_confirmed_with_what_it_costs(shop: Any, dear: str) -> None:
    subscription = shop.subscribe()
    configuration = configure(shop, dear, proration_behavior="always_invoice")
    session = shop.portal(configuration=configuration, flow_data=confirm_flow(subscription, dear))
    address = testing.fetch(session.url).location or ""
    assert address.endswith("/update-confirm")
    page = testing.fetch(f"{session.url}/subscriptions/{subscription.id}/update-confirm")
    assert "€18.00 a month" in page.text
    assert "Due now" in page.text
    testing.fetch(f"{session.url}/subscriptions/{subscription.id}/update-confirm", {})
    assert shop.subscription(subscription.id)["items"].data[0].price.id == dear
    again = testing.fetch(f"{session.url}/subscriptions/{subscription.id}/update-confirm", {})
    assert again.status == 404


def test_confirmed_change_can_bring_a_discount(simulator: Any, shop: Any, dear: str) -> None:
    shop.client.v1.coupons.create({"id": "HALF", "percent_off": 50, "duration": "forever"})
    subscription = shop.subscribe()
    flow = confirm_flow(subscription, dear, discounts=[{"coupon": "HALF"}])
    session = shop.portal(configuration=configure(shop, dear), flow_data=flow)
    testing.fetch(f"{session.url}/subscriptions/{subscription.id}/update-confirm", {})
    simulator.advance(32 * DAY)
    assert shop.invoices()[0].total == 900


def test_confirm_refuses_prices_that_are_not_offered(shop: Any, dear: str) -> None:
    subscription = shop.subscribe()
    flow = confirm_flow(subscription, shop.once)
    with pytest.raises(stripe.InvalidRequestError) as caught:
        shop.portal(configuration=configure(shop, dear), flow_data=flow)
    assert caught.value.param == "flow_data[subscription_update_confirm][items][0][price]"


def test_quantity_and_code_are_changed_on_the_page(shop: Any, dear: str) -> None:
    shop.client.v1.coupons.create({"id": "HALF", "percent_off": 50, "duration": "forever"})
    shop.client.v1.promotion_codes.create({"promotion": {"type": "coupon", "coupon": "HALF"}, "code": "AUTUMN"})
    subscription = shop.subscribe()
    address = f"{shop.portal(configuration=configure(shop, dear)).url}/subscriptions/{subscription.id}/update"
    assert testing.fetch(address, {"promotion_code": "WINTER"}).status == 422
    testing.fetch(address, {"price": "", "quantity": "3", "promotion_code": "autumn"})
    changed = shop.subscription(subscription.id)
    assert (changed["items"].data[0].quantity, len(changed.discounts)) == (3, 1)


@pytest.mark.parametrize(("behaviour", "status"), [("end_trial", "active"), ("continue_trial", "trialing")])
def test_plan_change_ends_a_trial_or_not(shop: Any, dear: str, behaviour: str, status: str) -> None:
    subscription = shop.subscribe(subscription_data={"trial_period_days": 7})
    configuration = configure(shop, dear, trial_update_behavior=behaviour)
    address = f"{shop.portal(configuration=configuration).url}/subscriptions/{subscription.id}/update"
    testing.fetch(address, {"price": dear})
    changed = shop.subscription(subscription.id)
    assert (changed.status, changed["items"].data[0].price.id) == (status, dear)


def test_known_cards_are_chosen_and_removed(shop: Any, dear: str) -> None:
    shop.subscribe()
    shop.subscribe("5555555555554444")
    url = shop.portal().url
    methods = shop.client.v1.payment_methods.list({"customer": shop.customer}).data
    testing.fetch(f"{url}/payment-methods/{methods[1].id}/default", {})
    customer = shop.client.v1.customers.retrieve(shop.customer)
    assert customer.invoice_settings.default_payment_method == methods[1].id
    testing.fetch(f"{url}/payment-methods/{methods[0].id}/remove", {})
    assert len(shop.client.v1.payment_methods.list({"customer": shop.customer}).data) == 1


def test_card_of_somebody_else_is_out_of_reach(shop: Any) -> None:
    shop.subscribe()
    other = shop.client.v1.customers.create({}).id
    method = shop.client.v1.payment_methods.attach("pm_card_visa", {"customer": other}).id
    assert testing.fetch(f"{shop.portal().url}/payment-methods/{method}/remove", {}).status == 404


def test_immediate_cancel_credits_where_the_configuration_says_so(shop: Any) -> None:
    shop.subscribe()
    cancel = {"enabled": True, "mode": "immediately", "proration_behavior": "always_invoice"}
    configuration = shop.client.v1.billing_portal.configurations.create({"features": {"subscription_cancel": cancel}})
    testing.portal_cancel(shop.portal(configuration=configuration.id).url)
    assert shop.client.v1.customers.retrieve(shop.customer).balance < -850


def test_customer_asks_for_a_link_and_strangers_learn_nothing(shop: Any) -> None:
    v1 = shop.client.v1
    v1.billing_portal.configurations.update(shop.configuration, {"login_page": {"enabled": True}})
    url = v1.billing_portal.configurations.retrieve(shop.configuration).login_page.url
    known = testing.fetch(url, {"email": "anna@example.org"})
    unknown = testing.fetch(url, {"email": "nobody@example.org"})
    words = "customer’s address, a link has been sent there"
    assert (words in known.text, words in unknown.text) == (True, True)
    link = next(a for a in testing.Links(known.text).links if "/p/session/" in a)
    assert "Customer portal of" in testing.fetch(link).text
    assert not any("/p/session/" in a for a in testing.Links(unknown.text).links)
    assert testing.fetch(url, {"email": "no address"}).status == 422
    v1.billing_portal.configurations.update(shop.configuration, {"login_page": {"enabled": False}})
    assert testing.fetch(url).status == 404


def test_waiting_changes_are_not_modelled_and_said_so(shop: Any, dear: str) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        configure(shop, dear, schedule_at_period_end={"conditions": [{"type": "decreasing_item_amount"}]})
    assert caught.value.code == "simulator_unsupported"
