"""What happened before you came: the owner connected Stripe, the subscriber pays. Made through the real pages."""

from __future__ import annotations

import json
import urllib.request
from typing import Any

from lms.demo.browser import Browser, FlowFailed, Page
from lms.demo.processes import until

__all__ = ["FlowFailed", "tell"]
_CARD = "4242 4242 4242 4242"


def tell(site: str, simulator: str, about: dict[str, Any]) -> None:
    """Connect Stripe and subscribe, unless that was done before. Raises ``FlowFailed`` with what went wrong."""
    people = about["people"]
    _connect(site, simulator, people["owner"])
    _subscribe(site, people["subscriber"])


def _simulator_key(simulator: str) -> str:
    with urllib.request.urlopen(f"{simulator}/_simulator/state", timeout=10) as answer:  # noqa: S310
        state = json.load(answer)
    for key in state["keys"]:
        if key["key"].startswith("rk_test_"):
            return str(key["key"])
    raise FlowFailed("The simulator shows no restricted test key.")


def _connect(site: str, simulator: str, owner: dict[str, str]) -> None:
    browser = Browser(site)
    browser.sign_in(owner["email"], owner["password"])
    page = browser.get("/admin/settings/stripe")
    try:
        form = page.form("/connect", holding="secret_key")
    except FlowFailed:
        return  # connected already
    answer = browser.submit(page, form, secret_key=_simulator_key(simulator))
    if answer.status >= 400:
        raise FlowFailed(f"Connecting Stripe answered {answer.status}.")


def _subscribe(site: str, subscriber: dict[str, str]) -> None:
    browser = Browser(site)
    browser.sign_in(subscriber["email"], subscriber["password"])
    if _has_button(browser):
        return
    page = browser.get("/courses/letters-that-get-answered")
    checkout = browser.get(_checkout_path(page))
    form = checkout.form("/checkout/", holding="offer")
    hosted = browser.submit(checkout, form, offer=_monthly(checkout))
    form = hosted.form(holding="number")
    paid = browser.submit(hosted, form, action="pay", method="typed", number=_CARD)
    if not paid.address.startswith(site):
        raise FlowFailed(f"The payment ended at {paid.address} ({paid.status}).")
    if not until(lambda: _has_button(browser), 30):
        raise FlowFailed("The subscriber paid, and the manage page shows no button.")


def _has_button(browser: Browser) -> bool:
    return "/go/stripe/customer-portal" in browser.get("/manage-subscription").text


def _checkout_path(page: Page) -> str:
    start = page.text.find('href="/checkout/')
    if start < 0:
        raise FlowFailed(f"{page.address} has nothing to buy.")
    return page.text[start + 6 : page.text.index('"', start + 6)]


def _monthly(page: Page) -> str:
    """The value of the radio whose label says "a month"."""
    before = page.text[: page.text.index("a month")]
    start = before.rindex('name="offer"')
    value = page.text.index('value="', max(0, before.rfind("<input", 0, start))) + 7
    return page.text[value : page.text.index('"', value)]
