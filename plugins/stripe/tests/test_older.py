"""A connection that an older version made; and pitfalls told over HTTP, as Stripe and students meet them."""

from __future__ import annotations

import re
from typing import Any

import pytest
import stripe
from lms_stripe import connections, sync
from lms_stripe.models import Customer, Subscription
from sqlalchemy import select

from lms.api import commerce, db
from lms.api.content import go_address
from lms.testing.revisions import tables_of

SETTINGS = "/admin/settings/stripe"
BUTTON = "Activate Customer Portal"
WHY = "This connection was made with an older version"
LINK = "/go/stripe/customer-portal"


def as_left_by_the_first_version() -> None:
    """The tables of the first revision with this site's people in them, as that version kept them; then upgraded.

    It knew neither the portal's configuration nor its own version.
    """
    with tables_of("stripe", "stripe_0001") as rows:
        assert "portal_source" not in rows["stripe_connection"][0]
        rows["stripe_portal_configuration"] = []
        for row in rows["stripe_connection"]:
            row.update(integration_version=0, portal_status="unknown")


def configurations(stage: Any) -> int:
    return len(stage.simulator.stripe().v1.billing_portal.configurations.list({"active": True}).data)


def press(browser: Any, action: str, **fields: Any) -> Any:
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', browser.get(SETTINGS).text)
    assert token
    return browser.post(action, data={**fields, "csrf_token": token[1]})


@pytest.mark.feature("TA-03", "TA-09", "TA-10")
def test_an_older_connection_says_why_it_needs_the_button_and_one_press_is_enough(
    both_databases: str, connected: Any, sign_in: Any
) -> None:
    student, offer, _subscription = connected.subscribe()
    as_left_by_the_first_version()
    at_stripe = connected.simulator.stripe().v1.billing_portal.configurations
    at_stripe.update(at_stripe.list().data[0].id, {"active": False})
    assert connected.is_in(student, offer)
    owner, buyer = sign_in(connected.make.person(role="owner")), sign_in(student)
    page = owner.get(SETTINGS).text
    assert (BUTTON in page, WHY in page) == (True, True)
    assert "Reconnect needed: activate the portal" in page
    assert LINK not in buyer.get("/account/billing").text
    action = f"/ext/stripe/connections/{connections.all_of_them()[0].id}/portal"
    for _press in range(2):
        assert press(owner, action).status_code == 303
        assert configurations(connected) == 1
        assert connections.all_of_them()[0].site_url == "http://localhost"
    page = owner.get(SETTINGS).text
    assert (BUTTON in page, WHY in page, "Reconnect needed" in page) == (False, False, False)
    assert LINK in buyer.get("/account/billing").text
    assert buyer.get(go_address("stripe/customer-portal", {}, "/")).status_code == 303


@pytest.mark.feature("TA-11")
def test_activating_changes_no_public_page(stage: Any) -> None:
    stage.offer()
    paths = ("/", "/courses")
    before = [stage.site.client().get(path).text for path in paths]
    stage.connect()
    assert [stage.site.client().get(path).text for path in paths] == before


@pytest.mark.feature("TA-30")
def test_pitfall_09_cancelled_in_the_portal_it_says_until_when_and_is_taken_back_there(
    connected: Any, sign_in: Any
) -> None:
    person, offer, subscription_id = connected.subscribe()
    browser, running = sign_in(person), connected.simulator.running
    running.portal_cancel(browser.get(go_address("stripe/customer-portal", {}, "/")).headers["Location"])
    connected.deliver()
    at_stripe = connected.simulator.stripe().v1.subscriptions.retrieve(subscription_id)
    assert (at_stripe.cancel_at is not None, at_stripe.cancel_at_period_end) == (True, False)
    assert commerce.subscriptions_of(person.id)[0].ends_on.timestamp() == at_stripe.cancel_at
    assert connected.is_in(person, offer)
    running.portal_resume(browser.get(go_address("stripe/customer-portal", {}, "/")).headers["Location"])
    connected.deliver()
    assert commerce.subscriptions_of(person.id)[0].ends_on is None


def test_pitfall_30_busy_is_said_and_the_next_click_works(connected: Any, sign_in: Any) -> None:
    person, _offer, _subscription = connected.subscribe()
    browser, address = sign_in(person), go_address("stripe/customer-portal", {}, "/")
    connected.simulator.running.faults("429", "POST /v1/billing_portal/sessions")
    answer = browser.get(address)
    assert answer.status_code == 503
    assert "Try again in a minute" in answer.text
    connected.simulator.come_back()
    assert browser.get(address).status_code == 303


