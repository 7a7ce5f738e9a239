"""Writing announcements, publishing and ending them, and telling of them."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from click.testing import CliRunner
from lms_announcements import health, services
from lms_announcements.command import announcements as command
from lms_announcements.events import AnnouncementPublished
from lms_announcements.services import State

from lms.api import clock as clocks
from lms.api import jobs, settings
from lms.api.content import new_block
from lms.extend import On, Plugin
from lms.testing.plugins import add_plugin

LIST = "/ext/announcements/"
NEW = "/ext/announcements/new"


class Ear(Plugin):
    """Ear"""

    name = "ear"

    def __init__(self) -> None:
        self.heard: list[int] = []

    def listeners(self) -> tuple[On, ...]:
        return (On(AnnouncementPublished, lambda event: self.heard.append(event.announcement_id), name="hear"),)


@pytest.fixture
def heard(site: Any) -> list[int]:
    """Ids of the announcements that were told of."""
    ear = Ear()
    add_plugin(site.app, ear)
    return ear.heard


@pytest.fixture
def editor(make: Any, sign_in: Any) -> Any:
    return sign_in(make.person(role="editor"))


def values_of(text: str) -> dict[str, str]:
    """What the form's inputs hold; enough for a form without files."""
    found = dict(re.findall(r'<input[^>]*name="(\w+)"[^>]*value="([^"]*)"', text))
    found |= dict(re.findall(r'<textarea[^>]*name="(\w+)"[^>]*>\s*([^<]*)</textarea>', text))
    for name, options in re.findall(r'<select[^>]*name="(\w+)"[^>]*>(.*?)</select>', text, re.S):
        chosen = re.search(r'<option selected value="([^"]*)"', options)
        found[name] = chosen[1] if chosen else re.findall(r'value="([^"]*)"', options)[0]
    return found


def send(browser: Any, address: str = NEW, **changed: Any) -> Any:
    return browser.post(address, data=values_of(browser.get(address).text) | changed)


def newest() -> services.AnnouncementView:
    return services.newest()[0]


def test_an_editor_writes_a_draft_and_publishes_it(editor: Any, client: Any, heard: list[int]) -> None:
    answer = send(editor, title="Snow", words="The school\n\nis  closed.", link="/courses", link_words="Look")
    assert (answer.status_code, answer.location) == (303, LIST)
    draft = newest()
    assert draft.words == "The school is closed."
    assert draft.link == {"kind": "url", "href": "/courses"}
    assert draft.state(clocks.now()) is State.DRAFT
    assert "Snow" not in client.get("/").text
    token = values_of(editor.get(NEW).text)["csrf_token"]
    editor.post(f"{LIST}{draft.id}/publish", data={"csrf_token": token})
    assert newest().state(clocks.now()) is State.CURRENT
    assert "Snow" in client.get("/").text
    assert heard == [draft.id]
    assert "“Snow” is shown now." in editor.get(LIST).text


def test_the_form_publishes_and_the_list_ends(editor: Any, client: Any, heard: list[int]) -> None:
    send(editor, title="Snow", act="publish")
    assert "Snow" in client.get("/").text
    token = values_of(editor.get(NEW).text)["csrf_token"]
    address = f"{LIST}{newest().id}/end"
    assert editor.post(address, data={"csrf_token": token}).status_code == 303
    assert newest().state(clocks.now()) is State.ENDED
    assert "Snow" not in client.get("/").text
    assert editor.post(address, data={"csrf_token": token}).status_code == 409
    assert len(heard) == 1


