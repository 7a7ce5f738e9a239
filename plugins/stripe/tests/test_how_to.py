"""The how-to on the customer portal is where people look for it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

HOW_TO = "/ext/stripe/help/customer-portal"
DOCS = Path(__file__).resolve().parents[3] / "docs" / "customer-portal.md"


def section(page: str, name: str) -> str:
    found = re.search(rf'<section id="{name}">.*?</section>', page, re.S)
    assert found
    return found.group(0)


@pytest.mark.feature("TA-28")
@pytest.mark.parametrize("role", ["owner", "creator", "editor"])
def test_it_is_found_from_the_general_help_and_from_that_of_courses(
    site: Any, make: Any, sign_in: Any, role: str
) -> None:
    browser = sign_in(make.person(role=role))
    assert 'href="/admin/help"' in browser.get("/admin").text
    page = browser.get("/admin/help").text
    assert HOW_TO in section(page, "payments")
    assert HOW_TO in section(page, "courses")
    assert HOW_TO not in section(page, "trouble")
    answer = browser.get(HOW_TO)
    assert answer.status_code == 200
    assert 'href="/admin/pages"' in answer.text
    assert ('href="/admin/settings/stripe"' in answer.text) is (role != "editor")


@pytest.mark.feature("TA-28")
def test_it_is_linked_from_the_settings_before_and_after_connecting(stage: Any, sign_in: Any) -> None:
    owner = sign_in(stage.make.person(role="owner"))
    assert HOW_TO in owner.get("/admin/settings/stripe").text
    stage.connect()
    assert HOW_TO in owner.get("/admin/settings/stripe").text
    assert "/admin/help#courses" in owner.get("/admin/courses").text


def test_students_and_guests_do_not_come_in(site: Any, make: Any, sign_in: Any, client: Any) -> None:
    for path in (HOW_TO, "/admin/help"):
        assert sign_in(make.person()).get(path).status_code == 403
        assert client.get(path).headers["Location"].startswith("/login")


def test_the_page_has_the_parts_of_the_one_in_the_repository(site: Any, make: Any, sign_in: Any) -> None:
    page = sign_in(make.person(role="owner")).get(HOW_TO).text
    headings = re.findall(r"<h2>(.*?)</h2>", page)
    assert headings == re.findall(r"^## (.*)$", DOCS.read_text(), re.M)


def test_while_the_plugin_is_off_the_help_speaks_of_no_stripe(tmp_path: Path) -> None:
    from lms.testing import sites
    from lms.testing.makers import Makers, session_cookie

    with sites.site(tmp_path, plugins=()) as site:
        person = Makers().person(role="owner")
        browser = site.client()
        name, value = session_cookie(person.id)
        browser.set_cookie(name, value, domain=site.config.host)
        page = browser.get("/admin/help").text
        assert "Stripe" not in page
        assert 'id="payments"' not in page
