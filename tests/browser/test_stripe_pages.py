"""Every page of the owner's about Stripe, and every page of a student's around the portal: axe, wide and narrow, light
and dark; nothing wider than the window.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

OF_THE_OWNER = (
    "/admin/settings/stripe",
    "/ext/stripe/connect",
    "/ext/stripe/connections/1",
    "/ext/stripe/connections/1/sell",
    "/ext/stripe/connections/1/secret",
    "/ext/stripe/connections/1/portal",
    "/ext/stripe/connections/1/disconnect",
    "/ext/stripe/test-purchases",
    "/ext/stripe/help/customer-portal",
    "/admin/help",
)
OF_THE_SUBSCRIBER = (
    "/manage-subscription",
    "/account/billing",
    "/go/stripe/customer-portal?c=forged",
    "/ext/stripe/choose?c=forged",
    "/ext/stripe/done?session_id=cs_forged",
)


@pytest.mark.parametrize(
    ("role", "paths"), [("owner", OF_THE_OWNER), ("subscriber", OF_THE_SUBSCRIBER)], ids=["owner", "subscriber"]
)
def test_the_pages_around_stripe_are_for_everybody(
    demo: Any, new_page: Callable[..., Page], in_every_light: Callable[[Page], None], role: str, paths: tuple[str, ...]
) -> None:
    page = new_page()
    demo.enter(page, role)
    for path in paths:
        answer = page.goto(demo.url(path))
        assert answer is not None
        assert ("forged" in path) is (answer.status >= 400), path
        in_every_light(page)


def test_the_question_which_account_is_for_everybody(
    demo: Any, new_page: Callable[..., Page], in_every_light: Callable[[Page], None], change_rows: Any
) -> None:
    page = new_page()
    demo.enter(page, "subscriber")
    columns = ", ".join(name for name in change_rows.columns("stripe_customer") if name not in {"id", "stripe_id"})
    second = f"SELECT 'cus_second', {columns} FROM stripe_customer LIMIT 1"
    change_rows(f"INSERT INTO stripe_customer (stripe_id, {columns}) {second}")
    try:
        page.goto(demo.url("/manage-subscription"))
        page.get_by_role("link", name="Manage your subscription").first.click()
        expect(page.get_by_role("radio").or_(page.get_by_role("button"))).not_to_have_count(0)
        assert "/ext/stripe/choose" in page.url
        in_every_light(page)
    finally:
        change_rows("DELETE FROM stripe_customer WHERE stripe_id = 'cus_second'")
