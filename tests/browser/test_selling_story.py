"""The creator puts three offers on a page; a visitor switches to yearly prices and buys."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect


def add_offer(page: Page, kind: str, price: str, interval: str = "") -> None:
    page.get_by_role("link", name="Add an offer").click()
    page.get_by_label("Kind").select_option(label=kind)
    # Only what the kind has a use for is in sight.
    expect(page.get_by_label("Charged every")).to_be_visible(visible=kind == "Subscription")
    expect(page.get_by_label("Open for how many days")).to_be_visible(visible=kind == "Paid once")
    page.get_by_label("Price", exact=True).fill(price)
    if interval:
        page.get_by_label("Charged every").select_option(interval)
    page.get_by_role("button", name="Add offer").click()
    expect(page.get_by_text("The offer is there.")).to_be_visible()


@pytest.mark.feature("SO-10", "B-05")
def test_three_offers_in_a_pricing_table_and_a_yearly_sale(
    fresh_demo: Any, new_page: Callable[..., Page], accessible: Callable[[Any], None]
) -> None:
    demo = fresh_demo
    owner, student = new_page(), new_page()
    demo.sign_in(owner, "owner")
    owner.goto(demo.url("/ext/stripe/connect"))
    owner.get_by_label("Restricted key").fill(demo.simulator_key())
    owner.get_by_role("button", name="Connect Stripe").click()
    expect(owner.get_by_text(re.compile("All steps are done"))).to_be_visible()

    owner.goto(demo.url("/admin/products/new"))
    owner.get_by_label("Name").fill("All letters")
    owner.get_by_label("Every course").check()
    owner.get_by_role("button", name="Create product").click()
    add_offer(owner, "Subscription", "9", "month")
    add_offer(owner, "Subscription", "90", "year")
    add_offer(owner, "Paid once", "249")
    accessible(owner)

    owner.goto(demo.url("/admin/pages/new"))
    owner.get_by_label("Title").fill("Prices")
    owner.get_by_label("Address").fill("prices")
    owner.get_by_role("button", name="Make the page").click()
    shown = owner.frame_locator("iframe")
    options = owner.get_by_role("complementary")
    owner.get_by_role("tab", name="Add").click()
    options.get_by_role("button", name="Pricing table").click()
    expect(shown.get_by_text("Choose a product that has a price.")).to_be_visible()
    options.get_by_label("Product").select_option(label="All letters")
    expect(shown.get_by_text("€9", exact=True)).to_be_visible()
    owner.get_by_role("button", name="Publish").click()
    expect(owner.get_by_text(re.compile("Published|published")).first).to_be_visible()

    demo.sign_in(student, "student")
    student.set_viewport_size({"width": 390, "height": 844})
    student.goto(demo.url("/prices"))
    table = student.locator(".plans")
    expect(table.get_by_text("€9", exact=True)).to_be_visible()
    expect(table.get_by_text("€90", exact=True)).to_be_hidden()
    accessible(student)
    table.get_by_role("radio", name="Yearly").check()
    expect(table.get_by_text("€90", exact=True)).to_be_visible()
    expect(table.get_by_text("€9", exact=True)).to_be_hidden()
    expect(table.get_by_text("€249", exact=True)).to_be_visible()
    table.get_by_role("link", name="Subscribe").click()
    expect(student.get_by_role("radio", name=re.compile("€90"))).to_be_checked()
    student.get_by_role("button", name="Confirm and pay").click()
    expect(student.get_by_text("no money moves")).to_be_visible()
    student.get_by_role("radio", name=re.compile("Card that pays")).first.check()
    student.get_by_role("button", name=re.compile("Pay|Subscribe")).click()
    expect(student).to_have_url(re.compile("/learn/|/ext/stripe/done|/account"))

    # Who has it is led on, and reads which plan it is.
    student.goto(demo.url("/prices"))
    expect(student.get_by_text("Your plan")).to_have_count(1)
    expect(student.locator(".plans").get_by_role("link", name="Go to course")).to_be_visible()
