"""The visual editor with 300 blocks: operations on the server, what a browser far away waits for, and what it loads."""

from __future__ import annotations

import gzip
import logging
import math
import re
import shutil
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from playwright.sync_api import Page, sync_playwright
from werkzeug.serving import make_server

from lms.content.document import new_block
from lms.testing import sites
from lms.testing.makers import Makers, session_cookie

BLOCKS = 300
EACH = 40
FAR = 300
"""Milliseconds there and back."""

# From the last byte of the answer to the page in place and laid out, and from the press to what stands in the column.
WATCH = """() => {
  window.patched = [];
  const { contentDocument: doc } = document.querySelector("iframe");
  doc.addEventListener("lms:patched", () => {
    doc.body.getBoundingClientRect();
    const now = performance.now();
    const last = performance.getEntriesByType("resource").filter((each) => each.name.endsWith("/ops")).at(-1);
    if (last) window.patched.push(now - last.responseEnd);
  });
}"""
INSERT = """() => new Promise((resolve) => {
  const options = document.querySelector("[data-options]");
  const started = performance.now();
  new MutationObserver((_all, watch) => {
    if (!options.textContent.includes("Account › Sign in")) return;
    watch.disconnect();
    resolve(performance.now() - started);
  }).observe(options, { childList: true, subtree: true });
  options.querySelector(".picker button").click();
})"""


def report() -> list[str]:
    """Lines with medians and p95, each with its bar: processor time on the server, the clock in the browser."""
    with tempfile.TemporaryDirectory() as folder:
        server = make_server("127.0.0.1", 0, lambda *_: [], threaded=True)
        with sites.site(Path(folder), site_url=f"http://localhost:{server.server_port}") as site:
            server.app = site.app
            return _report(site, server)


def _report(site: sites.TestSite, server: Any) -> list[str]:
    make = Makers()
    kinds = (
        ("core/heading", {"text": "A heading"}),
        ("core/text", {"html": "<p>Some <b>words</b>.</p>"}),
        ("core/button", {}),
    )
    main = [new_block(kind, props) for _row in range(BLOCKS // len(kinds)) for kind, props in kinds]
    person = make.person(role="editor")
    page = make.page(*main, slug="long", title="Long")
    cookie = session_cookie(person.id)
    return [
        *_server(site, page.id, main, cookie),
        *_browser(server, page.id, cookie),
        *_sizes(site, f"/{page.slug}", f"/admin/pages/{page.id}/edit", cookie),
    ]


def _line(name: str, times: list[float], bar: float) -> str:
    ordered = sorted(times)
    p95 = ordered[math.ceil(0.95 * len(ordered)) - 1]
    over = "" if p95 <= bar else "   over"
    return f"  {name:<30}median {median(times):6.1f} ms, p95 {p95:6.1f} ms   bar {bar:.0f}{over}"


def _server(site: sites.TestSite, page_id: int, main: list[Any], cookie: tuple[str, str]) -> list[str]:
    client = site.app.test_client()
    client.set_cookie(*cookie)
    shell = client.get(f"/admin/pages/{page_id}/edit").text
    token = re.search(r'data-token="([^"]+)"', shell).group(1)  # type: ignore[union-attr]
    rev, number = 0, 0

    def send(op: dict[str, Any]) -> float:
        nonlocal rev, number
        number += 1
        body = {"base_rev": rev, "key": f"bench{number}", "ops": [op], "panel": main[0]["id"]}
        started = time.process_time()
        answer = client.post(f"/admin/editor/page/{page_id}/ops", json=body, headers={"X-CSRFToken": token})
        took = (time.process_time() - started) * 1000
        assert answer.status_code == 200, answer.text
        rev = answer.json["rev"]
        return took

    acts: dict[str, Callable[[int], dict[str, Any]]] = {
        "set": lambda n: {"op": "set", "id": main[3 * n]["id"], "form": {"text": f"Words {n}"}},
        "insert": lambda n: {"op": "insert", "type": "core/columns", "near": main[3 * n]["id"]},
        "move": lambda n: {"op": "move", "id": main[3 * n]["id"], "by": "down"},
        "undo": lambda _n: {"op": "undo"},
    }
    send(acts["set"](EACH + 1))  # what is built at the first call
    return [
        f"editor, {BLOCKS} blocks, {EACH} of each operation",
        *(_line(f"{name} on the server", [send(act(n)) for n in range(EACH)], 50) for name, act in acts.items()),
    ]


def _sizes(site: sites.TestSite, public: str, shell: str, cookie: tuple[str, str]) -> list[str]:
    """What a visitor and an editor load, compressed. Formatted texts bring their own script later."""
    client = site.app.test_client()

    def loaded(path: str, pattern: str) -> list[str]:
        return re.findall(pattern, client.get(path).text)

    def compressed(addresses: list[str]) -> int:
        return sum(len(gzip.compress(client.get(each).data, 9)) for each in dict.fromkeys(addresses))

    styles = loaded(public, r'<link rel="stylesheet" href="([^"]+)"')
    scripts = loaded(public, r'<script[^>]* src="([^"]+)"')
    written = sum(map(len, loaded(public, r"<script(?![^>]* src=)[^>]*>(.*?)</script>")))
    client.set_cookie(*cookie)
    return [
        _size(f"styles of a page, {len(styles)} files", compressed(styles), 15_000),
        _size("JavaScript of a page", compressed(scripts) + written, 0),
        _size("JavaScript of the editor", compressed(loaded(shell, r'<script[^>]* src="([^"]+)"')), 40_000),
    ]


def _size(name: str, size: int, bar: int) -> str:
    over = "" if size <= bar else "   over"
    return f"  {name:<30}{size:13,} bytes compressed   bar {bar:,}{over}"


def _browser(server: Any, page_id: int, cookie: tuple[str, str]) -> list[str]:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        return ["  no Chromium on this machine: patches and Insert are not measured"]
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    site = f"http://localhost:{server.server_port}"
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            context = browser.new_context(locale="en-GB", viewport={"width": 1280, "height": 900})
            context.add_cookies([{"name": cookie[0], "value": cookie[1], "url": site}])
            page = context.new_page()
            page.goto(f"{site}/admin/pages/{page_id}/edit")
            return _far(page)
    finally:
        server.shutdown()


def _far(page: Page) -> list[str]:
    shown, options = page.frame_locator("iframe"), page.get_by_role("complementary")
    shown.locator(".block-button").first.wait_for()
    page.evaluate(WATCH)
    network = page.context.new_cdp_session(page)
    network.send("Network.enable")
    slow = {"offline": False, "latency": FAR, "downloadThroughput": -1, "uploadThroughput": -1}
    inserts = []
    for number in range(8):
        network.send("Network.emulateNetworkConditions", {**slow, "latency": 0})
        button = shown.locator(".block-button").nth(number)
        button.click(position={"x": 4, "y": 4})
        # Its own options: those of the button before it are there until then.
        options.locator(f'[data-panel-of="{button.get_attribute("data-block")}"]').wait_for()
        options.get_by_role("group", name="Button link").get_by_role("button", name="Dynamic link").click()
        options.get_by_label("Source").select_option(label="Account")
        options.get_by_label("Link", exact=True).select_option(label="Sign in")
        page.wait_for_load_state("networkidle")
        network.send("Network.emulateNetworkConditions", slow)
        inserts.append(page.evaluate(INSERT))
    patches = page.evaluate("window.patched")
    return [
        _line("patch and layout", patches, 20),
        _line(f"Insert, {FAR} ms there and back", inserts, 400),
    ]
