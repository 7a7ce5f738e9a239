"""Pitfalls as Stripe, students and owners meet them: everything in these tests goes through pages and requests."""

from __future__ import annotations

import base64
import json
import logging
import re
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
import stripe as sdk
from lms_stripe import client, connections, detours, health, polling, sync
from lms_stripe.models import ConnectionRow, Customer, Event, SyncTask, WebhookEndpoint
from sqlalchemy import func, select, update
from stripe import WebhookSignature
from werkzeug.serving import make_server

from lms.api import clock, commerce, content, db
from lms.api.content import go_address

SETTINGS = "/admin/settings/stripe"
LINK = "stripe/customer-portal"
SESSIONS = "POST /v1/billing_portal/sessions"


def press(browser: Any, action: str, page: str = SETTINGS, **fields: Any) -> Any:
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', browser.get(page).text)
    assert found
    return browser.post(action, data={**fields, "csrf_token": found.group(1)})


def here(livemode: bool = False) -> connections.Connection:
    db.rollback()
    found = next(row for row in connections.all_of_them() if row.livemode is livemode)
    db.rollback()
    return found


def requests(stage: Any, route: str = "") -> list[Any]:
    told = reversed(stage.simulator.running.requests())
    return [entry for entry in told if not route or f"{entry['method']} {entry['path']}" == route]


# 21: drawing


@pytest.mark.feature("B-01", "B-18")
def test_pitfall_21_a_page_of_twenty_buttons_calls_nobody_and_is_the_same_for_all_buyers(
    connected: Any, sign_in: Any
) -> None:
    link = {"kind": "dynamic", "source": "stripe", "key": "customer-portal"}
    button = {"text": "Manage", "link": link}
    page = connected.make.page(*(content.new_block("core/button", dict(button)) for _ in range(20)))
    people = [connected.subscribe()[0] for _ in range(3)]
    connected.simulator.calls()
    addresses = []
    for person in people:
        answer = sign_in(person).get(f"/{page.slug}")
        assert "private" in answer.headers["Cache-Control"]
        addresses.append(re.findall(r'href="(/go/stripe/customer-portal[^"]*)"', answer.text))
    assert connected.simulator.calls() == []
    assert [len(each) for each in addresses] == [20, 20, 20]
    assert len({address for each in addresses for address in each}) == 1
    assert sign_in(people[0]).get(addresses[0][0].replace("&amp;", "&")).status_code == 303
    assert connected.simulator.calls() == [SESSIONS]


# 24: two modes


@pytest.mark.feature("B-14")
def test_pitfall_24_both_modes_are_heard_and_no_id_ever_meets_the_key_of_the_other(
    connected: Any, sign_in: Any
) -> None:
    early, first_offer, _subscription = connected.subscribe()
    owner = sign_in(connected.make.person(role="owner"))
    key = connected.simulator.key("live")
    press(owner, "/ext/stripe/connect", "/ext/stripe/connect", secret_key=key)
    press(owner, f"/ext/stripe/connections/{here(livemode=True).id}/sell")
    late = connected.make.person()
    session_id = connected.session_of(connected.start(late, first_offer))
    assert session_id.startswith("cs_live_")
    # Meanwhile the subscription of the test mode is cancelled, and the site hears of it.
    connected.simulator.running.forget_requests()
    sign_in(early).get(go_address(LINK, {}, "/"))
    portal = requests(connected, SESSIONS)[-1]
    assert portal["key"].startswith("rk_test_")
    listed = connected.simulator.stripe().v1.subscriptions.list().data
    connected.simulator.stripe().v1.subscriptions.cancel(listed[0].id)
    connected.deliver()
    assert not connected.is_in(early, first_offer)
    ids = {"rk_test": set(), "rk_live": set()}
    for entry in requests(connected):
        ids[entry["key"][:7]] |= set(re.findall(r"(?:cus|sub|cs|price|in|pi)_\w{6,}", json.dumps(entry["params"])))
    assert not ids["rk_test"] & ids["rk_live"]
    known = dict(db.session.execute(select(Customer.stripe_id, Customer.connection_id)).all())
    assert {known[each] for each in ids["rk_test"] if each in known} <= {here().id}


# 29: objects of the SDK


