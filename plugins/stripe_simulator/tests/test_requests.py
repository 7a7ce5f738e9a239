"""Keys, versions, parameters, paging, expansion, idempotency: what every request meets."""

from __future__ import annotations

import json
import threading
import urllib.error
import urllib.request
from typing import Any

import pytest
import stripe
from lms_stripe_simulator.routing import OPERATIONS
from lms_stripe_simulator.schema import parameters

SESSION = {
    "mode": "payment",
    "line_items": [{"price": "price_1", "quantity": 1}],
    "success_url": "https://stoa.test/done",
}


def test_account_says_who_sells(client: Any) -> None:
    account = client.v1.accounts.retrieve_current()
    assert (account.business_profile.name, account.country, account.default_currency) == ("Long Table", "DE", "eur")


@pytest.mark.parametrize("kind", ["restricted", "secret"])
@pytest.mark.parametrize("mode", ["test", "live"])
def test_each_key_of_the_account_opens_its_own_mode(simulator: Any, connecting: Any, kind: str, mode: str) -> None:
    assert connecting(simulator.key(kind, mode)).v1.balance.retrieve().livemode is (mode == "live")


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("rk_test_unknown", "Invalid API Key provided: rk_test"),
        ("sk_live_51Habcdefghijklmnop", "takes no live keys but its own"),
        ("rk_live_51Habcdefghijklmnop", "takes no live keys but its own"),
        ("rk_live_simulator_unknown", "Invalid API Key"),
        ("pk_test_1234567890abcdef", "publishable"),
    ],
)
def test_other_keys_are_refused_and_never_shown_whole(connecting: Any, key: str, words: str) -> None:
    with pytest.raises(stripe.AuthenticationError, match=words) as caught:
        connecting(key).v1.balance.retrieve()
    assert key not in str(caught.value)


def test_request_without_a_key_gets_401(simulator: Any) -> None:
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(f"{simulator.url}/v1/balance")
    with caught.value as error:
        assert (error.code, "did not provide an API key" in error.read().decode()) == (401, True)


def test_missing_permission_is_named(simulator: Any, connecting: Any) -> None:
    key = simulator.key(deny=("billing_portal_configuration:write",))
    v1 = connecting(key).v1
    assert v1.billing_portal.configurations.list().data == []
    with pytest.raises(stripe.PermissionError, match="rak_billing_portal_configuration_write"):
        v1.billing_portal.configurations.create({"features": {"invoice_history": {"enabled": True}}})


def test_another_api_version_is_refused(simulator: Any, connecting: Any) -> None:
    old = connecting(simulator.key(), stripe_version="2022-11-15")
    with pytest.raises(stripe.InvalidRequestError, match="Invalid Stripe API version: 2022-11-15"):
        old.v1.balance.retrieve()


WRONG: list[tuple[dict[str, Any], str, str | None]] = [
    ({"sucess_url": "https://stoa.test"}, "sucess_url", "parameter_unknown"),
    ({"payment_method_types": ["card"]}, "payment_method_types", "parameter_unknown"),
    ({"mode": "subscribe"}, "mode", None),
    ({"line_items": [{"price": "price_1", "qty": 1}]}, "line_items[0][qty]", "parameter_unknown"),
    ({"line_items": [{"price": "p", "quantity": "one"}]}, "line_items[0][quantity]", "parameter_invalid_integer"),
    ({"line_items": {"price": "price_1"}}, "line_items", "parameter_invalid_array"),
    ({"subscription_data": {"trial_days": 7}}, "subscription_data[trial_days]", "parameter_unknown"),
    ({"allow_promotion_codes": "yes"}, "allow_promotion_codes", "parameter_invalid_boolean"),
    ({"metadata": "text"}, "metadata", "parameter_invalid_hash"),
    ({"client_reference_id": ""}, "client_reference_id", "parameter_invalid_empty"),
]


