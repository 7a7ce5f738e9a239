"""Fixtures of the plugin's tests: the site and the simulator side by side, and short words for what people do there."""

from __future__ import annotations

import json
import re
import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import stripe
from lms_stripe import client, connect, connections, events
from lms_stripe.checkout import StripePayments
from lms_stripe.models import ConnectionRow, SyncTask, WebhookEndpoint
from lms_stripe_simulator import testing
from sqlalchemy import update
from stripe import WebhookSignature

from lms.api import access, clock, commerce, db, settings


@dataclass
class Simulator:
    """The stand-in for Stripe, answering over HTTP in a thread of its own."""

    running: testing.Running

    @property
    def url(self) -> str:
        return self.running.url

    def state(self) -> Any:
        return self.running.state()

    def key(self, mode: str = "test", **wanted: Any) -> str:
        """A restricted key; with ``deny`` a new one that lacks permissions."""
        return self.running.key(mode=mode, **wanted)

    def calls(self) -> list[str]:
        """Requests since the last look, oldest first: ``POST /v1/customers``."""
        told = [f"{entry['method']} {entry['path']}" for entry in reversed(self.running.requests())]
        self.running.forget_requests()
        return told

    def advance(self, **duration: float) -> None:
        """Move the simulator's clock; nothing is delivered by itself."""
        self.running.advance(timedelta(**duration).total_seconds(), deliver=False)

    def stripe(self, mode: str = "test") -> Any:
        """What somebody does at Stripe by other means: the Dashboard, another program."""
        return client.build(self.key(mode))

    def go_down(self) -> None:
        """Answer nothing but failures, until ``come_back``."""
        self.running.faults("500", "*")

    def come_back(self) -> None:
        self.running.faults()

    def settle(self, session_id: str, outcome: str) -> None:
        """The bank debit behind a session arrives, or does not."""
        session = self.stripe().v1.checkout.sessions.retrieve(session_id)
        intent = session.payment_intent
        if intent is None:
            paid_by = self.stripe().v1.invoice_payments.list({"invoice": session.invoice})
            intent = paid_by.data[0].payment.payment_intent
        self.running.settle(intent, outcome)


@dataclass
class Stage:
    """A site that is connected to the simulator, and what people do with it."""

    site: Any
    simulator: Simulator
    make: Any
    seen: set[str] = field(default_factory=set)

    def connect(self, mode: str = "test", key: str = "") -> connections.Connection:
        made = connect.begin(key or self.simulator.key(mode), actor_id=None)
        found = connections.get(made.id)
        db.commit()
        return found

    def offer(self, kind: str = "subscription", **facts: Any) -> Any:
        course = self.make.course(lessons=1, sections=1)
        facts.setdefault("amount", 900 if kind == "subscription" else 4900)
        return self.make.offer(self.make.product(course), kind=kind, **facts)

    def order(self, person: Any, offer: Any) -> Any:
        placed = commerce.place_order(person.id, offer.id, "stripe", clock.now())
        db.commit()
        return placed

    def start(self, person: Any, offer: Any) -> str:
        """The address of the person's checkout page."""
        return self.start_order(self.order(person, offer), offer)

    def start_order(self, order: Any, offer: Any) -> str:
        return StripePayments().start(order, offer.checkout_path)

    def session_of(self, address: str) -> str:
        found = re.search(r"cs_\w+", address)
        assert found, address
        return found.group(0)

    def buy(self, person: Any, offer: Any, way: str = "4242424242424242") -> str:
        """Through the checkout page to its end; returns the session. Nothing has been delivered yet."""
        address = self.start(person, offer)
        self.simulator.running.pay_checkout(address, way)
        return self.session_of(address)

    def subscribe(self, **facts: Any) -> tuple[Any, Any, str]:
        """A person who pays every month: person, offer, id of the subscription."""
        person, offer = self.make.person(), self.offer(**facts)
        self.buy(person, offer)
        self.deliver()
        listed = self.simulator.stripe().v1.subscriptions.list({"limit": 1})
        return person, offer, listed.data[0].id

    def undelivered(self) -> list[dict[str, Any]]:
        """Events that the site has not got from us, oldest first."""
        listed = client.plain(self.simulator.stripe().v1.events.list({"limit": 100}))["data"]
        return [event for event in reversed(listed) if event["id"] not in self.seen]

    def post(self, event: dict[str, Any]) -> int:
        """Deliver one event as Stripe does; the status of our answer."""
        self.seen.add(event["id"])
        endpoint = next(e for e in self.simulator.state()["endpoints"] if e["status"] == "enabled")
        body = json.dumps(event, indent=2)
        signature = WebhookSignature.generate_signature_header(body, endpoint["secret"])
        path = "/" + endpoint["url"].split("/", 3)[3]
        answer = self.site.client().post(path, data=body, headers={"Stripe-Signature": signature})
        return int(answer.status_code)

    def deliver(self) -> None:
        """Deliver all events that there are, and let the worker work."""
        for event in self.undelivered():
            assert self.post(event) == 200, event["type"]
        self.work()

    def work(self) -> None:
        self.site.commit()
        self.site.jobs.run_due()

    def work_after_a_rest(self) -> None:
        """The same, once objects that were told of many times in a moment may be read again."""
        self.site.commit()
        db.session.execute(update(SyncTask).values(not_before=clock.real_now()))
        self.site.commit()
        self.site.jobs.run_due(at=clock.real_now() + timedelta(minutes=1))

    def is_in(self, person: Any, offer: Any) -> bool:
        """Whether the person may enter what the offer sells."""
        db.rollback()
        decision = access.decide_product(person.id, offer.product_id, clock.now())
        db.commit()
        return bool(decision.allowed)


