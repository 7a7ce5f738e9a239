"""The story of the design (EDITOR.md, section 2) at three distances: with the mouse, and with the keyboard alone.

A text and a button get the link to the customer portal, the page is published, and read by a visitor, by somebody who
pays, and by somebody whose payment failed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import FrameLocator, Locator, Page, expect
from stripe import StripeClient

from tests.browser.editing import Keys, be_far_away, make_page, preview, saved

PORTAL = re.compile("^/go/stripe/customer-portal")
PREVIEWS = (("Visitor", 0), ("Student without purchase", 0), ("Payment failed", 2), ("Student with purchase", 2))
"""As whom, and how many links into the portal such a person gets."""
DISTANCES = [0, 100, 300]
"""Milliseconds there and back."""


@pytest.fixture
def accessible_at(accessible: Callable[[Any], None]) -> Callable[[int], Callable[[Any], None]]:
    """``accessible_at(away)(page)``: asks axe in one of the runs; the distance makes no difference to it."""
    return lambda away: (lambda _page: None) if away else accessible


@pytest.mark.feature("TA-12", "TA-16", "TA-17", "TA-18", "TA-19", "TA-20", "TA-21", "TA-22", "TA-23", "B-16")
@pytest.mark.parametrize("away", DISTANCES)
def test_a_button_and_a_text_get_the_portal_link_by_mouse(
    demo: Any,
    new_page: Callable[..., Page],
    accessible_at: Callable[[int], Callable[[Any], None]],
    in_every_light: Callable[[Page], None],
    away: int,
) -> None:
    page, accessible = new_page(), accessible_at(away)
    slug = f"your-membership-{away}"
    demo.enter(page, "editor")
    page.goto(demo.url("/admin"))
    page.get_by_role("link", name="Pages").click()
    page.get_by_role("link", name="New page").click()
    page.get_by_label("Title").fill("Your membership")
    page.get_by_label("Address").fill(slug)
    page.get_by_role("button", name="Make the page").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your membership")
    shown = page.frame_locator("iframe")
    expect(shown.get_by_role("heading", name="Your membership")).to_be_visible()
    be_far_away(page, away)
    options = page.get_by_role("complementary")

    # A text, typed on the page itself; two of its words become a link.
    page.get_by_role("tab", name="Add").click()
    options.get_by_role("button", name="Text", exact=True).click()
    expect(options.get_by_role("heading", name="Text")).to_be_visible()
    shown.locator(".block-text").dblclick()
    page.keyboard.type("Read your invoices here")
    expect(shown.get_by_role("textbox", name="Text")).to_have_text("Read your invoices here")
    saved(page)
    page.keyboard.press("Control+Shift+ArrowLeft")
    options.get_by_role("button", name="Dynamic link").click()
    choose_portal(options)
    options.get_by_role("button", name="Insert").click()
    expect(shown.locator(".block-text a")).to_have_text("here")
    saved(page)

    # A button after it. Clicking it on the page opens its Main Options.
    page.get_by_role("tab", name="Add").click()
    options.get_by_role("button", name="Button", exact=True).click()
    expect(shown.get_by_text("It has no link yet.")).to_be_visible()
    shown.locator(".block-button").click(position={"x": 8, "y": 8})
    main = options.get_by_role("group").filter(has_text="Main Options")
    expect(main).to_have_attribute("open", "")
    options.get_by_label("Text", exact=True).fill("Manage your membership")
    expect(shown.get_by_text("Manage your membership")).to_be_visible()
    link = options.get_by_role("group", name="Button link")
    expect(link.get_by_label("Address", exact=True).last).to_be_visible()
    accessible(page)

    # The two dropdowns are there only after the press, and nothing is stored before Insert.
    icon = link.get_by_role("button", name="Dynamic link")
    expect(icon).to_have_attribute("aria-expanded", "false")
    expect(link.get_by_role("combobox")).to_have_count(0)
    icon.click()
    expect(icon).to_have_attribute("aria-expanded", "true")
    each_waits_for_the_one_before(link)
    choose_portal(link)
    expect(shown.get_by_text("It has no link yet.")).to_be_visible()
    page.keyboard.press("Escape")
    expect(link.get_by_role("combobox")).to_have_count(0)
    expect(icon).to_be_focused()
    expect(shown.get_by_text("It has no link yet.")).to_be_visible()
    icon.click()
    choose_portal(link)
    if not away:
        in_every_light(page)
        # Insert is in sight, however much there is to choose, in a window as low as this too.
        expect(link.get_by_role("button", name="Insert")).to_be_in_viewport()
    link.get_by_role("button", name="Insert").click()
    expect(options.get_by_text("Stripe › Customer portal")).to_be_visible()
    expect(options.get_by_text("Shown to: students with a purchase")).to_be_visible()
    expect(shown.get_by_text("It has no link yet.")).to_have_count(0)
    accessible(page.frame(name="canvas"))

    # As others get it.
    for name, number in PREVIEWS:
        preview(page, name)
        expect(shown.locator('a[href^="/go/stripe/customer-portal"]')).to_have_count(number)
    shown.get_by_role("link", name="Manage your membership").click()
    expect(page.get_by_text("In the preview links do not open.")).to_be_visible()
    preview_ends(page, shown)

    assert new_page().goto(demo.url(f"/{slug}")).status == 404
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_text("The page is published.").first).to_be_visible()
    is_read(demo, new_page, slug, "Manage your membership")
    if not away:
        with past_due(demo, new_page()):
            is_read(demo, new_page, slug, "Manage your membership")


def choose_portal(options: Locator) -> None:
    options.get_by_label("Source").select_option(label="Stripe")
    options.get_by_label("Link", exact=True).select_option(label="Customer portal")


def each_waits_for_the_one_before(options: Locator) -> None:
    """The second dropdown lists what the first one's choice has; Insert waits for both."""
    source, link = options.get_by_label("Source"), options.get_by_label("Link", exact=True)
    insert = options.get_by_role("button", name="Insert")
    expect(link).to_be_disabled()
    expect(insert).to_have_attribute("aria-disabled", "true")
    source.select_option(label="Site")
    expect(link.locator("option")).to_have_text(["Choose a link", "Home page", "Catalogue"])
    expect(insert).to_have_attribute("aria-disabled", "true")
    expect(options.get_by_label("When not available")).to_have_count(0)


