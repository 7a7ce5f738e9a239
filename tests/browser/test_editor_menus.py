"""Blocks that are added, turned into others, copied and moved: by menus, keys and a finger."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.editing import centre, make_page, open_new_page, saved


def test_blocks_are_added_turned_and_copied_by_keys_and_moved_by_a_list_and_a_finger(
    demo: Any, new_page: Callable[..., Page], accessible: Callable[[Any], None]
) -> None:
    page = new_page(has_touch=True)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    shown = open_new_page(demo, page, "Menus", "menus")
    blocks, announced = shown.locator("[data-block]"), page.locator("[data-announcer]")
    page.get_by_role("tab", name="Add").click()
    page.get_by_role("button", name="Heading", exact=True).click()
    expect(page.get_by_role("heading", name="Heading", exact=True)).to_be_focused()
    shown.get_by_role("heading", name="Heading").click()

    # "/" on a block: typing finds, Enter adds, and what was added is written into.
    page.keyboard.press("/")
    expect(page.get_by_role("combobox", name="Find a block")).to_be_focused()
    accessible(page)
    page.keyboard.type("butt")
    page.keyboard.press("Enter")
    expect(announced).to_have_text("Button added, 2 of 2")
    page.keyboard.type("Join")
    page.keyboard.press("Escape")
    expect(shown.locator(".block-button")).to_contain_text("Join")

    # A click on what is selected leads back to its options, from whatever else the column shows.
    page.get_by_role("tab", name="Outline").click()
    shown.locator(".block-button").click(position={"x": 4, "y": 4})
    expect(page.get_by_role("tab", name="Block")).to_have_attribute("aria-selected", "true")
    # What is selected keeps its line under the pointer.
    expect(shown.locator(".block-button")).to_have_css("outline-style", "solid")

    # So does its menu.
    page.get_by_role("tab", name="Page").click()
    shown.locator(".block-button").focus()
    page.keyboard.press("Shift+F10")
    expect(page.get_by_role("menuitem").first).to_be_focused()
    page.keyboard.press("Escape")
    expect(shown.locator(".block-button")).to_be_focused()

    # Shift F10: the heading becomes a text, is put into columns, and is taken out again.
    page.keyboard.press("ArrowUp")
    for chosen, said in (
        ("Turn into Text", "Heading became Text, 1 of 2"),
        ("Put into Columns", "Text put into Columns, 1 of 2"),
        ("Take away, keep what is in it", "Columns taken away, what was in it stays, 1 of 2"),
    ):
        page.keyboard.press("Shift+F10")
        menu = page.get_by_role("menu", name="More for this block")
        expect(menu.get_by_role("menuitem").first).to_be_focused()
        menu.get_by_role("menuitem", name=chosen).press("Enter")
        expect(announced).to_have_text(said)
        expect(shown.locator("[data-selected]")).to_be_focused()
    saved(page)

    # Copied here, pasted in another window.
    expect(shown.locator(".block-text[data-selected]")).to_be_focused()
    page.keyboard.press("Control+c")
    expect(page.locator(".toast")).to_contain_text("Copied.")
    other = page.context.new_page()
    there = make_page(demo, other, "Menus too", "menus-too")
    other.get_by_role("tab", name="Add").click()
    other.get_by_role("button", name="Button", exact=True).click()
    there.locator(".block-button").click(position={"x": 4, "y": 4})
    other.keyboard.press("Control+v")
    expect(there.locator(".block-text")).to_have_text("Heading")
    other.close()

    # "Move to …" lists all places.
    page.bring_to_front()
    page.keyboard.press("Shift+F10")
    page.get_by_role("menuitem", name="Move to …").press("Enter")
    dialog = page.get_by_role("dialog", name="Move to …")
    dialog.get_by_label("Place").select_option(label="After Button “Join”")
    accessible(page)
    dialog.get_by_role("button", name="Move the block").click()
    expect(announced).to_have_text("Text moved, 2 of 2")
    expect(blocks.last).to_have_text("Heading")

    # A finger that rests on a block takes it up, and drops it above the other one.
    touch = page.context.new_cdp_session(page)
    x, y = centre(shown.locator(".block-text"))
    touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
    expect(shown.locator("body.editor-dragging")).to_have_count(1)
    over = shown.locator(".block-button").bounding_box()
    assert over
    for point in ({"x": x, "y": y - 10}, {"x": over["x"] + 2, "y": over["y"] + 4}):
        touch.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [point]})
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    expect(blocks.first).to_have_text("Heading")
    saved(page)

    # Published, and again without it; the version with it is looked at, and gone on from.
    publish = page.get_by_role("button", name="Publish")
    publish.click()
    expect(page.get_by_text("The page is published.")).to_be_visible()
    shown.locator(".block-text").click()
    page.keyboard.press("Delete")
    expect(blocks).to_have_count(1)
    publish.click()
    expect(page.locator("[data-state]")).to_be_hidden()
    page.get_by_role("tab", name="Page").click()
    page.get_by_role("link", name="Earlier versions").click()
    accessible(page)
    whole = page.get_by_role("row", name="Version 2")
    whole.get_by_role("link").click()
    expect(page.locator(".block-text")).to_have_text("Heading")
    page.go_back()
    whole.get_by_role("button", name="Restore").click()
    expect(page.get_by_text("You go on from version 2.")).to_be_visible()
    expect(blocks.first).to_have_text("Heading")
    expect(page.locator("[data-state]")).to_have_text("Changed")
    page.get_by_role("button", name="Undo").click()
    expect(blocks).to_have_count(1)
