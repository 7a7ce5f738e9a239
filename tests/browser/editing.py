"""What the tests of the visual editor do again and again: open it, be far away, press keys, pull blocks."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import FrameLocator, Locator, Page, expect


def open_new_page(demo: Any, page: Page, title: str, slug: str) -> FrameLocator:
    """An empty page in the editor. Returns what stands in the frame."""
    demo.enter(page, "editor")
    return make_page(demo, page, title, slug)


def make_page(demo: Any, page: Page, title: str, slug: str) -> FrameLocator:
    """The same, for somebody who is signed in."""
    page.goto(demo.url("/admin/pages/new"))
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


def add(page: Page, name: str) -> None:
    """Press a block of the library; its options are shown."""
    page.get_by_role("tab", name="Add").click()
    page.get_by_role("button", name=name, exact=True).click()
    expect(page.get_by_role("heading", name=name, exact=True)).to_be_focused()


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


def centre(locator: Locator) -> tuple[float, float]:
    box = locator.bounding_box()
    assert box
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def pull(page: Page, what: Locator, to: Callable[[], tuple[float, float]], *, steps: int = 8) -> None:
    """Hold it and move on in small steps; with a single one, whoever lets go then does so at full speed."""
    page.mouse.move(*centre(what))
    page.mouse.down()
    page.mouse.move(*to(), steps=steps)
    if steps > 1:
        expect(page.frame_locator("iframe").locator(".editor-line")).to_be_visible()


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
