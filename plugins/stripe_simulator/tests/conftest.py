"""One simulator, emptied for each test, driven by the real ``stripe`` package. The oracle judges all that it says."""

from __future__ import annotations

import http.server
import json
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import stripe
from flask import Response, request
from lms_stripe_simulator import testing
from lms_stripe_simulator.scope import Scope, public
from lms_stripe_simulator.steering import scopes

# The repository's root, as seen from plugins/stripe_simulator/tests/
CHECKOUT = Path(__file__).resolve().parents[3]
ORACLE = CHECKOUT.parent / "shared" / "stripe_oracle"
DAY = 86_400
WITHOUT_ID = ("invoice.upcoming", "data[object][id]: missing")
"""https://docs.stripe.com/api/events/types#event_types-invoice.upcoming says that this invoice has no id."""


@pytest.fixture(scope="session")
def oracle() -> Any:
    """What judges answers and events, fields that are not declared included; None where it is not installed."""
    if not ORACLE.is_dir():
        return None
    sys.path.append(str(ORACLE))
    import oracle as module  # outside the repository

    return module.default_oracle(closed_answers=True)


@pytest.fixture
def needs_oracle(oracle: Any) -> Any:
    """The oracle, for tests that are about it."""
    if oracle is None:
        pytest.skip("../shared/stripe_oracle is not here, so nothing can be compared with it")
    return oracle


@pytest.fixture(scope="session")
def faults() -> list[str]:
    """What the oracle has found wrong with answers since the list was last emptied."""
    return []


@pytest.fixture(scope="session")
def server(oracle: Any, faults: list[str]) -> Iterator[testing.Running]:
    """The simulator that all tests of a process share."""
    with testing.start() as running:
        if oracle is not None:
            running.app.after_request(lambda response: _judge(oracle, response, faults))
        yield running


@pytest.fixture
def simulator(server: testing.Running, oracle: Any, faults: list[str]) -> Iterator[testing.Running]:
    """A running simulator with the real time and no data but a new account."""
    server.control("POST", "reset", {})
    faults.clear()
    yield server
    if oracle is not None:
        _judge_events(oracle, server, faults)
    assert faults == []


def _judge(oracle: Any, response: Response, found: list[str]) -> Response:
    known = oracle.operation(request.method, request.path)
    if request.path.startswith("/v1/") and known is not None:
        verdict = oracle.judge_response(request.method, request.path, response.get_data(), response.status_code)
        found.extend(f"{response.status_code} {request.method} {request.path}: {fault}" for fault in verdict)
    return response


def _judge_events(oracle: Any, running: testing.Running, found: list[str]) -> None:
    state = running.app.extensions["simulator_control"].state
    for scope in scopes(state):
        for event in scope.each("event"):
            verdict = oracle.judge_event(public(event))
            found.extend(f"{event['type']}: {fault}" for fault in verdict if (event["type"], str(fault)) != WITHOUT_ID)


@pytest.fixture
def client(simulator: testing.Running) -> stripe.StripeClient:
    """The SDK with the simulator's restricted test key, without retries."""
    return connect(simulator, simulator.key())


def connect(simulator: testing.Running, key: str, **options: Any) -> stripe.StripeClient:
    """The SDK with a key."""
    return stripe.StripeClient(key, base_addresses={"api": simulator.url}, **options)


@pytest.fixture
def connecting(simulator: testing.Running) -> Any:
    """Makes an SDK client for a key."""
    return lambda key, **options: connect(simulator, key, **options)


