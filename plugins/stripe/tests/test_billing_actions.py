"""Every state of a subscription beside the Billing page: what it says, which actions it offers, and where each leads.

The states are real ones: the simulator is brought into them, and what it tells is read. Which links a row may have is
in ``test_links``; here is the whole way from Stripe to the portal page that a click opens.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from lms_stripe import connections, links, portal
from lms_stripe.portal_features import Choices
from lms_stripe_simulator import testing

from lms.api import clock, commerce, db
from lms.api.content import go_address, resolve
from lms.extend import LinkContext

SESSIONS = "/v1/billing_portal/sessions"
CARD, CANCEL, PAUSE, PLAN, RESUME = (
    "update-payment-method", "cancel-subscription", "pause-subscription", "change-plan", "resume",
)  # fmt: skip
FLOW = {
    CARD: "payment_method_update", CANCEL: "subscription_cancel", PAUSE: "subscription_pause",
    PLAN: "subscription_update", RESUME: None, "customer-portal": None,
}  # fmt: skip
ALWAYS = {"customer-portal", "invoices"}


@dataclass
class Subscriber:
    """Somebody with one subscription, at a connection whose portal lets students do everything."""

    stage: Any
    person: Any
    offer: Any
    id: str

    @property
    def at_stripe(self) -> Any:
        return self.stage.simulator.stripe().v1.subscriptions

    def fail_from_now_on(self, ending: str) -> None:
        """The next charges do not go through; when Stripe gives up, the subscription is as ``ending`` says."""
        self.stage.simulator.running.control("POST", "settings", {"retries_end": ending})
        stripe = self.stage.simulator.stripe()
        customer = self.at_stripe.retrieve(self.id).customer
        method = stripe.v1.payment_methods.attach("pm_card_chargeCustomerFail", {"customer": customer})
        self.at_stripe.update(self.id, {"default_payment_method": method.id})

    def pass_days(self, *spans: int) -> None:
        for days in spans:
            self.stage.simulator.advance(days=days)
            self.stage.deliver()


def _subscribed(stage: Any, **facts: Any) -> Subscriber:
    return Subscriber(stage, *stage.subscribe(**facts))


def _runs(stage: Any) -> Subscriber:
    return _subscribed(stage)


def _trial(stage: Any) -> Subscriber:
    return _subscribed(stage, trial_days=14)


def _ends_with_the_period(stage: Any) -> Subscriber:
    it = _subscribed(stage)
    it.at_stripe.update(it.id, {"cancel_at_period_end": True})
    return it


def _in_grace(stage: Any) -> Subscriber:
    it = _subscribed(stage)
    it.fail_from_now_on("unpaid")
    it.pass_days(32)
    return it


def _past_grace(stage: Any) -> Subscriber:
    it = _subscribed(stage, grace_days=1)
    it.fail_from_now_on("past_due")
    it.pass_days(32, 3)
    return it


def _unpaid(stage: Any) -> Subscriber:
    it = _subscribed(stage)
    it.fail_from_now_on("unpaid")
    it.pass_days(32, 10, 10, 10)
    return it


def _paused(stage: Any) -> Subscriber:
    it = _subscribed(stage)
    it.at_stripe.pause(it.id)
    return it


def _collection_paused(stage: Any) -> Subscriber:
    it = _subscribed(stage)
    it.at_stripe.update(it.id, {"pause_collection": {"behavior": "void"}})
    return it


def _ended(stage: Any) -> Subscriber:
    it = _subscribed(stage)
    it.at_stripe.cancel(it.id)
    return it


def _instalments(stage: Any) -> Subscriber:
    it = _subscribed(stage, kind="instalments", instalments=3, interval="month", amount=1900)
    stage.deliver()
    return it


def _instalments_unpaid(stage: Any) -> Subscriber:
    it = _instalments(stage)
    it.fail_from_now_on("unpaid")
    it.pass_days(32)
    return it


@dataclass(frozen=True)
class Case:
    """A state: how one gets there, what Stripe calls it, and what the student finds."""

    name: str
    begin: Callable[[Any], Subscriber]
    status: str
    is_in: bool
    says: tuple[str, ...]
    offers: frozenset[str]
    buttons: frozenset[str] = frozenset({"Manage at Stripe"})


MENDING = frozenset({"Manage at Stripe", "Update card", "Pay the invoice"})
CASES = (
    Case("runs", _runs, "active", True, ("Next charge",), frozenset({CARD, CANCEL, PAUSE, PLAN})),
    Case("trial", _trial, "trialing", True, ("Trial", "Next charge"), frozenset({CARD, CANCEL, PLAN})),
    Case("ends with the period", _ends_with_the_period, "active", True, ("Ends on",), frozenset({CARD, RESUME})),
    Case("in grace", _in_grace, "past_due", True, ("did not go through", "Everything stays open until"),
         frozenset({CARD, CANCEL}), MENDING),
    Case("past grace", _past_grace, "past_due", False, ("waits for your payment",), frozenset({CARD, CANCEL}), MENDING),
    Case("unpaid", _unpaid, "unpaid", False, ("waits for your payment",), frozenset({CARD, CANCEL}), MENDING),
    Case("paused", _paused, "paused", False, ("Paused",), frozenset({CARD, RESUME})),
    Case("nothing is collected", _collection_paused, "active", True, ("Charges", "Paused"),
         frozenset({CARD, CANCEL, PLAN, RESUME})),
    Case("ended", _ended, "canceled", False, ("Ended on",), frozenset(), frozenset({"Manage at Stripe", "Renew"})),
    Case("instalments", _instalments, "active", True, ("3 payments", "Paid off on"), frozenset({CARD, PAUSE})),
    Case("instalments, one unpaid", _instalments_unpaid, "past_due", True, ("did not go through",),
         frozenset({CARD}), MENDING),
)  # fmt: skip


@pytest.fixture
def generous(connected: Any) -> Any:
    """A connection whose portal lets students do everything, with a second plan to change to."""
    found = connections.selling()
    assert found is not None
    db.commit()
    connected.offer(amount=9000, interval="year")
    connected.work()
    portal.choose(connections.get(found.id), Choices(pause_months=3, change_plan=True))
    db.commit()
    return connected


def shown(person: Any) -> set[str]:
    ctx = LinkContext(person=person, now=clock.now(), page="/account/billing")
    names = [link.name for link in links.ALL]
    found = {
        name for name in names
        if resolve({"kind": "dynamic", "source": "stripe", "key": name, "args": {}}, ctx) is not None
    }  # fmt: skip
    db.rollback()
    return found


def buttons(page: str) -> set[str]:
    """The words of the page's buttons, those of its frame left out."""
    main = page.split("<main", 1)[1].split("</main>", 1)[0]
    found = re.findall(r'<a class="button[^>]*>(.*?)</a>', main, re.DOTALL)
    return {html.unescape(re.sub(r"<[^>]*>", "", each)).strip() for each in found}


