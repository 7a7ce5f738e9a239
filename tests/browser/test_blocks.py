"""Every block and every pattern on a real page: accessible in both lights and widths, with no script, and quiet."""

from __future__ import annotations

import gzip
import re
import threading
from collections.abc import Callable, Iterator
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest
from playwright.sync_api import Page, expect

from lms import db
from lms.accounts import policies
from lms.content import catalog, planting
from lms.testing import sites
from lms.testing.makers import Makers, session_cookie

Opened = Callable[..., Page]


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, tuple[str, str]]]:
    """A site of this process with a page of every block and one of every pattern, and the cookie of an editor."""
    server = make_server("127.0.0.1", 0, lambda *_: [], _Server, _Quiet)
    host = f"http://127.0.0.1:{server.server_port}"
    with sites.site(tmp_path_factory.mktemp("site"), plugins=("stripe",), site_url=host) as fresh:
        make = Makers()
        course = make.course(teacher_name="Ada", outcomes=["Say it"], questions=[{"q": "How long?", "a": "Short."}])
        make.offer(make.product(course))
        with fresh.app.test_request_context("/"):
            found = catalog.current()
            shown = [planting.inserted(one, one.example) for one in found.blocks.values() if one.category]
            make.page(*shown, slug="every-block", title="Every block")
            make.page(*map(planting.of_pattern, found.patterns.values()), slug="every-pattern", title="x")
        cookie = session_cookie(make.person(role="editor").id)
        make.page(slug="mine", title="Mine")
        make.page(slug="words-only", title="Words only")
        db.commit()
        server.set_app(fresh.app)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield host, cookie
        server.shutdown()
        server.server_close()


def test_every_block_and_pattern_is_accessible_needs_no_script_and_little_style(
    address: tuple[str, Any], new_page: Opened, in_every_light: Callable[[Page], None]
) -> None:
    host, _cookie = address
    page = new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for slug in ("every-block", "every-pattern"):
        page.goto(f"{host}/{slug}")
        in_every_light(page)
        # axe itself was put into the page by the test.
        assert page.request.get(f"{host}/{slug}").text().count("<script") == 0
    assert page.locator("main .block-section").count() > 5
    assert [url for url in asked if not url.startswith((host, "data:"))] == []
    sizes = {url: len(gzip.compress(page.request.get(url).body(), 9)) for url in asked if ".css" in url}
    assert len(sizes) >= 4
    assert sum(sizes.values()) <= 15_000, sizes


def test_what_another_site_shows_is_loaded_after_two_presses_without_any_script(
    address: tuple[str, Any], new_page: Opened
) -> None:
    host, _cookie = address
    page = new_page(java_script_enabled=False)
    outside: list[str] = []

    def played(route: Any) -> None:
        outside.append(route.request.url)
        route.fulfill(body="played", content_type="text/html")

    page.route(re.compile(r"^https://"), played)
    page.goto(f"{host}/every-block")
    load = page.get_by_role("link", name="Load it here")
    expect(load).to_be_hidden()
    page.locator(".block-embed > summary").click()
    expect(page.get_by_text("learns your address")).to_be_visible()
    assert outside == []
    load.click()
    expect(page.frame_locator(".block-embed iframe").get_by_text("played")).to_be_visible()
    assert [re.sub(r"(https://[^/]+).*", r"\1", url) for url in outside] == ["https://www.youtube-nocookie.com"]


def test_a_pattern_is_added_from_the_library_and_moves_as_one(address: tuple[str, Any], new_page: Opened) -> None:
    host, (name, token) = address
    page = new_page()
    page.context.add_cookies([{"name": name, "value": token, "url": host}])
    page.goto(f"{host}/admin/pages")
    page.get_by_role("link", name="Edit Mine").click()
    shown = page.frame_locator("iframe")
    expect(shown.get_by_role("heading", name="Mine")).to_be_visible()
    page.get_by_role("tab", name="Add").click()
    page.get_by_role("complementary").get_by_role("button", name="Call to action").click()
    expect(shown.get_by_role("heading", name="Read the first lesson tonight")).to_be_visible()
    expect(shown.locator(".block-pattern > .blocks > .ground-dark")).to_have_count(1)
    expect(page.locator("[data-status]")).to_have_attribute("data-now", "saved")
    page.get_by_role("button", name="Delete", exact=True).first.click()
    expect(shown.locator(".block-pattern")).to_have_count(0)


def test_who_may_only_write_is_offered_nothing_else(
    address: tuple[str, Any], new_page: Opened, monkeypatch: pytest.MonkeyPatch, accessible: Callable[[Any], None]
) -> None:
    host, (name, token) = address
    monkeypatch.setitem(policies.CAPABILITIES, "editor", policies.CAPABILITIES["editor"] - {"pages.design"})
    page = new_page()
    page.context.add_cookies([{"name": name, "value": token, "url": host}])
    page.goto(f"{host}/admin/pages")
    page.get_by_role("link", name="Edit Words only").click()
    shown = page.frame_locator("iframe")
    text = shown.locator(".block-text")
    text.click()
    options = page.get_by_role("complementary")
    expect(options.get_by_role("heading", name="Text", exact=True)).to_be_visible()
    expect(options.get_by_role("tab")).to_have_text(["Block", "Outline", "Page"])
    expect(options.get_by_role("button", name="Delete")).to_have_count(0)
    accessible(page)
    told = page.locator(".toast")
    for key in ("Delete", "/", "Alt+ArrowDown", "Shift+F10", "Control+d"):
        page.keyboard.press(key)
        expect(told).to_contain_text("words, pictures and links of this page")
        told.evaluate("toast => toast.remove()")
    expect(shown.locator("[data-block]")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(shown.get_by_role("textbox", name="Text")).to_be_focused()
    # "/" in an empty line is a letter.
    page.keyboard.press("Enter")
    page.keyboard.type("/ more")
    expect(text.locator("p").last).to_have_text("/ more")
    page.keyboard.press("Escape")
    expect(page.locator("[data-status]")).to_have_attribute("data-now", "saved")


def test_who_chooses_a_link_of_stripe_is_warned_while_stripe_is_not_connected(
    address: tuple[str, Any], new_page: Opened, accessible: Callable[[Any], None]
) -> None:
    host, (name, token) = address
    page = new_page()
    page.context.add_cookies([{"name": name, "value": token, "url": host}])
    page.goto(f"{host}/admin/pages")
    page.get_by_role("link", name="Edit Every block").click()
    page.frame_locator("iframe").locator(".block-button").first.click(position={"x": 8, "y": 8})
    options = page.get_by_role("complementary")
    options.get_by_role("group", name="Button link").get_by_role("button", name="Dynamic link").click()
    options.get_by_label("Source").select_option(label="Account")
    options.get_by_label("Link", exact=True).select_option(label="Sign in")
    expect(options.get_by_text("Shown to: visitors")).to_be_visible()
    expect(options.get_by_role("note")).to_have_count(0)
    options.get_by_label("Source").select_option(label="Stripe")
    options.get_by_label("Link", exact=True).select_option(label="Customer portal")
    warning = options.get_by_role("note")
    expect(warning).to_contain_text("not connected")
    expect(warning.get_by_role("link", name="Open the settings")).to_have_attribute("href", "/admin/settings/stripe")
    accessible(page)
    # It is the editor's to decide: it can be inserted all the same.
    expect(options.get_by_role("button", name="Insert")).not_to_have_attribute("aria-disabled", "true")
