"""The visual editor over HTTP: operations, two people, undo, publish, preview, versions."""

from __future__ import annotations

import itertools
import json
import re
from datetime import timedelta

import pytest

from lms import db
from lms.accounts import policies
from lms.base import clock
from lms.content import services as content
from lms.content.document import blocks, new_block
from lms.editor import drafts
from lms.editor.models import Operation

PORTAL = {"kind": "dynamic", "source": "account", "key": "login", "args": {}, "unavailable": "hide"}
_keys = itertools.count()


class Editing:
    """One person with a page open in the editor."""

    def __init__(self, browser, page):
        self.browser = browser
        self.address = page if isinstance(page, str) else f"/admin/editor/page/{page.id}"
        shell = browser.get(page if isinstance(page, str) else f"/admin/pages/{page.id}/edit")
        assert shell.status_code == 200, shell.text
        self.html = shell.text
        self.token = re.search(r'data-token="([^"]+)"', shell.text).group(1)
        self.rev = int(re.search(r'data-rev="(\d+)"', shell.text).group(1))

    def send(self, *ops, key="", base_rev=None):
        body = {"base_rev": self.rev if base_rev is None else base_rev, "key": key or f"key{next(_keys)}", "ops": ops}
        answer = self.post("ops", body)
        if answer.status_code == 200:
            self.rev = answer.json["rev"]
        return answer

    def post(self, path, body=None):
        return self.browser.post(f"{self.address}/{path}", json=body or {}, headers={"X-CSRFToken": self.token})

    def get(self, path):
        return self.browser.get(f"{self.address}/{path}")

    def add(self, kind, near=None):
        return self.send({"op": "insert", "type": kind, "near": near}).json["select"]


@pytest.fixture
def page(make):
    return make.page(new_block("core/heading", {"text": "Manage", "level": 1}), slug="manage", title="Manage")


@pytest.fixture
def editor(make, sign_in, page):
    return Editing(sign_in(make.person(role="editor", name="Ana")), page)


@pytest.fixture
def other(make, sign_in, page):
    return Editing(sign_in(make.person(role="editor", name="Ben")), page)


def tree_of(page):
    db.rollback()
    return drafts.find("page", page.id).tree


def types(page):
    return [node["type"] for node in blocks(tree_of(page)["root"])][1:]


def props(page, identity):
    return next(node["props"] for node in blocks(tree_of(page)["root"]) if node["id"] == identity)


@pytest.mark.feature("TA-17", "TA-18", "TA-19", "TA-21", "TA-22", "TA-23")
def test_a_button_gets_a_dynamic_link_and_visitors_get_it_when_it_is_published(editor, page, client):
    answer = editor.send({"op": "insert", "type": "core/button"}).json
    button = answer["select"]
    assert answer["announce"] == "Button added, 2 of 2"
    assert f'data-block="{button}"' in answer["html"][button]
    assert [len(ids) for ids in answer["slots"].values()] == [2]
    options = editor.get(f"panel?block={button}").text
    assert options.index("Main Options") < options.index("Button link") < options.index("Dynamic link")
    assert 'aria-label="Dynamic link"' in options
    assert 'name="source"' not in options
    picker = editor.get(f"link?block={button}&field=link&kind=dynamic&source=account").text
    assert re.search(r'<option value="account" selected>Account<', picker)
    assert 'value="login"' in picker
    assert 'value="home"' not in picker
    assert 'value="home"' in editor.get(f"link?block={button}&field=link&kind=dynamic&source=site").text
    assert "link" not in props(page, button)
    sent = {"kind": "dynamic", "source": "account", "key": "login", "unavailable": "hide", "form": {}, "new_tab": False}
    editor.send({"op": "set", "id": button, "form": {"link": sent}})
    assert props(page, button)["link"] == PORTAL
    now = editor.get(f"panel?block={button}").text
    assert "Account › Sign in" in now
    assert "Shown to: visitors" in now
    assert "Click me" not in client.get("/manage").text
    assert editor.post("publish").json["announce"] == "The page is published."
    assert 'href="/login' in re.search(r"<a[^>]*><span >Click me", client.get("/manage").text).group()