def test_a_deleted_one_is_gone(editor: Any, client: Any, announce: Any) -> None:
    made = announce("Snow")
    token = values_of(editor.get(NEW).text)["csrf_token"]
    assert editor.post(f"{LIST}{made.id}/delete", data={"csrf_token": token}).status_code == 303
    assert "Snow" not in client.get("/").text
    assert editor.get(f"{LIST}{made.id}").status_code == 404
    assert "Nothing announced yet" in editor.get(LIST).text


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("2026-01-15T09:00", datetime(2026, 1, 15, 8, 0, tzinfo=UTC)),
        ("2026-07-15T09:00", datetime(2026, 7, 15, 7, 0, tzinfo=UTC)),
        # An hour that the clocks leave out: the moment at which it would have been.
        ("2026-03-29T02:30", datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),
    ],
)
def test_people_write_times_in_the_sites_zone(site: Any, editor: Any, written: str, stored: datetime) -> None:
    settings.save("site", {"timezone": "Europe/Berlin"}, actor_id=None)
    site.commit()
    send(editor, title="Snow", starts_at=written)
    made = newest()
    assert made.starts_at == stored
    form = editor.get(f"{LIST}{made.id}").text
    assert "In the zone Europe/Berlin." in form
    shown = values_of(form)["starts_at"]
    send(editor, f"{LIST}{made.id}", starts_at=shown)
    assert newest().starts_at == stored


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"title": " "}, "Write a title."),
        ({"title": "x" * 121}, "longer than 120"),
        ({"words": "x" * 401}, "longer than 400"),
        ({"link": "javascript:alert(1)"}, "Start the address with https://"),
        ({"link": "/courses", "link_words": " "}, "Write the words that people click."),
        ({"where": "course"}, "Choose the course."),
        ({"where": "moon"}, "Not a valid choice"),
        ({"starts_at": "soon"}, "Not a valid datetime"),
        ({"starts_at": "2026-01-02T09:00", "ends_at": "2026-01-02T09:00"}, "later than the beginning"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_wrong_field_says_so_and_nothing_is_kept(editor: Any, changed: dict[str, str], sentence: str) -> None:
    answer = send(editor, **({"title": "Snow", "words": "Kept words"} | changed))
    assert answer.status_code == 422
    assert sentence in answer.text
    assert services.newest() == ()


def test_what_was_typed_stays_in_a_refused_form(editor: Any) -> None:
    answer = send(editor, title="", words="Kept words", link="nowhere", starts_at="2026-01-02T09:00")
    kept = values_of(answer.text)
    assert (kept["words"], kept["link"], kept["starts_at"]) == ("Kept words", "nowhere", "2026-01-02T09:00")


def test_a_new_one_begins_with_the_usual_tone(site: Any, editor: Any) -> None:
    settings.save("announcements", {"tone": "celebration"}, actor_id=None)
    site.commit()
    assert values_of(editor.get(NEW).text)["tone"] == "celebration"


def test_lists_can_do_without_dates(site: Any, make: Any, client: Any, announce: Any) -> None:
    announce("Snow")
    page = make.page(new_block("announcements/latest", {"title": "What is new", "count": 2}), slug="news").path
    day = f"{clocks.now():%Y}</p>"
    assert day in client.get(page).text
    settings.save("announcements", {"show_dates": False}, actor_id=None)
    site.commit()
    assert day not in client.get(page).text


@pytest.mark.parametrize(("role", "status"), [("student", 403), ("editor", 200), ("creator", 200), ("owner", 200)])
def test_who_publishes_pages_announces(make: Any, sign_in: Any, role: str, status: int) -> None:
    browser = sign_in(make.person(role=role))
    assert [browser.get(path).status_code for path in (LIST, NEW)] == [status] * 2
    assert ("Announcements" in browser.get("/admin").text) is (status == 200)


def test_the_list_shows_fifty_and_leads_to_the_older_ones(editor: Any, announce: Any, queries: Any) -> None:
    for number in range(51):
        announce(f"No. {number:02}")
    text = editor.get(LIST).text
    assert "No. 50" in text
    assert "No. 00" not in text
    older = re.search(r'href="(\?before=\d+)"', text)
    assert older is not None
    assert "No. 00" in editor.get(LIST + older[1]).text


def run_job(site: Any) -> None:
    jobs.enqueue("announcements.tell")
    site.commit()
    site.jobs.run_due()


def test_the_clock_tells_of_each_once_and_not_of_what_ended_untold(
    site: Any, announce: Any, heard: list[int], clock: Any, both_databases: str
) -> None:
    announce("Draft", begins=None)
    announce("Slept through", begins=1, ends=2)
    later = announce("Later", begins=3)
    run_job(site)
    assert heard == []
    clock.advance(hours=3)
    run_job(site)
    run_job(site)
    assert heard == [later.id]


def test_the_button_and_the_clock_tell_of_it_once_together(
    site: Any, announce: Any, heard: list[int], clock: Any
) -> None:
    made = announce("Snow", begins=1)
    services.publish(made.id, actor_id=None)
    site.commit()
    clock.advance(hours=2)
    run_job(site)
    services.save({"starts_at": clocks.now() - timedelta(minutes=1)}, announcement_id=made.id, actor_id=None)
    site.commit()
    run_job(site)
    assert heard == [made.id]


def test_health_notices_that_nobody_is_told(site: Any, announce: Any, clock: Any) -> None:
    with site.app.test_request_context():
        assert health.all_told.check().state == "good"
        announce("Snow", begins=1)
        clock.advance(hours=1, minutes=4)
        assert health.all_told.check().state == "good"
        clock.advance(minutes=2)
        assert health.all_told.check().state == "broken"
        run_job(site)
        assert health.all_told.check().state == "good"


def test_the_command_lists_and_publishes(site: Any, announce: Any, heard: list[int]) -> None:
    made = announce("Snow", begins=None)
    run = CliRunner().invoke
    listed = json.loads(run(command, ["list", "--json"]).output)
    assert [(each["id"], each["state"], each["starts_at"]) for each in listed] == [(made.id, "draft", None)]
    published = json.loads(run(command, ["publish", str(made.id), "--json"]).output)
    assert published["state"] == "current"
    assert heard == [made.id]
    assert "current\tsite\tSnow" in run(command, ["list"]).output
    for again in (made.id, 999):
        refused = run(command, ["publish", str(again)])
        assert refused.exit_code == 1
        assert refused.output.startswith("Error: This announcement")


def test_an_ended_one_needs_a_later_end_before_it_is_published_again(editor: Any, announce: Any) -> None:
    made = announce("Snow", begins=-2, ends=-1)
    token = values_of(editor.get(NEW).text)["csrf_token"]
    answer = editor.post(f"{LIST}{made.id}/publish", data={"csrf_token": token}, headers={"Accept": "text/html"})
    assert answer.status_code == 409
    assert "Give it a later end" in answer.text
