"""The links that lead straight to one task: to whom each is shown, and where a click goes."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from lms_stripe import connections, flows, links, own, portal
from lms_stripe.models import Customer, Subscription
from lms_stripe.portal_features import Choices
from sqlalchemy import select, update

from lms.api import access, clock, db
from lms.api.content import go_address, resolve
from lms.extend import LinkContext

SESSIONS = "/v1/billing_portal/sessions"
EVERYTHING = Choices(pause_months=3, change_plan=True)


@pytest.fixture
def generous(connected: Any) -> Any:
    """A connection whose portal lets students do everything."""
    found = connections.selling()
    assert found is not None
    portal.choose(found, EVERYTHING)
    return connected


def shown(person: Any, **args: str) -> set[str]:
    """The names of the plugin's links that a page shows to the person."""
    ctx = LinkContext(person=person, now=clock.now(), page="/manage-subscription")
    stored = {"kind": "dynamic", "source": "stripe", "args": args}
    names = [link.name for link in links.ALL]
    found = {name for name in names if resolve({**stored, "key": name}, ctx) is not None}
    db.rollback()
    return found


def set_row(person: Any, **values: Any) -> None:
    db.session.execute(update(Subscription).where(Subscription.person_id == person.id).values(**values))
    db.commit()


def with_a_yearly_plan(stage: Any) -> tuple[Any, Any, str]:
    """A subscriber, the plan they might change to, and their subscription."""
    person, _offer, subscription = stage.subscribe()
    yearly = stage.offer(amount=9000, interval="year")
    stage.connect()  # prices of all offers
    portal.follow_prices(connections.selling())
    return person, yearly, subscription


def flow_asked(stage: Any) -> Any:
    """What the newest portal session was asked to begin with."""
    told = [entry for entry in stage.simulator.running.requests() if entry["path"] == SESSIONS]
    return told[0]["params"].get("flow_data")


ALWAYS = {"customer-portal", "invoices"}
CASES = [
    ("active", {}, {"update-payment-method", "cancel-subscription", "pause-subscription", "change-plan"}),
    ("planned-end", {"cancel_at_period_end": True}, {"update-payment-method", "resume"}),
    ("past-due", {"status": "past_due"}, {"update-payment-method", "cancel-subscription"}),
    ("unpaid", {"status": "unpaid"}, {"update-payment-method", "cancel-subscription"}),
    ("trialing", {"status": "trialing"}, {"update-payment-method", "cancel-subscription", "change-plan"}),
    ("paused", {"status": "paused"}, {"update-payment-method", "resume"}),
    ("ended", {"status": "canceled"}, set()),
]


@pytest.mark.parametrize("case", CASES, ids=[name for name, _row, _more in CASES])
def test_each_link_is_shown_to_whom_it_can_serve(generous: Any, case: tuple[str, Any, set[str]]) -> None:
    _name, row, more = case
    person, _offer, _subscription = with_a_yearly_plan(generous)
    set_row(person, **row)
    assert shown(person) == ALWAYS | more


def test_visitors_and_people_who_bought_nothing_see_none_of_them(generous: Any) -> None:
    assert shown(None) == set()
    assert shown(generous.make.person()) == set()


def test_a_one_time_buyer_sees_the_portal_and_the_invoices_only(generous: Any) -> None:
    person = generous.make.person()
    generous.buy(person, generous.offer("one_time"))
    generous.deliver()
    assert shown(person) == ALWAYS


@pytest.mark.feature("TA-25")
def test_what_the_owner_switched_off_is_not_offered(connected: Any) -> None:
    person, _offer, _subscription = connected.subscribe()
    found = connections.selling()
    portal.choose(found, Choices(cancel="off", update_card=False))
    assert shown(person) == ALWAYS
    stored = connected.simulator.stripe().v1.billing_portal.configurations.list().data[0]
    assert stored.features.subscription_cancel.enabled is False
    assert stored.features.payment_method_update.enabled is False


@pytest.mark.feature("SO-11")
@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("update-payment-method", "payment_method_update"),
        ("cancel-subscription", "subscription_cancel"),
        ("change-plan", "subscription_update"),
    ],
)
def test_a_click_leads_straight_to_the_task(generous: Any, sign_in: Any, name: str, kind: str) -> None:
    person, _yearly, subscription = with_a_yearly_plan(generous)
    answer = sign_in(person).get(go_address(f"stripe/{name}", {}, "/manage-subscription"))
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith(generous.simulator.url)
    asked = flow_asked(generous)
    assert asked["type"] == kind
    assert asked.get(kind, {"subscription": subscription})["subscription"] == subscription
    back = asked["after_completion"]["redirect"]["return_url"]
    assert back.startswith("http://localhost/ext/stripe/return?to=")


def test_the_retention_coupon_is_the_editors_and_goes_along(generous: Any, sign_in: Any) -> None:
    person, _offer, _subscription = generous.subscribe()
    generous.simulator.stripe().v1.coupons.create({"id": "STAY", "percent_off": 50, "duration": "once"})
    answer = sign_in(person).get(go_address("stripe/cancel-subscription", {"coupon": "STAY"}, "/x"))
    assert answer.status_code == 303
    assert flow_asked(generous)["subscription_cancel"]["retention"]["coupon_offer"]["coupon"] == "STAY"


def test_a_plan_named_by_the_editor_is_confirmed_at_its_price(generous: Any, sign_in: Any) -> None:
    person, yearly, subscription = with_a_yearly_plan(generous)
    answer = sign_in(person).get(go_address("stripe/change-plan", {"offer": yearly.public_id}, "/x"))
    assert answer.status_code == 303, answer.text
    asked = flow_asked(generous)
    assert asked["type"] == "subscription_update_confirm"
    assert asked["subscription_update_confirm"]["subscription"] == subscription


