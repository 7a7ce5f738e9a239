"""Who sees which announcement, when, and what it costs."""

from __future__ import annotations

from typing import Any

import pytest
from lms_announcements import services, showing
from lms_announcements.models import Where

from lms.api.clock import now
from lms.api.content import new_block

HOME = "/"


def shows(browser: Any, title: str, path: str = HOME) -> bool:
    return f"<strong>{title}</strong>" in browser.get(path).text


@pytest.mark.parametrize(
    ("begins", "ends", "shown"),
    [(None, None, False), (1, None, False), (0, None, True), (-2, 1, True), (-2, 0, False), (None, 1, False)],
    ids=str,
)
def test_its_two_times_decide_whether_a_guest_sees_it(
    client: Any, announce: Any, begins: float | None, ends: float | None, shown: bool
) -> None:
    announce("Snow", begins=begins, ends=ends)
    assert shows(client, "Snow") is shown


def test_a_page_that_guests_share_shows_it_from_its_first_moment_to_its_last(
    client: Any, announce: Any, clock: Any, queries: Any
) -> None:
    announce("Snow", begins=1, ends=2)
    assert not shows(client, "Snow")
    clock.advance(hours=1)
    assert shows(client, "Snow")
    with queries.at_most(0):
        assert shows(client, "Snow")
    clock.advance(hours=1)
    assert not shows(client, "Snow")


def test_a_kept_page_goes_with_time_alone(client: Any, announce: Any, monkeypatch: Any) -> None:
    """In production no number moves when time passes: the page itself has to know."""
    made = announce("Snow", ends=1)
    assert shows(client, "Snow")
    for module in ("lms.base.clock", "lms.api.clock"):
        monkeypatch.setattr(f"{module}.now", lambda: made.ends_at)
    assert not shows(client, "Snow")


def test_guests_get_no_cookie_and_share_the_page(client: Any, announce: Any) -> None:
    announce("Snow")
    answer = client.get(HOME)
    assert "Set-Cookie" not in answer.headers
    assert "Cookie" not in answer.headers.get("Vary", "")
    assert answer.headers["ETag"]
    assert "/dismiss" not in answer.text


def test_a_warning_stands_first_and_then_the_newest(client: Any, announce: Any) -> None:
    announce("Old warning", begins=-3, tone="warning")
    announce("Older", begins=-2)
    announce("Newer", begins=-1)
    text = client.get(HOME).text
    assert "Old warning" in text
    assert "Newer" not in text
    assert [each.title for each in showing.current(Where.SITE, now())] == ["Old warning", "Newer", "Older"]


def test_each_place_has_its_own(client: Any, announce: Any, make: Any, sign_in: Any) -> None:
    course, other = make.course(), make.course()
    announce("For all")
    announce("For students", where="students")
    announce("For the course", where="course", course_id=course.id)
    owner = make.person()
    make.grant(owner, make.product(course, other))
    titles = ("For all", "For students", "For the course")

    def seen(browser: Any, path: str) -> list[bool]:
        return [shows(browser, title, path) for title in titles]

    student = sign_in(owner)
    assert seen(student, "/account") == [True, True, False]
    assert seen(student, course.path) == [True, False, True]
    assert seen(student, course.lessons[2].path) == [False, False, True]
    assert seen(student, other.path) == [True, False, False]
    for passer_by in (client, sign_in(make.person())):
        assert seen(passer_by, course.path) == [True, False, False]
        assert seen(passer_by, course.first_lesson.path) == [False, False, False]


def test_what_somebody_wrote_is_shown_as_words(client: Any, announce: Any) -> None:
    link = {"kind": "url", "href": "/courses"}
    announce("<b>Snow</b>", words='"Bring" <script>', link=link, link_words="See & learn")
    text = client.get(HOME).text
    assert "&lt;b&gt;Snow&lt;/b&gt;" in text
    assert "&lt;script&gt;" in text
    assert '<a href="/courses">See &amp; learn</a>' in text


def test_a_link_of_a_plugin_that_is_off_is_left_out(client: Any, announce: Any) -> None:
    announce("Snow", link={"kind": "dynamic", "source": "gone", "key": "x", "args": {}}, link_words="Press")
    assert shows(client, "Snow")
    assert "Press" not in client.get(HOME).text


def close(browser: Any, made: Any, back: str = HOME) -> Any:
    return browser.post(f"/ext/announcements/{made.id}/dismiss", data={"back": back, "csrf_token": token(browser)})


def token(browser: Any) -> str:
    text = browser.get("/account").text
    start = text.index('name="csrf_token" value="') + 25
    return str(text[start : text.index('"', start)])


def test_whoever_closes_it_sees_the_next_one_and_never_that_one_again(
    client: Any, announce: Any, make: Any, sign_in: Any
) -> None:
    announce("Older", begins=-1)
    made = announce("Newer")
    student = sign_in(make.person())
    answer = close(student, made, "/courses")
    assert (answer.status_code, answer.location) == (303, "/courses")
    assert close(student, made).status_code == 303
    assert shows(student, "Older")
    assert not shows(student, "Newer")
    assert shows(client, "Newer")
    assert shows(sign_in(make.person()), "Newer")