@dataclass
class Shop:
    """Things to sell, and short words for what a site and a buyer do."""

    client: stripe.StripeClient
    product: str
    monthly: str
    once: str
    customer: str
    configuration: str
    simulator: testing.Running

    def session(self, mode: str = "subscription", price: str | None = None, **changes: Any) -> Any:
        """Open a checkout session for the customer."""
        wanted = price or (self.monthly if mode == "subscription" else self.once)
        params: dict[str, Any] = {
            "mode": mode,
            "customer": self.customer,
            "line_items": [{"price": wanted, "quantity": 1}],
            "success_url": "http://127.0.0.1:9/done?session_id={CHECKOUT_SESSION_ID}",
            "cancel_url": "http://127.0.0.1:9/back",
        }
        given = {name: value for name, value in (params | changes).items() if value is not None}
        return self.client.v1.checkout.sessions.create(given)  # type: ignore[arg-type]

    def subscribe(self, card: str = "4242424242424242", **changes: Any) -> Any:
        """Pay a subscription checkout; return the subscription."""
        session = self.session(**changes)
        testing.pay_checkout(session.url, card)
        done = self.client.v1.checkout.sessions.retrieve(session.id)
        return self.client.v1.subscriptions.retrieve(done.subscription)

    def subscription(self, identifier: str) -> Any:
        """Read a subscription again."""
        return self.client.v1.subscriptions.retrieve(identifier)

    def invoices(self) -> list[Any]:
        """The customer's invoices, newest first."""
        return list(self.client.v1.invoices.list({"customer": self.customer}).auto_paging_iter())

    def portal(self, **changes: Any) -> Any:
        """Open a portal session for the customer."""
        params = {
            "customer": self.customer,
            "configuration": self.configuration,
            "return_url": "http://127.0.0.1:9/account",
        }
        given = {name: value for name, value in (params | changes).items() if value is not None}
        return self.client.v1.billing_portal.sessions.create(given)  # type: ignore[arg-type]

    def events(self, *kinds: str) -> list[Any]:
        """Types of the events so far, oldest first, or the events of some types; also those older than 30 days."""
        state = self.simulator.app.extensions["simulator_control"].state
        account = self.simulator.state()["accounts"][0]["id"]
        found = [public(event) for event in Scope(state, account, False).each("event", oldest_first=True)]
        if not kinds:
            return [event["type"] for event in found]
        return [stripe.Event.construct_from(event, None) for event in found if event["type"] in kinds]


@pytest.fixture
def shop(client: stripe.StripeClient, simulator: testing.Running) -> Shop:
    """A product with a monthly and a one-time price, a customer, a portal configuration with everything common on."""
    v1 = client.v1
    product = v1.products.create({"name": "Every course"}).id
    monthly = v1.prices.create(
        {"product": product, "currency": "eur", "unit_amount": 900, "recurring": {"interval": "month"}}
    ).id
    once = v1.prices.create({"product": product, "currency": "eur", "unit_amount": 4900}).id
    customer = v1.customers.create({"email": "anna@example.org", "name": "Anna Berg"}).id
    configuration = v1.billing_portal.configurations.create(
        {
            "features": {
                "invoice_history": {"enabled": True},
                "payment_method_update": {"enabled": True},
                "subscription_cancel": {"enabled": True},
            }
        }
    ).id
    return Shop(client, product, monthly, once, customer, configuration, simulator)


@dataclass
class Receiver:
    """A site that listens for webhooks and answers with the statuses it is told, then with 200."""

    url: str
    bodies: list[bytes] = field(default_factory=list)
    signatures: list[str] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)

    @property
    def types(self) -> list[str]:
        """Types of the events that came, in that order."""
        return [json.loads(body)["type"] for body in self.bodies]

    @property
    def ids(self) -> list[str]:
        """Ids of the events that came, in that order."""
        return [json.loads(body)["id"] for body in self.bodies]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A site on a free port."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            told.signatures.append(self.headers["Stripe-Signature"])
            self.send_response(told.statuses.pop(0) if told.statuses else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_arguments: Any) -> None:
            """Keep quiet."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    told = Receiver(f"http://127.0.0.1:{server.server_port}/hook")
    thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.02))
    thread.start()
    yield told
    server.shutdown()
    thread.join()
    server.server_close()
