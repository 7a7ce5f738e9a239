"""The whole story in a real browser: published by the owner, seen by a guest, closed by a student, over in time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from werkzeug.serving import make_server

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
PASSWORD = "nine-open-windows"
TITLE = "A reading evening"


@pytest.fixture
def address(site: Any) -> Iterator[str]:
    """The site behind a real server on this machine."""
    server = make_server("127.0.0.1", 0, site.app, threaded=True)
    thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.02))
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def browse(chromium: Any, address: str) -> Iterator[Callable[[Any], Any]]:
    """``browse(person)`` opens a window of its own, signed in as the person; None is a guest."""
    windows = []

    def opened(person: Any) -> Any:
        windows.append(chromium.new_context(base_url=address, locale="en-GB"))
        page = windows[-1].new_page()
        page.goto("/")
        if person is not None:
            page.goto("/login")
            page.get_by_label("E-mail").fill(person.email)
            page.get_by_label("Password", exact=True).fill(PASSWORD)
            page.get_by_role("button", name="Sign in").click()
            page.wait_for_url(lambda url: "/login" not in url)
        return page

    yield opened
    for window in windows:
        window.close()


def test_an_announcement_is_published_seen_closed_and_over(site: Any, make: Any, browse: Any, clock: Any) -> None:
    owner = browse(make.person(role="owner", password=PASSWORD))
    guest, student = browse(None), browse(make.person(password=PASSWORD))
    assert guest.get_by_text(TITLE).count() == 0

    owner.goto("/admin")
    owner.get_by_role("link", name="Announcements").click()
    owner.get_by_role("link", name="New announcement").first.click()
    owner.get_by_label("Title").fill(TITLE)
    owner.get_by_label("Paragraph").fill("Margaret reads three letters from the post.")
    owner.get_by_label("Link", exact=True).fill("site/catalogue")
    owner.get_by_label("Words of the link").fill("See the courses")
    owner.get_by_label("Tone").select_option("Celebration")
    ends = owner.evaluate("new Date(Date.now() + 36e5 * 24).toISOString().slice(0, 16)")
    owner.get_by_label("Ends").fill(ends)
    owner.get_by_role("button", name="Publish now").click()
    owner.get_by_text(f"“{TITLE}” is shown now.").wait_for()

    guest.goto("/")
    banner = guest.get_by_role("complementary", name="Announcement")
    assert "Margaret reads three letters" in banner.inner_text()
    assert banner.get_by_role("button").count() == 0
    banner.get_by_role("link", name="See the courses").click()
    guest.wait_for_url("**/courses")

    student.goto("/courses")
    student.get_by_role("button", name=f"Close {TITLE}").click()
    student.get_by_role("heading", name="Courses", level=1).wait_for()
    assert student.get_by_text(TITLE).count() == 0
    student.goto("/")
    assert student.get_by_text(TITLE).count() == 0
    guest.reload()
    assert guest.get_by_text(TITLE).count() == 1

    clock.advance(hours=25)
    guest.goto("/")
    assert guest.get_by_text(TITLE).count() == 0
    owner.reload()
    assert owner.get_by_role("cell", name="Ended").count() == 1
