"""Connecting: what a key leads to, and that a wrong one leads to nothing."""

from __future__ import annotations

from typing import Any

import pytest
from lms_stripe import connect, connections, leaving, portal
from lms_stripe.failures import KeyRefused, Unreachable, WrongKey
from lms_stripe.models import ConnectionRow, Operation
from sqlalchemy import func, select

from lms.api import db
from lms.api.problem import Problem


def rows(model: Any) -> int:
    db.rollback()
    return int(db.session.scalar(select(func.count()).select_from(model)) or 0)


@pytest.mark.feature("TA-08")
def test_a_key_leads_to_an_active_connection_with_portal_and_prices(stage: Any) -> None:
    stage.offer("one_time")
    stage.offer("subscription")
    made = stage.connect()
    assert (made.status, made.mode, made.portal_status, made.is_selling) == ("active", "simulator", "active", True)
    assert made.account_name == "Long Table"
    assert connections.facts_of(made).products == 2
    assert [line.state for line in connect.checklist(made)] == ["done"] * len(connect.STEPS)


@pytest.mark.feature("B-22")
def test_stripe_has_one_endpoint_of_ours_at_the_pinned_version(connected: Any) -> None:
    listed = connected.simulator.state()["endpoints"]
    assert [entry["url"].startswith("http://localhost/ext/stripe/hook/") for entry in listed] == [True]
    assert connected.simulator.stripe().v1.webhook_endpoints.list().data[0].api_version == "2026-10-28.endive"


@pytest.mark.feature("TA-08")
def test_connecting_twice_makes_nothing_twice(connected: Any) -> None:
    before = connected.simulator.state()["endpoints"]
    again = connected.connect()
    configurations = connected.simulator.stripe().v1.billing_portal.configurations.list()
    assert connected.simulator.state()["endpoints"] == before
    assert len(configurations.data) == 1
    assert rows(ConnectionRow) == 1
    assert again.status == "active"


def test_a_key_that_stripe_does_not_know_leaves_nothing_behind(stage: Any) -> None:
    with pytest.raises(KeyRefused):
        connect.begin("rk_test_simulator_nobodyknowsthis", actor_id=None)
    assert rows(ConnectionRow) == rows(Operation) == 0


def test_a_wrong_key_leaves_a_connection_in_use_as_it_was(connected: Any) -> None:
    with pytest.raises(KeyRefused):
        connect.begin("rk_test_simulator_nobodyknowsthis", actor_id=None)
    found = connections.selling()
    assert found is not None
    assert (found.status, found.last4) == ("active", connected.simulator.key()[-4:])


def test_the_publishable_key_is_refused_with_a_sentence_that_helps(stage: Any) -> None:
    with pytest.raises(WrongKey) as refusal:
        connect.begin("pk_test_51abcdef", actor_id=None)
    assert refusal.value.sentence == "This is the publishable key. Paste the secret or restricted key instead."


@pytest.mark.feature("B-13")
def test_a_live_key_of_stripe_never_leaves_for_the_simulator(stage: Any) -> None:
    stage.simulator.calls()
    with pytest.raises(WrongKey):
        connect.begin("rk_live_51abcdefABCDEF", actor_id=None)
    assert stage.simulator.calls() == []


def test_a_simulator_that_is_down_leaves_nothing_behind(stage: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    key = stage.simulator.key()
    monkeypatch.setattr(stage.site.config.__class__, "stripe_api_base", "http://127.0.0.1:9", raising=False)
    with pytest.raises(Unreachable) as failure:
        connect.begin(key, actor_id=None)
    assert "does not answer" in failure.value.sentence
    assert rows(ConnectionRow) == 0


def test_a_missing_permission_stops_the_checklist_with_a_sentence(stage: Any) -> None:
    made = stage.connect(key=stage.simulator.key(deny=["webhook_endpoint:write"]))
    lines = {line.step.name: line for line in connect.checklist(made)}
    assert made.status == "connecting"
    assert lines["permissions"].state == "done"
    assert (lines["endpoint"].state, lines["portal"].state) == ("failed", "waiting")
    assert "may not" in lines["endpoint"].detail


def test_what_was_done_stays_done_when_the_key_is_mended(stage: Any) -> None:
    stage.connect(key=stage.simulator.key(deny=["billing_portal_configuration:write"]))
    made = stage.connect()
    assert made.status == "active"
    assert rows(ConnectionRow) == 1
    assert len(stage.simulator.state()["endpoints"]) == 1


def test_a_key_that_may_not_read_says_what_to_add(stage: Any) -> None:
    made = stage.connect(key=stage.simulator.key(deny=["customer:read", "price:read"]))
    line = next(line for line in connect.checklist(made) if line.step.name == "permissions")
    assert line.state == "failed"
    assert "customers, prices" in line.detail


def test_a_secret_key_works_and_is_noted_as_one(stage: Any) -> None:
    made = stage.connect(key=stage.simulator.running.key("secret"))
    assert (made.status, made.auth) == ("active", "secret_key")


@pytest.mark.feature("B-08", "B-09")
def test_pitfall_41_after_disconnecting_the_same_account_finds_the_same_rows(connected: Any) -> None:
    person, offer, _subscription = connected.subscribe()
    before = connections.selling()
    assert before is not None
    leaving.disconnect(before, actor_id=None)
    assert connected.simulator.state()["endpoints"] == []
    assert connections.selling() is None
    assert connected.is_in(person, offer)
    again = connected.connect()
    assert (again.id, again.status, again.is_selling) == (before.id, "active", True)
    assert len(connected.simulator.state()["endpoints"]) == 1


def test_the_key_is_sealed_and_never_in_a_row(connected: Any) -> None:
    key = connected.simulator.key()
    row = db.session.execute(select(ConnectionRow)).scalar_one()
    assert key not in str(vars(row))
    assert key.endswith(row.last4)


@pytest.mark.feature("TA-09")
def test_pitfall_23_a_legacy_connection_is_activated_by_one_press_and_a_second_changes_nothing(connected: Any) -> None:
    made = connections.selling()
    assert made is not None
    connections.change(made.id, portal_status="inactive", integration_version=0)
    db.commit()
    first = portal.activate(made)
    assert portal.activate(made) == first
    assert len(connected.simulator.stripe().v1.billing_portal.configurations.list().data) == 1


@pytest.mark.feature("B-15")
def test_pitfall_23_a_configuration_that_was_switched_off_at_stripe_is_replaced(connected: Any) -> None:
    made = connections.selling()
    assert made is not None
    first = portal.activate(made)
    connected.simulator.stripe().v1.billing_portal.configurations.update(first, {"active": False})
    connected.deliver()
    second = portal.activate(connections.get(made.id))
    assert second != first
    assert connections.get(made.id).portal_status == "active"


def test_an_unexpected_refusal_is_a_problem_and_no_crash(stage: Any) -> None:
    stage.simulator.running.faults("500", "GET /v1/account", next=3)
    with pytest.raises(Problem):
        connect.begin(stage.simulator.key(), actor_id=None)
    assert rows(ConnectionRow) == 0
