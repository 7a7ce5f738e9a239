"""The process, its clock, its data and its controls."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import stripe
from lms_stripe_simulator import testing
from lms_stripe_simulator.server import NotHere, build

DAY = 86_400


def test_state_tells_what_a_test_needs(simulator: Any) -> None:
    state = simulator.state()
    assert [(k["kind"], k["mode"]) for k in state["accounts"][0]["keys"]] == [
        ("restricted", "test"),
        ("secret", "test"),
        ("restricted", "live"),
        ("secret", "live"),
    ]
    assert state["keys"][0]["key"].startswith("rk_test_simulator_")
    assert abs(state["clock"]["epoch"] - time.time()) < 5
    assert state["clock"]["iso"].endswith("Z")
    assert (state["endpoints"], state["deliveries"], state["events"]) == ([], {"pending": 0}, [])


def test_clock_goes_forward_only(simulator: Any) -> None:
    before = simulator.state()["clock"]["epoch"]
    assert 0 <= simulator.advance(DAY) - before - DAY < 5
    with pytest.raises(ValueError, match="only goes forward"):
        simulator.advance(-1)
    with pytest.raises(ValueError, match="number of seconds"):
        simulator.control("POST", "clock", {"advance": "a day"})


def test_data_and_clock_outlive_the_process(tmp_path: Path) -> None:
    with testing.start(data=tmp_path) as first:
        key, moment = first.key(), first.advance(40 * DAY)
        client = stripe.StripeClient(key, base_addresses={"api": first.url})
        customer = client.v1.customers.create({"name": "Anna"}).id
    with testing.start(data=tmp_path) as second:
        client = stripe.StripeClient(key, base_addresses={"api": second.url})
        assert client.v1.customers.retrieve(customer).name == "Anna"
        assert 0 <= second.state()["clock"]["epoch"] - moment < 60


def test_new_data_can_begin_at_another_time(tmp_path: Path) -> None:
    with testing.start(data=tmp_path, epoch=1_900_000_000) as running:
        assert 0 <= running.state()["clock"]["epoch"] - 1_900_000_000 < 60


def test_reset_forgets_everything(simulator: Any, client: Any) -> None:
    client.v1.customers.create({})
    old = simulator.key()
    simulator.advance(DAY)
    simulator.faults("429", "*")
    state = simulator.control("POST", "reset", {})
    assert (state["events"], state["faults"], abs(state["clock"]["epoch"] - time.time()) < 5) == ([], [], True)
    assert simulator.key() != old
    with pytest.raises(stripe.AuthenticationError):
        client.v1.balance.retrieve()


def test_revoked_key_opens_nothing(simulator: Any, connecting: Any) -> None:
    key = simulator.key(deny=())
    simulator.control("DELETE", f"keys/{key}")
    with pytest.raises(stripe.AuthenticationError):
        connecting(key).v1.balance.retrieve()


@pytest.mark.parametrize(
    "fault",
    [
        {"fault": "earthquake"},
        {"fault": "429", "route": "webhooks"},
        {"fault": "duplicate", "route": "POST /v1/customers"},
        {"fault": "500", "rout": "*"},
    ],
)
def test_unknown_fault_is_refused(simulator: Any, fault: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="fault"):
        simulator.control("POST", "faults", fault)


def test_share_with_a_seed_hits_the_same_requests(simulator: Any, client: Any) -> None:
    def pattern() -> list[bool]:
        simulator.faults("500", "GET /v1/customers", share=0.5, seed=3)
        hits = []
        for _ in range(12):
            try:
                client.v1.customers.list(options={"max_network_retries": 0})
                hits.append(False)
            except stripe.APIError:
                hits.append(True)
        simulator.faults()
        return hits

    first = pattern()
    assert first == pattern()
    assert 0 < sum(first) < 12


def test_down_means_down(simulator: Any, client: Any) -> None:
    simulator.faults("500", "*", share=1)
    with pytest.raises(stripe.APIError):
        client.v1.balance.retrieve({}, {"max_network_retries": 0})
    simulator.faults()
    assert client.v1.balance.retrieve().livemode is False


def test_production_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LMS_ENV", "production")
    with pytest.raises(NotHere, match="production"):
        build(tmp_path / "data", port=0)
    assert not (tmp_path / "data").exists()


def test_other_addresses_than_loopback_are_refused(tmp_path: Path) -> None:
    with pytest.raises(NotHere, match="this machine only"):
        build(tmp_path, host="0.0.0.0", port=0)


def test_foreign_host_names_are_refused(simulator: Any) -> None:
    request = testing.urllib.request.Request(f"{simulator.url}/_simulator/state", headers={"Host": "evil.example"})
    with pytest.raises(testing.urllib.error.HTTPError) as caught:
        testing.urllib.request.urlopen(request)
    with caught.value as error:
        assert error.code == 400


def test_form_of_another_site_is_refused(simulator: Any) -> None:
    request = testing.urllib.request.Request(
        f"{simulator.url}/clock", b"step=month", headers={"Sec-Fetch-Site": "cross-site"}
    )
    with pytest.raises(testing.urllib.error.HTTPError) as caught:
        testing.urllib.request.urlopen(request)
    with caught.value as error:
        assert error.code == 403


def test_front_page_moves_the_clock_and_settles_debits(simulator: Any, shop: Any) -> None:
    session = shop.session("payment")
    testing.pay_checkout(session.url, "sepa")
    text = testing.fetch(simulator.url + "/").text
    assert "Bank debits on their way" in text
    form = next(f for f in testing.Links(text).forms if f.startswith("/payments/"))
    assert testing.fetch(simulator.url + form, {"outcome": "succeeded"}).status == 303
    assert shop.client.v1.checkout.sessions.retrieve(session.id).payment_status == "paid"
    before = simulator.state()["clock"]["epoch"]
    testing.fetch(f"{simulator.url}/clock", {"step": "month"})
    assert simulator.state()["clock"]["epoch"] - before >= 28 * DAY
    assert testing.fetch(f"{simulator.url}/clock", {"step": "days", "days": "-3"}).status == 400


def test_process_starts_alone_and_ends_by_a_signal(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "lms_stripe_simulator", "--port", "0", "--data", str(tmp_path)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "LMS_ENV": "demo"})
    try:
        assert process.stdout is not None
        url = process.stdout.readline().split()[3]
        assert testing.attach(url).key().startswith("rk_test_simulator_")
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0
    finally:
        process.kill()
        process.communicate()
    with contextlib.closing(sqlite3.connect(tmp_path / "simulator.db")) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_core_is_not_needed() -> None:
    script = (
        "import sys; import lms_stripe_simulator.server, lms_stripe_simulator.testing;"
        "print([m for m in sys.modules if m == 'lms' or m.startswith('lms.')])"
    )
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"
