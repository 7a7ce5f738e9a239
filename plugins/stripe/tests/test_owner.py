"""What the owner decides about a connection, and what a moved or copied site leaves alone."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from lms_stripe import connect, connections, endpoints, going_live, health, own, polling, portal, testers
from lms_stripe.checkout import StripePayments
from lms_stripe.models import ConnectionRow, Event
from sqlalchemy import func, select, update
from stripe import WebhookSignature

from lms.api import accounts, db, settings
from lms.api.problem import Problem

SETTINGS = "/admin/settings/stripe"


@pytest.fixture
def owner(connected: Any, sign_in: Any) -> Any:
    """A browser in which the owner is signed in; the site is connected."""
    return sign_in(connected.make.person(role="owner"))


def press(browser: Any, action: str, page: str = SETTINGS, **fields: Any) -> Any:
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', browser.get(page).text)
    assert found
    return browser.post(action, data={**fields, "csrf_token": found.group(1)})


def here() -> connections.Connection:
    db.rollback()
    found = connections.all_of_them()[0]
    db.rollback()
    return found


def base() -> str:
    return f"/ext/stripe/connections/{here().id}"


def move_from(address: str) -> None:
    """As if this site had been connected somewhere else."""
    db.session.execute(update(ConnectionRow).values(site_url=address))
    db.commit()


def writes(stage: Any) -> list[str]:
    return [call for call in stage.simulator.calls() if not call.startswith("GET")]


# A site that moved, or was copied


def test_a_site_at_another_address_asks_and_touches_nothing_meanwhile(connected: Any, owner: Any) -> None:
    offer = connected.offer()
    move_from("https://before.example")
    connected.simulator.calls()
    page = owner.get(SETTINGS).text
    assert "Reconnect needed" in page
    assert "https://before.example" in page
    assert StripePayments().can_sell(offer) is not True
    connect.proceed(here())
    polling.run()
    with pytest.raises(Problem):
        connected.start(connected.make.person(), offer)
    assert writes(connected) == []
    assert health._webhook_arrives().state == "broken"


def test_a_site_that_moved_takes_its_endpoint_along(connected: Any, owner: Any) -> None:
    before = connected.simulator.state()["endpoints"]
    connected.simulator.stripe().v1.webhook_endpoints.update(before[0]["id"], {"url": "https://before.example/x"})
    move_from("https://before.example")
    assert press(owner, f"{base()}/moved").status_code == 303
    after = connected.simulator.state()["endpoints"]
    assert [e["id"] for e in after] == [e["id"] for e in before]
    assert after[0]["url"].startswith("http://localhost/ext/stripe/hook/")
    assert (connections.moved_from(here()), here().status) == ("", "active")
    person = connected.make.person()
    connected.start(person, connected.offer())


@pytest.mark.feature("B-08")
def test_a_copy_lets_go_of_the_account_and_leaves_the_other_site_everything(connected: Any, owner: Any) -> None:
    person, offer, _subscription = connected.subscribe()
    before = connected.simulator.state()["endpoints"]
    move_from("https://before.example")
    connected.simulator.calls()
    assert press(owner, f"{base()}/copy").status_code == 303
    assert writes(connected) == []
    assert connected.simulator.state()["endpoints"] == before
    assert here().status == "disconnected"
    assert "is a copy" in owner.get(SETTINGS).text
    assert connected.is_in(person, offer)


# Selling


def test_the_owner_stops_selling_and_sells_again_through_the_checklist(connected: Any, owner: Any) -> None:
    person, bought, _subscription = connected.subscribe()
    press(owner, f"{base()}/stop")
    assert StripePayments().can_sell(bought) is not True
    assert connected.is_in(person, bought)
    assert press(owner, f"{base()}/sell").status_code == 303
    assert StripePayments().can_sell(bought) is True


def test_an_offer_without_a_price_stops_the_sale_until_it_is_made(connected: Any, owner: Any) -> None:
    press(owner, f"{base()}/stop")
    offer = connected.offer()
    page = owner.get(f"{base()}/sell").text
    assert "1 offers have no price in this mode" in page
    press(owner, f"{base()}/sell", page=SETTINGS)
    assert StripePayments().can_sell(offer) is not True
    connect.proceed(here())
    assert going_live.can_sell(here())
    press(owner, f"{base()}/sell")
    assert StripePayments().can_sell(offer) is True


@pytest.mark.feature("TA-06")
def test_test_and_live_stand_side_by_side_and_each_counts_its_products(connected: Any, owner: Any) -> None:
    connected.offer()
    connected.offer()
    connected.connect()
    connected.connect("live")
    page = owner.get(SETTINGS).text
    assert page.count("2 connected") == 2
    live = next(row for row in connections.all_of_them() if row.livemode)
    assert not live.is_selling
    press(owner, f"/ext/stripe/connections/{live.id}/sell")
    db.rollback()
    assert connections.selling().id == live.id


@pytest.mark.feature("B-14")
@pytest.mark.parametrize(
    ("invited", "verified", "role", "may"),
    [
        ("", True, "", False),
        ("friend@example.org", True, "", True),
        ("other@example.org,\n FRIEND@example.org", True, "", True),
        ("friend@example.org", False, "", False),
        ("", True, "creator", True),
        ("", True, "owner", True),
    ],
)
def test_in_test_mode_only_staff_and_invited_testers_buy(
    connected: Any, invited: str, verified: bool, role: str, may: bool
) -> None:
    person = connected.make.person(email="friend@example.org", verified=verified, **({"role": role} if role else {}))
    settings.save("stripe", {"testers": invited}, actor_id=None)
    offer = connected.offer()
    connections.change(here().id, mode="test")
    db.commit()
    assert testers.may_buy(_view(person)) is may
    if may:
        assert connected.start(person, offer)
        return
    with pytest.raises(Problem) as refusal:
        connected.start(person, offer)
    assert refusal.value.sentence == "This is not on sale yet."


def _view(person: Any) -> Any:
    return accounts.person(person.id)


# Hearing from Stripe


@pytest.mark.feature("B-22")
def test_a_test_event_arrives_along_the_way_of_real_ones(connected: Any, owner: Any) -> None:
    connected.deliver()
    press(owner, f"{base()}/test")
    assert "nothing has arrived since" in owner.get(SETTINGS).text
    new = connected.undelivered()
    assert [event["type"] for event in new] == ["billing_portal.configuration.updated"]
    connected.deliver()
    page = owner.get(SETTINGS).text
    assert "Arrived" in page
    assert here().portal_status == "active"


def test_sync_now_reads_what_was_never_delivered(connected: Any, owner: Any) -> None:
    person = connected.make.person()
    offer = connected.offer()
    connected.buy(person, offer)
    assert not connected.is_in(person, offer)
    assert press(owner, f"{base()}/sync").status_code == 303
    connected.work()
    assert connected.is_in(person, offer)


def test_where_stripe_cannot_reach_the_site_it_is_asked_every_five_minutes(connected: Any) -> None:
    connections.change(here().id, delivery="polling")
    db.commit()
    person, offer = connected.make.person(), connected.offer()
    connected.buy(person, offer)
    polling.run()
    connected.work()
    assert connected.is_in(person, offer)
    stored = db.session.scalar(select(func.count(Event.id)))
    db.rollback()
    polling.run()
    assert db.session.scalar(select(func.count(Event.id))) == stored


def test_polling_goes_on_after_stripe_was_down_and_misses_nothing(connected: Any) -> None:
    connections.change(here().id, delivery="polling")
    db.commit()
    person, offer = connected.make.person(), connected.offer()
    connected.buy(person, offer)
    connected.simulator.go_down()
    polling.run()
    assert not connected.is_in(person, offer)
    connected.simulator.come_back()
    polling.run()
    connected.work()
    assert connected.is_in(person, offer)


def test_pitfall_31_a_secret_rolled_in_stripe_is_taken_over_and_the_old_one_counts_for_a_day(
    connected: Any, owner: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    press(owner, f"{base()}/secret", page=f"{base()}/secret", signing_secret="whsec_rolled_in_the_dashboard")
    endpoint = connections.endpoint_of(here().id)
    old = connected.simulator.state()["endpoints"][0]["secret"]

    browser, path = connected.site.client(), f"/ext/stripe/hook/{endpoint.token}"

    def post(secret: str, number: int) -> int:
        body = json.dumps({"id": f"evt_{number}", "type": "customer.updated", "livemode": False})
        headers = {"Stripe-Signature": WebhookSignature.generate_signature_header(body, secret)}
        return browser.post(path, data=body, headers=headers).status_code

    assert [post(old, 1), post("whsec_rolled_in_the_dashboard", 2), post("whsec_wrong_one", 3)] == [200, 200, 400]
    later = endpoints.real_now() + timedelta(hours=25)
    monkeypatch.setattr(endpoints, "real_now", lambda: later)
    assert [post(old, 4), post("whsec_rolled_in_the_dashboard", 5)] == [400, 200]


def test_what_is_no_signing_secret_comes_back_with_a_word(connected: Any, owner: Any) -> None:
    answer = press(owner, f"{base()}/secret", page=f"{base()}/secret", signing_secret="rk_test_123")
    assert answer.status_code == 422
    assert "whsec_" in answer.text
    assert "rk_test_123" not in answer.text


# The portal


@pytest.mark.feature("SO-02")
def test_what_the_owner_chooses_reaches_stripe_once(connected: Any, owner: Any) -> None:
    form = {"cancel": "immediately", "update_card": "y", "pause_months": "2", "invoices": "y"}
    connected.simulator.calls()
    assert press(owner, f"{base()}/portal/choices", page=f"{base()}/portal", **form).status_code == 303
    stored = connected.simulator.stripe().v1.billing_portal.configurations.list().data
    assert len(stored) == 1
    features = stored[0].features
    assert (features.subscription_cancel.mode, features.customer_update.enabled) == ("immediately", False)
    assert features.subscription_pause.enabled is True
    page = owner.get(SETTINGS).text
    assert "Cancel, at once" in page
    connected.simulator.calls()
    portal.activate(here())
    assert connected.simulator.calls() == []


def test_choices_made_while_stripe_is_down_are_kept_and_said_with_the_next_repair(connected: Any, owner: Any) -> None:
    connected.simulator.go_down()
    answer = press(owner, f"{base()}/portal/choices", page=f"{base()}/portal", cancel="off", pause_months="0")
    assert answer.status_code == 503
    connected.simulator.come_back()
    portal.activate(here())
    features = connected.simulator.stripe().v1.billing_portal.configurations.list().data[0].features
    assert features.subscription_cancel.enabled is False


def test_the_dashboards_own_configuration_needs_one_and_then_none_of_ours_is_sent(connected: Any, owner: Any) -> None:
    press(owner, f"{base()}/portal/source", to="dashboard")
    assert here().portal_source == "own"
    connected.simulator.running.control("POST", f"accounts/{here().account_id}/portal_default", {})
    press(owner, f"{base()}/portal/source", to="dashboard")
    assert (here().portal_source, here().portal_status) == ("dashboard", "active")
    assert "decided in Stripe’s Dashboard" in owner.get(SETTINGS).text
    person, _offer, _subscription = connected.subscribe()
    ctx = own.context_of(person)
    assert portal.open_session(here(), own.customers(ctx)[0].stripe_id, "https://x.example/")
    told = [e for e in connected.simulator.running.requests() if e["path"] == "/v1/billing_portal/sessions"]
    assert "configuration" not in told[0]["params"]


def test_switching_the_portal_off_hides_the_links_and_on_again_shows_them(connected: Any, owner: Any) -> None:
    press(owner, f"{base()}/portal", to="off")
    assert not here().portal_enabled
    press(owner, f"{base()}/portal", to="on")
    assert here().portal_enabled


# Tax


def test_pitfall_40_tax_without_a_registration_warns_and_sells(connected: Any, owner: Any) -> None:
    press(owner, f"{base()}/tax", to="on")
    page = owner.get(SETTINGS).text
    assert "no tax is collected" in page
    assert here().tax_enabled
    person = connected.make.person()
    assert connected.start(person, connected.offer())


# Before anybody decides


def test_disconnecting_shows_in_numbers_what_goes_on(connected: Any, owner: Any) -> None:
    connected.subscribe()
    connected.start(connected.make.person(), connected.offer("one_time"))
    page = owner.get(f"{base()}/disconnect").text
    assert "1 subscription goes on at Stripe." in page
    assert "1 checkout is open." in page
    assert "on its way" not in page
    assert here().status == "active"


def test_disconnecting_names_refunds_that_are_on_their_way(connected: Any, owner: Any) -> None:
    for way in ("refunds_late", "4242424242424242"):
        connected.buy(connected.make.person(), connected.offer("one_time"), way)
    connected.deliver()
    stripe = connected.simulator.stripe()
    for intent in stripe.v1.payment_intents.list().data:
        stripe.v1.refunds.create({"payment_intent": intent.id, "amount": 1000})
    connected.deliver()
    assert "1 refund is on its way" in owner.get(f"{base()}/disconnect").text
    connected.simulator.advance(days=3)
    connected.deliver()
    assert "on its way" not in owner.get(f"{base()}/disconnect").text


def test_every_decision_leaves_a_line_in_the_record(connected: Any, owner: Any) -> None:
    press(owner, f"{base()}/stop")
    press(owner, f"{base()}/tax", to="off")
    press(owner, f"{base()}/portal", to="off")
    db.rollback()
    table = db.Model.metadata.tables["audit_entry"]
    actions = set(db.session.scalars(select(table.c.action)))
    assert {"stripe.selling_stopped", "stripe.tax_switched", "stripe.portal_switched"} <= actions
