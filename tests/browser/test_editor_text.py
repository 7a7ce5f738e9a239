"""Words that are formatted on the page, and what is pasted into them."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import FrameLocator, Locator, Page, Route, expect

from tests.browser.editing import open_new_page, saved

PASTED = Path(__file__).parent / "pasted"
PASTE = """([html, plain]) => {
  const view = document.querySelector("iframe").contentWindow;
  const data = new view.DataTransfer();
  data.setData("text/html", html);
  data.setData("text/plain", plain);
  const paste = new view.ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true});
  (view.document.activeElement ?? view.document.body).dispatchEvent(paste);
}"""


def new_text(page: Page, shown: FrameLocator) -> Locator:
    page.get_by_role("tab", name="Add").click()
    page.get_by_role("button", name="Text", exact=True).click()
    expect(page.get_by_role("heading", name="Text", exact=True)).to_be_focused()
    text = shown.locator(".block-text[data-selected]")
    text.dblclick()
    return text


def html_of(text: Locator) -> str:
    """As documents store it: without what only the editor's own lists have."""
    return re.sub(r"<br class=[^>]*>", "", re.sub(r"\s+", " ", text.inner_html()))


def test_words_are_formatted_by_keys_by_the_bubble_and_as_markdown(
    demo: Any, page: Page, accessible: Callable[[Any], None]
) -> None:
    shown = open_new_page(demo, page, "Words", "words")
    text = new_text(page, shown)
    # What is typed while the script is on its way is not lost, and "## " is a heading then too.
    page.keyboard.type("## Your plan")
    page.keyboard.press("Enter")
    page.keyboard.type("Some **bold** and ")
    page.keyboard.press("Control+i")
    page.keyboard.type("leaning")
    page.keyboard.press("Control+i")
    page.keyboard.type(" words")
    page.keyboard.press("Enter")
    page.keyboard.type("- one")
    page.keyboard.press("Enter")
    page.keyboard.type("two")
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    page.keyboard.type("Last words")
    # Styles of the page and no rules of the text editor's own: a space at the end of what is typed stays a space.
    assert "&nbsp;" not in text.inner_html()
    expect(text).to_have_css("white-space", "pre-wrap")
    expect(text.locator("h2")).to_have_text("Your plan")
    expect(text.locator("strong")).to_have_text("bold")
    expect(text.locator("em")).to_have_text("leaning")
    expect(text.locator("li")).to_have_count(2)

    # Enter splits, Backspace joins.
    page.keyboard.press("Enter")
    page.keyboard.type("more")
    page.keyboard.press("Home")
    page.keyboard.press("Backspace")
    expect(text.locator("p", has_text="Last wordsmore")).to_be_visible()
    for _letter in "more":
        page.keyboard.press("Delete")

    # The bubble floats above what is selected; Alt F10 leads into it, Esc back to the words.
    bubble = page.get_by_role("toolbar", name="Format of the words")
    expect(bubble).to_be_hidden()
    page.keyboard.press("Control+Shift+ArrowLeft")
    expect(bubble).to_be_visible()
    accessible(page)
    bubble.get_by_role("button", name="Struck through").click()
    expect(text.locator("s")).to_have_text("words")
    page.keyboard.press("Alt+F10")
    expect(bubble.get_by_role("button", name="Bold")).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(bubble.get_by_role("button", name="Italic")).to_be_focused()
    page.keyboard.press("Enter")
    expect(bubble.get_by_role("button", name="Italic")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("Escape")
    accessible(page.frame(name="canvas"))

    # A link on the words by the keyboard: Ctrl K, source and link, Insert; the words stay selected meanwhile.
    page.keyboard.press("Control+k")
    expect(page.get_by_label("Source")).to_be_focused()
    page.keyboard.type("Stripe")
    options = page.get_by_role("complementary")
    expect(options.get_by_label("Link", exact=True)).to_be_enabled()
    page.keyboard.press("Tab")
    page.keyboard.type("Customer")
    options.get_by_role("button", name="Insert").click()
    expect(text.locator('a[data-link="stripe/customer-portal"]')).to_have_text("words")
    shown.get_by_text("Your plan").click()
    page.keyboard.press("Escape")
    saved(page)
    page.reload()
    stored = html_of(shown.locator(".block-text"))
    assert stored.startswith(
        "<h2>Your plan</h2><p>Some <strong>bold</strong> and <em>leaning</em> words</p><ul><li>one</li>"
    )
    assert re.search(r'<p>Last <a [^>]*data-link="stripe/customer-portal"[^>]*>', stored)
    shown.locator(".block-text").dblclick()
    expect(shown.get_by_role("textbox", name="Text")).to_be_focused()
    page.keyboard.press("Escape")
    assert html_of(shown.locator(".block-text")) == stored, "opening and leaving a text changes nothing"


def test_a_block_is_put_into_the_middle_of_a_text_which_is_cut_there(demo: Any, page: Page) -> None:
    shown = open_new_page(demo, page, "Cut", "cut")
    text = new_text(page, shown)
    expect(shown.get_by_role("textbox", name="Text")).to_be_focused()
    page.keyboard.type("Before **it**")
    page.keyboard.press("Enter")
    page.keyboard.type("- After")
    page.keyboard.press("Home")
    expect(text.locator("li")).to_have_text("After")
    saved(page)

    # Esc leaves the menu: what was typed stands in the text. "/" within a line is a letter like others.
    page.keyboard.press("ArrowUp")
    page.keyboard.press("End")
    page.keyboard.type("/or")
    expect(page.get_by_role("combobox", name="Find a block")).to_be_hidden()
    for _letter in "/or":
        page.keyboard.press("Backspace")
    page.keyboard.press("Enter")
    page.keyboard.type("/butt")
    expect(page.get_by_role("combobox", name="Find a block")).to_have_value("butt")
    page.keyboard.press("Escape")
    expect(text.locator("p").nth(1)).to_have_text("/butt")
    for _letter in "/butt":
        page.keyboard.press("Backspace")

    page.keyboard.type("/butt")
    page.keyboard.press("Enter")
    blocks = shown.locator("[data-block]")
    expect(blocks).to_have_count(3)
    page.keyboard.type("Join")
    page.keyboard.press("Escape")
    expect(blocks.nth(1)).to_contain_text("Join")
    saved(page)
    assert html_of(blocks.nth(0)) == "<p>Before <strong>it</strong></p>"
    assert html_of(blocks.nth(2)) == "<ul><li>After</li></ul>"

    # One step for undoing, after the words of the button.
    page.keyboard.press("Control+z")
    expect(blocks.nth(1)).not_to_contain_text("Join")
    page.keyboard.press("Control+z")
    expect(blocks).to_have_count(1)
    assert html_of(blocks).replace("<p></p>", "") == "<p>Before <strong>it</strong></p><ul><li>After</li></ul>"


def test_what_is_typed_before_the_text_editor_is_there_is_not_lost(demo: Any, page: Page) -> None:
    shown = open_new_page(demo, page, "Early", "early")
    held: list[Route] = []
    page.route(re.compile(r"/text[^/]*\.js"), lambda route: held.append(route))
    text = new_text(page, shown)
    page.keyboard.type("Some ")
    page.keyboard.press("Control+i")
    page.keyboard.type("leaning")
    page.keyboard.press("Control+i")
    page.keyboard.type(" wordss")
    page.keyboard.press("Backspace")
    held[0].continue_()
    page.keyboard.type(" and more")
    expect(text).to_have_text("Some leaning words and more")
    expect(text.locator("em")).to_have_text("leaning")
    page.keyboard.press("Escape")
    saved(page)


def test_what_is_pasted_is_cleaned_runs_nothing_and_what_was_left_out_is_said(demo: Any, page: Page) -> None:
    outside: list[str] = []
    page.on("request", lambda request: request.url.startswith(demo.site) or outside.append(request.url))
    shown = open_new_page(demo, page, "Pasted", "pasted")
    toast = page.locator(".toast")

    text = new_text(page, shown)
    expect(shown.get_by_role("textbox", name="Text")).to_be_focused()
    page.evaluate(PASTE, [(PASTED / "word.html").read_text(), ""])
    expect(toast).to_contain_text("Pasted. Left out: the lines of tables: 1, pictures: 1.")
    page.keyboard.press("Escape")
    saved(page)
    assert html_of(text) == (
        "<h2>Letters that get answered</h2>"
        "<p>A <strong>bold</strong> start, <em>then</em> a "
        '<a href="https://example.org/guide" tabindex="-1">guide</a>.</p>'
        "<ul><li>One<ul><li>Inside one</li></ul></li><li>Two</li></ul><ol><li>First</li></ol><p>Plan · Price</p>"
    )

    text = new_text(page, shown)
    expect(shown.get_by_role("textbox", name="Text")).to_be_focused()
    page.evaluate(PASTE, [(PASTED / "docs.html").read_text(), ""])
    page.keyboard.press("Escape")
    saved(page)
    assert html_of(text) == (
        "<h2>From a document</h2><p>Plain, <strong>bold</strong><em> leaning</em><s> gone</s></p>"
        "<ul><li>Point</li></ul>"
    )

    text = new_text(page, shown)
    expect(shown.get_by_role("textbox", name="Text")).to_be_focused()
    page.evaluate(PASTE, [(PASTED / "hostile.html").read_text(), ""])
    expect(toast).to_contain_text("scripts: 1")
    for kind in (
        "pictures: 3",
        "formulas: 2",
        "videos and embeds: 4",
        "forms and buttons: 1",
        "addresses that no link may have: 4",
    ):
        expect(toast).to_contain_text(kind)
    page.keyboard.press("Escape")
    saved(page)
    stored = html_of(text)
    assert 'href="https://example.org/ok"' in stored
    for words in ("Words", "Block", "Inner", "After"):
        assert words in stored
    assert not re.search(
        r"<(?!/?(?:p|a|h2|br)\b)|\son\w+=|style=|javascript|evil\.example|data-block=|hx-|ping=", stored
    ), stored
    assert page.evaluate("window.ranHere") is None
    assert outside == []

    page.reload()
    expect(shown.locator(".block-text")).to_have_count(3)

    # On the page itself words become a text, and an address on selected words a link.
    shown.locator(".block-text").first.click()
    page.evaluate(PASTE, ["", "First line\n\nSecond line"])
    expect(shown.locator(".block-text")).to_have_count(4)
    expect(shown.locator(".block-text[data-selected] p")).to_have_text(["First line", "Second line"])
    page.keyboard.press("Enter")
    expect(shown.get_by_role("textbox", name="Text")).to_be_focused()
    page.keyboard.press("Shift+Home")
    page.evaluate(PASTE, ["", "https://example.org/second"])
    expect(shown.locator('a[href="https://example.org/second"]')).to_have_text("Second line")
    page.keyboard.press("Escape")
    saved(page)
