"""Staff find an order, read its story, and send a part of the money back."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect

COURSE = "/courses/letters-that-get-answered"


def buy_once(demo: Any, page: Page) -> None:
    page.goto(demo.url(COURSE))
    page.get_by_role("link", name="Buy this course").click()
    page.get_by_role("radio", name=re.compile("once")).check()
    page.get_by_role("button", name="Confirm and pay").click()
    expect(page.get_by_text("no money moves")).to_be_visible()
    page.get_by_role("radio", name=re.compile("Card that pays")).first.check()
    page.get_by_role("button", name=re.compile("Pay|Subscribe")).click()
    expect(page).to_have_url(re.compile("/learn/|/ext/stripe/done|/account"))


def test_staff_find_an_order_read_its_story_and_refund_a_part(
    fresh_demo: Any, new_page: Callable[..., Page], accessible: Callable[[Page], None]
) -> None:
    demo = fresh_demo
    owner, student = new_page(), new_page()
    demo.sign_in(owner, "owner")
    owner.goto(demo.url("/ext/stripe/connect"))
    owner.get_by_label("Restricted key").fill(demo.simulator_key())
    owner.get_by_role("button", name="Connect Stripe").click()
    expect(owner.get_by_text(re.compile("All steps are done"))).to_be_visible()
    demo.sign_in(student, "student")
    buy_once(demo, student)

    owner.goto(demo.url("/admin"))
    owner.get_by_role("navigation").get_by_role("link", name="Orders").click()
    owner.get_by_role("searchbox").fill(demo.people["student"]["email"])
    owner.keyboard.press("Enter")
    expect(owner).to_have_url(re.compile(r"q="))
    accessible(owner)
    row = owner.get_by_role("row").nth(1)
    row.get_by_role("link").first.click()
    story = owner.get_by_role("list").filter(has_text="Ordered")
    for words in ("Ordered", "Paid, €49.00", "Access to", "Mail “Your receipt"):
        expect(story.get_by_text(words).first).to_be_visible()
    expect(owner.get_by_role("list", name="What Stripe told us").get_by_text("Event invoice.paid")).to_be_visible()
    accessible(owner)

    owner.get_by_role("link", name=re.compile("^Refund")).click()
    amount = owner.get_by_label("Amount")
    expect(amount).to_have_value("49.00")
    amount.fill("100")
    owner.get_by_label("Reason").fill("Half of it was not what she expected")
    owner.get_by_role("button", name="Refund").click()
    expect(owner.get_by_text("Write an amount above zero, at most €49.00.")).to_be_visible()
    expect(owner.get_by_label("Reason")).to_have_value("Half of it was not what she expected")
    accessible(owner)
    amount.fill("20")
    owner.get_by_role("button", name="Refund").click()
    expect(owner.get_by_text("€20.00 go back.", exact=True)).to_be_visible()
    expect(story.get_by_text("€20.00 went back")).to_be_visible()
    accessible(owner)

    # The student keeps the course, and is told.
    student.goto(demo.url(COURSE))
    expect(student.get_by_role("link", name=re.compile("Continue|Start|Go to"))).to_be_visible()
    owner.goto(demo.url("/admin/sales"))
    expect(owner.get_by_role("img", name=re.compile("Revenue, EUR"))).to_be_visible()
    accessible(owner)
    owner.goto(demo.url("/admin/subscriptions"))
    accessible(owner)
