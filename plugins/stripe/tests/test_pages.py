"""The owner's pages: settings, connecting, disconnecting; and what they never show."""

from __future__ import annotations

import re
from typing import Any

import pytest
from lms_stripe import connections, health
from lms_stripe.models import ConnectionRow
from sqlalchemy import func, select

from lms.api import commerce, db

SETTINGS = "/admin/settings/stripe"


@pytest.fixture
def owner(stage: Any, sign_in: Any) -> Any:
    """A browser in which the owner is signed in."""
    return sign_in(stage.make.person(role="owner"))


def send(browser: Any, action: str, page: str, **fields: Any) -> Any:
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', browser.get(page).text)
    assert found
    return browser.post(action, data={**fields, "csrf_token": found.group(1)})


def connect(browser: Any, key: str) -> Any:
    return send(browser, "/ext/stripe/connect", SETTINGS, secret_key=key)


@pytest.mark.feature("TA-03", "TA-08", "SO-03")
def test_the_owner_connects_in_the_browser_and_reads_mode_and_account(stage: Any, owner: Any) -> None:
    stage.offer()
    before = owner.get(SETTINGS).text
    assert "Not connected" in before
    answer = connect(owner, stage.simulator.key())
    checklist = owner.get(answer.headers["Location"]).text
    assert checklist.count('class="done"') == 7
    after = owner.get(SETTINGS).text
    assert "Long Table" in after
    assert "Simulator" in after
    assert "Connected" in after
    assert "1 connected" in after
    assert "Activate Customer Portal" not in after


@pytest.mark.feature("B-13")
def test_the_key_is_in_no_page_and_no_record(stage: Any, owner: Any) -> None:
    key = stage.simulator.key()
    answer = connect(owner, key)
    pages = [owner.get(path).text for path in (answer.headers["Location"], SETTINGS)]
    db.rollback()
    audit = db.Model.metadata.tables["audit_entry"]
    records = [str(row) for row in db.session.execute(select(audit))]
    assert records
    assert not [text for text in pages + records if key in text]


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("pk_test_51abcdef", "This is the publishable key. Paste the secret or restricted key instead."),
        ("rk_test_simulator_unknown", "Stripe does not accept this key."),
        ("rk_live_51abcdefABCDEF", "A live key is never sent to the simulator."),
        ("", "This is no key of Stripe."),
    ],
)
def test_a_key_of_the_wrong_kind_comes_back_with_a_sentence(stage: Any, owner: Any, key: str, words: str) -> None:
    answer = connect(owner, key)
    assert answer.status_code == 422
    assert words in answer.text
    assert db.session.scalar(select(func.count()).select_from(ConnectionRow)) == 0


def test_while_the_simulator_is_down_the_page_says_so_and_keeps_nothing(stage: Any, owner: Any) -> None:
    key = stage.simulator.key()
    stage.simulator.go_down()
    answer = connect(owner, key)
    assert answer.status_code == 503
    assert "Stripe does not answer right now." in answer.text
    assert db.session.scalar(select(func.count()).select_from(ConnectionRow)) == 0


def test_one_press_tries_the_simulator(stage: Any, owner: Any) -> None:
    answer = send(owner, "/ext/stripe/connect", SETTINGS, simulator="1", secret_key="")
    assert answer.status_code == 303
    assert connections.selling() is not None


def test_a_stopped_checklist_shows_what_to_add_and_goes_on_after_try_again(stage: Any, owner: Any) -> None:
    answer = connect(owner, stage.simulator.key(deny=("webhook_endpoint:write",)))
    path = answer.headers["Location"]
    page = owner.get(path).text
    assert "Webhook Endpoints: Write" in page
    assert "Try again" in page
    again = send(owner, f"{path}/continue", path)
    assert again.headers["Location"] == path
    assert "Not finished" in owner.get(SETTINGS).text


@pytest.mark.feature("TA-01")
@pytest.mark.parametrize("role", ["student", "editor"])
def test_who_may_not_connect_payments_sees_no_page(stage: Any, sign_in: Any, role: str) -> None:
    stage.connect()
    browser = sign_in(stage.make.person(role=role))
    for path in (SETTINGS, "/ext/stripe/connect", "/ext/stripe/connections/1"):
        assert browser.get(path).status_code == 403


def test_the_creator_may(stage: Any, sign_in: Any) -> None:
    assert sign_in(stage.make.person(role="creator")).get(SETTINGS).status_code == 200


@pytest.mark.feature("TA-09")
def test_a_legacy_connection_shows_the_button_and_one_press_is_enough(stage: Any, owner: Any) -> None:
    made = stage.connect()
    connections.change(made.id, portal_status="inactive", integration_version=0)
    assert "Reconnect needed: activate the portal" in owner.get(SETTINGS).text
    send(owner, f"/ext/stripe/connections/{made.id}/portal", SETTINGS)
    page = owner.get(SETTINGS).text
    assert "Reconnect needed" not in page
    assert "Activate Customer Portal" not in page