def test_the_draft_waits_for_its_publication_and_the_list_says_so(editor, page, client):
    assert "Changed</span>" not in editor.browser.get("/admin/pages").text
    editor.add("core/text")
    listed = editor.browser.get("/admin/pages").text
    assert ">Changed</span>" in listed
    assert "Ana" in listed
    assert content.published_tree("page", page.id) != tree_of(page)
    editor.post("publish")
    assert ">Changed</span>" not in editor.browser.get("/admin/pages").text
    assert content.published_tree("page", page.id) == tree_of(page)


def test_publishing_a_page_that_was_a_draft_shows_it(make, sign_in, client):
    page = make.page(slug="waiting", publish=False)
    assert client.get("/waiting").status_code == 404
    editing = Editing(sign_in(make.person(role="editor")), page)
    assert editing.post("publish").status_code == 200
    assert client.get("/waiting").status_code == 200


def test_a_repeated_request_is_done_once_and_answers_the_present_state(editor, page):
    first = editor.send({"op": "insert", "type": "core/text"}, key="same-key", base_rev=0).json
    again = editor.send({"op": "insert", "type": "core/text"}, key="same-key", base_rev=0).json
    assert types(page) == ["core/heading", "core/text"]
    assert (again["rev"], again["html"], again["slots"]) == (first["rev"], first["html"], first["slots"])


def test_a_request_is_all_or_nothing(editor, page):
    answer = editor.send({"op": "insert", "type": "core/text"}, {"op": "insert", "type": "acme/none"})
    assert answer.status_code == 422
    assert "acme/none" in answer.json["sentence"]
    assert types(page) == ["core/heading"]


def test_two_people_get_each_others_changes_and_are_told(editor, other, page):
    mine = editor.add("core/text")
    answer = other.send({"op": "insert", "type": "core/button"}).json
    assert set(answer["html"]) == {mine, answer["select"]}
    assert answer["others"]
    seen = editor.get(f"changes?since={editor.rev}").json
    assert set(seen["html"]) == {answer["select"]}
    assert types(page) == ["core/heading", "core/text", "core/button"]


def test_editing_what_somebody_deleted_is_told_and_deleting_it_again_succeeds(editor, other, page):
    block = editor.add("core/heading")
    other.send({"op": "delete", "id": block})
    gone = editor.send({"op": "set", "id": block, "form": {"text": "My words"}})
    assert (gone.status_code, gone.json["gone"]) == (409, [block])
    assert editor.send({"op": "delete", "id": block}).status_code == 200


def test_edits_are_the_same_on_both_databases(both_databases, editor, other, page):
    mine = editor.add("core/text")
    theirs = other.add("core/button")
    editor.send({"op": "set", "id": mine, "form": {"html": "<p>a</p>"}}, key="same-key")
    editor.send({"op": "set", "id": mine, "form": {"html": "<p>b</p>"}}, key="same-key")
    editor.send({"op": "undo"})
    editor.send({"op": "redo"})
    assert props(page, mine) == {"html": "<p>a</p>"}
    assert [node["id"] for node in blocks(tree_of(page)["root"])][2:] == [mine, theirs]
    assert editor.post("publish").status_code == 200
    assert content.published_tree("page", page.id) == tree_of(page)


def test_old_operations_are_forgotten_and_the_draft_stays(editor, page):
    editor.add("core/text")
    db.session.execute(db.db.update(Operation).values(created_at=clock.real_now() - drafts.KEPT - timedelta(hours=1)))
    block = editor.add("core/button")
    drafts.prune()
    db.commit()
    assert types(page) == ["core/heading", "core/text", "core/button"]
    assert editor.get("changes?since=0").json["reload"]
    assert editor.send({"op": "undo"}).status_code == 200
    assert block not in [node["id"] for node in blocks(tree_of(page)["root"])]
    assert editor.send({"op": "undo"}).json["sentence"] == "There is nothing to undo."


def test_undo_takes_back_ones_own_steps_and_leaves_those_of_others(editor, other, page):
    mine = editor.add("core/text")
    theirs = other.add("core/button")
    undone = editor.send({"op": "undo"}).json
    assert types(page) == ["core/heading", "core/button"]
    assert (undone["announce"], undone["canUndo"], undone["canRedo"]) == ("Undone", False, True)
    assert editor.send({"op": "undo"}).json["sentence"] == "There is nothing to undo."
    editor.send({"op": "redo"})
    assert [node["id"] for node in blocks(tree_of(page)["root"])][2:] == [mine, theirs]
    assert editor.send({"op": "undo"}).status_code == 200
    assert types(page) == ["core/heading", "core/button"]


