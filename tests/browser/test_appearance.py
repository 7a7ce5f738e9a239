"""The owner gives the site another colour, sees it before saving, and finds it on the site."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import Page, expect

RED = re.compile("7a2e1d")


def test_a_colour_is_seen_in_the_preview_before_it_is_saved(demo: Any, page: Page, accessible: Any) -> None:
    demo.enter(page, "owner")
    page.goto(demo.url("/admin"))
    page.get_by_role("link", name="Appearance").click()
    shown, html = page.frame_locator("iframe"), page.frame_locator("iframe").locator("html")
    expect(shown.get_by_role("heading", level=1)).to_be_visible()
    page.get_by_label("Accent, Light", exact=True).fill("#7a2e1d")
    expect(html).to_have_css("--accent", RED)
    page.get_by_role("navigation", name="Page").get_by_role("link", name="Courses").click()
    expect(shown.get_by_role("heading", name="Courses", level=1)).to_be_visible()
    expect(html).to_have_css("--accent", RED)
    page.get_by_label("Text, Light", exact=True).fill("#aaaaaa")
    expect(page.get_by_text("In light, “Text” on “Page”")).to_be_visible()
    accessible(page)
    page.get_by_label("Text, Light", exact=True).fill("#15191a")
    expect(page.get_by_text("Hard to read")).to_have_count(0)
    page.get_by_role("button", name="Save changes").click()
    expect(page.get_by_text("The appearance is saved.")).to_be_visible()
    page.goto(demo.url("/"))
    expect(page.locator("html")).to_have_css("--accent", RED)
    page.goto(demo.url("/admin/appearance"))
    page.get_by_role("button", name="Back to the theme’s own values").click()
    expect(page.get_by_text("The theme’s own values are back.")).to_be_visible()
    page.goto(demo.url("/"))
    expect(page.locator("html")).not_to_have_css("--accent", RED)
