"""The visual editor where something could be lost: two people, bad connections, late answers, pulled blocks.

Pitfalls of the design (EDITOR.md, section 8), and what proves that we are not in them:

| pitfall | test |
|---|---|
| 1 a panel takes the caret of the frame | `test_late_answers_take_no_word_and_no_caret_away` |
| 2 a panel takes letters | `test_far_away_words_are_shown_at_once_and_none_is_lost` |
| 3 parent and child in one answer | `test_of_a_block_and_what_is_in_it_only_…` (unit, `test_canvas.py`) |
| 4 the text that is typed in is replaced | `test_what_somebody_else_does_…`, `test_an_input_method_…` |
| 5 nothing is shown while typing | `test_far_away_words_are_shown_at_once_and_none_is_lost` |
| 6 the options as a second request | `test_the_answer_brings_the_options_…` (functional, `test_editor_shaping.py`) |
| 7 the text editor's styles, and spaces that become `&nbsp;` | `test_words_are_formatted_…` (`test_editor_text.py`) |
| 8 a label on a block's root | axe on the canvas, in `test_editor_story.py` and `test_editor_text.py` |
| 9 the picker ends the text's selection | the story by mouse (`test_editor_story.py`) |
| 10 a retried insert, a stale answer | `test_two_people_…`, `test_editor_killed.py`, `test_options_that_come_late_…` |
| 11 an absent checkbox means off | `test_setting_writes_only_what_it_names_…` (unit, `test_operations.py`) |
| 12 a drop while the pointer moves | `test_blocks_are_pulled_into_the_page_and_to_other_places` |
| 13 `//host` in an address | `tests/unit/content/test_richtext.py` |
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.editing import Held, add, be_far_away, centre, open_new_page, pull, saved

CARET = """() => {
  const view = document.querySelector("iframe").contentWindow;
  const range = view.getSelection().getRangeAt(0).cloneRange();
  range.setStart(view.document.querySelector("[contenteditable]"), 0);
  return range.toString();
}"""


def test_two_people_and_a_lost_connection_lose_nothing(demo: Any, new_page: Callable[..., Page]) -> None:
    ana, ben = new_page(), new_page()
    ben.clock.install()
    hers = open_new_page(demo, ana, "For two", "for-two")
    demo.enter(ben, "owner")
    ben.goto(ana.url)
    his = ben.frame_locator("iframe")
    expect(his.get_by_role("heading", name="For two")).to_be_visible()
    for person in (ana, ben):
        person.get_by_role("tab", name="Add").click()
    ana.get_by_role("button", name="Heading").click()
    ana.get_by_label("Text", exact=True).fill("Her")
    saved(ana)

    # He only looks, and gets it within five seconds, and is told.
    ben.clock.fast_forward(5000)
    expect(his.get_by_role("heading", name="Her", exact=True)).to_be_visible()
    expect(ben.get_by_text("Somebody else changed this page too.").first).to_be_visible()
    ben.get_by_role("button", name="Close").click()

    # What she does after that he gets with the answer to his own edit; told is he once in a while.
    ana.get_by_label("Text", exact=True).fill("Hers")
    saved(ana)
    ben.get_by_role("button", name="Button", exact=True).click()
    expect(his.get_by_role("heading", name="Hers")).to_be_visible()
    expect(ben.get_by_text("Somebody else changed this page too.")).to_have_count(0)

    # An answer that is lost is asked for again: the block is there once.
    lost = []

    def lose(route: Any) -> None:
        if not lost:
            lost.append(route.request.post_data)
            route.fetch()
            route.abort()
        else:
            route.continue_()

    ana.route("**/ops", lose)
    ana.get_by_role("tab", name="Add").click()
    ana.get_by_role("button", name="Heading").click()
    expect(ana.get_by_text("Not saved: no connection.")).to_be_visible()
    saved(ana)
    assert lost
    expect(hers.locator("[data-block]")).to_have_count(3)
    ana.reload()
    expect(hers.locator("[data-block]")).to_have_count(3)

    # He deletes what she types in: her words are kept for her.
    ben.reload()
    his.get_by_role("heading", name="Hers").click()
    hers.get_by_role("heading", name="Hers").click()
    expect(ana.get_by_label("Text", exact=True)).to_have_value("Hers")
    expect(ben.get_by_label("Text", exact=True)).to_have_value("Hers")
    # What she does takes no choice away from him that he has not inserted yet, and no tab that he reads.
    his.locator(".block-button").click(position={"x": 4, "y": 4})
    link = ben.get_by_role("group", name="Button link")
    link.get_by_role("button", name="Dynamic link").click()
    link.get_by_label("Source").select_option(label="Account")
    link.get_by_label("Link", exact=True).select_option(label="Sign in")
    link.get_by_role("button", name="Insert").focus()
    for tab, level in (("Block", "3"), ("Outline", "4")):
        ben.get_by_role("tab", name=tab).click()
        ana.get_by_label("Level").select_option(label=level)
        saved(ana)
        ben.clock.fast_forward(5000)
        expect(his.get_by_role("heading", level=int(level))).to_have_text("Hers")
        expect(ben.get_by_role("tab", name=tab)).to_have_attribute("aria-selected", "true")
    ben.get_by_role("tab", name="Block").click()
    expect(link.get_by_label("Link", exact=True)).to_have_value("login")

    his.get_by_role("heading", name="Hers").click()
    expect(ben.get_by_label("Text", exact=True)).to_have_value("Hers")
    ben.get_by_role("button", name="Delete").click()
    expect(his.get_by_role("heading", name="Hers")).to_have_count(0)
    ana.get_by_label("Text", exact=True).fill("My long words")
    expect(ana.get_by_text("Your words: My long words")).to_be_visible()
    expect(hers.get_by_role("heading", name="Hers")).to_have_count(0)


def test_what_somebody_else_does_arrives_while_one_writes_and_takes_nothing_away(
    demo: Any, new_page: Callable[..., Page]
) -> None:
    ana, ben = new_page(), new_page()
    hers = open_new_page(demo, ana, "Both at once", "both-at-once")
    add(ana, "Text")
    saved(ana)
    demo.enter(ben, "owner")
    ben.goto(ana.url)
    his = ben.frame_locator("iframe")
    text = hers.locator(".block-text")
    text.dblclick()
    expect(hers.get_by_role("textbox", name="Text")).to_be_focused()
    ana.keyboard.type("Hello wrld")
    ana.keyboard.press("ArrowLeft")
    ana.keyboard.press("ArrowLeft")
    ana.keyboard.press("ArrowLeft")
    saved(ana)

    # He changes the style of the text that she is in, puts a block above it, and is told that she is there too.
    his.locator(".block-text").click()
    expect(ben.get_by_role("heading", name="Text", exact=True)).to_be_visible()
    ben.locator("summary", has_text="Appearance").click()
    ben.get_by_label("Style").select_option(label="Lead")
    add(ben, "Heading")
    ben.get_by_role("button", name="Move up").click()
    expect(his.locator("[data-block]").first).to_have_text("Heading")
    saved(ben)
    expect(his.locator(".block-text")).to_have_text("Hello wrld")

    # It reaches her with the answer to the next letter: the block is there, caret and words are hers.
    ana.keyboard.type("o")
    expect(hers.locator("[data-block]").first).to_have_text("Heading")
    expect(ana.get_by_text("Somebody else changed this page too.").first).to_be_visible()
    assert ana.evaluate(CARET) == "Hello wo"
    ana.keyboard.type("-")
    expect(text).to_have_text("Hello wo-rld")
    ana.keyboard.press("Escape")
    saved(ana)
    expect(text).to_have_class(re.compile("lead"))
    expect(text).to_have_text("Hello wo-rld")
    ben.reload()
    expect(his.locator(".block-text")).to_have_text("Hello wo-rld")
    expect(his.locator(".block-text")).to_have_class(re.compile("lead"))


def test_blocks_are_pulled_into_the_page_and_to_other_places(demo: Any, page: Page) -> None:
    shown = open_new_page(demo, page, "Pulled", "pulled")
    for name in ("Heading", "Columns"):
        add(page, name)
    left, right = shown.locator('[data-slot="left"]'), shown.locator('[data-slot="right"]')

    # From the library into a column.
    page.get_by_role("tab", name="Add").click()
    pull(page, page.get_by_role("button", name="Button", exact=True), lambda: centre(right))
    page.mouse.up()
    expect(right.locator(".block-button")).to_be_visible()
    expect(page.get_by_role("heading", name="Button", exact=True)).to_be_focused()

    # From the page into the other column, let go at full speed; the click that ends it selects nothing else.
    heading = shown.get_by_role("heading", name="Heading")
    pull(page, heading, lambda: centre(left), steps=1)
    page.mouse.up()
    expect(left.get_by_role("heading", name="Heading")).to_be_visible()
    expect(page.locator("[data-announcer]")).to_have_text("Heading moved, 1 of 1")

    # Escape drops nothing; a block never lands in itself.
    pull(page, heading, lambda: centre(right))
    page.keyboard.press("Escape")
    page.mouse.up()
    expect(left.get_by_role("heading", name="Heading")).to_be_visible()
    expect(shown.locator(".editor-line")).to_have_count(0)
    before = [each.get_attribute("data-block") for each in shown.locator("[data-block]").all()]
    # Between its two slots, which lie one below the other in a frame as narrow as this.
    (x, above), (_x, below) = centre(left), centre(right)
    page.mouse.move(x, (above + below) / 2)
    page.mouse.down()
    page.mouse.move(*centre(right), steps=8)
    page.mouse.up()
    expect(shown.locator(".editor-line")).to_have_count(0)

    # What a slot does not take lands beside it; the "+" between what it has offers only what it takes.
    add(page, "Row of buttons")
    row = shown.locator(".block-buttons")
    box = row.bounding_box()
    assert box
    pull(page, heading, lambda: (box["x"] + 40, box["y"] + box["height"] - 12))
    page.mouse.up()
    expect(page.locator("[data-announcer]")).to_have_text("Heading moved, 3 of 3")
    expect(row.get_by_role("heading")).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(left.get_by_role("heading", name="Heading")).to_be_visible()
    box = row.bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] - 6)
    shown.locator(".editor-plus").click()
    search = page.get_by_role("combobox", name="Find a block")
    search.press_sequentially("divi")
    search.press("Enter")
    expect(page.locator("[data-announcer]")).to_have_text("Divider added, 2 of 3")
    page.get_by_role("button", name="Undo").click()
    page.get_by_role("button", name="Undo").click()

    # As wide as a phone, a tablet, a computer.
    frame = page.locator("iframe")
    widths = []
    for name in ("Phone", "Tablet", "Computer"):
        page.get_by_role("button", name=name, exact=True).click()
        widths.append(frame.evaluate("frame => frame.offsetWidth"))
    assert widths[0] == 390 < widths[1] <= widths[2]
    saved(page)
    page.reload()
    expect(shown.locator("[data-block]")).to_have_count(3)
    assert [each.get_attribute("data-block") for each in shown.locator("[data-block]").all()] == before


def test_late_answers_take_no_word_and_no_caret_away(demo: Any, page: Page) -> None:
    shown = open_new_page(demo, page, "Late", "late")
    for name in ("Heading", "Button"):
        add(page, name)
    button, field = shown.locator(".block-button"), page.get_by_label("Text", exact=True)
    button.click(position={"x": 4, "y": 4})
    saved(page)

    # Moved, and written on before the answer to the move is there: its options are older than the words.
    answers = Held(page, re.compile("/(ops|panel)"))
    page.keyboard.press("Alt+ArrowUp")
    answers.wait_for(1)
    page.keyboard.press("Enter")
    page.keyboard.type("My portal")
    expect(field).to_have_value("My portal")
    page.keyboard.press("ArrowLeft")
    answers.let_go()
    expect(page.locator("[data-announcer]")).to_have_text("Button moved, 1 of 2")
    saved(page)
    expect(field).to_have_value("My portal")
    assert page.evaluate(CARET) == "My porta"
    page.keyboard.type("X")
    expect(field).to_have_value("My portaXl")
    expect(shown.locator("[data-block]").first).to_have_text("My portaXl It has no link yet. Visitors do not see it.")

    page.keyboard.press("Escape")
    saved(page)
    expect(shown.locator("[data-block]").first).to_contain_text("My portaXl")


def test_options_that_come_late_are_not_shown_for_another_block(demo: Any, page: Page) -> None:
    shown = open_new_page(demo, page, "Stale", "stale")
    for name in ("Heading", "Quotation"):
        add(page, name)
    saved(page)
    answers = Held(page, re.compile(r"/panel\?"))
    shown.get_by_role("heading", name="Heading").click()
    answers.wait_for(1)
    answers.is_free = True
    quotation = page.get_by_role("complementary").get_by_role("heading", name="Quotation")
    shown.locator(".block-quote").click()
    expect(quotation).to_be_visible()
    with page.expect_response(re.compile(r"/panel\?")):
        answers.let_go()
    page.get_by_label("Who said it").fill("Ada")
    saved(page)
    expect(shown.locator(".block-quote")).to_contain_text("Ada")
    expect(quotation).to_be_visible()

    # Whoever has opened another tab meanwhile stays there.
    answers = Held(page, re.compile(r"/panel\?"))
    shown.get_by_role("heading", name="Heading").click()
    answers.wait_for(1)
    page.get_by_role("tab", name="Add").click()
    answers.let_go()
    expect(page.locator(".panel-head h2")).to_have_text("Heading")
    expect(page.locator(".panel-head h2")).to_be_hidden()
    expect(page.get_by_role("button", name="Divider")).to_be_visible()


def test_an_input_method_that_composes_is_left_alone(demo: Any, new_page: Callable[..., Page]) -> None:
    ana, ben = new_page(), new_page()
    hers = open_new_page(demo, ana, "Composed", "composed")
    add(ana, "Heading")
    saved(ana)
    demo.enter(ben, "owner")
    ben.goto(ana.url)
    heading = hers.get_by_role("heading", level=2)
    heading.dblclick()
    expect(heading).to_be_focused()
    keyboard = ana.context.new_cdp_session(ana)
    ana.keyboard.press("End")

    def composes(words: str) -> None:
        keyboard.send(
            "Input.imeSetComposition", {"text": words, "selectionStart": len(words), "selectionEnd": len(words)}
        )

    composes("に")
    saved(ana)
    # What somebody else does to the same words and around them arrives in the middle of a word.
    ben.frame_locator("iframe").get_by_role("heading", level=2).click()
    ben.get_by_label("Level").select_option(label="3")
    add(ben, "Divider")
    saved(ben)
    composes("にほん")
    expect(hers.locator("[data-block]")).to_have_count(2)
    composes("日本")
    keyboard.send("Input.insertText", {"text": "日本"})
    expect(heading).to_have_text("Heading日本")
    ana.keyboard.press("Escape")
    saved(ana)
    expect(hers.get_by_role("heading", level=3)).to_have_text("Heading日本")
    ana.reload()
    expect(hers.get_by_role("heading", level=3)).to_have_text("Heading日本")


ANSWERED = """() => performance.getEntriesByType("resource").filter((each) => each.name.endsWith("/ops")).length"""


def test_far_away_words_are_shown_at_once_and_none_is_lost(demo: Any, page: Page) -> None:
    shown = open_new_page(demo, page, "Far away", "far-away")
    be_far_away(page, 300)  # as from another continent
    page.get_by_role("tab", name="Add").click()
    page.get_by_role("button", name="Heading").click()
    field = page.get_by_label("Text", exact=True)
    expect(field).to_have_value("Heading")
    field.select_text()
    before = page.evaluate(ANSWERED)
    page.keyboard.type("Words that are typed quickly, one after the other", delay=15)
    expect(shown.get_by_role("heading", name="one after the other")).to_be_visible()
    expect(field).to_be_focused()
    saved(page)
    # Typing is merged while an answer is on its way: far fewer requests than letters.
    assert page.evaluate(ANSWERED) - before < 12
    page.get_by_label("Level").select_option(label="3")
    expect(shown.get_by_role("heading", level=3)).to_have_text("Words that are typed quickly, one after the other")
    page.reload()
    expect(shown.get_by_role("heading", level=3)).to_have_text("Words that are typed quickly, one after the other")


def test_who_is_signed_out_meanwhile_goes_on_after_signing_in(demo: Any, page: Page) -> None:
    shown = open_new_page(demo, page, "Signed out", "signed-out")
    page.context.clear_cookies()
    page.get_by_role("tab", name="Add").click()
    page.get_by_role("button", name="Heading").click()
    expect(page.get_by_text("Not saved: you are signed out.")).to_be_visible()
    demo.sign_in(page.context.new_page(), "editor")
    saved(page)
    expect(shown.locator("[data-block]")).to_have_count(1)
