"""What stands in the body of an event does no harm, whichever version wrote it, and whatever it is."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from lms_stripe import events
from lms_stripe.models import Event
from sqlalchemy import select
from stripe import WebhookSignature

from lms.api import commerce, db

Body = dict[str, Any]


def of_2020(event: Body) -> Body:
    """Version 2020-08-27: periods on top of a subscription, its id on top of an invoice, refunds in a charge."""
    value = event["data"]["object"]
    kind = value["object"]
    if kind == "subscription":
        first = value["items"]["data"][0]
        value |= {name: first[name] for name in ("current_period_start", "current_period_end", "plan")}
        for item in value["items"]["data"]:
            del item["current_period_start"], item["current_period_end"]
        value["billing"] = "charge_automatically"
    elif kind == "invoice":
        details = (value.pop("parent", None) or {}).get("subscription_details") or {}
        value |= {"subscription": details.get("subscription"), "paid": value["status"] == "paid", "parent": None}
        value |= {"charge": "ch_of_old", "payment_intent": "pi_of_old", "tax": 0}
    elif kind == "charge":
        value |= {"invoice": "in_of_old", "refunds": {"object": "list", "data": [], "has_more": False}}
    elif kind == "checkout.session":
        value |= {"display_items": [], "payment_status": "unpaid"}
    return event | {"api_version": "2020-08-27"}


def of_clover(event: Body) -> Body:
    """Version 2025-09-30.clover: a discount's coupon in its source, ``cancel_at`` beside nothing."""
    value = event["data"]["object"]
    value |= {"discounts": [{"id": "di_1", "source": {"type": "coupon", "coupon": "co_1"}}]}
    return event | {"api_version": "2025-09-30.clover"}


def of_dahlia(event: Body) -> Body:
    """Version 2026-03-25.dahlia: other words for how a session is shown, schedules with a duration."""
    value = event["data"]["object"]
    value |= {"ui_mode": "hosted_page", "billing_schedules": [{"duration": {"interval": "month"}}], "status": "moved"}
    return event | {"api_version": "2026-03-25.dahlia"}


@pytest.mark.parametrize("shape", [of_2020, of_clover, of_dahlia])
@pytest.mark.parametrize("kind", ["subscription", "one_time"])
def test_bodies_of_older_versions_lead_to_what_is_true_now(
    connected: Any, shape: Callable[[Body], Body], kind: str
) -> None:
    person, offer = connected.make.person(), connected.offer(kind)
    connected.buy(person, offer)

    def deliver() -> None:
        for event in connected.undelivered():
            assert connected.post(shape(event)) == 200, event["type"]
        connected.work_after_a_rest()

    deliver()
    assert connected.is_in(person, offer)
    if kind == "subscription":
        connected.simulator.advance(days=32)
        deliver()
        assert connected.is_in(person, offer)
        (running,) = commerce.subscriptions_of(person.id)
        connected.simulator.stripe().v1.subscriptions.cancel(running.provider_ref)
        for event in connected.undelivered():
            # It says that it still runs, as it did when another version wrote it down.
            event["data"]["object"]["status"] = "active"
            assert connected.post(shape(event)) == 200
        connected.work_after_a_rest()
    else:
        intent = connected.simulator.stripe().v1.payment_intents.list().data[0].id
        connected.simulator.stripe().v1.refunds.create({"payment_intent": intent})
        deliver()
    assert not connected.is_in(person, offer)
    assert {row for (row,) in db.session.execute(select(Event.status))} <= {"done", "ignored"}


def test_an_older_invoice_names_its_subscription_on_top(hook: Any) -> None:
    body = {"id": "in_1", "object": "invoice", "subscription": "sub_1", "parent": "nobody knows this word"}
    event = {"type": "invoice.paid", "data": {"object": body}}
    assert events.tasks_of(event) == [("subscription", "sub_1"), ("payment", "in_1")]


def test_the_next_invoice_has_no_id_and_leads_to_its_subscription() -> None:
    details = {"type": "subscription_details", "subscription_details": {"subscription": "sub_1"}}
    event = {"type": "invoice.upcoming", "data": {"object": {"object": "invoice", "parent": details}}}
    assert events.tasks_of(event) == [("subscription", "sub_1")]
    assert events.tasks_of({"type": "invoice.upcoming", "data": {"object": {"object": "invoice"}}}) == []


any_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)
names = ("id", "object", "subscription", "customer", "payment_intent", "charge", "parent", "metadata", "status")
objects = st.dictionaries(st.sampled_from(names), any_json | st.sampled_from(("sub_1", "in_1", "cus_1")), max_size=6)
bodies = st.fixed_dictionaries(
    {},
    optional={
        "id": any_json | st.just("evt_1"),
        "object": st.sampled_from(("event", "v2.core.event")) | any_json,
        "type": st.sampled_from((*events.TYPES, "v1.customer.updated", "x")) | any_json,
        "created": any_json,
        "livemode": st.just(False) | any_json,
        "account": st.none() | any_json,
        "api_version": any_json,
        "related_object": objects | any_json,
        "data": st.fixed_dictionaries({"object": objects | any_json}) | any_json,
    },
)
DEEP = "[" * 100_000


class TestNoBodyIsAFault:
    @settings(max_examples=150, suppress_health_check=list(HealthCheck))
    @given(body=bodies | any_json)
    @example(body={"id": "evt_\ud800", "type": "customer.updated"})
    @example(body={"id": "evt_\u0000", "type": "customer.updated\u0000"})
    @example(body={"id": "e" * 300, "type": "customer.updated"})
    @example(body={"id": "evt_1", "type": "customer.updated", "created": 10**30, "account": {}})
    @example(body={"id": "evt_2", "type": "customer.updated", "data": {"object": {"id": "cus_\u0000"}}})
    @example(body={"id": "evt_3", "type": "customer.updated", "data": {"object": {"id": "c" * 400}}})
    def test_signed_bodies(self, hook: Any, body: Any) -> None:
        assert hook.post(json.dumps(body)).status_code in (200, 400)

    @settings(max_examples=60, suppress_health_check=list(HealthCheck))
    @given(body=st.binary(max_size=60), header=st.text(alphabet=st.characters(max_codepoint=255), max_size=60))
    @example(body=DEEP.encode(), header="")
    @example(body=b"9" * 10_000, header="")
    @example(body=b"{}", header="t=99999999999999999999999,v1=0")
    def test_bytes_and_headers(self, hook: Any, body: bytes, header: str) -> None:
        clean = "".join(c for c in header if c not in "\r\n\0")
        assert hook.post(body, clean or None).status_code == 400
        signed = WebhookSignature.generate_signature_header(body.decode("latin-1"), hook.secret)
        assert hook.post(body, signed).status_code in (200, 400)


def test_no_body_is_a_fault_on_postgresql_either(both_databases: str, hook: Any) -> None:
    for body in (
        {"id": "evt_\ud800", "type": "customer.updated"},
        {"id": "evt_0", "type": "x\u0000"},
        {"id": "evt_1", "type": "customer.updated", "api_version": "\u0000", "created": -(10**20)},
        {"id": "evt_2", "type": "customer.updated", "data": {"object": {"id": "c" * 400}}},
        {"id": "evt_3", "type": "invoice.paid", "data": {"object": {"id": "in_1", "subscription": "s\u0000"}}},
    ):
        assert hook.post(json.dumps(body)).status_code in (200, 400)
