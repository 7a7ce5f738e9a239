"""A course's landing page: as it always was until somebody edits it, and then the editor's own document."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from lms import db
from lms.content import services as content
from lms.content.document import blocks
from lms.courses.outline import PAGE_KIND
from lms.editor import drafts
from lms.testing.makers import Makers
from lms.testing.queries import Queries

SignIn = Callable[..., FlaskClient]


@pytest.fixture
def course(make: Makers) -> Any:
    made = make.course(
        title="Letters", lessons=3, sections=1, outcomes=["Say it in one line"], teacher_name="Ada Byron",
        teacher_title="Writes letters", teacher_bio="For 22 years.", questions=[{"q": "How long?", "a": "An evening."}],
    )  # fmt: skip
    make.offer(make.product(made))
    return made


def words(html: str) -> str:
    """The words of the page below its head, with what stands in attributes of links."""
    body = html[html.index('class="course-body"') :]
    return re.sub(r"\s+", " ", re.sub(r"<(?!a |/a)[^>]*>", " ", body))


def publish(course: Any) -> None:
    found = drafts.change(
        PAGE_KIND, course.id, lambda tree: [{"op": "set", "id": tree["root"]["slots"]["main"][1]["id"],
                                             "values": {"title": "Curriculum"}}],
        base_rev=0, key="first", person_id=None,
    )  # fmt: skip
    assert found.rev
    drafts.publish(PAGE_KIND, course.id, person_id=None)
    db.commit()


@pytest.mark.parametrize("who", ["guest", "owner"])
def test_a_page_that_was_published_as_it_began_reads_as_before(
    make: Makers, sign_in: SignIn, client: FlaskClient, course: Any, who: str
) -> None:
    browser = client
    if who == "owner":
        person = make.person()
        make.grant(person, make.product(course))
        browser = sign_in(person)
    before = browser.get(course.path).text
    publish(course)
    after = browser.get(course.path).text
    assert words(after) == words(before)
    assert "Go to course" in after if who == "owner" else "Free to read" in after


def test_the_page_is_edited_on_itself_and_visitors_get_it_when_it_is_published(
    make: Makers, sign_in: SignIn, client: FlaskClient, course: Any
) -> None:
    creator = sign_in(make.person(role="creator"))
    address = f"/admin/editor/course/{course.id}"
    assert f'href="{address}"' in creator.get(f"/admin/courses/{course.id}").text
    shell = creator.get(address)
    assert shell.status_code == 200
    frame = creator.get(f"{address}/canvas").text
    for label in ("What people will be able to do", "Curriculum", "Instructor", "Questions of the course"):
        assert f'data-label="{label}"' in frame
    # The same blocks each time it is looked at: what a browser says about them is about these.
    assert re.findall(r'data-block="(\w+)"', frame) == re.findall(
        r'data-block="(\w+)"', creator.get(f"{address}/canvas").text
    )
    token = re.search(r'data-token="([^"]+)"', shell.text)
    assert token
    headers = {"X-CSRFToken": token[1]}
    asked = {"base_rev": 0, "key": "first", "ops": [{"op": "insert", "type": "core/quote", "near": None}]}
    answer = creator.post(f"{address}/ops", json=asked, headers=headers)
    assert answer.status_code == 200, answer.text
    assert "What somebody said." not in client.get(course.path).text
    assert creator.post(f"{address}/publish", json={}, headers=headers).status_code == 200
    page = client.get(course.path).text
    assert "What somebody said." in page
    assert page.index("An evening.") < page.index("What somebody said.")
    assert "Say it in one line" in page
    # The frame is the course's: its title, and what one pays.
    assert re.search(r"<h1>\s*Letters", page)
    assert "€49" in page
    assert sign_in(make.person(role="editor")).get(address).status_code == 403


def test_an_edited_page_costs_a_guest_nothing_more_and_an_owner_no_query_per_lesson(
    make: Makers, sign_in: SignIn, course: Any, queries: Queries
) -> None:
    publish(course)
    person = make.person()
    make.grant(person, make.product(course))
    browser = sign_in(person)
    browser.get(course.path)
    with queries.counted() as few:
        browser.get(course.path)
    assert len(few) <= 6, few


BYTES = {"deep": [{"n": 1.50, "ü": "☃\u2028"}, None, "</script>"], "empty": {}, "z": 0, "a": [[]]}


def test_two_hundred_blocks_of_a_missing_plugin_stay_as_they_are(make: Makers, sign_in: SignIn) -> None:
    unknown = [
        {"id": f"unknown{number:04}", "type": "gone/widget", "v": 7, "props": {**BYTES, "number": number},
         "style": {"odd": [number]}, "visibility": [{"rule": "gone/maybe", "more": number}],
         "slots": {"inside": [{"id": f"within{number:05}", "type": "gone/part", "v": 1, "props": BYTES}]}}
        for number in range(200)
    ]  # fmt: skip
    title = {"id": "heading00001", "type": "core/heading", "v": 1, "props": {"text": "Old", "level": 1}}
    page = make.page(*unknown[:100], title, *unknown[100:])

    def kept(tree: Any) -> list[Any]:
        return [each for each in tree["root"]["slots"]["main"] if each["type"] == "gone/widget"]

    editor = sign_in(make.person(role="editor"))
    address = f"/admin/editor/page/{page.id}"
    shell = editor.get(f"/admin/pages/{page.id}/edit")
    frame = editor.get(f"{address}/canvas").text
    assert frame.count("Needs the plugin gone") == 400
    token = re.search(r'data-token="([^"]+)"', shell.text)
    assert token
    headers = {"X-CSRFToken": token[1]}

    def send(path: str, **body: Any) -> Any:
        answer = editor.post(f"{address}/{path}", json=body, headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.json

    # Edit around: change what is known, put something between, move one of them, take it back, publish.
    ops = [
        {"op": "set", "id": "heading00001", "form": {"text": "New"}},
        {"op": "insert", "type": "core/text", "near": "unknown0003"},
        {"op": "move", "id": "unknown0000", "by": "down"},
    ]
    for number, op in enumerate(ops):
        send("ops", base_rev=number, key=f"step{number}", ops=[op])
    send("ops", base_rev=3, key="undo", ops=[{"op": "undo"}])
    assert kept(drafts.find("page", page.id).tree) == unknown
    told = send("publish")
    assert any("gone" in sentence for sentence in map(str, told["findings"]))
    assert kept(content.published_tree("page", page.id)) == unknown
    restored = editor.post(f"{address}/revisions/1/restore", data={"csrf_token": token[1]})
    assert restored.status_code == 303
    tree = drafts.find("page", page.id).tree
    assert kept(tree) == unknown
    assert [each["id"] for each in tree["root"]["slots"]["main"]].index("heading00001") == 100
    assert len(list(blocks(tree["root"]))) == 402