def test_typing_in_one_go_is_one_step(editor, page):
    block = editor.add("core/heading")
    for text in ("M", "Ma", "Man"):
        editor.send({"op": "set", "id": block, "form": {"text": text}})
    editor.send({"op": "set", "id": block, "form": {"level": "3"}})
    editor.send({"op": "undo"})
    assert props(page, block) == {"text": "Man"}
    editor.send({"op": "undo"})
    assert props(page, block) == {}
    editor.send({"op": "redo"})
    assert props(page, block) == {"text": "Man"}


def test_undo_leaves_out_what_somebody_deleted_and_says_so(editor, other, page):
    block = editor.add("core/heading")
    editor.send({"op": "set", "id": block, "form": {"text": "a"}})
    other.send({"op": "delete", "id": block})
    assert "left out" in editor.send({"op": "undo"}).json["announce"]
    assert editor.send({"op": "undo"}).status_code == 200
    assert editor.send({"op": "undo"}).status_code == 422


def test_a_block_is_moved_duplicated_and_deleted(editor, page):
    columns = editor.add("core/columns")
    root = tree_of(page)["root"]["id"]
    heading = tree_of(page)["root"]["slots"]["main"][0]["id"]
    place = {"parent": columns, "slot": "left", "after": None}
    assert editor.send({"op": "move", "id": heading, "place": place}).status_code == 200
    assert types(page) == ["core/columns", "core/heading"]
    twin = editor.send({"op": "duplicate", "id": columns}).json
    assert twin["announce"] == "Columns duplicated, 2 of 2"
    assert types(page) == ["core/columns", "core/heading"] * 2
    moved = editor.send({"op": "move", "id": heading, "by": "down"}).json
    assert moved["announce"] == "Heading moved, 2 of 3"
    assert moved["slots"][f"{root}:main"] == [columns, heading, twin["select"]]
    up = [editor.send({"op": "move", "id": heading, "by": "up"}).json["announce"] for _ in range(2)]
    assert up == ["Heading moved, 1 of 3", "It cannot go further."]
    assert editor.send({"op": "delete", "id": columns}).json["select"] == twin["select"]


TO_A_PAGE = {"kind": "dynamic", "source": "page", "key": "page", "form": {"page": "x"}}
REFUSED = [
    ({"op": "set", "id": "ID", "form": {"text": "x" * 81}}, "text", "80"),
    ({"op": "set", "id": "ID", "form": {"style": "loud"}}, "style", "Choose one"),
    ({"op": "set", "id": "ID", "form": {"link": {"kind": "url", "href": "javascript:x"}}}, "link.href", "https://"),
    ({"op": "set", "id": "ID", "form": {"link": {"kind": "url", "href": "//evil.example"}}}, "link.href", "https://"),
    ({"op": "set", "id": "ID", "form": {"link": {"kind": "page", "page": ""}}}, "link.page", "Choose a page"),
    ({"op": "set", "id": "ID", "form": {"link": TO_A_PAGE}}, "link.args.page", "whole number"),
    ({"op": "set", "id": "ID", "form": {"colour": "red"}}, "colour", "no property"),
    ({"op": "style", "id": "ID", "values": {"anchor": "1 a"}}, "style.anchor", "begins with a letter"),
    ({"op": "style", "id": "ID", "values": {"space": "x"}}, "style.space", "Choose one"),
]  # fmt: skip


@pytest.mark.parametrize(("op", "field", "words"), REFUSED, ids=lambda value: str(value)[:60])
def test_what_is_wrong_is_told_at_its_field_and_nothing_is_stored(editor, page, op, field, words):
    block = editor.add("core/button")
    answer = editor.send(json.loads(json.dumps(op).replace("ID", block)))
    assert answer.status_code == 422
    assert words in answer.json["errors"][field]
    assert props(page, block) == {}


