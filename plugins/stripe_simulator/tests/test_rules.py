"""What Stripe refuses although its types would allow it."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

DAY = 86_400

CHECKOUT: list[tuple[str, dict[str, Any], str]] = [
    ("subscription", {"mode": None}, "mode"),
    ("subscription", {"success_url": None}, "success_url"),
    ("subscription", {"success_url": "/done"}, "success_url"),
    ("subscription", {"line_items": None}, "line_items"),
    ("subscription", {"customer": "cus_none"}, "customer"),
    ("subscription", {"line_items": [{"price": "price_none", "quantity": 1}]}, "line_items[0][price]"),
    ("subscription", {"line_items": [{"quantity": 1}]}, "line_items[0][price]"),
    ("subscription", {"customer_email": "b@example.org"}, "customer"),
    ("subscription", {"customer": None, "customer_email": "nobody"}, "customer_email"),
    ("subscription", {"customer": None, "customer_creation": "always"}, "customer_creation"),
    ("payment", {"customer_creation": "always"}, "customer"),
    ("payment", {"subscription_data": {"trial_period_days": 7}}, "subscription_data"),
    ("subscription", {"invoice_creation": {"enabled": True}}, "invoice_creation"),
    ("subscription", {"payment_intent_data": {"description": "x"}}, "payment_intent_data"),
    ("subscription", {"subscription_data": {"trial_period_days": 0}}, "subscription_data[trial_period_days]"),
    ("subscription", {"subscription_data": {"trial_end": 1}}, "subscription_data[trial_end]"),
    ("payment", {"payment_method_collection": "always"}, "payment_method_collection"),
    ("payment", {"expires_at": 1}, "expires_at"),
    ("payment", {"discounts": [{"coupon": "none"}]}, "discounts[0][coupon]"),
    ("payment", {"discounts": [{"promotion_code": "promo_none"}]}, "discounts[0][promotion_code]"),
    ("payment", {"metadata": {"k" * 41: "v"}}, "metadata"),
    ("payment", {"metadata": {"k": "v" * 501}}, "metadata[k]"),
    ("payment", {"metadata": {str(n): "v" for n in range(51)}}, "metadata"),
    ("payment", {"client_reference_id": "x" * 201}, "client_reference_id"),
    ("payment", {"automatic_tax": {"enabled": True}}, "automatic_tax[enabled]"),
    ("payment", {"shipping_address_collection": {"allowed_countries": ["DE"]}}, "shipping_address_collection"),
]


@pytest.mark.parametrize(("mode", "change", "param"), CHECKOUT)
def test_checkout_refuses(shop: Any, mode: str, change: dict[str, Any], param: str) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        shop.session(**({"mode": mode} | change)) if "mode" not in change else _without_mode(shop)
    assert caught.value.param == param


def _without_mode(shop: Any) -> None:
    shop.client.v1.checkout.sessions.create({"success_url": "https://stoa.test", "line_items": [{"price": shop.once}]})


def test_recurring_price_does_not_fit_payment_mode(shop: Any) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="passed a recurring price"):
        shop.session("payment", price=shop.monthly)


def test_one_time_price_does_not_make_a_subscription(shop: Any) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="at least one recurring price"):
        shop.session("subscription", price=shop.once)


def test_code_field_and_fixed_coupon_exclude_each_other(shop: Any) -> None:
    shop.client.v1.coupons.create({"id": "TEN", "percent_off": 10, "duration": "once"})
    with pytest.raises(stripe.InvalidRequestError, match="only specify one of these parameters"):
        shop.session(allow_promotion_codes=True, discounts=[{"coupon": "TEN"}])


@pytest.mark.parametrize("by", ["coupon", "promotion_code"])
def test_an_amount_of_another_currency_is_not_taken_off(shop: Any, by: str) -> None:
    coupon = shop.client.v1.coupons.create({"amount_off": 500, "currency": "jpy", "duration": "once"}).id
    code = shop.client.v1.promotion_codes.create({"promotion": {"type": "coupon", "coupon": coupon}, "code": "YEN"}).id
    with pytest.raises(stripe.InvalidRequestError, match="another currency") as caught:
        shop.session("payment", discounts=[{by: coupon if by == "coupon" else code}])
    assert caught.value.param == f"discounts[0][{by}]"


def test_a_code_with_limits_is_not_given_to_whom_they_leave_out(shop: Any) -> None:
    coupon = shop.client.v1.coupons.create({"percent_off": 10, "duration": "once"}).id
    limits = {"minimum_amount": 10_000_000, "minimum_amount_currency": "eur"}
    code = shop.client.v1.promotion_codes.create(
        {"promotion": {"type": "coupon", "coupon": coupon}, "code": "RICH", "restrictions": limits}
    )
    with pytest.raises(stripe.InvalidRequestError, match="total is too low"):
        shop.session("payment", discounts=[{"promotion_code": code.id}])


def test_archived_price_is_not_sold(shop: Any) -> None:
    shop.client.v1.prices.update(shop.once, {"active": False})
    with pytest.raises(stripe.InvalidRequestError, match="inactive"):
        shop.session("payment")


def test_currencies_do_not_mix(shop: Any) -> None:
    dollars = shop.client.v1.prices.create({"product": shop.product, "currency": "usd", "unit_amount": 100})
    lines = [{"price": shop.once, "quantity": 1}, {"price": dollars.id, "quantity": 1}]
    with pytest.raises(stripe.InvalidRequestError, match="same currency"):
        shop.session("payment", line_items=lines)


COUPONS: list[tuple[dict[str, Any], str]] = [
    ({"percent_off": 10, "duration": "repeating"}, "duration_in_months"),
    ({"percent_off": 10, "duration": "once", "duration_in_months": 3}, "duration_in_months"),
    ({"duration": "once"}, "percent_off"),
    ({"percent_off": 10, "amount_off": 100, "currency": "eur"}, "amount_off"),
    ({"percent_off": 101}, "percent_off"),
    ({"amount_off": 100}, "currency"),
    ({"percent_off": 10, "redeem_by": 1}, "redeem_by"),
    ({"percent_off": 10, "name": "n" * 41}, "name"),
]


@pytest.mark.parametrize(("params", "param"), COUPONS)
def test_coupon_refuses(client: Any, params: dict[str, Any], param: str) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.coupons.create(params)
    assert caught.value.param == param


def test_two_active_codes_of_one_name_are_refused(client: Any) -> None:
    client.v1.coupons.create({"id": "TEN", "percent_off": 10})
    promotion = {"promotion": {"type": "coupon", "coupon": "TEN"}, "code": "AUTUMN"}
    client.v1.promotion_codes.create(promotion)
    with pytest.raises(stripe.InvalidRequestError, match="already exists"):
        client.v1.promotion_codes.create(promotion | {"code": "autumn"})


PRICES: list[tuple[dict[str, Any], str]] = [
    ({"unit_amount": -1}, "unit_amount"),
    ({"unit_amount": 100_000_000}, "unit_amount"),
    ({"unit_amount": 100, "currency": "euro"}, "currency"),
    ({}, "unit_amount"),
    ({"unit_amount": 100, "product": "prod_none"}, "product"),
    ({"unit_amount": 100, "recurring": {"interval": "year", "interval_count": 4}}, "recurring[interval_count]"),
]


@pytest.mark.parametrize(("change", "param"), PRICES)
def test_price_refuses(shop: Any, change: dict[str, Any], param: str) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        shop.client.v1.prices.create({"product": shop.product, "currency": "eur"} | change)
    assert caught.value.param == param


def test_price_cannot_change_its_amount(shop: Any) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        shop.client.v1.prices.update(shop.once, {"unit_amount": 1})
    assert (caught.value.param, caught.value.code) == ("unit_amount", "parameter_unknown")


def test_lookup_key_is_unique_unless_transferred(shop: Any) -> None:
    wanted = {"product": shop.product, "currency": "eur", "unit_amount": 100, "lookup_key": "monthly"}
    first = shop.client.v1.prices.create(wanted)
    with pytest.raises(stripe.InvalidRequestError, match="already uses that lookup key"):
        shop.client.v1.prices.create(wanted)
    second = shop.client.v1.prices.create(wanted | {"transfer_lookup_key": True})
    assert shop.client.v1.prices.retrieve(first.id).lookup_key is None
    assert [p.id for p in shop.client.v1.prices.list({"lookup_keys": ["monthly"]}).data] == [second.id]


def test_portal_needs_a_configuration(shop: Any) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="your test mode default configuration has not been created"):
        shop.portal(configuration=None)


def test_default_configuration_is_used_where_none_is_named(simulator: Any, shop: Any) -> None:
    account = simulator.state()["accounts"][0]["id"]
    default = simulator.control("POST", f"accounts/{account}/portal_default", {})
    assert shop.portal(configuration=None).configuration == default["id"]


def test_inactive_configuration_is_refused(shop: Any) -> None:
    shop.client.v1.billing_portal.configurations.update(shop.configuration, {"active": False})
    with pytest.raises(stripe.InvalidRequestError, match="not active"):
        shop.portal()


FLOWS: list[tuple[dict[str, Any], str]] = [
    ({"type": "subscription_cancel"}, "flow_data[subscription_cancel]"),
    (
        {"type": "subscription_cancel", "subscription_cancel": {"subscription": "sub_none"}},
        "flow_data[subscription_cancel][subscription]",
    ),
    ({"type": "subscription_update", "subscription_update": {"subscription": "sub_1"}}, "flow_data[type]"),
    (
        {"type": "payment_method_update", "after_completion": {"type": "redirect"}},
        "flow_data[after_completion][redirect]",
    ),
]


@pytest.mark.parametrize(("flow", "param"), FLOWS)
def test_portal_flow_refuses(shop: Any, flow: dict[str, Any], param: str) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        shop.portal(flow_data=flow)
    assert caught.value.param == param


def test_flow_for_somebody_elses_subscription_is_refused(shop: Any) -> None:
    subscription = shop.subscribe()
    other = shop.client.v1.customers.create({"email": "b@example.org"}).id
    flow = {"type": "subscription_cancel", "subscription_cancel": {"subscription": subscription.id}}
    with pytest.raises(stripe.InvalidRequestError, match="does not belong to the customer"):
        shop.portal(customer=other, flow_data=flow)


def test_plan_change_needs_products(shop: Any) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        shop.client.v1.billing_portal.configurations.create({"features": {"subscription_update": {"enabled": True}}})
    assert caught.value.param == "features[subscription_update][default_allowed_updates]"


def test_deleted_customer_is_a_stub_and_no_buyer(shop: Any) -> None:
    shop.client.v1.customers.delete(shop.customer)
    stub = shop.client.v1.customers.retrieve(shop.customer)
    assert (stub.deleted, "email" in stub) == (True, False)
    with pytest.raises(stripe.InvalidRequestError, match="No such customer"):
        shop.portal()
    with pytest.raises(stripe.InvalidRequestError, match="No such customer"):
        shop.session()


def test_metadata_is_merged_and_unset_by_empty_values(client: Any) -> None:
    customer = client.v1.customers.create({"metadata": {"a": "1", "b": "2"}})
    changed = client.v1.customers.update(customer.id, {"metadata": {"a": "", "c": "3"}})
    assert changed.metadata.to_dict() == {"b": "2", "c": "3"}
    assert client.v1.customers.update(customer.id, {"metadata": ""}).metadata.to_dict() == {}


def test_endpoint_refuses_unknown_events_and_addresses(client: Any) -> None:
    with pytest.raises(stripe.InvalidRequestError) as events:
        client.v1.webhook_endpoints.create({"url": "http://127.0.0.1:9", "enabled_events": ["invoice.eaten"]})
    with pytest.raises(stripe.InvalidRequestError) as address:
        client.v1.webhook_endpoints.create({"url": "127.0.0.1/hook", "enabled_events": ["*"]})
    assert (events.value.param, address.value.param) == ("enabled_events[0]", "url")


def test_refused_request_leaves_nothing_half_written(shop: Any) -> None:
    inline = {"currency": "eur", "unit_amount": 1500, "product_data": {"name": "A single lesson"}}
    lines = [{"price_data": inline, "quantity": 1}, {"price": "price_none", "quantity": 1}]
    with pytest.raises(stripe.InvalidRequestError, match="No such price"):
        shop.session("payment", line_items=lines)
    assert [product.name for product in shop.client.v1.products.list().data] == ["Every course"]
