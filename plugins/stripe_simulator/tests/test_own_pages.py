"""The pages on which people steer the simulator. They are forms: no script, no JSON."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
import stripe
from lms_stripe_simulator import testing
from lms_stripe_simulator.billing.instruments import INSTRUMENTS

DAY = 86_400


@pytest.fixture
def visit(simulator: Any) -> Any:
    """Gets one of the pages, or posts a form to it."""

    def get(path: str, form: dict[str, str] | None = None) -> testing.Answer:
        return testing.fetch(f"{simulator.url}{path}", form)

    return get


def words(answer: testing.Answer) -> str:
    """A page's words."""
    return html.unescape(re.sub(r"<[^>]+>", " ", answer.text))


def account(simulator: Any) -> str:
    return str(simulator.state()["accounts"][0]["id"])


def test_every_page_is_reached_from_the_front_page(visit: Any) -> None:
    for link in testing.Links(visit("/").text).links:
        answer = visit(link)
        assert (answer.status, "Simulator: no money moves" in answer.text) == (200, True), link


def test_all_test_cards_are_listed_and_the_checkout_leads_there(visit: Any, shop: Any) -> None:
    listed = words(visit("/cards"))
    assert [found.name for found in INSTRUMENTS if found.shown_number not in listed] == []
    assert "/cards" in testing.Links(testing.fetch(shop.session().url).text).links


def test_hosted_pages_say_that_they_are_our_assumption(shop: Any) -> None:
    subscription = shop.subscribe()
    pages = (shop.session().url, shop.portal().url, shop.invoices()[0].hosted_invoice_url)
    assert subscription.status == "active"
    for page in pages:
        assert "our assumption" in testing.fetch(page).text


def test_key_with_chosen_permissions_is_refused_where_it_may_not(simulator: Any, visit: Any, connecting: Any) -> None:
    form = {"kind": "restricted", "mode": "test", "customer": "read", "price": "none"}
    assert visit(f"/accounts/{account(simulator)}/keys", form).status == 303
    key = simulator.state()["accounts"][0]["keys"][-1]
    assert key["deny"] == ["customer:write", "price:read", "price:write"]
    v1 = connecting(key["key"]).v1
    assert v1.customers.list().data == []
    with pytest.raises(stripe.PermissionError, match="rak_customer_write"):
        v1.customers.create({})
    with pytest.raises(stripe.PermissionError, match="rak_price_read"):
        v1.prices.list()


def test_live_shaped_key_is_made_and_revoked(simulator: Any, visit: Any, connecting: Any) -> None:
    visit(f"/accounts/{account(simulator)}/keys", {"kind": "restricted", "mode": "live"})
    key = simulator.state()["accounts"][0]["keys"][-1]["key"]
    assert key.startswith("rk_live_simulator_")
    assert connecting(key).v1.balance.retrieve().livemode is True
    visit(f"/keys/{key}/revoke", {})
    with pytest.raises(stripe.AuthenticationError, match="Expired API Key") as caught:
        connecting(key).v1.balance.retrieve()
    assert caught.value.error.code == "api_key_expired"
    assert visit(f"/keys/{key}/revoke", {}).status == 404


def test_renamed_account_is_heard_of(simulator: Any, visit: Any, shop: Any) -> None:
    visit(f"/accounts/{account(simulator)}/name", {"name": "Longer Table"})
    assert shop.events("account.updated")[-1].data.object.business_profile.name == "Longer Table"
    assert "Longer Table" in testing.fetch(shop.session().url).text
    assert visit(f"/accounts/{account(simulator)}/name", {"name": " "}).status == 400


def test_another_account_and_a_portal_default_are_made(simulator: Any, visit: Any, shop: Any) -> None:
    visit("/accounts", {"name": "Short Table", "country": "FR", "currency": "eur"})
    assert [a["name"] for a in simulator.state()["accounts"]] == ["Long Table", "Short Table"]
    visit(f"/accounts/{account(simulator)}/portal", {"mode": "test"})
    assert shop.portal(configuration=None).configuration in visit("/accounts").text


def test_clock_page_shows_what_comes_and_goes_there(simulator: Any, visit: Any, shop: Any) -> None:
    subscription = shop.subscribe()
    page = visit("/clock")
    assert "The subscription renews" in page.text
    moment = subscription["items"].data[0].current_period_end
    visit("/clock", {"step": "until", "until": str(moment + 1)})
    assert simulator.state()["clock"]["epoch"] >= moment
    assert len(shop.invoices()) == 2
    assert visit("/clock", {"step": "days", "days": "9999999"}).status == 400