def test_a_link_on_words_is_checked_like_that_of_a_button_and_written_as_texts_store_it(editor, page):
    sent = {"kind": "dynamic", "source": "page", "key": "page", "form": {"page": str(page.id)}, "new_tab": True}
    found = editor.post("link", sent | {"unavailable": "fallback", "fallback_page": str(page.id)}).json["attributes"]
    assert found == {
        "target": "_blank",
        "data-link": "page/page",
        "data-args": f'{{"page": {page.id}}}',
        "data-unavailable": "fallback",
        "data-fallback": f'{{"kind": "page", "page": {page.id}}}',
    }
    words = " ".join(f"{name}='{value}'" for name, value in found.items())
    block = editor.add("core/text")
    assert editor.send({"op": "set", "id": block, "form": {"html": f"<p><a {words}>a</a></p>"}}).status_code == 200
    assert editor.post("link", {"kind": "url", "href": "/courses"}).json["attributes"] == {"href": "/courses"}
    for wrong, field in (
        ({"kind": "url", "href": "javascript:x"}, "href"),
        (sent | {"form": {"page": "x"}}, "args.page"),
        ({"kind": "file"}, "kind"),
    ):
        answer = editor.post("link", wrong)
        assert (answer.status_code, list(answer.json["errors"])) == (422, [field])


BROKEN = [
    None,
    [],
    {"ops": []},
    {"base_rev": 0, "key": "abcd", "ops": "x"},
    {"base_rev": 0, "key": "a", "ops": []},
    {"base_rev": 0, "key": "abcd", "ops": [1]},
    {"base_rev": 0, "key": "abcd", "ops": [{"op": "replace"}]},
]


@pytest.mark.parametrize("body", BROKEN, ids=str)
def test_a_request_that_cannot_be_read_is_refused_with_a_sentence(editor, body):
    answer = editor.browser.post(f"{editor.address}/ops", json=body, headers={"X-CSRFToken": editor.token})
    assert answer.status_code == 422
    assert answer.json["sentence"]


def test_a_request_from_elsewhere_is_refused(editor, page):
    assert editor.browser.post(f"{editor.address}/ops", json={}).status_code == 400


@pytest.mark.parametrize(("role", "status"), [("owner", 200), ("editor", 200), ("student", 404), (None, 303)])
@pytest.mark.parametrize("path", ["canvas", "panel", "link", "changes", "revisions", "edit"])
def test_only_who_may_edit_pages_gets_in(make, sign_in, client, page, role, status, path):
    browser = sign_in(make.person(role=role)) if role else client
    address = f"/admin/pages/{page.id}/edit" if path == "edit" else f"/admin/editor/page/{page.id}/{path}"
    assert browser.get(address).status_code == status


@pytest.fixture
def writer(make, sign_in, page, monkeypatch):
    """Who may change what pages say and publish them, and not how they are built."""
    monkeypatch.setitem(policies.CAPABILITIES, "editor", policies.CAPABILITIES["editor"] - {"pages.design"})
    return Editing(sign_in(make.person(role="editor", name="Wen")), page)


def test_who_may_write_and_not_design_changes_words_pictures_and_links_only(writer, page, client):
    (heading,) = list(blocks(tree_of(page)["root"]))[1:]
    identity, place = heading["id"], {"parent": tree_of(page)["root"]["id"], "slot": "main", "after": None}
    for op in (
        {"op": "insert", "type": "core/text"},
        {"op": "set", "id": identity, "form": {"text": "Sly", "level": "3"}},
        {"op": "style", "id": identity, "values": {"space": "l"}},
        {"op": "visibility", "id": identity, "add": {"rule": "account/signed-in"}},
        {"op": "move", "id": identity, "place": place},
        {"op": "delete", "id": identity},
        {"op": "duplicate", "id": identity},
        {"op": "transform", "id": identity, "type": "core/text"},
        {"op": "wrap", "id": identity, "type": "core/columns"},
        {"op": "paste", "near": identity, "blocks": [heading]},
    ):
        refused = writer.send(op)
        assert (refused.status_code, "words, pictures and links" in refused.json["sentence"]) == (403, True), op
    assert tree_of(page) == content.published_tree("page", page.id)

    options = writer.get(f"panel?block={identity}").text
    for there, is_there in (("b-text", True), ("b-level", False), ("Visible to", False), ("Delete", False)):
        assert (there in options) is is_there, there
    for there in ("tab-add", "data-add=", " data-designs"):
        assert there not in writer.html
    assert writer.send({"op": "set", "id": identity, "form": {"text": "Said better"}}).status_code == 200
    assert writer.send({"op": "undo"}).status_code == 200
    assert writer.send({"op": "redo"}).status_code == 200
    assert writer.post("publish").status_code == 200
    assert "Said better" in client.get("/manage").text
    assert ">Restore<" not in writer.get("revisions").text
    data = {"csrf_token": writer.token}
    assert writer.browser.post(f"{writer.address}/revisions/1/restore", data=data).status_code == 403