def preview_ends(page: Page, shown: FrameLocator) -> None:
    page.get_by_label("Preview as").select_option(label="Preview as: editor")
    expect(shown.locator("[data-block]").first).to_be_visible()


def is_read(demo: Any, new_page: Callable[..., Page], slug: str, words: str) -> None:
    """As the public gets it: a visitor no trace of the link, the subscriber both, and the way into the own portal."""
    guest, subscriber = new_page(), new_page()
    assert guest.goto(demo.url(f"/{slug}")).status == 200
    assert "customer-portal" not in guest.content()
    assert words not in guest.content()
    demo.enter(subscriber, "subscriber")
    subscriber.goto(demo.url(f"/{slug}"))
    expect(subscriber.get_by_role("link", name="here", exact=True)).to_have_attribute("href", PORTAL)
    subscriber.get_by_role("link", name=words).click()
    expect(subscriber.get_by_text(demo.people["subscriber"]["email"]).first).to_be_visible()
    assert subscriber.url.startswith(demo.simulator)


@contextmanager
def past_due(demo: Any, page: Page) -> Iterator[None]:
    """Meanwhile the subscriber's last payment failed; afterwards it is paid."""
    stripe = StripeClient(demo.simulator_key(), base_addresses={"api": demo.simulator})
    email = demo.people["subscriber"]["email"]
    (customer,) = stripe.v1.customers.list({"email": email}).data
    (subscription,) = stripe.v1.subscriptions.list({"customer": customer.id}).data

    def pays_with(name: str) -> None:
        method = stripe.v1.payment_methods.attach(name, {"customer": customer.id})
        stripe.v1.customers.update(customer.id, {"invoice_settings": {"default_payment_method": method.id}})
        stripe.v1.subscriptions.update(subscription.id, {"default_payment_method": method.id})

    def says(failed: int) -> None:
        for _try in range(60):
            page.goto(demo.url("/account/billing"))
            if page.get_by_text("did not go through").count() == failed:
                return
            page.wait_for_timeout(100)
        raise AssertionError(page.inner_text("main"))

    demo.enter(page, "subscriber")
    pays_with("pm_card_chargeCustomerFail")
    # Just behind the renewal and no further, so that the months of other stories begin where they did.
    renewal = subscription["items"].data[0].current_period_end
    demo.advance(seconds=renewal - demo.control("clock")["epoch"], hours=2)
    try:
        says(1)
        yield
    finally:
        pays_with("pm_card_visa")
        stripe.v1.invoices.pay(str(stripe.v1.subscriptions.retrieve(subscription.id).latest_invoice))
        says(0)


