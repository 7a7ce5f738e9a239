"""The customer portal, as a customer uses it."""

from __future__ import annotations

from typing import Any

import pytest
from lms_stripe_simulator import testing

DAY, HOUR = 86_400, 3_600
EVERYTHING = {
    "customer_update": {"enabled": True, "allowed_updates": ["name", "email", "address", "phone"]},
    "invoice_history": {"enabled": True},
    "payment_method_update": {"enabled": True},
    "subscription_cancel": {
        "enabled": True,
        "cancellation_reason": {"enabled": True, "options": ["too_expensive", "other"]},
    },
    "subscription_pause": {
        "enabled": True,
        "duration": {"type": "interval_options", "interval_options": [{"interval": "month", "interval_count": 2}]},
    },
}


def configure(shop: Any, **features: Any) -> str:
    """Make another configuration; return its id."""
    return str(shop.client.v1.billing_portal.configurations.create({"features": features}).id)


@pytest.mark.feature("SO-12")
def test_home_names_the_business_the_plan_and_the_way_back(shop: Any) -> None:
    shop.subscribe()
    text = testing.fetch(shop.portal().url).text
    for words in ("Return to Long Table", "Every course, €9.00 a month", "Renews on", "anna@example.org", "4242"):
        assert words in text
    assert 'href="http://127.0.0.1:9/account"' in text


@pytest.mark.feature("TA-30")
def test_cancel_sets_only_cancel_at_and_can_be_taken_back(shop: Any) -> None:
    subscription = shop.subscribe()
    url = shop.portal().url
    assert testing.portal_cancel(url) == url
    planned = shop.subscription(subscription.id)
    end = subscription["items"].data[0].current_period_end
    assert (planned.cancel_at, planned.cancel_at_period_end, planned.status) == (end, False, "active")
    assert planned.cancellation_details.reason == "cancellation_requested"
    assert "Ends on" in testing.fetch(url).text
    testing.portal_resume(url)
    back = shop.subscription(subscription.id)
    assert (back.cancel_at, back.canceled_at, back.cancellation_details.reason) == (None, None, None)


def test_cancelled_subscription_ends_when_the_clock_gets_there(simulator: Any, shop: Any) -> None:
    subscription = shop.subscribe()
    testing.portal_cancel(shop.portal().url)
    simulator.advance(32 * DAY)
    assert shop.subscription(subscription.id).status == "canceled"


def test_cancel_at_once_where_the_configuration_says_so(shop: Any) -> None:
    subscription = shop.subscribe()
    configuration = configure(shop, subscription_cancel={"enabled": True, "mode": "immediately"})
    testing.portal_cancel(shop.portal(configuration=configuration).url)
    assert shop.subscription(subscription.id).status == "canceled"


def test_reason_is_kept(shop: Any) -> None:
    subscription = shop.subscribe()
    url = shop.portal(configuration=configure(shop, **EVERYTHING)).url
    testing.fetch(f"{url}/subscriptions/{subscription.id}/cancel", {"feedback": "too_expensive"})
    assert shop.subscription(subscription.id).cancellation_details.feedback == "too_expensive"


@pytest.mark.feature("TA-25")
@pytest.mark.parametrize(
    ("page", "words"),
    [
        ("subscriptions/{id}/cancel", "Cancel subscription"),
        ("subscriptions/{id}/pause", "Pause subscription"),
        ("subscriptions/{id}/update", "Change plan"),
        ("payment-method", "Change card"),
        ("details", "Change details"),
    ],
)
def test_what_is_off_is_neither_shown_nor_done(shop: Any, page: str, words: str) -> None:
    subscription = shop.subscribe()
    url = shop.portal(configuration=configure(shop, invoice_history={"enabled": True})).url
    address = f"{url}/{page.format(id=subscription.id)}"
    assert words not in testing.fetch(url).text
    assert (testing.fetch(address).status, testing.fetch(address, {"name": "x"}).status) == (403, 403)
    assert shop.subscription(subscription.id).cancel_at is None


def test_invoices_are_hidden_where_the_history_is_off(shop: Any) -> None:
    shop.subscribe()
    number = shop.invoices()[0].number
    assert number in testing.fetch(shop.portal().url).text
    hidden = shop.portal(configuration=configure(shop, subscription_cancel={"enabled": True}))
    assert number not in testing.fetch(hidden.url).text


def test_one_time_purchase_stands_in_the_history(shop: Any) -> None:
    session = shop.session("payment", invoice_creation={"enabled": True})
    testing.pay_checkout(session.url)
    assert "€49.00" in testing.fetch(shop.portal().url).text


def test_hosted_invoice_and_its_pdf_open(shop: Any) -> None:
    shop.subscribe()
    invoice = shop.invoices()[0]
    page = testing.fetch(invoice.hosted_invoice_url)
    assert (page.status, invoice.number in page.text, "Paid on" in page.text) == (200, True, True)
    with testing._OPENER.open(invoice.invoice_pdf) as answer:
        body = answer.read()
    assert (answer.headers["Content-Type"], body[:5], invoice.number.encode() in body) == (
        "application/pdf",
        b"%PDF-",
        True,
    )


