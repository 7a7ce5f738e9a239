"""Pages for guests from memory: equal for all guests, never for anybody who is signed in."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from lms import db
from lms.base import clock
from lms.host import state
from lms.web import public
from lms.web.pagecache import good_until


@pytest.fixture
def drawn(site: Any) -> list[str]:
    """How often the page was really drawn."""
    times: list[str] = []

    def view() -> str:
        times.append("drawn")
        return f"page {len(times)}"

    site.app.add_url_rule("/page", "page", public(cache=True)(view))
    return times


def test_a_second_guest_gets_the_kept_page_without_a_query(site: Any, drawn: list[str], queries: Any) -> None:
    first = site.client().get("/page")
    with queries.at_most(0):
        second = site.client().get("/page")
    assert (first.text, second.text, len(drawn)) == ("page 1", "page 1", 1)


def test_a_guests_page_sets_no_cookie_and_does_not_vary(site: Any, drawn: list[str]) -> None:
    headers = site.client().get("/page").headers
    assert "Set-Cookie" not in headers
    assert "Cookie" not in headers.get("Vary", "")


def test_a_browser_that_has_it_already_gets_304(site: Any, drawn: list[str]) -> None:
    tag = site.client().get("/page").headers["ETag"]
    answer = site.client().get("/page", headers={"If-None-Match": tag})
    assert (answer.status_code, answer.data) == (304, b"")


def test_whoever_has_a_session_cookie_never_meets_the_cache(site: Any, drawn: list[str]) -> None:
    site.client().get("/page")
    browser = site.client()
    browser.set_cookie("lms_session", "whoever")
    answer = browser.get("/page")
    assert answer.text == "page 2"
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert site.client().get("/page").text == "page 1"


@pytest.mark.parametrize("number", ["content", "settings"])
def test_a_change_draws_it_again(site: Any, drawn: list[str], number: str) -> None:
    site.client().get("/page")
    with db.writes():
        state.bump(number)
    assert site.client().get("/page").text == "page 2"


def test_a_view_that_did_not_declare_it_is_not_kept(site: Any) -> None:
    times: list[str] = []
    site.app.add_url_rule("/other", "other", public(lambda: times.append("x") or "other"))
    site.client().get("/other")
    site.client().get("/other")
    assert len(times) == 2


def test_a_query_string_is_another_page(site: Any, drawn: list[str]) -> None:
    site.client().get("/page")
    site.client().get("/page?x=1")
    assert len(drawn) == 2


def test_a_change_made_while_a_page_is_drawn_draws_it_again(site: Any) -> None:
    times: list[str] = []

    def view() -> str:
        times.append("drawn")
        shown = f"page {len(times)}"
        if len(times) == 1:
            # Somebody publishes after this page has read, and before it is kept.
            with db.writes():
                state.bump_content_version()
        return shown

    site.app.add_url_rule("/racing", "racing", public(cache=True, writes=True)(view))
    site.client().get("/racing")
    assert site.client().get("/racing").text == "page 2"


@pytest.mark.parametrize(
    ("seconds", "times_drawn"), [((None,), 1), ((None, 3600), 1), ((3600, -1), 2), ((-1, 3600), 2), ((0,), 2)], ids=str
)
def test_a_page_that_changes_by_itself_is_kept_until_then_and_no_longer(
    site: Any, seconds: tuple[int | None, ...], times_drawn: int
) -> None:
    times: list[str] = []

    def view() -> str:
        times.append("drawn")
        for each in seconds:
            good_until(None if each is None else clock.now() + timedelta(seconds=each))
        return f"page {len(times)}"

    site.app.add_url_rule("/news", "news", public(cache=True)(view))
    tag = site.client().get("/news").headers["ETag"]
    site.client().get("/news", headers={"If-None-Match": tag})
    assert len(times) == times_drawn


def test_what_changes_by_itself_may_be_drawn_outside_a_request(site: Any) -> None:
    good_until(clock.now())