SECRET = "whsec_of_the_endpoint"


ORACLE = Path(__file__).resolve().parents[3].parent / "shared" / "stripe_oracle"


@pytest.fixture(scope="session")
def _simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    with testing.start(data=tmp_path_factory.mktemp("simulator")) as started:
        yield Simulator(started)


@pytest.fixture
def simulator(_simulator: Simulator) -> Simulator:
    """The simulator, as new."""
    _simulator.running.control("POST", "reset", {})
    return _simulator


@pytest.fixture(scope="session")
def _oracle() -> Any:
    """What judges requests and answers by the SDK's own types; None, with a word, where it is not there."""
    if not ORACLE.is_dir():
        warnings.warn(f"{ORACLE} is absent: requests are judged by the simulator only", stacklevel=1)
        return None
    sys.path.append(str(ORACLE))
    return pytest.importorskip("oracle")


@pytest.fixture(autouse=True)
def judged(_oracle: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Every request of every test is one that Stripe would take, and every answer one that it could give."""
    http = stripe.RequestsClient(timeout=(3, 10))
    judge = _oracle.OracleHTTPClient(http) if _oracle is not None else http
    monkeypatch.setattr(client, "http_client_factory", lambda: judge)
    # The package tries again as always; how long it rests before that says nothing here.
    monkeypatch.setattr(stripe.HTTPClient, "INITIAL_DELAY", 0.001)
    monkeypatch.setattr(stripe.HTTPClient, "MAX_DELAY", 0.001)
    yield judge
    http.close()
    assert getattr(judge, "violations", []) == []


@pytest.fixture
def site_options(request: pytest.FixtureRequest) -> dict[str, Any]:
    options: dict[str, Any] = {"plugins": ("stripe",)}
    if "simulator" in request.fixturenames or "stage" in request.fixturenames:
        options["stripe_api_base"] = request.getfixturevalue("simulator").url
    return options


@pytest.fixture
def stage(site: Any, simulator: Simulator, make: Any) -> Stage:
    """A site and the simulator; not connected yet."""
    return Stage(site, simulator, make)


@pytest.fixture
def connected(stage: Stage) -> Stage:
    """A site that is connected to the simulator."""
    stage.connect()
    return stage


@dataclass
class Hook:
    """Our webhook address, and Stripe's way of signing."""

    site: Any
    connection_id: int
    endpoint_id: int
    token: str = "token1"
    secret: str = SECRET
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def path(self) -> str:
        return f"/ext/stripe/hook/{self.token}"

    def body(self, kind: str = "customer.updated", event_id: str = "evt_1", **changes: Any) -> str:
        event = {
            "id": event_id,
            "object": "event",
            "type": kind,
            "api_version": client.PINNED,
            "created": 1_800_000_000,
            "livemode": False,
            "data": {"object": {"id": "cus_1", "object": "customer"}},
        }
        # As Stripe sends it: with line breaks, which a proxy must not touch.
        return json.dumps(event | changes, indent=2)

    def post(self, body: str | bytes, signature: str | None = "", path: str = "") -> Any:
        if signature == "":
            text = body if isinstance(body, str) else body.decode("latin-1")
            signature = WebhookSignature.generate_signature_header(text, self.secret)
        headers = {"Stripe-Signature": signature} if signature is not None else {}
        return self.site.client().post(path or self.path, data=body, headers=headers)


@pytest.fixture
def hook(site: Any) -> Hook:
    """An endpoint that knows its secret, without anybody at the other end."""
    connection = ConnectionRow(
        account_id="acct_1", livemode=False, mode="test", site_id="site1", status="active", account_name="Long Table"
    )
    db.session.add(connection)
    db.session.flush()
    endpoint = WebhookEndpoint(
        connection_id=connection.id,
        stripe_id="we_1",
        token="token1",
        url="http://localhost/ext/stripe/hook/token1",
        api_version=client.PINNED,
        events=list(events.TYPES),
        secret=settings.seal("stripe_webhook_endpoint.token1", SECRET),
    )
    db.session.add(endpoint)
    db.session.flush()
    made = Hook(site, connection.id, endpoint.id)
    db.commit()
    return made