def raw(stage: Any, path: str) -> Any:
    """The very JSON that Stripe sends, without the SDK."""
    credentials = base64.b64encode(f"{stage.simulator.key()}:".encode()).decode()
    request = urllib.request.Request(f"{stage.simulator.url}{path}", headers={"Authorization": f"Basic {credentials}"})
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def kinds_inside(value: Any) -> set[type]:
    if isinstance(value, dict):
        return {type(value)} | {kind for each in value.values() for kind in kinds_inside(each)}
    if isinstance(value, list):
        return {list} | {kind for each in value for kind in kinds_inside(each)}
    return {type(value)}


def test_pitfall_29_what_workers_read_is_plain_whatever_the_package_hands_out(connected: Any) -> None:
    person, offer, subscription_id = connected.subscribe()
    stripe = connected.simulator.stripe()
    customer_id = db.session.scalar(select(Customer.stripe_id).where(Customer.person_id == person.id))
    invoice_id = stripe.v1.invoices.list().data[0].id
    session_id = stripe.v1.checkout.sessions.list().data[0].id
    assert isinstance(stripe.v1.subscriptions.retrieve(subscription_id), sdk.StripeObject)
    # As workers do: no transaction is open while Stripe is asked.
    db.commit()
    for kind, object_id in (
        ("subscription", subscription_id), ("customer", customer_id), ("payment", invoice_id), ("checkout", session_id)
    ):  # fmt: skip
        fetched = sync.KINDS[kind][0](stripe, object_id)
        assert kinds_inside(fetched) <= {dict, list, str, int, float, bool, type(None)}, kind
    expand = "?expand[]=latest_invoice&expand[]=default_payment_method"
    assert sync.KINDS["subscription"][0](stripe, subscription_id) == raw(
        connected, f"/v1/subscriptions/{subscription_id}{expand}"
    )
    # The same event as the SDK makes it of the body, and as the body is: one row, one result.
    event = connected.simulator.stripe().v1.events.list({"limit": 1}).data[0]
    assert connected.post(client.plain(event)) == 200
    connected.work()
    assert connected.is_in(person, offer)


# 30: Stripe stumbles


def test_pitfall_30_after_two_failures_it_is_made_once_under_one_key(
    connected: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sdk.HTTPClient, "_sleep_time_seconds", lambda *_arguments: 0)
    person, offer = connected.make.person(), connected.offer()
    connected.simulator.running.forget_requests()
    connected.simulator.running.faults("500", "POST /v1/customers", next=2)
    assert connected.start(person, offer)
    sent = requests(connected, "POST /v1/customers")
    assert [entry["status"] for entry in sent] == [500, 500, 200]
    assert len({entry["idempotency_key"] for entry in sent}) == 1
    assert len(connected.simulator.stripe().v1.customers.list().data) == 1


def test_pitfall_30_a_worker_that_meets_429_waits_by_itself_and_comes_again(connected: Any) -> None:
    person, offer = connected.make.person(), connected.offer()
    connected.buy(person, offer)
    told = connected.undelivered()
    connected.simulator.running.faults("429", "GET /v1/checkout/sessions/*")
    for event in told:
        connected.post(event)
    began = clock.real_now()
    connected.simulator.running.forget_requests()
    connected.work()
    asked = [entry for entry in requests(connected) if entry["status"] == 429]
    task = db.session.execute(select(SyncTask).where(SyncTask.object_type == "checkout")).scalar_one()
    assert (task.attempts, len(asked)) == (1, 1)
    assert task.not_before > began + timedelta(seconds=3)
    connected.simulator.come_back()
    db.session.execute(update(SyncTask).values(not_before=began))
    db.commit()
    connected.site.jobs.run_due(at=clock.real_now() + timedelta(minutes=1))
    assert connected.is_in(person, offer)


# 32: time