@pytest.mark.parametrize("path", ["pages/999/edit", "editor/lesson/1", "editor/nothing/1", "editor/page/999/canvas"])
def test_what_is_not_there_cannot_be_edited(editor, path):
    assert editor.browser.get(f"/admin/{path}").status_code == 404


@pytest.mark.parametrize("published", [True, False])
def test_a_lesson_is_edited_on_its_own_page(make, sign_in, published):
    course = make.course(lessons=2, published=published)
    place = course.first_lesson
    browser = sign_in(make.person(role="creator"))
    listed = browser.get(f"/admin/courses/{course.id}").text
    assert f'href="/admin/editor/lesson/{place.lesson_id}"' in listed
    editing = Editing(browser, f"/admin/editor/lesson/{place.lesson_id}")
    shown = editing.get("canvas").text
    assert "Words of lesson 1." in shown
    assert f"<h1>{place.title}</h1>" in shown
    editing.send({"op": "insert", "type": "core/heading"})
    for state in ("visitor", "purchased"):
        assert "Heading</h2>" in editing.get(f"canvas?as={state}").text
    assert "Heading</h2>" not in browser.get(place.path).text
    assert editing.post("publish").json["path"] == place.path
    assert "Heading</h2>" in browser.get(place.path).text
    assert Editing(browser, editing.address).get("revisions").status_code == 200


def test_lessons_are_not_edited_by_who_may_edit_pages_only(make, sign_in):
    lesson = make.course(lessons=1).first_lesson.lesson_id
    assert sign_in(make.person(role="editor")).get(f"/admin/editor/lesson/{lesson}").status_code == 403


def test_the_canvas_may_stand_in_our_own_frame_only(editor):
    answer = editor.get("canvas")
    assert "frame-ancestors 'self'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert "frame-ancestors 'none'" in editor.browser.get("/manage").headers["Content-Security-Policy"]


@pytest.mark.feature("B-16")
def test_a_preview_shows_nobody_real(editor, page):
    block = editor.add("core/button")
    editor.send({"op": "set", "id": block, "form": {"link": PORTAL, "text": "Sign in here"}})
    shown = {
        state: editor.get(f"canvas?as={state}").text
        for state in ("visitor", "no-purchase", "purchased", "payment-failed")
    }
    assert [state for state, html in shown.items() if "Sign in here" in html] == ["visitor"]
    assert "Ana" not in "".join(shown.values())
    assert "data-block" not in "".join(shown.values())
    assert editor.get("canvas?as=owner").status_code == 404


def test_an_earlier_version_is_looked_at_and_restored_as_a_step_of_ones_own(editor, page, client):
    editor.add("core/text")
    editor.post("publish")
    versions = editor.get("revisions").text
    assert versions.index("Version 2") < versions.index("Version 1")
    assert "Manage" in editor.get("revisions/1").text
    assert editor.get("revisions/9").status_code == 404
    assert editor.get("revisions?before=99999999999999999999").status_code == 200, "as if it had not been sent"
    data = {"csrf_token": editor.token}
    answer = editor.browser.post(f"{editor.address}/revisions/1/restore", data=data)
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/admin/pages/{page.id}/edit")
    assert types(page) == ["core/heading"]
    assert content.published_tree("page", page.id) != tree_of(page)
    assert editor.send({"op": "undo"}).json["reload"]
    assert types(page) == ["core/heading", "core/text"]


def test_what_something_else_saved_is_what_one_goes_on_from(editor, page):
    editor.add("core/text")
    editor.post("publish")
    content.save_document("page", page.id, tree_of(page) | {}, author_id=None)
    tree = json.loads(json.dumps(tree_of(page)))
    tree["root"]["slots"]["main"].pop()
    content.save_document("page", page.id, tree, author_id=None)
    db.commit()
    answer = editor.send({"op": "insert", "type": "core/button"}).json
    assert answer["reload"]
    assert types(page) == ["core/heading", "core/button"]