def test_one_that_has_to_stay_cannot_be_closed(announce: Any, make: Any, sign_in: Any) -> None:
    made = announce("Snow", dismissible=False)
    student = sign_in(make.person())
    assert f"/{made.id}/dismiss" not in student.get(HOME).text
    assert close(student, made).status_code == 409
    assert shows(student, "Snow")


def test_closing_leads_to_pages_of_this_site_only_and_takes_a_token(
    client: Any, announce: Any, make: Any, sign_in: Any
) -> None:
    made = announce("Snow")
    student = sign_in(make.person())
    assert close(student, made, "//evil.example").location == "/"
    address = f"/ext/announcements/{made.id}/dismiss"
    assert student.post(address, data={"back": "/"}).status_code == 400
    assert client.get(address).location == "/"


def seen(browser: Any, path: str, queries: Any) -> int:
    browser.get(path)
    with queries.counted() as statements:
        assert browser.get(path).status_code == 200
    return len(statements)


@pytest.mark.usefixtures("warm")
def test_a_page_costs_at_most_one_query_more_and_only_where_a_banner_can_be_closed(
    client: Any, announce: Any, make: Any, sign_in: Any, queries: Any
) -> None:
    course, person = make.course(lessons=20), make.person()
    make.grant(person, make.product(course))
    student = sign_in(person)
    paths = ("/account", course.path, course.lessons[3].path, "/courses")
    before = [seen(student, path, queries) for path in paths]
    # The bars that hold for the site without any plugin.
    assert before == [4, 4, 4, 5]
    for number in range(30):
        announce(f"Stays {number}", dismissible=False)
    assert [seen(student, path, queries) for path in paths] == before
    for where in Where:
        announce(f"Closes {where}", tone="warning", where=where, course_id=course.id if where == "course" else 0)
    assert [seen(student, path, queries) - count for path, count in zip(paths, before, strict=True)] == [1, 1, 1, 1]
    assert [seen(client, path, queries) for path in (HOME, "/courses", course.path)] == [0, 0, 0]


@pytest.mark.usefixtures("warm")
def test_a_guests_page_costs_what_it_costs_without_announcements(
    site: Any, client: Any, announce: Any, make: Any, queries: Any
) -> None:
    announce("Snow")
    make.course()
    client.get("/courses")  # this process knows the announcements now
    with queries.at_most(2):
        assert shows(client, "Snow", "/courses?before=1000")


def test_the_block_lists_what_everybody_is_told_now(
    client: Any, announce: Any, make: Any, clock: Any, site: Any
) -> None:
    block = new_block("announcements/latest", {"title": "What is new", "count": 2})
    announce("Ends soon", ends=1, begins=-1)
    announce("Stays", begins=-2, link={"kind": "dynamic", "source": "site", "key": "catalogue"}, link_words="Look")
    announce("A third", begins=-3)
    announce("For students", where="students")
    page = make.page(block, slug="news").path
    text = client.get(page).text
    listed = text[text.index("What is new") :]
    titles = ("Ends soon", "Stays", "A third", "For students")
    assert [title in listed for title in titles] == [True, True, False, False]
    assert '<a href="/courses">Look</a>' in listed
    clock.advance(hours=1)
    text = client.get(page).text
    listed = text[text.index("What is new") :]
    assert [title in listed for title in titles] == [False, True, True, False]


@pytest.mark.usefixtures("warm")
def test_the_block_costs_no_query(announce: Any, make: Any, client: Any, queries: Any) -> None:
    announce("Snow")
    pages = [
        make.page(slug="plain").path,
        make.page(*(new_block("announcements/latest") for _ in range(2)), slug="news").path,
    ]
    for path in pages:
        client.get(path)
    counts = []
    for path in pages:
        with queries.counted() as statements:
            client.get(f"{path}?again")
        counts.append(len(statements))
    assert counts[0] == counts[1] <= 2


def test_a_block_without_anything_to_list_is_not_drawn(make: Any, client: Any) -> None:
    block = new_block("announcements/latest", {"title": "What is new", "count": 2})
    assert "What is new" not in client.get(make.page(block, slug="news").path).text


def test_an_announcement_is_the_same_on_both_databases(site: Any, both_databases: str, announce: Any) -> None:
    made = announce("Snow", begins=-1, ends=1, link={"kind": "url", "href": "/courses"}, link_words="Look")
    services.dismiss(made.id, 7)
    services.dismiss(made.id, 7)
    site.commit()
    assert showing.current(Where.SITE, now()) == (made,)
    services.remove(made.id, actor_id=None)
    site.commit()
    assert showing.current(Where.SITE, now()) == ()
