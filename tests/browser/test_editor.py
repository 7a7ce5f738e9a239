"""The visual editor as people use it: with the mouse, and with the keyboard alone.

Pitfalls of the design (EDITOR.md, section 8), and what proves that we are not in them:

| pitfall | test |
|---|---|
| 1, 2 panel swaps take the caret or letters | `test_far_away_words_…`, `test_late_answers_…` |
| 3 parent and child in one answer | `tests/unit/content/test_canvas.py` |
| 4 the text that is typed in is replaced | `test_late_answers_take_no_word_and_no_caret_away` |
| 5 nothing is shown while typing | `test_far_away_words_are_shown_at_once_and_none_is_lost` |
| 6 the options as a second request | `test_the_answer_brings_the_options_…` (functional, `test_editor_shaping.py`) |
| 7 the text editor's styles, and spaces that become `&nbsp;` | `test_editor_text.py`, both |
| 8 a label on a block's root | axe on the canvas, here and in `test_editor_text.py` |
| 9 the picker ends the text's selection | `test_words_are_formatted_by_keys_by_the_bubble_and_as_markdown` |
| 10 a retried insert, a stale answer | `test_two_people_and_a_lost_connection_lose_nothing` |
| 11 an absent checkbox means off | `test_setting_writes_only_what_it_names_…` (unit, `test_operations.py`) |
| 12 a drop while the pointer moves | `test_blocks_are_pulled_into_the_page_and_to_other_places` |
| 13 `//host` in an address | `tests/unit/content/test_richtext.py` |
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import FrameLocator, Locator, Page, expect

PORTAL = re.compile("^/go/stripe/customer-portal")


def open_new_page(demo: Any, page: Page, title: str, slug: str) -> FrameLocator:
    """Admin → Pages → New page: an empty page in the editor. Returns what stands in the frame."""
    demo.sign_in(page, "editor")
    return make_page(demo, page, title, slug)


def make_page(demo: Any, page: Page, title: str, slug: str) -> FrameLocator:
    """The same for somebody who is signed in."""
    page.goto(demo.url("/admin"))
    page.get_by_role("link", name="Pages").click()
    page.get_by_role("link", name="New page").click()
    page.get_by_label("Title").fill(title)
    page.get_by_label("Address").fill(slug)
    page.get_by_role("button", name="Make the page").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(title)
    shown = page.frame_locator("iframe")
    expect(shown.get_by_role("heading", name=title)).to_be_visible()
    return shown


def saved(page: Page) -> None:
    expect(page.locator("[data-status]")).to_have_attribute("data-now", "saved")


def be_far_away(page: Page, milliseconds: int) -> None:
    """Every answer takes so long there and back."""
    network = page.context.new_cdp_session(page)
    network.send("Network.enable")
    network.send(
        "Network.emulateNetworkConditions",
        {"offline": False, "latency": milliseconds, "downloadThroughput": -1, "uploadThroughput": -1},
    )


def preview(page: Page, name: str) -> None:
    page.get_by_label("Preview as").select_option(label=name)
    expect(page.frame_locator("iframe").locator("[data-block]")).to_have_count(0)


@pytest.mark.feature("TA-12", "TA-16", "TA-17", "TA-18", "TA-19", "TA-20", "TA-21", "TA-22", "TA-23", "B-16")
@pytest.mark.parametrize("away", [0, 300])
def test_a_button_and_a_text_get_the_portal_link_by_mouse(
    demo: Any, new_page: Callable[..., Page], accessible: Callable[[Any], None], away: int
) -> None:
    page = new_page()
    slug = f"your-membership-{away}"
    shown = open_new_page(demo, page, "Your membership", slug)
    be_far_away(page, away)
    options = page.get_by_role("complementary")

    # A text, typed on the page itself; two of its words become a link.
    page.get_by_role("tab", name="Add").click()
    options.get_by_role("button", name="Text").click()
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
    choose_portal(link)
    expect(shown.get_by_text("It has no link yet.")).to_be_visible()
    page.keyboard.press("Escape")
    expect(link.get_by_role("combobox")).to_have_count(0)
    expect(icon).to_be_focused()
    expect(shown.get_by_text("It has no link yet.")).to_be_visible()
    icon.click()
    choose_portal(link)
    accessible(page)
    link.get_by_role("button", name="Insert").click()
    expect(options.get_by_text("Stripe › Customer portal")).to_be_visible()
    expect(options.get_by_text("Shown to: students with a purchase")).to_be_visible()
    expect(shown.get_by_text("It has no link yet.")).to_have_count(0)
    accessible(page.frame(name="canvas"))

    # As others get it.
    for name, number in (("Visitor", 0), ("Student without purchase", 0), ("Student with purchase", 2)):
        preview(page, name)
        expect(shown.locator('a[href^="/go/stripe/customer-portal"]')).to_have_count(number)
    shown.get_by_role("link", name="Manage your membership").click()
    expect(page.get_by_text("In the preview links do not open.")).to_be_visible()
    preview_ends(page, shown)

    # Published: a visitor gets no trace of it, a subscriber the own portal.
    guest, subscriber = new_page(), new_page()
    address = demo.url(f"/{slug}")
    assert guest.goto(address).status == 404
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_text("The page is published.").first).to_be_visible()
    assert guest.goto(address).status == 200
    assert "customer-portal" not in guest.content()
    demo.sign_in(subscriber, "subscriber")
    subscriber.goto(address)
    expect(subscriber.get_by_role("link", name="here")).to_have_attribute("href", PORTAL)
    subscriber.get_by_role("link", name="Manage your membership").click()
    expect(subscriber.get_by_text(demo.people["subscriber"]["email"]).first).to_be_visible()
    assert subscriber.url.startswith(demo.simulator)


def choose_portal(options: Locator) -> None:
    """The second dropdown lists what the first one's choice has."""
    options.get_by_label("Source").select_option(label="Site")
    expect(options.get_by_label("Link", exact=True).locator("option")).to_have_text(["Home page", "Catalogue"])
    options.get_by_label("Source").select_option(label="Stripe")
    expect(options.get_by_label("Link", exact=True).locator("option").first).to_have_text("Customer portal")
    options.get_by_label("Link", exact=True).select_option(label="Customer portal")


