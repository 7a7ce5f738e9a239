"""A creator sells, people buy in every way, staff look after it. One demo for all; each story brings its own people."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

COURSE = "/courses/letters-that-get-answered"


@pytest.fixture(scope="module")
def shop(start_demo: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A demo that is connected, and nobody else's: its offers change."""
    with start_demo(tmp_path_factory.mktemp("shop") / "instance") as running:
        yield running


def add_offer(page: Page, kind: str, price: str, interval: str = "", count: str = "") -> None:
    page.get_by_role("link", name="Add an offer").click()
    page.get_by_label("Kind").select_option(label=kind)
    # Only what the kind has a use for is in sight.
    expect(page.get_by_label("Charged every")).to_be_visible(visible=kind in ("Subscription", "Instalments"))
    expect(page.get_by_label("Open for how many days")).to_be_visible(visible=kind == "Paid once")
    page.get_by_label("Price", exact=True).fill(price)
    if interval:
        page.get_by_label("Charged every").select_option(interval)
    if count:
        page.get_by_label("Number of instalments").fill(count)
    page.get_by_role("button", name="Add offer").click()
    expect(page.get_by_text("The offer is there.")).to_be_visible()


def pay(page: Page, code: str = "") -> None:
    """On the hosted page; with a code, the one that is typed there."""
    expect(page.get_by_text("no money moves")).to_be_visible()
    if code:
        page.get_by_label("Promotion code").fill(code)
        page.get_by_role("button", name="Apply").click()
        expect(page.get_by_text(f"The code {code} is applied.")).to_be_visible()
    page.get_by_role("radio", name=re.compile("Card that pays")).first.check()
    page.get_by_role("button", name=re.compile("Pay|Subscribe")).click()


def put_on_sale(demo: Any, owner: Page) -> None:
    """What the sample course costs once, for less until the end of next month."""
    owner.goto(demo.url("/admin/products/1"))
    owner.get_by_role("link", name="€49").click()
    owner.get_by_label("Sale price").fill("39")
    owner.get_by_label("First day of the sale").fill((date.today() - timedelta(days=1)).isoformat())
    owner.get_by_label("Last day of the sale").fill((date.today() + timedelta(days=40)).isoformat())
    owner.get_by_role("button", name="Save").click()
    expect(owner.get_by_text(re.compile("On sale until"))).to_be_visible()


def make_code(demo: Any, owner: Page, code: str) -> None:
    """A fifth off for whoever types it."""
    owner.goto(demo.url("/admin/settings/stripe"))
    owner.get_by_role("link", name="Coupons").first.click()
    owner.get_by_role("link", name="New coupon").first.click()
    owner.get_by_label("Percent").fill("20")
    owner.get_by_label("Code", exact=True).fill(code)
    owner.get_by_role("button", name="Make the coupon").click()
    expect(owner.get_by_text(code).first).to_be_visible()


def buy_as_guest(demo: Any, page: Page, email: str, code: str) -> None:
    """On sale and with a code, then an account in the same browser."""
    page.goto(demo.url(COURSE))
    expect(page.get_by_text("Usual price:").first).to_be_attached()
    page.get_by_role("link", name="Buy this course").click()
    once = page.locator("label").filter(has=page.get_by_role("radio", name=re.compile("once")))
    for words in ("€39", "€49", "Until "):
        expect(once).to_contain_text(words)
    page.get_by_role("radio", name=re.compile("once")).check()
    page.get_by_label("E-mail").fill(email)
    page.get_by_role("button", name="Confirm and pay").click()
    pay(page, code)
    expect(page.get_by_role("heading", level=1)).to_contain_text("One step, and you begin")
    page.get_by_label("Name").fill("Ida Lund")
    page.get_by_label("Password", exact=True).fill("porch-of-ida-lund")
    page.get_by_role("button", name="Create my account and begin").click()
    expect(page).to_have_url(re.compile("/learn/letters-that-get-answered"))


def story_of(page: Page) -> Locator:
    return page.get_by_role("list").filter(has_text="Ordered")