@pytest.mark.feature("TA-29")
def test_the_portal_can_be_switched_off_and_on(stage: Any, owner: Any) -> None:
    made = stage.connect()
    path = f"/ext/stripe/connections/{made.id}/portal"
    send(owner, path, SETTINGS, to="off")
    assert connections.get(made.id).portal_enabled is False
    send(owner, path, SETTINGS, to="on")
    assert connections.get(made.id).portal_enabled is True


@pytest.mark.feature("TA-07")
def test_disconnecting_asks_with_numbers_before_anything_happens(stage: Any, owner: Any) -> None:
    stage.connect()
    stage.subscribe()
    made = connections.selling()
    path = f"/ext/stripe/connections/{made.id}/disconnect"
    assert "1 subscription goes on at Stripe." in owner.get(path).text
    assert connections.selling() is not None
    send(owner, path, path)
    db.rollback()
    assert connections.selling() is None
    assert "Not connected" in owner.get(SETTINGS).text


def test_without_a_token_nothing_is_connected(stage: Any, owner: Any) -> None:
    answer = owner.post("/ext/stripe/connect", data={"secret_key": stage.simulator.key()})
    assert answer.status_code == 400
    assert db.session.scalar(select(func.count()).select_from(ConnectionRow)) == 0


@pytest.mark.feature("B-01")
def test_drawing_the_pages_calls_nobody(stage: Any, owner: Any) -> None:
    stage.connect()
    stage.simulator.calls()
    for path in (SETTINGS, "/ext/stripe/connect", "/ext/stripe/connections/1", "/admin/health"):
        assert owner.get(path).status_code == 200
    assert stage.simulator.calls() == []


def test_forms_may_lead_to_the_hosted_pages_and_nowhere_else(stage: Any, owner: Any) -> None:
    policy = owner.get(SETTINGS).headers["Content-Security-Policy"]
    directive = next(part for part in policy.split("; ") if part.startswith("form-action"))
    expected = f"form-action 'self' https://checkout.stripe.com https://billing.stripe.com {stage.simulator.url}"
    assert directive == expected


def test_health_says_what_is_wrong(stage: Any) -> None:
    assert health.key_works.check().state == "advice"
    made = stage.connect()
    assert [check.check().state for check in (health.key_works, health.webhook_arrives, health.portal_is_active)] == [
        "good"
    ] * 3
    connections.degrade(made.id, "The key was deleted.", status="revoked")
    connections.change(made.id, portal_status="inactive")
    assert health.key_works.check().sentence == "The key was deleted."
    assert health.portal_is_active.check().state == "broken"


def test_a_key_deleted_at_stripe_is_noticed_and_the_buyer_reads_nothing_about_keys(stage: Any) -> None:
    stage.connect()
    person, offer = stage.make.person(), stage.offer()
    stage.simulator.running.control("DELETE", f"keys/{stage.simulator.key()}")
    order = stage.order(person, offer)
    with pytest.raises(Exception) as failure:
        stage.start_order(order, offer)
    assert "key" not in failure.value.sentence
    assert connections.get(1).status == "revoked"


@pytest.mark.feature("TA-14")
def test_the_billing_page_offers_the_portal_to_buyers_only(stage: Any, sign_in: Any) -> None:
    stage.connect()
    buyer, _offer, _subscription = stage.subscribe()
    assert "/go/stripe/customer-portal" in sign_in(buyer).get("/account/billing").text
    assert "/go/stripe/customer-portal" not in sign_in(stage.make.person()).get("/account/billing").text


def test_back_from_checkout_the_buyer_is_in_the_course(stage: Any, sign_in: Any) -> None:
    stage.connect()
    person, offer = stage.make.person(), stage.offer()
    session_id = stage.buy(person, offer)
    answer = sign_in(person).get(f"/ext/stripe/done?session_id={session_id}")
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith("/learn/")
    assert stage.is_in(person, offer)


def test_back_from_a_bank_debit_the_buyer_reads_that_the_money_is_on_its_way(stage: Any, sign_in: Any) -> None:
    stage.connect()
    person, offer = stage.make.person(), stage.offer()
    session_id = stage.buy(person, offer, "sepa")
    answer = sign_in(person).get(f"/ext/stripe/done?session_id={session_id}")
    order = commerce.orders_of(person.id)[0]
    assert answer.headers["Location"] == order.path
    assert not stage.is_in(person, offer)


def test_back_from_an_expired_checkout_the_buyer_is_told(stage: Any, sign_in: Any) -> None:
    stage.connect()
    person, offer = stage.make.person(), stage.offer()
    session_id = stage.session_of(stage.start(person, offer))
    stage.simulator.stripe().v1.checkout.sessions.expire(session_id)
    browser = sign_in(person)
    answer = browser.get(f"/ext/stripe/done?session_id={session_id}")
    assert answer.headers["Location"] == offer.checkout_path
    assert "This checkout has expired." in browser.get(offer.checkout_path).text


def test_the_sample_of_a_test_connection_is_not_on_sale_for_students(stage: Any) -> None:
    made = stage.connect()
    connections.change(made.id, mode="test")
    person, offer = stage.make.person(), stage.offer()
    order = stage.order(person, offer)
    with pytest.raises(Exception) as refusal:
        stage.start_order(order, offer)
    assert refusal.value.sentence == "This is not on sale yet."