def test_pitfall_32_five_minutes_are_five_minutes_and_an_event_of_tomorrow_is_logged(
    hook: Any, caplog: pytest.LogCaptureFixture
) -> None:
    body = hook.body(event_id="evt_slow", created=int(clock.now().timestamp()))
    for minutes, status in ((4, 200), (6, 400)):
        then = int((clock.real_now() - timedelta(minutes=minutes)).timestamp())
        assert (
            hook.post(body, WebhookSignature.generate_signature_header(body, hook.secret, then)).status_code == status
        )
    with caplog.at_level(logging.WARNING, logger="lms_stripe"):
        assert hook.post(hook.body(event_id="evt_now", created=int(clock.now().timestamp()))).status_code == 200
        assert "dated later" not in caplog.text
        tomorrow = int((clock.now() + timedelta(days=1)).timestamp())
        assert hook.post(hook.body(event_id="evt_tomorrow", created=tomorrow)).status_code == 200
    assert "evt_tomorrow is dated later than now" in caplog.text
    assert db.session.scalar(select(func.count(Event.id))) == 3


# 33: something in front of the hook


@dataclass
class InFront:
    """A server at the site's own address, with something in front of the site that may be in the way."""

    site: Any = None
    port: int = 0
    status: str = "404 Not Found"
    """"" while nothing is in the way."""
    location: str = ""

    def __call__(self, environ: Any, start: Any) -> Any:
        if self.status:
            start(self.status, [("Location", self.location), ("Content-Length", "0")])
            return [b""]
        return self.site.app.wsgi_app(environ, start)


@contextmanager
def served(front: InFront) -> Iterator[InFront]:
    server = make_server("127.0.0.1", 0, front, threaded=True)
    front.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield front
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def in_front() -> Iterator[InFront]:
    with served(InFront()) as front:
        yield front


class TestAnAddressOfItsOwn:
    @pytest.fixture
    def site_options(self, simulator: Any, in_front: InFront) -> dict[str, Any]:
        address = f"http://localhost:{in_front.port}"
        return {"plugins": ("stripe",), "stripe_api_base": simulator.url, "site_url": address}

    @pytest.fixture
    def reachable(self, site: Any, in_front: InFront, connected: Any) -> Any:
        """A connected site that answers at its address."""
        in_front.site, in_front.status = site, ""
        return connected

    @pytest.mark.feature("B-22")
    @pytest.mark.parametrize(
        ("status", "location", "words"),
        [
            ("301 Moved", "https://www.school.example/ext/stripe/hook/x", "redirected to https://www.school.example"),
            ("308 Moved", "/ext/stripe/hook/x/", "redirected to /ext/stripe/hook/x/"),
            ("302 Found", "/login?next=/ext", "redirected to /login"),
            ("403 Forbidden", "", "turns deliveries"),
        ],
    )
    def test_pitfall_33_what_stands_before_the_hook_is_said_loudly(
        self, reachable: Any, in_front: InFront, sign_in: Any, status: str, location: str, words: str
    ) -> None:
        owner = sign_in(reachable.make.person(role="owner"))
        detours.run()
        assert health.webhook_arrives.check().state == "good"
        in_front.status, in_front.location = status, location
        detours.run()
        found = health.webhook_arrives.check()
        assert found.state == "broken"
        assert words in found.sentence
        page = owner.get(SETTINGS).text
        assert words in page
        assert ">Repair<" in page
        in_front.status = ""
        press(owner, f"/ext/stripe/connections/{here().id}/continue")
        assert health.webhook_arrives.check().state == "good"
        assert words not in owner.get(SETTINGS).text

    def test_pitfall_33_asking_the_own_address_counts_as_no_forgery(self, reachable: Any) -> None:
        detours.run()
        assert db.session.scalar(select(WebhookEndpoint.failures)) == 0
        assert db.session.scalar(select(func.count(Event.id))) == 0

    def test_pitfall_33_the_simulator_delivers_to_the_site_over_http(self, reachable: Any) -> None:
        person, offer = reachable.make.person(), reachable.offer()
        reachable.buy(person, offer)
        reachable.simulator.running.deliver()
        reachable.work()
        assert reachable.is_in(person, offer)


# 34: versions


def test_pitfall_34_every_request_carries_the_pinned_version(connected: Any, sign_in: Any) -> None:
    person, _offer, _subscription = connected.subscribe()
    sign_in(person).get(go_address(LINK, {}, "/"))
    polling.poll(here())
    ours = [entry for entry in requests(connected) if entry["path"].startswith("/v1/")]
    assert len(ours) > 10
    assert {entry["version"] for entry in ours} == {client.PINNED}