def test_a_link_for_one_product_serves_only_who_subscribes_to_it(generous: Any) -> None:
    person, offer, _subscription = generous.subscribe()
    other = generous.offer()
    from_product = {each.id: each.slug for each in _products()}
    assert "cancel-subscription" in shown(person, product=from_product[offer.product_id])
    assert "cancel-subscription" not in shown(person, product=from_product[other.product_id])
    assert "cancel-subscription" not in shown(person, product="no-such-product")


def _products() -> Any:
    return access.products()


def two_subscriptions(stage: Any) -> tuple[Any, list[str]]:
    person, _offer, _subscription = stage.subscribe()
    stage.buy(person, stage.offer(amount=1900))
    stage.deliver()
    ids = list(db.session.scalars(select(Subscription.stripe_id).where(Subscription.person_id == person.id)))
    db.rollback()
    return person, ids


def test_with_two_subscriptions_the_student_is_asked_which(generous: Any, sign_in: Any) -> None:
    person, (first, second) = two_subscriptions(generous)
    browser = sign_in(person)
    asked = browser.get(go_address("stripe/cancel-subscription", {}, "/manage-subscription"))
    assert asked.status_code == 303
    path = asked.headers["Location"]
    assert path.startswith("/ext/stripe/choose?c=")
    page = browser.get(path).text
    assert {first, second} <= set(re.findall(r'name="target" value="([^"]+)"', page))
    generous.simulator.calls()
    answer = choose(browser, page, path, second)
    assert answer.status_code == 303
    assert flow_asked(generous)["subscription_cancel"]["subscription"] == second
    assert (answer.headers["Cache-Control"], answer.headers["Referrer-Policy"]) == ("no-store", "no-referrer")


def choose(browser: Any, page: str, path: str, target: str) -> Any:
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    assert token
    signed = parse_qs(urlsplit(path).query)["c"][0]
    return browser.post("/ext/stripe/choose", data={"csrf_token": token[1], "c": signed, "target": target})


@pytest.mark.feature("SO-14")
def test_the_question_never_answers_with_somebody_elses(generous: Any, sign_in: Any) -> None:
    _victim, _offer, foreign = generous.subscribe()
    person, _ids = two_subscriptions(generous)
    browser = sign_in(person)
    path = browser.get(go_address("stripe/cancel-subscription", {}, "/x")).headers["Location"]
    page = browser.get(path).text
    assert foreign not in page
    generous.simulator.calls()
    assert choose(browser, page, path, foreign).status_code == 404
    assert [call for call in generous.simulator.calls() if call.startswith("POST")] == []


def test_a_question_that_was_changed_is_refused_with_a_word(generous: Any, sign_in: Any) -> None:
    person, _ids = two_subscriptions(generous)
    answer = sign_in(person).get("/ext/stripe/choose?c=forged")
    assert answer.status_code == 400
    assert "changed on its way" in answer.text


@pytest.mark.feature("B-06")
def test_two_living_customers_make_the_portal_ask_and_a_deleted_one_is_passed_over(generous: Any, sign_in: Any) -> None:
    person, _offer, _subscription = generous.subscribe()
    known = db.session.scalars(select(Customer).where(Customer.person_id == person.id)).one()
    made = generous.simulator.stripe().v1.customers.create({"email": "second@example.org"})
    db.session.add(
        Customer(
            connection_id=known.connection_id,
            person_id=person.id,
            stripe_id=made.id,
            is_primary=False,
            linked_by="claim",
            first_purchase_at=known.first_purchase_at,
        )
    )
    db.commit()
    browser = sign_in(person)
    path = browser.get(go_address("stripe/customer-portal", {}, "/x")).headers["Location"]
    page = browser.get(path).text
    assert page.count('name="target"') == 2
    generous.simulator.stripe().v1.customers.delete(made.id)
    ctx = own.context_of(person)
    gone = next(each for each in links.TARGETS["customer-portal"](ctx, {}) if each.customer.stripe_id == made.id)
    address = flows.session(ctx, gone, "/x", "en")
    assert address.startswith(generous.simulator.url)
    assert db.session.scalar(select(Customer.deleted_at).where(Customer.stripe_id == made.id)) is not None


def test_a_subscription_that_is_gone_at_stripe_is_said_plainly_and_read_again(generous: Any, sign_in: Any) -> None:
    person, _offer, subscription = generous.subscribe()
    generous.simulator.stripe().v1.subscriptions.cancel(subscription)
    answer = sign_in(person).get(go_address("stripe/cancel-subscription", {}, "/x"))
    assert answer.status_code == 409
    assert "This subscription has changed at Stripe" in answer.text
    generous.work()
    assert "cancel-subscription" not in shown(person)


def test_invoices_lead_to_our_own_list_also_while_stripe_is_disconnected(generous: Any, sign_in: Any) -> None:
    person, _offer, _subscription = generous.subscribe()
    found = connections.selling()
    connections.change(found.id, portal_enabled=False)
    db.commit()
    assert shown(person) == {"invoices"}
    answer = sign_in(person).get(go_address("stripe/invoices", {}, "/x"))
    assert answer.headers["Location"] == "/account/billing#invoices"


def test_all_links_of_a_page_ask_three_times_at_most(generous: Any, queries: Any) -> None:
    person, _offer, _subscription = generous.subscribe()
    with queries.at_most(3):
        assert len(shown(person)) >= 4