@pytest.mark.feature("SO-10", "TA-04", "TA-05")
def test_a_guest_buys_on_sale_with_a_code_and_staff_look_after_the_order(
    shop: Any, new_page: Callable[..., Page], accessible: Callable[[Page], None]
) -> None:
    demo, email = shop, "ida@example.org"
    owner, guest = new_page(), new_page()
    demo.enter(owner, "owner")
    put_on_sale(demo, owner)
    make_code(demo, owner, "PORCH20")
    buy_as_guest(demo, guest, email, "PORCH20")

    owner.goto(demo.url("/admin"))
    owner.get_by_role("navigation").get_by_role("link", name="Orders").click()
    owner.get_by_role("searchbox").fill(email)
    owner.keyboard.press("Enter")
    expect(owner).to_have_url(re.compile(r"q="))
    accessible(owner)
    with owner.expect_download() as file:
        owner.get_by_role("link", name="Export CSV").click()
    (row,) = csv.DictReader(io.StringIO(Path(file.value.path()).read_text()))
    assert (row["e-mail"], row["total"], row["state"]) == (email, "39.00", "paid")

    owner.get_by_role("row").nth(1).get_by_role("link").first.click()
    story = story_of(owner)
    for words in ("Ordered", "Paid, €31.20", "Access to", "Mail “"):
        expect(story.get_by_text(words).first).to_be_visible()
    expect(owner.get_by_role("list", name="What Stripe told us").get_by_text("Event invoice.paid")).to_be_visible()
    accessible(owner)

    owner.get_by_role("link", name=re.compile("^Refund")).click()
    amount = owner.get_by_label("Amount")
    expect(amount).to_have_value("31.20")
    amount.fill("100")
    owner.get_by_label("Reason").fill("Half of it was not what she expected")
    owner.get_by_role("button", name="Refund").click()
    expect(owner.get_by_text("Write an amount above zero, at most €31.20.")).to_be_visible()
    expect(owner.get_by_label("Reason")).to_have_value("Half of it was not what she expected")
    accessible(owner)
    amount.fill("20")
    owner.get_by_role("button", name="Refund").click()
    expect(owner.get_by_text("€20.00 go back.", exact=True)).to_be_visible()
    expect(story.get_by_text("€20.00 went back")).to_be_visible()
    accessible(owner)

    # The buyer keeps the course, and reads what went back.
    guest.goto(demo.url(COURSE))
    expect(guest.get_by_role("link", name=re.compile("Continue|Start|Go to"))).to_be_visible()
    guest.goto(demo.url("/account/billing"))
    expect(guest.locator("#invoices")).to_contain_text("€20.00 refunded")

    owner.goto(demo.url("/admin/sales"))
    expect(owner.get_by_role("img", name=re.compile("Revenue, EUR"))).to_be_visible()
    accessible(owner)
    owner.goto(demo.url("/admin/subscriptions"))
    accessible(owner)
    look_over(demo, owner, accessible)


def look_over(demo: Any, owner: Page, accessible: Callable[[Page], None]) -> None:
    """Sync now, then everything beside Stripe: it agrees."""
    owner.goto(demo.url("/admin/settings/stripe"))
    owner.get_by_role("button", name="Sync now").first.click()
    expect(owner.get_by_text(re.compile(r"\d+ new events? (was|were) found"))).to_be_visible()
    owner.get_by_role("link", name="Agreement").first.click()
    owner.get_by_role("button", name="Look everything over now").click()
    expect(owner.get_by_text("Everything is looked over now.")).to_be_visible()
    looked_at = owner.get_by_role("row").filter(has_text="Payments, refunds and disputes")
    for _try in range(40):
        if looked_at.count():
            break
        owner.wait_for_timeout(250)
        owner.reload()
    expect(looked_at.get_by_role("cell").last).to_have_text("0")
    expect(owner.get_by_text("Everything agrees")).to_be_visible()
    accessible(owner)


@pytest.mark.feature("B-05")
def test_instalments_are_bought_stand_on_billing_and_end_by_themselves(
    shop: Any, new_page: Callable[..., Page], accessible: Callable[[Page], None]
) -> None:
    demo = shop
    owner, buyer = new_page(), new_page()
    demo.enter(owner, "owner")
    owner.goto(demo.url("/admin/products/new"))
    owner.get_by_label("Name").fill("The whole porch")
    owner.get_by_label("Every course").check()
    owner.get_by_role("button", name="Create product").click()
    add_offer(owner, "Instalments", "19", "month", "2")
    owner.get_by_role("link", name="Checkout page").click()
    plan = owner.url

    demo.enter(buyer, "subscriber")
    buyer.goto(plan)
    expect(buyer.get_by_text(re.compile("2 payments")).first).to_be_visible()
    buyer.get_by_role("button", name="Confirm and pay").click()
    pay(buyer)
    expect(buyer).to_have_url(re.compile("/learn/|/ext/stripe/done|/account"))
    buyer.goto(demo.url("/account/billing"))
    mine = buyer.locator("section").filter(has=buyer.get_by_role("heading", name="The whole porch"))
    for _try in range(40):
        if mine.get_by_text("Paid off on").count():
            break
        buyer.wait_for_timeout(250)
        buyer.reload()
    expect(mine).to_contain_text("2 payments")
    expect(mine).to_contain_text("Paid off on")
    accessible(buyer)


@pytest.mark.feature("SO-10", "B-05")
def test_three_offers_in_a_pricing_table_and_a_yearly_sale(
    shop: Any, new_page: Callable[..., Page], accessible: Callable[[Any], None]
) -> None:
    demo = shop
    owner, student = new_page(), new_page()
    demo.enter(owner, "owner")

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
    options.get_by_role("combobox", name="Product").fill("all")
    options.get_by_role("option", name="All letters").click()
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
    # The switch is the browser's own: it needs no script.
    plain = new_page(java_script_enabled=False)
    plain.goto(demo.url("/prices"))
    plain.get_by_role("radio", name="Yearly").check()
    expect(plain.locator(".plans").get_by_text("€90", exact=True)).to_be_visible()
    expect(plain.locator(".plans").get_by_text("€9", exact=True)).to_be_hidden()
    table.get_by_role("link", name="Subscribe").click()
    expect(student.get_by_role("radio", name=re.compile("€90"))).to_be_checked()
    student.get_by_role("button", name="Confirm and pay").click()
    pay(student)
    expect(student).to_have_url(re.compile("/learn/|/ext/stripe/done|/account"))

    # Who has it is led on, and reads which plan it is.
    student.goto(demo.url("/prices"))
    expect(student.get_by_text("Your plan")).to_have_count(1)
    expect(student.locator(".plans").get_by_role("link", name="Go to course")).to_be_visible()