@pytest.mark.feature("TA-25", "B-12")
@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_the_billing_page_offers_what_can_be_done_and_each_click_opens_it(
    generous: Any, sign_in: Any, case: Case
) -> None:
    it = case.begin(generous)
    generous.deliver()
    assert it.at_stripe.retrieve(it.id).status == case.status
    assert generous.is_in(it.person, it.offer) is case.is_in
    browser = sign_in(it.person)
    page = browser.get("/account/billing").text
    for words in case.says:
        assert words in html.unescape(page)
    assert buttons(page) == case.buttons
    assert shown(it.person) == ALWAYS | case.offers
    for name in FLOW:
        generous.simulator.running.forget_requests()
        answer = browser.get(go_address(f"stripe/{name}", {}, "/account/billing"))
        asked = [each["params"] for each in generous.simulator.running.requests() if each["path"] == SESSIONS]
        if name not in case.offers | ALWAYS:
            # A page that was open before the state moved: a plain word, and nothing is made at Stripe.
            assert (answer.status_code >= 400, asked) == (True, []), name
            assert "Billing" in answer.text
            continue
        assert answer.status_code == 303, name
        assert (asked[0].get("flow_data") or {}).get("type") == FLOW[name]
        assert testing.fetch(answer.location).status in (200, 303)


@pytest.mark.parametrize(
    ("begin", "words", "button"),
    [
        (_past_grace, "Your last payment did not go through", "Settle the payment"),
        (_unpaid, "Your last payment did not go through", "Settle the payment"),
        (_paused, "Your subscription is paused", "See my subscription"),
    ],
)
def test_what_is_locked_says_why_and_what_to_do(
    generous: Any, sign_in: Any, begin: Any, words: str, button: str
) -> None:
    it = begin(generous)
    generous.deliver()
    browser = sign_in(it.person)
    (order,) = commerce.orders_of(it.person.id)
    learn = commerce.after_purchase_path(order.id)
    course = learn.replace("/learn/", "/courses/")
    lesson = browser.get(learn).headers["Location"]
    for path in ("/account", course, lesson):
        page = html.unescape(browser.get(path).text)
        assert (words in page, button in page) == (True, True), path
        assert ("Settle the payment" in page) is (button == "Settle the payment"), path


@pytest.mark.feature("TA-14")
def test_a_first_payment_that_was_never_made_is_no_subscription(generous: Any, sign_in: Any) -> None:
    person, offer = generous.make.person(), generous.offer()
    with pytest.raises(testing.Declined):
        generous.buy(person, offer, "declines")
    generous.deliver()
    assert commerce.subscriptions_of(person.id) == ()
    assert shown(person) == set()
    page = sign_in(person).get("/account/billing").text
    assert "Nothing bought yet" in page
    assert buttons(page) == {"See the courses"}


def test_what_stripe_calls_incomplete_opens_and_offers_nothing(generous: Any, sign_in: Any) -> None:
    buyer, offer, subscription_id = generous.subscribe()
    stripe = generous.simulator.stripe()
    bought = stripe.v1.subscriptions.retrieve(subscription_id)
    stripe.v1.subscriptions.cancel(subscription_id)
    method = stripe.v1.payment_methods.attach("pm_card_chargeCustomerFail", {"customer": bought.customer})
    made = stripe.v1.subscriptions.create(
        {
            "customer": bought.customer,
            "items": [{"price": bought["items"].data[0].price.id}],
            "payment_behavior": "default_incomplete",
            "default_payment_method": method.id,
            "metadata": bought.metadata.to_dict(),
        }
    )
    assert made.status == "incomplete"
    generous.deliver()
    assert not generous.is_in(buyer, offer)
    assert [each.state.value for each in commerce.subscriptions_of(buyer.id)] == ["ended"]
    assert shown(buyer) == ALWAYS
    assert buttons(sign_in(buyer).get("/account/billing").text) == {"Manage at Stripe", "Renew"}
