"""The main job, end to end, as people live it: connect Stripe, sell a course, open the portal, cancel, lapse, renew."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

COURSE = "/courses/letters-that-get-answered"
PORTAL = "/go/stripe/customer-portal"


def connect_stripe(demo: Any, page: Page, in_every_light: Callable[[Page], None]) -> None:
    demo.sign_in(page, "owner")
    page.goto(demo.url("/admin"))
    page.get_by_role("link", name="Settings").click()
    page.get_by_role("navigation", name="Settings").get_by_role("link", name="Stripe").click()
    expect(page.get_by_role("heading", name="Stripe", exact=True)).to_be_visible()
    in_every_light(page)
    page.get_by_label("Restricted key").fill(demo.simulator_key())
    page.get_by_role("button", name="Connect Stripe").click()
    expect(page.get_by_text(re.compile("All steps are done"))).to_be_visible()
    page.get_by_role("link", name="Back to the settings").click()
    expect(page.get_by_text("Connected", exact=True).first).to_be_visible()


def buy_monthly(demo: Any, page: Page, pay: Callable[[Page], None]) -> None:
    page.goto(demo.url(COURSE))
    page.get_by_role("link", name="Buy this course").click()
    expect(page).to_have_url(re.compile("/checkout/"))
    page.get_by_role("radio", name=re.compile("a month")).check()
    page.get_by_role("button", name="Confirm and pay").click()
    expect(page.get_by_text("no money moves")).to_be_visible()
    pay(page)


def pay_by_card(page: Page) -> None:
    page.get_by_role("radio", name=re.compile("Card that pays")).first.check()
    page.get_by_role("button", name=re.compile("Pay|Subscribe")).click()


def pay_by_bank_debit(page: Page, outcome: str) -> None:
    page.get_by_role("radio", name=re.compile(outcome)).check()
    page.get_by_role("button", name=re.compile("Pay|Subscribe")).click()


def see_no_portal(demo: Any, page: Page) -> None:
    page.goto(demo.url(demo.pages["manage"]))
    assert "customer-portal" not in page.content()
    expect(page.get_by_role("heading", level=1)).to_have_text("Manage your subscription")


@pytest.mark.feature("TA-12", "SO-09")
def test_the_main_job_from_connecting_stripe_to_renewing(
    fresh_demo: Any,
    new_page: Callable[..., Page],
    accessible: Callable[[Page], None],
    in_every_light: Callable[[Page], None],
) -> None:
    demo = fresh_demo
    guest, owner, student = new_page(), new_page(), new_page()

    # 2. The owner connects; the portal is active without a further click; mode and account are shown.
    connect_stripe(demo, owner, in_every_light)
    connection = owner.get_by_role("article").filter(has=owner.get_by_role("heading", name="Simulator"))
    expect(connection).to_contain_text("Long Table")
    expect(connection).to_contain_text("Connected")
    expect(owner.get_by_role("button", name="Activate Customer Portal")).to_have_count(0)
    accessible(owner)

    # 3. Neither a visitor nor a student without purchase has the button, not even in the HTML.
    see_no_portal(demo, guest)
    demo.sign_in(student, "student")
    see_no_portal(demo, student)

    # 4. The student buys monthly and is in the course.
    buy_monthly(demo, student, pay_by_card)
    expect(student).to_have_url(re.compile("/learn/letters-that-get-answered/"))
    expect(student.get_by_role("heading", level=1)).to_have_text("Who is going to read this?")

    # 5. The button and the link in the text are there; one click leads to the student's own portal.
    student.goto(demo.url(demo.pages["manage"]))
    expect(student.locator(f'a[href^="{PORTAL}"]')).to_have_count(2)
    accessible(student)
    student.get_by_role("link", name="Manage your subscription").first.click()
    expect(student.get_by_text(demo.people["student"]["email"]).first).to_be_visible()
    assert student.url.startswith(demo.simulator)

    # Another card; Billing knows it after the way back.
    student.get_by_role("link", name="Change card").click()
    student.get_by_role("radio", name="Mastercard that pays").check()
    student.get_by_role("button", name="Save card").click()
    student.get_by_role("link", name=re.compile("Return to Long Table")).click()
    expect(student).to_have_url(demo.url(demo.pages["manage"]))
    student.goto(demo.url("/account/billing"))
    expect(student.get_by_text("Mastercard ending in 4444")).to_be_visible()
    student.goto(demo.url(demo.pages["manage"]))
    student.get_by_role("link", name="Manage your subscription").first.click()

    # Cancel at period end; Return leads to the manage page, and the end is known already.
    student.get_by_role("link", name=re.compile("Cancel")).or_(
        student.get_by_role("button", name=re.compile("Cancel"))
    ).first.click()
    student.get_by_role("button", name=re.compile("Cancel")).first.click()
    student.get_by_role("link", name=re.compile("Return to Long Table")).click()
    expect(student).to_have_url(demo.url(demo.pages["manage"]))
    expect(student.get_by_text(re.compile("Ends on"))).to_be_visible()
    student.goto(demo.url(f"{COURSE.replace('/courses/', '/learn/')}/one-letter-one-request"))
    expect(student.get_by_role("heading", level=1)).to_have_text("One letter, one request")

    # Past the period: access ends, with the reason and a way to renew; the page is not broken, the portal link stays.
    demo.advance(days=32)
    lapsed = student.get_by_role("link", name=re.compile("Renew"))
    reload_until(student, lambda: lapsed.count() > 0)
    expect(lapsed.first).to_be_visible()
    expect(student.get_by_text(re.compile("ended on"))).to_be_visible()
    accessible(student)
    student.goto(demo.url(demo.pages["manage"]))
    expect(student.locator(f'a[href^="{PORTAL}"]')).to_have_count(2)

    # Renewing opens the course again.
    student.goto(demo.url(f"{COURSE.replace('/courses/', '/learn/')}/one-letter-one-request"))
    student.get_by_role("link", name=re.compile("Renew")).first.click()
    student.get_by_role("radio", name=re.compile("a month")).check()
    student.get_by_role("button", name="Confirm and pay").click()
    pay_by_card(student)
    expect(student).to_have_url(re.compile("/learn/letters-that-get-answered/"))


def reload_until(page: Page, condition: Callable[[], bool], tries: int = 60) -> None:
    """Reload while the worker catches up; the browser's own time-outs bound each try."""
    for _ in range(tries):
        page.reload()
        if condition():
            return
        page.wait_for_timeout(250)
    raise AssertionError(f"{page.url} never got there: {page.inner_text('body')[:800]}")