@pytest.mark.feature("B-22")
def test_pitfall_34_an_endpoint_of_another_version_is_told_and_replaced_by_one_press(
    connected: Any, sign_in: Any
) -> None:
    # As an older version of the plugin left it: no version of its own, so that Stripe speaks the account's.
    stripe, row = connected.simulator.stripe(), here()
    endpoints = stripe.v1.webhook_endpoints
    endpoints.delete(endpoints.list().data[0].id)
    older = endpoints.create(
        {
            "url": "http://localhost/ext/stripe/hook/older",
            "enabled_events": ["invoice.paid"],
            "metadata": {"site_id": row.site_id},
        }
    )
    db.session.execute(update(WebhookEndpoint).values(stripe_id=older.id, api_version="2024-06-20"))
    db.commit()
    owner = sign_in(connected.make.person(role="owner"))
    page = owner.get(SETTINGS).text
    assert "speaks another version" in page
    assert health.webhook_arrives.check().state == "advice"
    press(owner, f"/ext/stripe/connections/{row.id}/continue")
    (only,) = endpoints.list().data
    assert (only.api_version, only.id == older.id) == (client.PINNED, False)
    assert "speaks another version" not in owner.get(SETTINGS).text
    person, offer = connected.make.person(), connected.offer()
    connected.buy(person, offer)
    connected.deliver()
    assert connected.is_in(person, offer)


# 41: leaving and coming back


@pytest.mark.feature("TA-07", "B-08", "B-09")
def test_pitfall_41_after_disconnecting_in_the_browser_the_same_account_finds_everything(
    connected: Any, sign_in: Any
) -> None:
    person, offer, subscription_id = connected.subscribe()
    owner, buyer = sign_in(connected.make.person(role="owner")), sign_in(person)
    before, tables = here(), ("stripe_customer", "stripe_price", "stripe_subscription", "stripe_payment")
    rows = {name: all_rows(name) for name in tables}
    path = f"/ext/stripe/connections/{before.id}/disconnect"
    press(owner, path, path)
    assert "Not connected" in owner.get(SETTINGS).text
    assert connected.simulator.state()["endpoints"] == []
    assert connected.is_in(person, offer)
    assert "/go/stripe/customer-portal" not in buyer.get("/account/billing").text
    assert buyer.get("/account/billing").status_code == 200
    press(owner, "/ext/stripe/connect", secret_key=connected.simulator.key())
    assert (here().id, here().status, here().is_selling) == (before.id, "active", True)
    assert len(connected.simulator.state()["endpoints"]) == 1
    assert {name: all_rows(name) for name in tables} == rows
    assert "/go/stripe/customer-portal" in buyer.get("/account/billing").text
    assert buyer.get(go_address(LINK, {}, "/")).status_code == 303
    # And what happens from now on is heard again.
    connected.simulator.stripe().v1.subscriptions.update(subscription_id, {"cancel_at_period_end": True})
    connected.deliver()
    assert commerce.subscriptions_of(person.id)[0].ends_on is not None


def all_rows(table: str) -> list[dict[str, Any]]:
    """What the rows say, but for when they were last read."""
    db.rollback()
    found = db.session.execute(select(db.Model.metadata.tables[table])).mappings()
    rows = [{k: v for k, v in row.items() if k not in {"updated_at", "synced_at"}} for row in found]
    db.rollback()
    return rows


# 43: a session id in the wrong hands


def test_pitfall_43_a_stranger_learns_nothing_and_is_nobody_afterwards(connected: Any, sign_in: Any) -> None:
    buyer, offer = connected.make.person(name="Rosalind Buyer"), connected.offer()
    session_id = connected.buy(buyer, offer)
    connected.simulator.calls()
    guest, stranger = connected.site.client(), sign_in(connected.make.person())
    path = f"/ext/stripe/done?session_id={session_id}"
    answers = [guest.get(path), stranger.get(path)]
    answers.append(guest.get(answers[0].headers["Location"]))
    for answer in answers:
        assert buyer.email not in answer.text
        assert "Rosalind" not in answer.text
    assert connected.simulator.calls() == []
    assert guest.get("/account").headers["Location"].startswith("/login")
    assert stranger.get("/account").status_code == 200
    db.rollback()
    assert not connected.is_in(buyer, offer)
    assert db.session.scalar(select(ConnectionRow.status)) == "active"