@pytest.mark.feature("TA-18", "TA-19", "TA-20", "TA-23")
@pytest.mark.parametrize("away", DISTANCES)
def test_the_same_by_keyboard_alone(
    demo: Any, new_page: Callable[..., Page], accessible_at: Callable[[int], Callable[[Any], None]], away: int
) -> None:
    page, accessible = new_page(), accessible_at(away)
    slug = f"by-keyboard-{away}"
    demo.enter(page, "editor")
    shown = make_page(demo, page, "By keyboard", slug)
    be_far_away(page, away)
    keys = Keys(page)
    announced = page.locator("[data-announcer]")
    options = page.get_by_role("complementary")

    # Add a text, and type it on the page; one of its words becomes a link.
    keys.to("Add")
    keys.to("Text")
    keys.press("Enter")
    expect(announced).to_have_text("Text added, 1 of 1")
    expect(page.get_by_role("heading", name="Text", exact=True)).to_be_focused()
    keys.to("frame")
    keys.press("Enter")
    expect(shown.get_by_role("textbox", name="Text")).to_be_focused()
    page.keyboard.type("Read your invoices here")
    keys.press("Control+Shift+ArrowLeft", "Control+k")
    choose_portal_by_keys(page, keys, options)
    keys.to("Insert")
    keys.press("Enter")
    expect(shown.locator(".block-text a")).to_have_text("here")
    saved(page)

    # A button; the focus is in the options of what was added.
    keys.to("Block", "Shift+Tab")
    keys.press("ArrowRight")
    keys.to("Button")
    keys.press("Enter")
    expect(announced).to_have_text("Button added, 2 of 2")
    expect(page.get_by_role("heading", name="Button")).to_be_focused()

    # Into Button link, the icon, the dropdowns; Escape drops the choice, Insert applies it.
    keys.to("Dynamic link")
    keys.press("Enter")
    choose_portal_by_keys(page, keys, options)
    keys.press("Escape")
    expect(page.get_by_label("Source")).to_have_count(0)
    expect(page.get_by_role("button", name="Dynamic link")).to_be_focused()
    keys.press("Enter")
    choose_portal_by_keys(page, keys, options)
    keys.to("Insert")
    keys.press("Enter")
    expect(announced).to_have_text("Link inserted")
    expect(page.get_by_role("button", name="Dynamic link")).to_be_focused()

    # On the page: arrows select, Alt moves, Enter edits the words, Escape leaves them.
    keys.to("frame")
    button, text = shown.locator(".block-button"), shown.locator(".block-text")
    expect(button).to_be_focused()
    keys.press("Alt+ArrowUp")
    expect(announced).to_have_text("Button moved, 1 of 2")
    expect(button).to_be_focused()
    keys.press("Enter")
    page.keyboard.type("My portal")
    expect(page.get_by_label("Text", exact=True)).to_have_value("My portal")
    keys.press("Escape")
    expect(button).to_be_focused()
    keys.press("ArrowDown")
    expect(text).to_be_focused()
    keys.press("Control+d")
    expect(announced).to_have_text("Text duplicated, 3 of 3")
    keys.press("Delete")
    expect(shown.locator("[data-block]")).to_have_count(2)
    keys.press("Control+z")
    expect(shown.locator("[data-block]")).to_have_count(3)
    keys.press("Control+Shift+z")
    expect(shown.locator("[data-block]")).to_have_count(2)
    saved(page)
    accessible(page)

    keys.to("Publish", "Shift+Tab")
    keys.press("Enter")
    expect(page.get_by_text("The page is published.").first).to_be_visible()
    is_read(demo, new_page, slug, "My portal")
    if not away:
        with past_due(demo, new_page()):
            is_read(demo, new_page, slug, "My portal")


def choose_portal_by_keys(page: Page, keys: Keys, options: Locator) -> None:
    """Both dropdowns, by typing what one wants."""
    expect(page.get_by_label("Source")).to_be_focused()
    page.keyboard.type("Stripe")
    link = options.get_by_label("Link", exact=True)
    expect(link).to_be_enabled()
    expect(page.get_by_label("Source")).to_be_focused()
    keys.press("Tab")
    expect(link).to_be_focused()
    page.keyboard.type("Customer")
    expect(link).to_have_value("customer-portal")
