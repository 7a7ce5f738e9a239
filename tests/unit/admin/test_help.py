"""The help of the admin leads where it says, and nobody to a closed door."""

from __future__ import annotations

import re
from typing import Any

import pytest


@pytest.mark.parametrize("role", ["owner", "creator", "editor"])
def test_every_answer_leads_to_a_page_that_its_reader_may_open(site: Any, as_role: Any, role: str) -> None:
    browser = as_role(role)
    page = browser.get("/admin/help").text
    main = page[page.index("<main") :]
    links = set(re.findall(r'href="(/[^"#]+)', main))
    assert "/admin/pages" in links
    assert {browser.get(link, follow_redirects=False).status_code for link in links} == {200}
    assert main.count('class="row-title"') >= 7


def test_it_is_named_in_the_sidebar_and_marked_there(site: Any, as_role: Any) -> None:
    assert '<a href="/admin/help" aria-current="page">' in as_role("editor").get("/admin/help").text
