"""The whole story in a real browser: order by bank transfer, be marked as paid, learn, be refunded."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lms_manual_payments import calendar_days
from playwright.sync_api import Page, expect
from werkzeug.serving import make_server

from lms.extend import Plugin, Service
from lms.testing.makers import session_cookie
from lms.testing.plugins import add_plugin

# One process drives all browser tests.
pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
AXE = Path(__file__).resolve().parents[3] / "lms/web/static/dist/dev/axe.min.js"


class ElsewherePayments(Service):
    """Another provider, so that there is something to choose."""

    kind = "payment_provider"
    name = "elsewhere"
    label = "Elsewhere"
    description = "You pay somewhere else."

    def can_sell(self, offer: Any) -> bool:
        return True

    def start(self, order: Any, cancel_path: str) -> str:
        raise AssertionError("nobody chose this")


class Elsewhere(Plugin):
    """Elsewhere"""

    name = "elsewhere"

    def services(self) -> tuple[Service, ...]:
        return (ElsewherePayments(),)


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def site_options(port: int) -> dict[str, Any]:
    return {"plugins": ("manual_payments",), "site_url": f"http://127.0.0.1:{port}"}


@pytest.fixture
def served(stage: Any, port: int) -> Iterator[Any]:
    """The stage, answering over HTTP."""
    add_plugin(stage.site.app, Elsewhere())
    server = make_server("127.0.0.1", port, stage.site.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield stage
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def enter(served: Any, chromium: Any) -> Iterator[Any]:
    """``enter(person)`` opens a browser in which the person is signed in. What a script complains of fails the test."""
    contexts: list[Any] = []
    complaints: list[str] = []

    def opened(person: Any) -> Page:
        name, value = session_cookie(person.id)
        context = chromium.new_context(locale="en-GB", base_url=served.site.config.site_url)
        context.add_cookies([{"name": name, "value": value, "url": served.site.config.site_url}])
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda told: complaints.append(told.text) if told.type == "error" else None)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert [each for each in complaints if "Failed to load resource" not in each] == []


def accessible(page: Page) -> None:
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
    bad = [
        f"{v['id']}: {[n['target'] for n in v['nodes']][:5]}" for v in found if v["impact"] in ("serious", "critical")
    ]
    assert bad == [], page.url


def test_from_the_order_over_the_invoice_into_the_course_and_out_again(served: Any, make: Any, enter: Any) -> None:
    course = make.course(lessons=2, sections=1, title="Letters that get answered", preview_first=False)
    offer = make.offer(make.product(course, name="Letters that get answered"))
    student = enter(make.person(name="Ana Duarte", email="ana@example.org"))
    owner = enter(make.person(role="owner", name="Margaret Ellis"))

    # The student chooses bank transfer, and says to whom the invoice goes.
    student.goto(offer.checkout_path)
    student.get_by_role("radio", name=re.compile("Bank transfer")).check()
    accessible(student)
    student.get_by_role("button", name="Confirm and pay").click()
    expect(student.get_by_role("heading", level=1)).to_have_text("To whom does the invoice go?")
    accessible(student)
    student.get_by_label("Address").fill("12 Rose Lane\nBristol")
    student.get_by_role("button", name="Get the invoice").click()

    # The invoice is there, and the course is not.
    expect(student.get_by_role("heading", level=1, name="Invoice")).to_be_visible()
    sheet = student.get_by_role("article")
    for words in ("INV-0001", "€49.00", "DE02 1203 0000 0000 2020 51", "12 Rose Lane"):
        expect(sheet).to_contain_text(words)
    expect(student.get_by_role("button", name="Print this invoice")).to_be_visible()
    accessible(student)
    invoice = student.url
    student.goto(course.first_lesson.path)
    expect(student.get_by_text("which you do not have yet")).to_be_visible()

    # The owner finds it and marks it as paid.
    owner.goto("/admin")
    owner.get_by_role("link", name="Invoices").click()
    accessible(owner)
    owner.get_by_role("searchbox").fill("duarte")
    owner.get_by_role("searchbox").press("Enter")
    owner.get_by_role("link", name="INV-0001").click()
    accessible(owner)
    expect(owner.get_by_label("Amount in EUR")).to_have_value("49.00")
    expect(owner.get_by_label("Arrived on")).to_have_value(calendar_days.today().isoformat())
    served.site.commit()
    owner.get_by_role("button", name="Mark as paid").click()
    expect(owner.get_by_text("INV-0001 is paid, and what it bought is open.")).to_be_visible()

    # The student is in the course.
    student.goto(invoice)
    student.get_by_role("link", name="Go to the course").click()
    expect(student.get_by_role("heading", level=1)).to_have_text("Lesson 1")
    student.goto("/account/billing")
    expect(student.get_by_role("link", name="INV-0001")).to_be_visible()

    # All the money goes back, and the door shuts.
    owner.get_by_label("Reason").fill("Changed her mind")
    owner.get_by_role("button", name="Refund").click()
    expect(owner.get_by_text("the access has ended")).to_be_visible()
    student.goto(course.first_lesson.path)
    expect(student.get_by_text("Your access has ended.")).to_be_visible()
    student.goto(invoice)
    expect(student.get_by_text("Refunded in full.")).to_be_visible()
    accessible(student)
