from __future__ import annotations

import re
from typing import Any

import pytest

from lms.base.problem import Problem
from lms.extend import Action, Job, Plugin, SettingsPage
from lms.extend.fields import Choice, PlainText, Secret, Toggle
from lms.host.registry import Registry, describe
from lms.web import Form


class ShopForm(Form):
    coupons = Toggle("Allow coupons", default=True, description="Adds a code field.")
    title = PlainText("Title", default="Shop", max_length=10)
    colour = Choice("Colour", choices=[("blue", "Blue"), ("green", "Green")])
    api_key = Secret("API key")


class KeyForm(Form):
    api_key = PlainText("New key", max_length=30)


def connect(form: Any) -> str:
    if form.api_key.data != "right":
        raise Problem("This key opens nothing.", next_step="Copy it again.")
    return "Connected."


def breaks(_form: None) -> str:
    raise ZeroDivisionError("inside")


class Shop(Plugin):
    """Shop

    Sells things.
    """

    name = "shop"

    def settings_pages(self) -> tuple[SettingsPage, ...]:
        return (
            SettingsPage(
                name="shop",
                label="Shop",
                form=ShopForm,
                capability="payments.connect",
                badge=lambda: ("warn", "Not connected"),
                actions=(
                    Action(name="connect", label="Connect", run=connect, form=KeyForm),
                    Action(name="refresh", label="Refresh", run=lambda form: "Fresh."),
                    Action(name="leave", label="Disconnect", run=lambda form: "Gone.", confirm="All sales stop."),
                    Action(name="break", label="Break", run=breaks),
                ),
            ),
        )

    def jobs(self) -> tuple[Job, ...]:
        return (Job(name="fails", run=breaks_job, max_attempts=1),)


def breaks_job() -> None:
    raise ZeroDivisionError("<b>inside</b>")


@pytest.fixture
def shop_plugin() -> Plugin:
    """The plugin of ``shop``, for a test that switches it by itself."""
    return Shop()


@pytest.fixture
def shop(site: Any) -> None:
    """The site with a plugin that has a settings page and a job."""
    registry = site.app.extensions["lms_registry"]
    rooms = [describe(name, plugin) for name, plugin in registry.plugins.items()]
    site.app.extensions["lms_registry"] = Registry([*rooms, describe("shop", Shop())])


@pytest.fixture
def as_role(make: Any, sign_in: Any) -> Any:
    """``as_role("owner")`` is a browser of somebody with the role."""
    return lambda role: sign_in(make.person(role=role))


@pytest.fixture
def post() -> Any:
    """``post(browser, address, page=…, **fields)`` sends a form with the page's CSRF token."""

    def send(browser: Any, address: str, *, page: str = "/admin/settings/site", **fields: Any) -> Any:
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', browser.get(page).text)
        assert token is not None
        return browser.post(address, data={"csrf_token": token[1], **fields})

    return send