def test_new_card_is_used_for_renewals(simulator: Any, shop: Any) -> None:
    subscription = shop.subscribe("declines_later")
    testing.portal_card(shop.portal().url, "5555 5555 5555 4444")
    customer = shop.client.v1.customers.retrieve(shop.customer, {"expand": ["invoice_settings.default_payment_method"]})
    assert customer.invoice_settings.default_payment_method.card.brand == "mastercard"
    simulator.advance(32 * DAY)
    assert shop.subscription(subscription.id).status == "active"
    assert shop.invoices()[0].status == "paid"


def test_declined_new_card_changes_nothing(shop: Any) -> None:
    subscription = shop.subscribe()
    with pytest.raises(testing.Declined):
        testing.portal_card(shop.portal().url, "4000000000000002")
    assert shop.subscription(subscription.id).default_payment_method == subscription.default_payment_method


def test_details_change_as_far_as_allowed(shop: Any) -> None:
    url = shop.portal(configuration=configure(shop, **EVERYTHING)).url
    testing.fetch(
        f"{url}/details", {"name": "Anna B.", "email": "new@example.org", "line1": "Street 1", "city": "Bonn"}
    )
    customer = shop.client.v1.customers.retrieve(shop.customer)
    assert (customer.name, customer.email, customer.address.city) == ("Anna B.", "new@example.org", "Bonn")
    assert testing.fetch(f"{url}/details", {"email": "nobody"}).status == 422


def test_pause_for_the_chosen_time(simulator: Any, shop: Any) -> None:
    subscription = shop.subscribe()
    url = shop.portal(configuration=configure(shop, **EVERYTHING)).url
    testing.fetch(f"{url}/subscriptions/{subscription.id}/pause", {"duration": "0"})
    assert shop.subscription(subscription.id).status == "paused"
    assert "Paused" in testing.fetch(url).text
    simulator.advance(63 * DAY)
    assert shop.subscription(subscription.id).status == "active"


def test_plan_is_changed_to_one_that_is_offered(shop: Any) -> None:
    dear = shop.client.v1.prices.create(
        {"product": shop.product, "currency": "eur", "unit_amount": 1800, "recurring": {"interval": "month"}}
    ).id
    configuration = configure(
        shop,
        subscription_update={
            "enabled": True,
            "default_allowed_updates": ["price"],
            "products": [{"product": shop.product, "prices": [shop.monthly, dear]}],
        },
    )
    subscription = shop.subscribe()
    url = f"{shop.portal(configuration=configuration).url}/subscriptions/{subscription.id}/update"
    assert "€18.00 a month" in testing.fetch(url).text
    assert testing.fetch(url, {"price": "price_other"}).status == 404
    testing.fetch(url, {"price": dear})
    assert shop.subscription(subscription.id)["items"].data[0].price.id == dear


def test_flow_begins_at_its_page_and_ends_where_it_says(shop: Any) -> None:
    subscription = shop.subscribe()
    flow = {
        "type": "subscription_cancel",
        "subscription_cancel": {"subscription": subscription.id},
        "after_completion": {"type": "redirect", "redirect": {"return_url": "http://127.0.0.1:9/gone"}},
    }
    session = shop.portal(flow_data=flow)
    assert testing.fetch(session.url).location.endswith("/cancel")
    assert testing.portal_cancel(session.url) == "http://127.0.0.1:9/gone"
    assert shop.subscription(subscription.id).cancel_at is not None
    with pytest.raises(Exception, match="already set to be canceled"):
        shop.portal(flow_data=flow)


def test_flow_for_the_card_ends_with_its_message(shop: Any) -> None:
    after = {"type": "hosted_confirmation", "hosted_confirmation": {"custom_message": "The new card is noted."}}
    session = shop.portal(flow_data={"type": "payment_method_update", "after_completion": after})
    answer = testing.fetch(f"{session.url}/payment-method", {"method": "pays"})
    assert "The new card is noted." in answer.text


def test_portal_expires_after_an_hour(simulator: Any, shop: Any) -> None:
    url = shop.portal().url
    simulator.advance(HOUR - 60)
    assert testing.fetch(url).status == 200
    simulator.advance(120)
    answer = testing.fetch(url)
    assert (answer.status, "This page has expired" in answer.text) == (410, True)


def test_portal_of_one_shows_and_cancels_nothing_of_another(shop: Any) -> None:
    theirs = shop.subscribe()
    other = shop.client.v1.customers.create({"email": "b@example.org"}).id
    url = shop.portal(customer=other).url
    text = testing.fetch(url).text
    assert ("anna@example.org" in text, theirs.id in text) == (False, False)
    assert testing.fetch(f"{url}/subscriptions/{theirs.id}/cancel", {}).status == 404
    assert shop.subscription(theirs.id).cancel_at is None


def test_address_without_the_secret_opens_nothing(simulator: Any) -> None:
    assert testing.fetch(f"{simulator.url}/p/session/test_guess").status == 404


def test_portal_links_to_the_open_invoice(simulator: Any, shop: Any) -> None:
    shop.subscribe("declines_later")
    simulator.advance(33 * DAY)
    text = testing.fetch(shop.portal().url).text
    assert "The last payment failed" in text
    assert f'href="{shop.invoices()[0].hosted_invoice_url}">Pay open invoice' in text
