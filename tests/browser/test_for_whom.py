"""A page that knows who looks: a name in its words, a block for students, a picture, and the way to it in a menu."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

from PIL import Image
from playwright.sync_api import Locator, Page, expect

from tests.browser.editing import centre, open_new_page, preview, saved

WITH_FILE = """async (target, [kind, name, type]) => {
  const { defaultView: view } = target.ownerDocument;
  const canvas = new view.OffscreenCanvas(40, 30);
  canvas.getContext("2d").fillRect(0, 0, 40, 30);
  const content = type === "image/png" ? await canvas.convertToBlob() : "words";
  const data = new view.DataTransfer();
  data.items.add(new view.File([content], name, { type }));
  const box = target.getBoundingClientRect();
  const at = { bubbles: true, cancelable: true, clientX: box.x + 5, clientY: box.y + 1 };
  const paste = () => target.dispatchEvent(new view.ClipboardEvent(kind, { ...at, clipboardData: data }));
  const pull = (name) => target.dispatchEvent(new view.DragEvent(name, { ...at, dataTransfer: data }));
  if (kind === "paste") paste();
  else for (const each of ["dragover", kind]) pull(each);
}"""


def teal() -> dict[str, Any]:
    stream = io.BytesIO()
    Image.new("RGB", (1400, 900), "teal").save(stream, "JPEG")
    return {"name": "kiln.jpg", "mimeType": "image/jpeg", "buffer": stream.getvalue()}


def with_file(page: Page, kind: str, name: str, type_: str, at: Locator | None = None) -> None:
    """Drop a file at its start, or paste it where the focus is: what a browser tells a page of it."""
    if at is not None:
        at.evaluate(WITH_FILE, [kind, name, type_])
    else:
        within = page.frame(name="canvas") or page
        within.locator(":focus, body").last.evaluate(WITH_FILE, [kind, name, type_])


def describe(page: Page, words: str) -> None:
    expect(page.get_by_label("What it shows")).to_be_focused()
    page.keyboard.type(words)
    page.keyboard.press("Tab")
    expect(page.frame_locator("iframe").get_by_role("img", name=words)).to_be_visible()


def test_words_blocks_pictures_and_menus_for_whom_they_are(
    demo: Any,
    new_page: Callable[..., Page],
    accessible: Callable[[Any], None],
    in_every_light: Callable[[Page], None],
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

    # Others are dropped on the page, where the line is, or pasted there; a file that is no picture is not taken.
    pictures = shown.locator(".block-image")
    with_file(page, "drop", "notes.txt", "text/plain", at=pictures)
    expect(page.get_by_text("Only pictures can be dropped on a page.")).to_be_visible()
    with_file(page, "drop", "first.png", "image/png", at=shown.locator("[data-block]").first)
    describe(page, "Dropped first")
    expect(shown.locator("[data-block]").first.get_by_role("img", name="Dropped first")).to_be_visible()
    with_file(page, "paste", "shot.png", "image/png")
    describe(page, "A pasted shot")
    expect(pictures).to_have_count(3)
    for words in ("Dropped first", "A pasted shot"):
        shown.get_by_role("img", name=words).click()
        page.keyboard.press("Delete")
        expect(shown.get_by_role("img", name=words)).to_have_count(0)
    saved(page)
    for who, is_there in (("Visitor", False), ("Student without purchase", True)):
        preview(page, who)
        expect(shown.get_by_text("Hello Sam")).to_be_visible(visible=is_there)
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_text("The page is published.")).to_be_visible()

    # The library: a picture that is dropped on its form is chosen there, and nothing is uploaded without words.
    page.goto(demo.url("/admin/media"))
    with_file(page, "drop", "gate.png", "image/png", at=page.locator("form[data-drop]"))
    upload = page.get_by_role("button", name="Upload")
    upload.click()
    expect(page.get_by_text("Say what the picture shows.")).to_be_visible()
    with_file(page, "paste", "gate.png", "image/png")
    assert page.get_by_label("File", exact=True).evaluate("input => input.files[0]?.name") == "gate.png"
    page.get_by_label("Description").fill("A gate")
    in_every_light(page)
    upload.click()
    page.get_by_role("link", name="gate.png").first.click()
    page.get_by_label("What matters most is").select_option(label="Above")
    accessible(page)

    # Into the menu, and up by its button.
    page.goto(demo.url("/admin/menus"))
    page.locator("summary", has_text="Add an entry").first.click()
    page.get_by_label("Words").first.fill("Welcome")
    page.get_by_label("Leads to").first.select_option(label="Welcome back")
    page.get_by_role("button", name="Add to the menu").first.click()
    entries = page.locator("[data-sort]").first.locator("strong")
    expect(entries.last).to_have_text("Welcome")
    last = entries.count() - 1
    # By keyboard: the button keeps the focus, so that it is pressed again.
    up = page.get_by_role("button", name="Move up: Welcome")
    up.press("Enter")
    expect(entries.nth(last - 1)).to_have_text("Welcome")
    expect(up).to_be_focused()
    page.keyboard.press("Enter")
    expect(entries.nth(last - 2)).to_have_text("Welcome")
    in_every_light(page)
    # By drag; given up with Escape, all is as before.
    rows = page.locator("[data-entry]")
    rows.nth(last - 2).hover()
    page.mouse.down()
    x, y = centre(rows.nth(last))
    # The first move begins it, and what is over is told with the next ones.
    for below in (2, 4, 6, 8):
        page.mouse.move(x, y + below)
    expect(entries.nth(last)).to_have_text("Welcome")
    page.keyboard.press("Escape")
    page.mouse.up()
    expect(entries.nth(last - 2)).to_have_text("Welcome")
    rows.nth(last - 2).drag_to(rows.nth(last - 1), target_position={"x": 300, "y": 60}, steps=4)
    expect(page.get_by_text(f"The entry stands in place {last} of {last + 1} now.")).to_be_visible()
    expect(entries.nth(last - 1)).to_have_text("Welcome")

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