def test_test_clock_moves_on_its_page(visit: Any, client: Any) -> None:
    clock = client.v1.test_helpers.test_clocks.create({"frozen_time": 1_900_000_000}).id
    visit(f"/clocks/{clock}", {"days": "7"})
    assert client.v1.test_helpers.test_clocks.retrieve(clock).frozen_time == 1_900_000_000 + 7 * DAY


def test_dunning_is_chosen_for_an_account(simulator: Any, visit: Any, shop: Any) -> None:
    visit("/dunning", {"account": account(simulator), "retries_end": "unpaid"})
    subscription = shop.subscribe("declines_later")
    simulator.advance(50 * DAY)
    assert shop.subscription(subscription.id).status == "unpaid"
    assert visit("/dunning", {"account": account(simulator), "retries_end": "forgotten"}).status == 400


def test_money_page_refunds_disputes_and_decides(visit: Any, shop: Any) -> None:
    session = shop.session("payment")
    testing.pay_checkout(session.url, "4000000000007726")
    charge = shop.client.v1.charges.list().data[0].id
    assert visit(f"/charges/{charge}/refund", {"amount": "900"}).status == 303
    refund = shop.client.v1.refunds.list().data[0].id
    assert visit(f"/refunds/{refund}", {"outcome": "failed"}).status == 303
    assert shop.client.v1.refunds.retrieve(refund).status == "failed"
    assert visit(f"/charges/{charge}/dispute", {"reason": "general", "status": "needs_response"}).status == 303
    dispute = shop.client.v1.disputes.list().data[0].id
    assert f"Lose {dispute}" in visit("/money").text
    assert visit(f"/disputes/{dispute}", {"outcome": "lost"}).status == 303
    refused = visit(f"/disputes/{dispute}", {"outcome": "won"})
    assert (refused.status, "can become: appeal" in refused.text) == (400, True)
    assert visit(f"/charges/{charge}/refund", {"amount": "1"}).status == 400


def test_faults_page_sets_and_clears(simulator: Any, visit: Any, client: Any) -> None:
    form = {"fault": "429", "route": "GET /v1/customers", "next": "1", "share": "", "seconds": "", "seed": ""}
    assert visit("/faults", form).status == 303
    with pytest.raises(stripe.RateLimitError):
        client.v1.customers.list()
    visit("/faults", {"fault": "drop", "route": "webhooks", "share": "0.3", "seed": "1"})
    assert "share 0.3" in words(visit("/faults"))
    visit("/faults/clear", {})
    assert simulator.state()["faults"] == []
    wrong = visit("/faults", {"fault": "429", "next": "many"})
    assert (wrong.status, "cannot be set" in wrong.text) == (422, True)


def test_event_is_shown_with_its_attempts_and_sent_again(visit: Any, shop: Any, receiver: Any) -> None:
    shop.client.v1.webhook_endpoints.create({"url": receiver.url, "enabled_events": ["customer.updated"]})
    receiver.statuses.append(500)
    shop.client.v1.customers.update(shop.customer, {"name": "Anna B."})
    event = shop.events("customer.updated")[0].id
    visit(f"/events/{event}/resend", {})
    shown = visit(f"/events/{event}")
    assert ("Anna B." in shown.text, "500" in words(shown)) == (True, True)
    assert event in visit("/events?type=customer.updated").text
    assert event not in visit("/events?type=invoice").text
    assert visit("/events/evt_none").status == 404


def test_webhooks_page_switches_an_endpoint_off_and_on(visit: Any, shop: Any, receiver: Any) -> None:
    made = shop.client.v1.webhook_endpoints.create({"url": receiver.url, "enabled_events": ["*"]})
    assert made.secret in visit("/webhooks").text
    for action in ("disabled", "enabled"):
        visit(f"/webhooks/{made.id}", {"action": action})
        assert shop.client.v1.webhook_endpoints.retrieve(made.id).status == action
    visit(f"/webhooks/{made.id}", {"action": "delete"})
    assert shop.client.v1.webhook_endpoints.list().data == []


def test_requests_page_shows_what_was_asked_without_the_key(simulator: Any, visit: Any, client: Any) -> None:
    client.v1.customers.create({"name": "Anna"})
    shown = visit("/requests").text
    assert ("/v1/customers" in shown, simulator.key() in shown) == (True, False)
    visit("/requests/forget", {})
    assert simulator.requests() == []


@pytest.mark.parametrize("back", ["//evil.example", "https://evil.example", ""])
def test_a_form_leads_nowhere_else(visit: Any, back: str) -> None:
    assert visit("/faults/clear", {"back": back}).location == "/faults"