def test_pitfall_35_a_parameter_that_stripe_removed_is_refused(connected: Any) -> None:
    bare = stripe.StripeClient(connected.simulator.key(), base_addresses={"api": connected.simulator.url})
    given: Any = {"mode": "payment", "success_url": "https://example.org/", "payment_method_types": ["card"]}
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        bare.v1.checkout.sessions.create(given)
    assert refusal.value.param == "payment_method_types"


@pytest.mark.feature("TA-13", "B-07")
def test_an_equal_address_at_stripe_makes_nobody_a_customer(connected: Any, sign_in: Any) -> None:
    person = connected.make.person()
    buyer, _offer, _subscription = connected.subscribe()
    at_stripe = connected.simulator.stripe().v1.customers
    at_stripe.update(at_stripe.list().data[0].id, {"email": person.email})
    connected.deliver()
    browser = sign_in(person)
    assert LINK not in browser.get("/account/billing").text
    connected.simulator.calls()
    answer = browser.get(go_address("stripe/customer-portal", {}, "/"))
    assert not answer.headers.get("Location", "").startswith(connected.simulator.url)
    assert connected.simulator.calls() == []
    assert LINK in sign_in(buyer).get("/account/billing").text


@pytest.mark.feature("B-14")
def test_pitfall_24_after_going_live_a_test_customer_never_meets_the_live_key(connected: Any) -> None:
    person, _offer, _subscription = connected.subscribe()
    old = connections.selling()
    live = connected.connect("live")
    connections.sell_with(live.id)
    db.commit()
    another = connected.offer()
    connected.connect("live")
    connected.simulator.running.forget_requests()
    connected.start(person, another)
    told = connected.simulator.running.requests()
    asked = next(entry for entry in told if entry["path"] == "/v1/checkout/sessions" and entry["method"] == "POST")
    rows = db.session.execute(select(Customer.connection_id, Customer.stripe_id).filter_by(person_id=person.id))
    known = dict(rows.all())
    assert set(known) == {old.id, live.id}
    assert asked["params"]["customer"] == known[live.id] != known[old.id]


def test_pitfall_33_no_token_and_no_login_stand_before_the_hook(connected: Any) -> None:
    connected.start(connected.make.person(), connected.offer())
    statuses = [connected.post(event) for event in connected.undelivered()]
    assert statuses
    assert set(statuses) == {200}


def test_subscriptions_of_the_version_before_instalments_are_as_they_were_and_get_their_end(
    both_databases: str, connected: Any, sign_in: Any
) -> None:
    student, monthly, monthly_id = connected.subscribe()
    buyer, plan = connected.make.person(), connected.offer("instalments", instalments=3, interval="month", amount=1900)
    connected.buy(buyer, plan)
    connected.deliver()
    connected.deliver()
    before = {
        name: [dict(row) for row in db.session.execute(select(db.Model.metadata.tables[name])).mappings()]
        for name in ("stripe_subscription", "stripe_checkout", "stripe_customer", "stripe_payment")
    }
    db.commit()
    with tables_of("stripe", "stripe_0005") as rows:
        assert {"instalments", "plan_end", "plan_seen"}.isdisjoint(rows["stripe_subscription"][0])
        assert len(rows["stripe_subscription"]) == 2
    found = {row.stripe_id: row for row in db.session.scalars(select(Subscription))}
    assert {(row.instalments, row.plan_end, row.plan_seen) for row in found.values()} == {(None, None, "")}
    new = {"instalments", "plan_end", "plan_seen", "updated_at"}
    for name, kept in before.items():
        after = [dict(row) for row in db.session.execute(select(db.Model.metadata.tables[name])).mappings()]
        assert [{k: v for k, v in row.items() if k not in new} for row in after] == [
            {k: v for k, v in row.items() if k not in new} for row in kept
        ]
    assert [connected.is_in(student, monthly), connected.is_in(buyer, plan)] == [True, True]
    assert monthly.product_name in sign_in(student).get("/account/billing").text
    # The next reading counts its instalments and knows when it ends; the other one goes on.
    (plan_id,) = set(found) - {monthly_id}
    connection = connections.selling()
    for stripe_id in found:
        assert sync.subscription(connection.id, stripe_id)
    connected.work()
    db.rollback()
    ends = {
        row.stripe_id: (row.instalments, row.plan_end is not None) for row in db.session.scalars(select(Subscription))
    }
    assert ends == {monthly_id: (None, False), plan_id: (3, True)}