def test_publishing_tells_what_nobody_will_see(editor):
    editor.add("core/button")
    editor.add("core/image")
    found = editor.post("publish").json["findings"]
    assert found == ["Button: it has no link, so visitors do not see it.", "Picture: no picture is chosen."]


def test_opening_and_editing_cost_the_same_for_a_page_of_any_size(make, sign_in, queries):
    browser = sign_in(make.person(role="editor"))
    costs = []
    for number in (1, 60):
        page = make.page(*[new_block("core/heading", {"text": f"H {n}"}) for n in range(number)])
        editing = Editing(browser, page)
        with queries.counted() as opening:
            editing.get("canvas")
        block = editing.add("core/heading")
        with queries.counted() as setting:
            editing.send({"op": "set", "id": block, "form": {"level": "3"}})
        costs.append((len(opening), len(setting)))
    assert costs[0] == costs[1]
    assert costs[0][1] <= 13


def test_the_bytes_of_a_missing_plugin_survive_editing_around_them_publishing_and_restoring(make, sign_in):
    """A ghost with children, and 200 beside it: nothing of theirs is read, sorted, cleaned or lost."""
    ghosts = [
        {
            "id": f"ghost{n:05d}",
            "type": "acme/card",
            "v": 3,
            "props": {"z": n, "a": [1.5, None, "<i>"], "h": "<b on=x>"},
        }
        for n in range(200)
    ]
    box = {"id": "ghostbox0", "type": "acme/box", "v": 1, "props": {"b": 1, "a": 2}, "slots": {"in": [ghosts[0]]}}
    page = make.page(box, *ghosts[1:], new_block("core/heading", {"text": "Between"}), slug="ghosts")
    editing = Editing(sign_in(make.person(role="editor")), page)

    def bytes_of(tree):
        return [json.dumps(node) for node in blocks(tree["root"]) if node["type"].startswith("acme/")]

    before = [json.dumps(box), *(json.dumps(ghost) for ghost in ghosts)]
    assert bytes_of(tree_of(page)) == before
    assert editing.get("canvas").text.count("Needs the plugin acme") == 200 + 1
    added = editing.add("core/text", near="ghost00100")
    editing.send({"op": "set", "id": added, "form": {"html": "<p>Here</p>"}})
    refused = editing.send({"op": "set", "id": "ghost00100", "form": {"z": 2}})
    assert (refused.status_code, "acme" in refused.json["sentence"]) == (422, True)
    assert editing.post("publish").status_code == 200
    assert bytes_of(content.published_tree("page", page.id)) == before
    editing.send({"op": "delete", "id": "ghost00007"})
    editing.send({"op": "undo"})
    assert bytes_of(tree_of(page)) == before
    editing.send({"op": "delete", "id": "ghostbox0"})
    restored = editing.browser.post(f"{editing.address}/revisions/1/restore", data={"csrf_token": editing.token})
    assert restored.status_code == 303
    assert bytes_of(tree_of(page)) == before


def test_a_preview_after_a_failed_payment_shows_what_such_a_student_reads(editor):
    failed = "did not go through"
    assert failed in editor.get("canvas?as=payment-failed").text
    for other in ("visitor", "no-purchase", "purchased"):
        assert failed not in editor.get(f"canvas?as={other}").text


def test_links_in_texts_that_lead_nowhere_are_named_when_the_page_is_published(editor, make, page):
    draft = make.page(slug="hidden", title="Hidden", publish=False)
    gone = f'<a data-link="page/page" data-args="{{&quot;page&quot;: {draft.id}}}">here</a>'
    block = editor.add("core/text")
    html = f'<p>Read {gone} or <a data-link="acme/shop">there</a></p>'
    assert editor.send({"op": "set", "id": block, "form": {"html": html}}).status_code == 200
    found = editor.post("publish").json["findings"]
    assert "leads to a page that is not there now" in found[0]
    assert "needs the plugin acme" in found[1]
    assert all("Read here or there" in sentence for sentence in found)
