"""Signed deliveries, retries, and the faults of a network."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from typing import Any

import pytest
import stripe
from lms_stripe_simulator.delivery import is_loopback


@pytest.fixture
def listen(client: Any, receiver: Any) -> Callable[..., Any]:
    """Registers the receiver as an endpoint."""

    def register(*events: str, url: str | None = None) -> Any:
        return client.v1.webhook_endpoints.create(
            {"url": url or receiver.url, "enabled_events": list(events or ["*"]), "metadata": {"site_id": "1"}}
        )

    return register


def pending(simulator: Any) -> int:
    """How many deliveries are still to be made."""
    return int(simulator.state()["deliveries"]["pending"])


def test_event_arrives_signed_and_indented(simulator: Any, client: Any, listen: Any, receiver: Any) -> None:
    endpoint = listen()
    client.v1.customers.create({"name": "Änna"})
    simulator.deliver()
    body = receiver.bodies[0]
    event = stripe.Webhook.construct_event(body, receiver.signatures[0], endpoint.secret)
    assert (event.type, event.data.object.name, event.api_version) == ("customer.created", "Änna", stripe.api_version)
    assert body.startswith(b'{\n  "id"')


def test_secret_is_shown_once(client: Any, listen: Any) -> None:
    endpoint = listen()
    assert endpoint.secret.startswith("whsec_")
    assert "secret" not in client.v1.webhook_endpoints.retrieve(endpoint.id)
    assert "secret" not in client.v1.webhook_endpoints.list().data[0]


def test_control_address_shows_the_secret(simulator: Any, listen: Any) -> None:
    endpoint = listen()
    assert [(e["id"], e["secret"]) for e in simulator.state()["endpoints"]] == [(endpoint.id, endpoint.secret)]


def test_only_events_asked_for_arrive(simulator: Any, client: Any, listen: Any, receiver: Any) -> None:
    listen("product.created", "price.created")
    client.v1.customers.create({})
    client.v1.products.create({"name": "A"})
    simulator.deliver()
    assert receiver.types == ["product.created"]


def test_other_mode_hears_nothing(simulator: Any, connecting: Any, listen: Any, receiver: Any) -> None:
    listen()
    connecting(simulator.key(mode="live")).v1.customers.create({})
    simulator.deliver()
    assert receiver.types == []


@pytest.mark.parametrize("status", [500, 404, 302, 308])
def test_anything_but_2xx_is_tried_again(simulator: Any, client: Any, listen: Any, receiver: Any, status: int) -> None:
    listen()
    receiver.statuses.append(status)
    client.v1.customers.create({})
    simulator.deliver()
    simulator.deliver()
    assert receiver.types == ["customer.created"] * 2
    assert len(set(receiver.ids)) == 1
    assert pending(simulator) == 0


def test_pending_webhooks_are_counted_down(simulator: Any, client: Any, listen: Any, receiver: Any) -> None:
    listen()
    receiver.statuses.append(500)
    client.v1.customers.create({})
    event = client.v1.events.list().data[0]
    assert event.pending_webhooks == 1
    simulator.deliver()
    simulator.deliver()
    assert client.v1.events.retrieve(event.id).pending_webhooks == 0


def test_site_that_is_not_there_blocks_nobody(simulator: Any, client: Any, listen: Any, receiver: Any) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        listen(url=f"http://127.0.0.1:{unused.getsockname()[1]}/hook")
        listen()
        client.v1.customers.create({})
        simulator.deliver()
    assert receiver.types == ["customer.created"]
    assert pending(simulator) == 1


def test_nothing_is_sent_beyond_this_machine(simulator: Any, client: Any, listen: Any) -> None:
    listen(url="https://stoa.test/hook")
    client.v1.customers.create({})
    simulator.deliver()
    told = simulator.state()["events"][0]["deliveries"][0]
    assert (told["state"], "loopback" in told["answer"]) == ("failed", True)


@pytest.mark.parametrize(
    ("host", "answer"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("localhost", True),
        ("stoa.localhost", True),
        ("10.0.0.1", False),
        ("0.0.0.0", False),
        ("stripe.com", False),
        ("localhost.example.org", False),
        (None, False),
    ],
)
def test_loopback_is_known_by_name(host: str | None, answer: bool) -> None:
    assert is_loopback(host) is answer


def test_duplicate_sends_one_event_twice(simulator: Any, client: Any, listen: Any, receiver: Any) -> None:
    listen()
    simulator.faults("duplicate", "webhooks", next=1)
    client.v1.customers.create({})
    client.v1.customers.create({})
    simulator.deliver()
    assert len(receiver.ids) == 3
    assert len(set(receiver.ids)) == 2


def test_dropped_event_never_comes_but_is_listed(simulator: Any, client: Any, listen: Any, receiver: Any) -> None:
    listen()
    simulator.faults("drop", "webhooks")
    client.v1.customers.create({})
    simulator.deliver()
    simulator.faults()
    client.v1.products.create({"name": "A"})
    simulator.deliver()
    assert receiver.types == ["product.created"]
    assert [e.type for e in client.v1.events.list().data] == ["product.created", "customer.created"]


def test_reorder_changes_the_order(simulator: Any, shop: Any, listen: Any, receiver: Any) -> None:
    listen()
    simulator.faults("reorder", "webhooks", seed=1)
    shop.subscribe()
    simulator.deliver()
    made = [event.id for event in shop.client.v1.events.list({"limit": 100}).data][::-1]
    made = [identifier for identifier in made if identifier in receiver.ids]
    assert sorted(receiver.ids) == sorted(made)
    assert receiver.ids != made


def test_delayed_event_waits(simulator: Any, client: Any, listen: Any, receiver: Any) -> None:
    listen()
    simulator.faults("delay", "webhooks", next=1, seconds=60)
    client.v1.customers.create({})
    client.v1.products.create({"name": "A"})
    for _ in range(200):
        if receiver.types:
            break
        simulator.state()
    assert receiver.types == ["product.created"]
    assert pending(simulator) == 1


def test_event_can_be_sent_again(simulator: Any, client: Any, listen: Any, receiver: Any) -> None:
    listen()
    client.v1.customers.create({})
    simulator.deliver()
    simulator.resend(client.v1.events.list().data[0].id)
    assert receiver.types == ["customer.created"] * 2


def test_disabled_and_deleted_endpoints_hear_nothing(simulator: Any, client: Any, listen: Any, receiver: Any) -> None:
    endpoint = listen()
    client.v1.webhook_endpoints.update(endpoint.id, {"disabled": True})
    client.v1.customers.create({})
    client.v1.webhook_endpoints.update(endpoint.id, {"disabled": False})
    assert client.v1.webhook_endpoints.delete(endpoint.id).deleted is True
    client.v1.customers.create({})
    simulator.deliver()
    assert receiver.types == []


def test_advancing_delivers_what_it_caused(simulator: Any, shop: Any, listen: Any, receiver: Any) -> None:
    shop.subscribe()
    listen("invoice.paid")
    simulator.advance(32 * 86_400)
    assert receiver.types == ["invoice.paid"]
    assert json.loads(receiver.bodies[0])["data"]["object"]["billing_reason"] == "subscription_cycle"


def test_forged_copy_comes_before_the_real_event(simulator: Any, client: Any, listen: Any, receiver: Any) -> None:
    endpoint = listen()
    simulator.faults("forged", "webhooks", next=1)
    client.v1.customers.create({})
    simulator.deliver()
    forged, real = zip(receiver.bodies, receiver.signatures, strict=True)
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.Webhook.construct_event(*forged, endpoint.secret)
    assert stripe.Webhook.construct_event(*real, endpoint.secret).type == "customer.created"


def test_moving_the_clock_makes_the_next_attempt_due(simulator: Any, client: Any, listen: Any, receiver: Any) -> None:
    listen()
    receiver.statuses += [500] * 8
    client.v1.customers.create({})
    for hours in (0, 1, 1, 1, 1, 1, 1, 1, 4):
        simulator.advance(hours * 3_600)
    assert receiver.types == ["customer.created"] * 9
    assert pending(simulator) == 0


def test_event_is_given_up_after_three_days(simulator: Any, client: Any, listen: Any, receiver: Any) -> None:
    listen()
    receiver.statuses += [500] * 9
    client.v1.customers.create({})
    simulator.deliver()
    simulator.advance(3 * 86_400)
    told = simulator.state()["events"][0]["deliveries"][0]
    assert (told["state"], told["answer"], pending(simulator)) == ("failed", "500", 0)


def test_endpoint_that_answers_wrongly_for_five_days_is_switched_off(
    simulator: Any, client: Any, listen: Any, receiver: Any
) -> None:
    endpoint = listen()
    receiver.statuses += [302] * 40
    for _ in range(5):
        assert client.v1.webhook_endpoints.retrieve(endpoint.id).status == "enabled"
        client.v1.customers.create({})
        simulator.deliver()
        simulator.advance(86_400)
    assert client.v1.webhook_endpoints.retrieve(endpoint.id).status == "disabled"


def test_one_success_keeps_an_endpoint_on(simulator: Any, client: Any, listen: Any, receiver: Any) -> None:
    endpoint = listen()
    for _ in range(7):
        receiver.statuses.append(500)
        client.v1.customers.create({})
        simulator.deliver()
        simulator.advance(86_400)
    assert client.v1.webhook_endpoints.retrieve(endpoint.id).status == "enabled"


def test_attempts_are_logged_with_answer_and_time(simulator: Any, client: Any, listen: Any, receiver: Any) -> None:
    endpoint = listen()
    receiver.statuses.append(503)
    client.v1.customers.create({})
    simulator.deliver()
    simulator.deliver()
    log = simulator.control("GET", f"endpoints/{endpoint.id}/attempts")["attempts"]
    assert [entry["answer"] for entry in log] == ["200", "503"]
    assert all(entry["milliseconds"] >= 0 for entry in log)


def test_secret_is_rotated_by_a_second_endpoint(simulator: Any, client: Any, listen: Any, receiver: Any) -> None:
    old = listen()
    new = listen()
    assert old.secret != new.secret
    client.v1.webhook_endpoints.delete(old.id)
    client.v1.customers.create({})
    simulator.deliver()
    assert len(receiver.bodies) == 1
    stripe.Webhook.construct_event(receiver.bodies[0], receiver.signatures[0], new.secret)


def test_version_of_an_endpoint_is_fixed(client: Any, listen: Any) -> None:
    endpoint = listen()
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.webhook_endpoints.update(endpoint.id, {"api_version": stripe.api_version})
    assert caught.value.code == "parameter_unknown"


def test_events_are_listed_for_thirty_days(simulator: Any, client: Any) -> None:
    client.v1.customers.create({})
    event = client.v1.events.list({"types": ["customer.created", "customer.updated"]}).data[0].id
    simulator.advance(30 * 86_400 + 5)
    client.v1.products.create({"name": "A"})
    assert [e.type for e in client.v1.events.list().data] == ["product.created"]
    with pytest.raises(stripe.InvalidRequestError, match="No such event"):
        client.v1.events.retrieve(event)