def preview_ends(page: Page, shown: FrameLocator) -> None:
    page.get_by_label("Preview as").select_option(label="Preview as: editor")
    expect(shown.locator("[data-block]").first).to_be_visible()


NAME = """() => {
  const at = document.activeElement;
  if (at.tagName === "IFRAME") return "frame";
  const label = at.labels?.[0]?.textContent ?? at.getAttribute("aria-label") ?? at.textContent;
  return label.trim();
}"""


class Keys:
    """Somebody without a mouse."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def to(self, name: str, key: str = "Tab") -> None:
        """Press until what has the focus is called so."""
        for _try in range(60):
            if self.page.evaluate(NAME) == name:
                return
            self.press(key)
        raise AssertionError(f"{key} never got to {name}; it is at {self.page.evaluate(NAME)}")


@pytest.mark.feature("TA-18", "TA-19", "TA-20", "TA-23")
@pytest.mark.parametrize("away", [0, 100])
def test_the_same_by_keyboard_alone(demo: Any, page: Page, accessible: Callable[[Any], None], away: int) -> None:
    slug = f"by-keyboard-{away}"
    shown = open_new_page(demo, page, "By keyboard", slug)
    be_far_away(page, away)
    keys = Keys(page)
    announced = page.locator("[data-announcer]")
    options = page.get_by_role("complementary")

    # Add a heading and a button; the focus is in the options of what was added.
    keys.to("Add")
    keys.to("Heading")
    keys.press("Enter")
    expect(announced).to_have_text("Heading added, 1 of 1")
    expect(page.get_by_role("heading", name="Heading", exact=True)).to_be_focused()
    keys.to("Text")
    keys.press("End")
    page.keyboard.type(" by hand")
    expect(shown.get_by_role("heading", name="Heading by hand")).to_be_visible()
    keys.to("Block", "Shift+Tab")
    keys.press("ArrowRight")
    keys.to("Button")
    keys.press("Enter")
    expect(announced).to_have_text("Button added, 2 of 2")
    expect(page.get_by_role("heading", name="Button")).to_be_focused()

    # Into Button link, the icon, the dropdowns; Escape drops the choice, Insert applies it.
    keys.to("Dynamic link")
    keys.press("Enter")
    expect(page.get_by_label("Source")).to_be_focused()
    page.keyboard.type("Stripe")
    expect(options.get_by_label("Link", exact=True)).to_have_value("customer-portal")
    keys.press("Escape")
    expect(page.get_by_label("Source")).to_have_count(0)
    expect(page.get_by_role("button", name="Dynamic link")).to_be_focused()
    keys.press("Enter")
    expect(page.get_by_label("Source")).to_be_focused()
    page.keyboard.type("Stripe")
    expect(options.get_by_label("Link", exact=True)).to_have_value("customer-portal")
    expect(page.get_by_label("Source")).to_be_focused()
    keys.to("Insert")
    keys.press("Enter")
    expect(announced).to_have_text("Link inserted")
    expect(page.get_by_role("button", name="Dynamic link")).to_be_focused()

    # On the page: arrows select, Alt moves, Enter edits the words, Escape leaves them.
    keys.to("frame")
    button = shown.locator(".block-button")
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
    expect(shown.get_by_role("heading", name="Heading by hand")).to_be_focused()
    keys.press("Control+d")
    expect(announced).to_have_text("Heading duplicated, 3 of 3")
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
    page.goto(demo.url(f"/{slug}"))
    assert "customer-portal" not in page.content()
    expect(page.get_by_role("heading", name="Heading by hand")).to_be_visible()


def test_two_people_and_a_lost_connection_lose_nothing(demo: Any, new_page: Callable[..., Page]) -> None:
    ana, ben = new_page(), new_page()
    hers = open_new_page(demo, ana, "For two", "for-two")
    demo.sign_in(ben, "owner")
    ben.goto(ana.url)
    his = ben.frame_locator("iframe")
    expect(his.get_by_role("heading", name="For two")).to_be_visible()
    for person in (ana, ben):
        person.get_by_role("tab", name="Add").click()
    ana.get_by_role("button", name="Heading").click()
    ana.get_by_label("Text", exact=True).fill("Hers")
    saved(ana)

    # He gets it with the answer to his own edit, and is told.
    ben.get_by_role("button", name="Button", exact=True).click()
    expect(his.get_by_role("heading", name="Hers")).to_be_visible()
    expect(ben.get_by_text("Somebody else changed this page too.").first).to_be_visible()

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
    ben.get_by_role("button", name="Delete").click()
    expect(his.get_by_role("heading", name="Hers")).to_have_count(0)
    ana.get_by_label("Text", exact=True).fill("My long words")
    expect(ana.get_by_text("Your words: My long words")).to_be_visible()
    expect(hers.get_by_role("heading", name="Hers")).to_have_count(0)


def centre(locator: Locator) -> tuple[float, float]:
    box = locator.bounding_box()
    assert box
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def pull(page: Page, what: Locator, to: Callable[[], tuple[float, float]]) -> None:
    """Hold it, move on in small steps, and let go there."""
    page.mouse.move(*centre(what))
    page.mouse.down()
    page.mouse.move(*to(), steps=8)
    expect(page.frame_locator("iframe").locator(".editor-line")).to_be_visible()


def test_blocks_are_pulled_into_the_page_and_to_other_places(demo: Any, page: Page) -> None:
    shown = open_new_page(demo, page, "Pulled", "pulled")
    add = page.get_by_role("tab", name="Add")
    for name in ("Heading", "Columns"):
        add.click()
        page.get_by_role("button", name=name, exact=True).click()
        expect(page.get_by_role("heading", name=name, exact=True)).to_be_focused()
    left, right = shown.locator('[data-slot="left"]'), shown.locator('[data-slot="right"]')

    # From the library into a column.
    add.click()
    pull(page, page.get_by_role("button", name="Button", exact=True), lambda: centre(right))
    page.mouse.up()
    expect(right.locator(".block-button")).to_be_visible()
    expect(page.get_by_role("heading", name="Button", exact=True)).to_be_focused()

    # From the page into the other column; the click that ends it selects nothing else.
    heading = shown.get_by_role("heading", name="Heading")
    pull(page, heading, lambda: centre(left))
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
    saved(page)
    page.reload()
    expect(shown.locator("[data-block]")).to_have_count(3)
    assert [each.get_attribute("data-block") for each in shown.locator("[data-block]").all()] == before


class Held:
    """Answers to what matches wait until they are let go; requests reach the server at once."""

    def __init__(self, page: Page, pattern: re.Pattern[str]) -> None:
        self.page, self.is_free, self.waiting = page, False, []
        page.route(pattern, self._hold)

    def _hold(self, route: Any) -> None:
        if self.is_free:
            route.continue_()
        else:
            self.waiting.append((route, route.fetch()))

    def wait_for(self, number: int) -> None:
        for _try in range(100):
            if len(self.waiting) >= number:
                return
            self.page.wait_for_timeout(50)
        raise AssertionError(f"{len(self.waiting)} answers wait, not {number}")

    def let_go(self) -> None:
        self.is_free = True
        for route, answer in self.waiting:
            route.fulfill(response=answer)


CARET = """() => {
  const view = document.querySelector("iframe").contentWindow;
  const range = view.getSelection().getRangeAt(0).cloneRange();
  range.setStart(view.document.querySelector("[contenteditable]"), 0);
  return range.toString();
}"""


def test_late_answers_take_no_word_and_no_caret_away(demo: Any, page: Page) -> None:
    shown = open_new_page(demo, page, "Late", "late")
    for name in ("Heading", "Button"):
        page.get_by_role("tab", name="Add").click()
        page.get_by_role("button", name=name, exact=True).click()
        expect(page.get_by_role("heading", name=name, exact=True)).to_be_focused()
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