@pytest.mark.feature("TA-24", "B-18")
def test_a_second_students_page_in_the_same_cache_never_leads_to_the_first_ones_portal(
    demo: Any, new_page: Callable[..., Page]
) -> None:
    subscriber, student, guest = new_page(), new_page(), new_page()
    demo.sign_in(subscriber, "subscriber")
    subscriber.goto(demo.url(demo.pages["manage"]))
    link = subscriber.locator(f'a[href^="{PORTAL}"]').first
    address = link.get_attribute("href")
    assert address
    see_no_portal(demo, guest)
    demo.sign_in(student, "student")
    see_no_portal(demo, student)
    # Even with the very address of the subscriber's page, the student meets no portal of anybody.
    student.goto(demo.url(address))
    assert student.url.startswith(demo.site)
    assert demo.people["subscriber"]["email"] not in student.content()
    link.click()
    expect(subscriber.get_by_text(demo.people["subscriber"]["email"]).first).to_be_visible()


def test_a_bank_debit_opens_nothing_until_the_money_is_there(demo: Any, new_page: Callable[..., Page]) -> None:
    student = new_page()
    demo.sign_in(student, "student")
    buy_monthly(demo, student, lambda page: pay_by_bank_debit(page, "paid after five days"))
    expect(student.get_by_text(re.compile("on its way"))).to_be_visible()
    lesson = demo.url("/learn/letters-that-get-answered/one-letter-one-request")
    assert student.goto(lesson).status == 403
    see_no_portal(demo, student)
    demo.advance(days=6)
    student.goto(lesson)
    reload_until(student, lambda: student.get_by_role("heading", level=1).inner_text() == "One letter, one request")
    student.goto(demo.url(demo.pages["manage"]))
    buttons = student.locator(f'a[href^="{PORTAL}"]')
    reload_until(student, lambda: buttons.count() == 2)


def test_a_bank_debit_that_fails_opens_nothing_and_the_buyer_is_told(demo: Any, new_page: Callable[..., Page]) -> None:
    buyer = new_page()
    demo.sign_in(buyer, "editor")
    buy_monthly(demo, buyer, lambda page: pay_by_bank_debit(page, "fails after five days"))
    expect(buyer.get_by_text(re.compile("on its way"))).to_be_visible()
    order = buyer.url
    demo.advance(days=6)
    buyer.goto(order)
    reload_until(buyer, lambda: "did not arrive" in buyer.inner_text("main"))

    def told() -> int:
        return sum("editor@longtable.example" in mail and "did not arrive" in mail for mail in demo.mails())

    reload_until(buyer, lambda: told() > 0)
    assert told() == 1
    see_no_portal(demo, buyer)


def test_a_guest_buys_chooses_a_password_and_finds_the_portal(
    demo: Any, new_page: Callable[..., Page], accessible: Callable[[Page], None]
) -> None:
    guest = new_page()
    guest.goto(demo.url(COURSE))
    guest.get_by_role("link", name="Buy this course").click()
    expect(guest).to_have_url(re.compile("/checkout/"))
    accessible(guest)
    guest.get_by_role("radio", name=re.compile("a month")).check()
    guest.get_by_label("E-mail").fill("bruno@example.org")
    guest.get_by_role("button", name="Confirm and pay").click()
    expect(guest.get_by_text("no money moves")).to_be_visible()
    pay_by_card(guest)

    # Back in the same browser: a name, a password, and in.
    expect(guest).to_have_url(demo.url("/claim"))
    expect(guest.get_by_label("E-mail")).to_have_value("bruno@example.org")
    accessible(guest)
    guest.get_by_label("Name").fill("Bruno")
    guest.get_by_label("Password", exact=True).fill("eleven quiet herons")
    guest.get_by_role("button", name="Create my account and begin").click()
    expect(guest).to_have_url(re.compile("/learn/letters-that-get-answered/"))

    # The customer that paid is theirs.
    guest.goto(demo.url(demo.pages["manage"]))
    guest.get_by_role("link", name="Manage your subscription").first.click()
    expect(guest.get_by_text("bruno@example.org").first).to_be_visible()
    assert guest.url.startswith(demo.simulator)

    # The address has an account now: a second browser gets in by signing in or by the mailed link only.
    stranger = new_page()
    stranger.goto(demo.url(COURSE))
    stranger.get_by_role("link", name="Buy this course").click()
    stranger.get_by_label("E-mail").fill("bruno@example.org")
    stranger.get_by_role("button", name="Confirm and pay").click()
    pay_by_card(stranger)
    expect(stranger.get_by_role("heading", level=1)).to_have_text("Thank you. Now sign in")
    accessible(stranger)
    stranger.goto(demo.url("/account"))
    expect(stranger).to_have_url(re.compile("/login"))