@pytest.mark.parametrize(("change", "param", "code"), WRONG)
def test_wrong_parameter_is_named_as_stripe_names_it(
    client: Any, change: dict[str, Any], param: str, code: str | None
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.checkout.sessions.create({**SESSION, **change})
    assert (caught.value.param, caught.value.code, caught.value.http_status) == (param, code, 400)


def test_misspelt_name_comes_with_the_right_one(client: Any) -> None:
    with pytest.raises(stripe.InvalidRequestError, match=r"sucess_url\. Did you mean success_url\?"):
        client.v1.checkout.sessions.create({**SESSION, "sucess_url": "https://stoa.test"})


def test_missing_parameter_is_named(client: Any) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.prices.create({"product": "prod_1", "unit_amount": 100})
    assert (caught.value.param, caught.value.code) == ("currency", "parameter_missing")


def test_each_operation_takes_what_the_sdk_sends_to_it(needs_oracle: Any) -> None:
    for found in OPERATIONS:
        if not isinstance(found.params, str):
            continue  # what the SDK does not know
        known = needs_oracle.operation(found.method, found.template)
        assert known is not None, found
        names = set(known.request["properties"])
        assert set(parameters(found.params).readers) == names, found


def test_unknown_address_is_refused(simulator: Any, client: Any) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="Unrecognized request URL"):
        client.v1.quotes.list()
    assert simulator.requests()[0]["status"] == 404


def test_unknown_id_gives_404_in_the_path_and_400_in_a_parameter(client: Any) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="No such customer: 'cus_none'") as in_path:
        client.v1.customers.retrieve("cus_none")
    with pytest.raises(stripe.InvalidRequestError, match="No such customer: 'cus_none'") as in_parameter:
        client.v1.billing_portal.sessions.create({"customer": "cus_none"})
    assert (in_path.value.http_status, in_parameter.value.http_status) == (404, 400)
    assert {in_path.value.code, in_parameter.value.code} == {"resource_missing"}


def test_id_of_the_other_mode_comes_with_a_hint(simulator: Any, client: Any, connecting: Any) -> None:
    customer = connecting(simulator.key(mode="live")).v1.customers.create({"email": "a@example.org"})
    with pytest.raises(stripe.InvalidRequestError, match="exists in live mode, but a test mode key was used"):
        client.v1.customers.retrieve(customer.id)


def test_another_account_sees_nothing_of_the_first(simulator: Any, client: Any, connecting: Any) -> None:
    client.v1.customers.create({"email": "a@example.org"})
    other = simulator.control("POST", "accounts", {"name": "Short Table", "country": "FR"})
    v1 = connecting(other["keys"][0]["key"]).v1
    assert v1.customers.list().data == []
    assert v1.accounts.retrieve_current().business_profile.name == "Short Table"


def test_lists_are_paged_by_cursor_in_both_directions(client: Any) -> None:
    made = [client.v1.customers.create({"name": str(number)}).id for number in range(5)]
    first = client.v1.customers.list({"limit": 2})
    assert ([c.id for c in first.data], first.has_more) == ([made[4], made[3]], True)
    second = client.v1.customers.list({"limit": 2, "starting_after": made[3]})
    assert ([c.id for c in second.data], second.has_more) == ([made[2], made[1]], True)
    back = client.v1.customers.list({"limit": 2, "ending_before": made[2]})
    assert ([c.id for c in back.data], back.has_more) == ([made[4], made[3]], False)
    assert [c.id for c in client.v1.customers.list({"limit": 2}).auto_paging_iter()] == made[::-1]


@pytest.mark.parametrize("params", [{"limit": 0}, {"limit": 101}, {"starting_after": "cus_x"}, {"ending_before": "x"}])
def test_wrong_page_is_refused(client: Any, params: dict[str, Any]) -> None:
    client.v1.customers.create({})
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.customers.list(params)
    assert caught.value.param == next(iter(params))


