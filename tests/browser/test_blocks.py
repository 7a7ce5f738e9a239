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
from lms.content.document import new_block
from lms.testing import sites
from lms.testing.makers import Makers, session_cookie
from lms.testing.plugins import add_plugin
from tests.browser.editing import NAME, Held, Keys, saved
from tests.kiln import Kiln, write_template

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
    folder = tmp_path_factory.mktemp("site")
    write_template(folder)
    with sites.site(folder, plugins=("stripe",), site_url=host) as fresh:
        add_plugin(fresh.app, Kiln())
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
        make.page(new_block("kiln/firing"), slug="firing", title="Firing")
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


def test_every_field_of_a_block_is_filled_in_by_mouse_and_keys_and_taken_back(
    address: tuple[str, Any],
    new_page: Opened,
    accessible: Callable[[Page], None],
    in_every_light: Callable[[Page], None],
) -> None:
    host, (name, token) = address
    page = new_page()
    page.context.add_cookies([{"name": name, "value": token, "url": host}])
    page.goto(f"{host}/admin/pages")
    page.get_by_role("link", name="Edit Firing").click()
    shown = page.frame_locator("iframe")
    shown.get_by_role("heading", name="A firing").click()
    options, keys = page.get_by_role("complementary"), Keys(page)

    # A colour is one of a few, chosen with the arrows or a press.
    colours = options.get_by_role("group", name="Colour", exact=True)
    colours.get_by_role("radio", name="Clay").check()
    keys.press("ArrowRight")
    expect(shown.locator("[data-colour=ochre]")).to_have_count(1)
    expect(colours.get_by_role("radio", name="Ochre")).to_be_focused()
    colour = "element => getComputedStyle(element).fill"
    assert shown.locator("rect").evaluate(colour) == "rgb(217, 164, 65)"

    # A page is found by typing; Escape leaves what was chosen.
    wanted = options.get_by_role("combobox", name="Page", exact=True)
    wanted.click()
    found = options.get_by_role("listbox")
    expect(found.get_by_role("option", name="Mine")).to_be_visible()
    wanted.press_sequentially("every b")
    expect(found.get_by_role("option")).to_have_text(["Every block"])
    expect(wanted).to_have_attribute("aria-expanded", "true")
    accessible(page)
    keys.press("Enter")
    expect(wanted).to_have_value("Every block")
    expect(shown.get_by_role("link", name="Every block")).to_have_attribute("href", "/every-block")
    wanted.fill("nothing like it")
    expect(page.locator("[data-announcer]")).to_have_text("Nothing is called that.")
    keys.press("Escape", "Tab")
    expect(wanted).to_have_value("Every block")
    held = Held(page, re.compile(r"/search\?"))
    wanted.fill("every")
    held.wait_for(1)
    keys.press("Escape")
    with page.expect_response(re.compile(r"/search\?")):
        held.let_go()
    page.evaluate("new Promise(requestAnimationFrame)")
    expect(wanted).to_have_value("Every block")
    assert found.get_by_role("option").count() == 0
    course = options.get_by_role("combobox", name="Course", exact=True)
    course.click()
    found.get_by_role("option").first.click()
    expect(shown.get_by_role("link", name=course.input_value())).to_be_visible()

    # What can be chosen in one field follows from another, in which the focus stays.
    options.get_by_text("Place", exact=True).click()
    country, city = options.get_by_label("Country"), options.get_by_label("City")
    country.focus()
    country.select_option(label="Greece")
    expect(city.get_by_role("option")).to_have_text(["Anywhere", "Athens", "Volos"])
    expect(country).to_be_focused()
    city.select_option(label="Volos")
    country.select_option(label="Spain")
    expect(city.get_by_role("option")).to_have_text(["Anywhere", "Seville"])
    expect(city).to_have_value("")
    saved(page)
    page.get_by_role("button", name="Undo").click()
    expect(city).to_have_value("vol")

    # A list: one is added and filled in, moved with keys, and another one is removed.
    options.get_by_text("Lists", exact=True).click()
    steps = options.get_by_role("group", name="Steps")
    steps.get_by_role("button", name="Add: Step").click()
    expect(steps.get_by_role("listitem")).to_have_count(3)
    titles = steps.get_by_label("Title")
    expect(titles.last).to_be_focused()
    keys.press("Control+A")
    page.keyboard.type("Hold")
    expect(shown.locator("li b")).to_have_text(["Warm up", "Cool", "Hold"])
    steps.get_by_role("combobox", name="Glaze of the step").last.fill("shi")
    found.get_by_role("option", name="Shino").click()
    expect(shown.locator("li").last).to_contain_text("g2")
    titles.last.fill("Hold on")
    saved(page)
    rules = options.get_by_role("group", name="Rules")
    rules.get_by_text("be quiet").click()
    rules.get_by_label("Words").fill("LOUD")
    expect(rules.get_by_text("Small letters only.")).to_be_visible()
    expect(rules.get_by_label("Words")).to_have_attribute("aria-invalid", "true")
    rules.get_by_label("Words").fill("be kind")
    expect(rules.get_by_text("Small letters only.")).to_have_count(0)
    expect(shown.locator("em")).to_have_text(["be kind"])
    titles.last.focus()
    keys.to("Hold on", "Shift+Tab")
    keys.press("Alt+ArrowUp")
    expect(shown.locator("li b")).to_have_text(["Warm up", "Hold on", "Cool"])
    expect(page.locator("[data-announcer]")).to_have_text("Step moved, 2 of 3")
    assert page.evaluate(NAME) == "Hold on"
    steps.get_by_role("button", name="Move up: Hold on").click()
    expect(steps.get_by_role("button", name="Move up: Hold on")).to_be_focused()
    steps.get_by_role("button", name="Remove: Cool").click()
    expect(shown.locator("li b")).to_have_text(["Hold on", "Warm up"])
    expect(steps.get_by_role("button", name="Add: Step")).to_be_focused()
    in_every_light(page)
    for after in (["Hold on", "Warm up", "Cool"], ["Warm up", "Hold on", "Cool"], ["Warm up", "Cool", "Hold on"]):
        saved(page)
        page.get_by_role("button", name="Undo").click()
        expect(shown.locator("li b")).to_have_text(after)

    # The words of one are typed on the page as well.
    shown.get_by_text("Warm up").dblclick()
    page.keyboard.type("Heat")
    keys.press("Escape")
    saved(page)
    expect(titles.first).to_have_value("Heat")

    # All of it stands on the page that visitors get.
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_text("The page is published.").first).to_be_visible()
    page.goto(f"{host}/firing")
    expect(page.locator("main li b")).to_have_text(["Heat", "Cool", "Hold on"])
    expect(page.get_by_role("link", name="Every block")).to_be_visible()
