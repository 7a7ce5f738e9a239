"""What students and the creator live through with the customer portal, in a browser. One demo and one clock for all.

Each story leaves the subscriber as it found them: paying every month, with a card that works.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

PORTAL = "/go/stripe/customer-portal"
CARDS = "/go/stripe/update-payment-method"
LESSON = "/learn/letters-that-get-answered/one-letter-one-request"
GOOD, FAILS_LATER = "Card that pays", "declined at renewals"


@pytest.fixture
def subscriber(demo: Any, new_page: Callable[..., Page]) -> Page:
    page = new_page()
    demo.enter(page, "subscriber")
    return page


@pytest.fixture
def owner(demo: Any, new_page: Callable[..., Page]) -> Page:
    page = new_page()
    demo.enter(page, "owner")
    return page


def reload_until(page: Page, condition: Callable[[], bool], tries: int = 80) -> None:
    """Reload while clock and worker catch up; the browser's own time-outs bound each try."""
    for _ in range(tries):
        page.reload()
        if condition():
            return
        page.wait_for_timeout(250)
    raise AssertionError(f"{page.url} never got there: {page.inner_text('body')[:800]}")


def see(page: Page, words: str) -> Callable[[], bool]:
    return lambda: page.get_by_text(re.compile(words)).count() > 0


def open_portal(demo: Any, page: Page) -> None:
    page.goto(demo.url(demo.pages["manage"]))
    page.get_by_role("link", name="Manage your subscription").first.click()
    expect(page.get_by_text("no money moves")).to_be_visible()


def go_back(demo: Any, page: Page) -> None:
    page.get_by_role("link", name=re.compile("Return to Long Table")).click()
    expect(page).to_have_url(demo.url(demo.pages["manage"]))


def may_learn(demo: Any, page: Page) -> bool:
    answer = page.goto(demo.url(LESSON))
    return answer is not None and answer.status == 200


def give_card(page: Page, words: str) -> None:
    page.get_by_role("radio", name=words, exact=False).first.check()
    page.get_by_role("button", name="Save card").click()


def payments(demo: Any, page: Page) -> int:
    page.goto(demo.url("/account/billing"))
    return page.locator("#invoices tbody tr").count()


@pytest.mark.feature("TA-25", "TA-30", "SO-12")
def test_story_4_who_cancels_keeps_access_resumes_is_charged_and_stays_in(demo: Any, subscriber: Page) -> None:
    page = subscriber
    paid_before = payments(demo, page)
    open_portal(demo, page)
    expect(page.get_by_text(re.compile("Renews|renews|next", re.I)).first).to_be_visible()
    page.get_by_role("link", name="Cancel subscription").click()
    page.get_by_role("button", name="Cancel subscription").click()
    go_back(demo, page)
    expect(page.get_by_text(re.compile("Ends on"))).to_be_visible()
    assert may_learn(demo, page)
    demo.advance(days=20)
    assert may_learn(demo, page)
    page.goto(demo.url("/account/billing"))
    expect(page.get_by_text(re.compile("Ends on|ends on")).first).to_be_visible()

    open_portal(demo, page)
    page.get_by_role("button", name=re.compile("Don.t cancel")).click()
    go_back(demo, page)
    expect(page.get_by_text(re.compile("Ends on"))).to_have_count(0)
    demo.advance(days=12)
    page.goto(demo.url("/account/billing"))
    reload_until(page, lambda: page.locator("#invoices tbody tr").count() > paid_before)
    assert may_learn(demo, page)


@pytest.mark.feature("B-12", "SO-11")
def test_story_5_a_card_that_fails_is_mended_and_without_mending_access_waits_for_the_payment(
    demo: Any, subscriber: Page, in_every_light: Callable[[Page], None]
) -> None:
    page = subscriber
    # The student puts a card that will fail into the portal.
    page.goto(demo.url("/account/billing"))
    open_portal(demo, page)
    page.get_by_role("link", name="Change card").click()
    give_card(page, FAILS_LATER)
    demo.advance(days=32)
    page.goto(demo.url("/account/billing"))
    reload_until(page, see(page, "did not go through"))
    in_every_light(page)
    assert may_learn(demo, page)

    # Update card mends it at once.
    page.goto(demo.url("/account/billing"))
    page.get_by_role("link", name="Update card").click()
    give_card(page, GOOD)
    expect(page).to_have_url(re.compile("/account/billing"))
    expect(page.get_by_text(re.compile("did not go through"))).to_have_count(0)
    assert may_learn(demo, page)

    # It fails again, and nobody does anything: after the days of grace the course waits, and says so.
    open_portal(demo, page)
    page.get_by_role("link", name="Change card").click()
    give_card(page, FAILS_LATER)
    demo.advance(days=31)
    page.goto(demo.url("/account/billing"))
    reload_until(page, see(page, "did not go through"))
    demo.advance(days=8)
    reload_until(page, see(page, "waits for your payment"))
    in_every_light(page)
    assert not may_learn(demo, page)
    expect(page.locator("main")).to_contain_text(re.compile("pay", re.I))
    in_every_light(page)

    # The payment brings it back, with everything that was there: this time with the invoice itself.
    page.goto(demo.url("/account/billing"))
    page.get_by_role("link", name="Pay the invoice").click()
    page.get_by_role("radio", name=GOOD, exact=False).first.check()
    page.get_by_role("button", name=re.compile("^Pay ")).click()
    expect(page.get_by_role("heading", name="Paid")).to_be_visible()
    page.goto(demo.url("/account/billing"))
    reload_until(page, lambda: not see(page, "waits for your payment")())
    assert may_learn(demo, page)
    open_portal(demo, page)
    page.get_by_role("link", name="Change card").click()
    give_card(page, GOOD)