def test_expansion_replaces_ids_at_depth(shop: Any) -> None:
    subscription = shop.subscribe()
    found = shop.client.v1.subscriptions.retrieve(
        subscription.id,
        {"expand": ["latest_invoice.payments.data.payment.payment_intent", "customer", "items.data.price.product"]},
    )
    assert found.latest_invoice.payments.data[0].payment.payment_intent.status == "succeeded"
    assert (found.customer.email, found["items"].data[0].price.product.name) == ("anna@example.org", "Every course")


@pytest.mark.parametrize("path", ["email", "nonsense", "email.domain", "a.b.c.d.e"])
def test_what_cannot_be_expanded_is_refused(client: Any, path: str) -> None:
    customer = client.v1.customers.create({"email": "a@example.org"})
    with pytest.raises(stripe.InvalidRequestError, match="expand"):
        client.v1.customers.retrieve(customer.id, {"expand": [path]})


def test_same_idempotency_key_creates_once_and_repeats_the_answer(client: Any) -> None:
    options = {"idempotency_key": "customer-of-person-7"}
    first = client.v1.customers.create({"name": "Anna"}, options)
    second = client.v1.customers.create({"name": "Anna"}, options)
    assert first.id == second.id
    assert second.last_response.headers["Idempotent-Replayed"] == "true"
    assert len(client.v1.customers.list().data) == 1


def test_same_key_with_other_parameters_is_refused(client: Any) -> None:
    options = {"idempotency_key": "one"}
    client.v1.customers.create({"name": "Anna"}, options)
    with pytest.raises(stripe.IdempotencyError, match="same parameters"):
        client.v1.customers.create({"name": "Berta"}, options)


def test_wrong_parameters_leave_no_answer_behind(client: Any) -> None:
    options = {"idempotency_key": "one"}
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.customers.create({"nme": "Anna"}, options)
    assert client.v1.customers.create({"name": "Anna"}, options).name == "Anna"


def test_refusal_by_a_resource_is_repeated_under_its_key(shop: Any) -> None:
    options = {"idempotency_key": "one"}
    wanted = {"promotion": {"type": "coupon", "coupon": "LATER"}}
    with pytest.raises(stripe.InvalidRequestError):
        shop.client.v1.promotion_codes.create(wanted, options)
    shop.client.v1.coupons.create({"id": "LATER", "percent_off": 10})
    with pytest.raises(stripe.InvalidRequestError, match="No such coupon"):
        shop.client.v1.promotion_codes.create(wanted, options)


def test_key_in_use_gives_409(simulator: Any, connecting: Any) -> None:
    api = simulator.app.extensions["simulator_api"]
    account = simulator.state()["accounts"][0]["id"]
    with api.running_lock:
        api.running.add((f"{account}:test", "busy"))
    client = connecting(simulator.key(), max_network_retries=0)
    with pytest.raises(stripe.StripeError) as caught:
        client.v1.customers.create({"name": "Anna"}, {"idempotency_key": "busy"})
    assert (caught.value.http_status, caught.value.error.code) == (409, "idempotency_key_in_use")


def test_eight_threads_with_one_key_make_one_customer(simulator: Any, client: Any, connecting: Any) -> None:
    found: list[str] = []

    def create() -> None:
        own = connecting(simulator.key(), max_network_retries=6)
        found.append(own.v1.customers.create({"name": "Anna"}, {"idempotency_key": "race"}).id)

    threads = [threading.Thread(target=create) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(found), len(set(found)), len(client.v1.customers.list().data)) == (8, 1, 1)


def test_injected_500s_are_overcome_by_the_sdks_retries_with_one_key(simulator: Any, connecting: Any) -> None:
    simulator.faults("500", "POST /v1/customers", next=2)
    connecting(simulator.key(), max_network_retries=2).v1.customers.create({"name": "Anna"})
    told = simulator.requests()
    assert [entry["status"] for entry in told[:3]] == [200, 500, 500]
    assert len({entry["idempotency_key"] for entry in told[:3]}) == 1


