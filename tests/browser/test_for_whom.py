"""A page that knows who looks: a name in its words, a block for students, a picture, and the way to it in a menu."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.editing import open_new_page, preview, saved


def teal() -> dict[str, Any]:
    stream = io.BytesIO()
    Image.new("RGB", (1400, 900), "teal").save(stream, "JPEG")
    return {"name": "kiln.jpg", "mimeType": "image/jpeg", "buffer": stream.getvalue()}


def test_words_blocks_pictures_and_menus_for_whom_they_are(
    demo: Any, new_page: Callable[..., Page], accessible: Callable[[Any], None]
) -> None:
    page = new_page()
    shown = open_new_page(demo, page, "Welcome back", "welcome-back")
    options = page.get_by_role("complementary")

    # A name in the words, where the caret is.
    page.get_by_role("tab", name="Add").click()
    options.get_by_role("button", name="Text", exact=True).click()
    expect(options.get_by_role("heading", name="Text")).to_be_visible()
    shown.locator(".block-text").dblclick()
    page.keyboard.type("Hello ")
    options.get_by_role("button", name="Dynamic label").click()
    options.get_by_label("Label", exact=True).select_option(label="First name")
    options.get_by_label("Otherwise").fill("friend")
    options.get_by_role("button", name="Insert").click()
    expect(shown.locator(".block-text")).to_have_text("Hello {{account/first-name|friend}}")
    saved(page)

    # For students only; nothing applies before Insert.
    options.locator("summary", has_text="Visible to").click()
    options.get_by_role("button", name="Add a condition").click()
    options.get_by_label("Source").last.select_option(label="Account")
    options.get_by_label("Condition", exact=True).select_option(label="Is signed in")
    expect(options.get_by_text("Everybody sees it.")).to_be_visible()
    accessible(page)
    options.get_by_role("button", name="Insert").click()
    expect(options.get_by_role("button", name="Remove: Is signed in")).to_be_visible()

    # A picture, uploaded where it is needed; it is on the page once somebody said what it shows.
    page.get_by_role("tab", name="Add").click()
    options.get_by_role("button", name="Picture", exact=True).click()
    options.get_by_label("Upload a picture").set_input_files(files=[teal()])
    expect(options.get_by_label("What it shows")).to_be_focused()
    page.keyboard.type("A teal field")
    page.keyboard.press("Tab")
    expect(shown.get_by_role("img", name="A teal field")).to_be_visible()
    saved(page)
    for who, is_there in (("Visitor", False), ("Student without purchase", True)):
        preview(page, who)
        expect(shown.get_by_text("Hello Sam")).to_be_visible(visible=is_there)
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_text("The page is published.")).to_be_visible()

    # Into the menu, and up by its button.
    page.goto(demo.url("/admin/menus"))
    page.locator("summary", has_text="Add an entry").first.click()
    page.get_by_label("Words").first.fill("Welcome")
    page.get_by_label("Leads to").first.select_option(label="Welcome back")
    page.get_by_role("button", name="Add to the menu").first.click()
    page.get_by_role("button", name="Move up: Welcome").click()
    expect(page.locator("[data-sort]").first.locator("strong").nth(2)).to_have_text("Welcome")
    accessible(page)

    visitor = new_page()
    visitor.goto(demo.url("/"))
    visitor.get_by_role("navigation", name="Site").get_by_role("link", name="Welcome").click()
    expect(visitor.get_by_role("img", name="A teal field")).to_be_visible()
    assert "Hello" not in visitor.content()
    student = new_page()
    demo.enter(student, "student")
    student.goto(demo.url("/welcome-back"))
    expect(student.locator(".block-text")).to_contain_text("Hello ")
    expect(student.locator(".block-text")).not_to_contain_text("friend")