@pytest.mark.feature("TA-30")
def test_story_8_who_may_changes_the_plan_pauses_and_goes_on(demo: Any, owner: Page, subscriber: Page) -> None:
    page = subscriber
    owner.goto(demo.url("/admin/products/1/offers/new"))
    owner.get_by_label("Kind").select_option(label="Subscription")
    owner.get_by_label("Price", exact=True).fill("90")
    owner.get_by_label("Charged every").select_option("year")
    owner.get_by_role("button", name="Add offer").click()
    expect(owner.get_by_text("The offer is there.")).to_be_visible()
    owner.goto(demo.url("/ext/stripe/connections/1/portal"))
    owner.get_by_label("Change to another plan").check()
    owner.get_by_label("Pause a subscription").select_option(label="Up to three")
    owner.get_by_role("button", name="Save").click()
    expect(owner).to_have_url(re.compile("/admin/settings/stripe"))
    try:
        # From month to year and back, each known on Billing at once.
        for plan, label in (("90.*year", "€90"), ("9.*month", "€9")):
            open_portal(demo, page)
            page.get_by_role("link", name="Change plan").click()
            page.get_by_role("radio", name=re.compile(plan)).check()
            page.get_by_role("button", name="Change plan").click()
            go_back(demo, page)
            page.goto(demo.url("/account/billing"))
            expect(page.locator("dl.facts").first).to_contain_text(label)
            assert may_learn(demo, page)
        # Paused: nothing is charged, and the page says so until it goes on.
        open_portal(demo, page)
        page.get_by_role("link", name="Pause subscription").click()
        page.get_by_role("button", name="Pause subscription").click()
        go_back(demo, page)
        page.goto(demo.url("/account/billing"))
        expect(page.locator("dl.facts").first).to_contain_text("Paused")
        assert not may_learn(demo, page)
        expect(page.locator("main")).to_contain_text("paused")
        open_portal(demo, page)
        page.get_by_role("button", name="Resume subscription").click()
        go_back(demo, page)
        page.goto(demo.url("/account/billing"))
        expect(page.locator("dl.facts").first).not_to_contain_text("Paused")
        assert may_learn(demo, page)
    finally:
        owner.goto(demo.url("/admin/products/1"))
        owner.get_by_role("listitem").filter(has_text="€90").get_by_role("button", name="Stop selling").click()


@pytest.mark.feature("TA-09", "TA-10")
def test_story_6_an_older_connection_is_activated_by_one_press_and_the_hidden_buttons_appear(
    demo: Any, owner: Page, subscriber: Page, in_every_light: Callable[[Page], None], change_rows: Any
) -> None:
    subscriber.goto(demo.url(demo.pages["manage"]))
    buttons = subscriber.locator(f'a[href^="{PORTAL}"]')
    expect(buttons).to_have_count(2)
    # As an older version left it; that version's own tables are tried in the plugin's tests.
    change_rows(
        "DELETE FROM stripe_portal_configuration",
        "UPDATE stripe_connection SET integration_version = 0, portal_status = 'unknown'",
    )
    subscriber.reload()
    assert "customer-portal" not in subscriber.content()
    owner.goto(demo.url("/admin/settings/stripe"))
    expect(owner.get_by_text("Reconnect needed: activate the portal")).to_be_visible()
    expect(owner.get_by_text(re.compile("made with an older version"))).to_be_visible()
    in_every_light(owner)
    owner.get_by_role("button", name="Activate Customer Portal").click()
    expect(owner.get_by_text("The customer portal is active.")).to_be_visible()
    expect(owner.get_by_role("button", name="Activate Customer Portal")).to_have_count(0)
    subscriber.reload()
    expect(buttons).to_have_count(2)
    buttons.first.click()
    expect(subscriber.get_by_text(demo.people["subscriber"]["email"]).first).to_be_visible()


@pytest.mark.feature("TA-07", "B-08")
def test_story_7_the_same_account_connected_again_finds_everything_as_before(
    demo: Any, owner: Page, subscriber: Page
) -> None:
    paid = payments(demo, subscriber)
    assert may_learn(demo, subscriber)
    owner.goto(demo.url("/admin/settings/stripe"))
    simulator = owner.get_by_role("article").filter(has=owner.get_by_role("heading", name="Simulator"))
    simulator.get_by_role("link", name="Disconnect").click()
    expect(owner.get_by_text(re.compile("subscription goes on at Stripe"))).to_be_visible()
    owner.get_by_role("link", name="Keep connected").click()
    expect(simulator).to_contain_text("Connected")
    simulator.get_by_role("link", name="Disconnect").click()
    owner.get_by_role("button", name="Disconnect").click()
    expect(owner.get_by_text("Stripe is disconnected.")).to_be_visible()
    expect(owner.get_by_text("Not connected").first).to_be_visible()

    # Nobody loses anything meanwhile; only what needs Stripe is not offered.
    assert may_learn(demo, subscriber)
    assert payments(demo, subscriber) == paid
    subscriber.goto(demo.url(demo.pages["manage"]))
    assert "customer-portal" not in subscriber.content()

    owner.get_by_label("Restricted key").fill(demo.simulator_key())
    owner.get_by_role("button", name="Connect Stripe").click()
    expect(owner.get_by_text(re.compile("All steps are done"))).to_be_visible()
    owner.goto(demo.url("/admin/settings/stripe"))
    expect(simulator).to_contain_text("Selling")
    assert may_learn(demo, subscriber)
    assert payments(demo, subscriber) == paid
    open_portal(demo, subscriber)
    expect(subscriber.get_by_text(demo.people["subscriber"]["email"]).first).to_be_visible()
    go_back(demo, subscriber)