def test_stored_500_is_repeated_under_its_key(simulator: Any, client: Any) -> None:
    simulator.faults("500", "POST /v1/customers", next=1, stored=True)
    for _ in range(2):
        with pytest.raises(stripe.APIError):
            client.v1.customers.create({"name": "Anna"}, {"idempotency_key": "one", "max_network_retries": 0})
    assert client.v1.customers.list().data == []
    assert client.v1.customers.create({"name": "Anna"}, {"idempotency_key": "two"}).name == "Anna"


def test_lost_answer_is_found_again_under_its_key(simulator: Any, client: Any) -> None:
    simulator.faults("500", "POST /v1/customers", next=1, after=True)
    options = {"idempotency_key": "one", "max_network_retries": 0}
    with pytest.raises(stripe.APIError):
        client.v1.customers.create({"name": "Anna"}, options)
    again = client.v1.customers.create({"name": "Anna"}, options)
    assert [c.id for c in client.v1.customers.list().data] == [again.id]


def test_cut_connection_is_a_connection_error_and_the_work_is_done(simulator: Any, client: Any) -> None:
    simulator.faults("drop", "POST /v1/customers", next=1)
    with pytest.raises(stripe.APIConnectionError):
        client.v1.customers.create({"name": "Anna"}, {"max_network_retries": 0})
    assert len(client.v1.customers.list().data) == 1


def test_rate_limit_is_a_429(simulator: Any, client: Any) -> None:
    simulator.faults("429", "*", next=1)
    with pytest.raises(stripe.RateLimitError):
        client.v1.customers.list()


def test_rate_limit_that_says_retry_is_overcome_by_the_sdk(simulator: Any, connecting: Any) -> None:
    simulator.faults("429", "*", next=1, should_retry=True)
    connecting(simulator.key(), max_network_retries=1).v1.customers.list()
    assert [entry["status"] for entry in simulator.requests()[:2]] == [200, 429]


def test_idempotency_keys_are_forgotten_after_a_day_of_the_simulators_clock(simulator: Any, client: Any) -> None:
    options = {"idempotency_key": "one"}
    first = client.v1.customers.create({"name": "Anna"}, options)
    simulator.advance(86_000)
    assert client.v1.customers.create({"name": "Anna"}, options).id == first.id
    simulator.advance(500)
    assert client.v1.customers.create({"name": "Anna"}, options).id != first.id


def test_request_without_a_version_is_taken(simulator: Any) -> None:
    request = urllib.request.Request(
        f"{simulator.url}/v1/balance", headers={"Authorization": f"Bearer {simulator.key()}"}
    )
    with urllib.request.urlopen(request) as answer:
        assert (answer.status, answer.headers["Stripe-Version"]) == (200, stripe.api_version)


def test_fault_of_the_simulator_itself_is_a_json_answer(
    simulator: Any, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stumble(*_arguments: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("lms_stripe_simulator.api.read", stumble)
    with pytest.raises(stripe.APIError, match="fault of the simulator itself"):
        client.v1.customers.list({}, {"max_network_retries": 0})


def test_log_shows_what_was_asked(simulator: Any, client: Any) -> None:
    simulator.forget_requests()
    client.v1.customers.create({"name": "Anna", "metadata": {"person": "7"}})
    entry = simulator.requests()[0]
    assert (entry["method"], entry["path"], entry["status"]) == ("POST", "/v1/customers", 200)
    assert entry["params"] == {"name": "Anna", "metadata": {"person": "7"}}
    assert (entry["version"], bool(entry["idempotency_key"])) == (stripe.api_version, True)


def test_answer_carries_a_request_id(client: Any) -> None:
    answer = client.v1.balance.retrieve().last_response
    assert answer.headers["Request-Id"].startswith("req_")
    assert json.loads(answer.body)["object"] == "balance"
