"""Blocks turned into others, put into boxes, moved and pasted, over HTTP."""

from __future__ import annotations

import html
import json
import re

import pytest

from lms.content.document import blocks, new_block
from lms.editor import paragraphs
from tests.functional.test_editor import Editing, tree_of, types

LINK = '<a data-link="account/login">sign in</a>'


@pytest.fixture
def page(make):
    heading = new_block("core/heading", {"text": "A & B", "level": 3}) | {"style": {"anchor": "prices"}}
    text = new_block("core/text", {"html": f"<p>First <strong>line</strong></p><p>Then {LINK}</p>"})
    return make.page(heading, text, slug="shaping", title="Shaping")


@pytest.fixture
def editor(make, sign_in, page):
    return Editing(sign_in(make.person(role="editor")), page)


def nodes(page):
    return list(blocks(tree_of(page)["root"]))[1:]


def test_a_heading_becomes_a_text_and_a_heading_again_where_it_stands(editor, page):
    heading = nodes(page)[0]
    answer = editor.send({"op": "transform", "id": heading["id"], "type": "core/text"}).json
    assert (answer["select"], answer["announce"]) == (heading["id"], "Heading became Text, 1 of 2")
    became = nodes(page)[0]
    assert (became["id"], became["type"], became["style"]) == (heading["id"], "core/text", {"anchor": "prices"})
    assert became["props"] == {"html": "<p>A &amp; B</p>"}
    editor.send({"op": "transform", "id": heading["id"], "type": "core/heading"})
    assert nodes(page)[0]["props"] == {"text": "A & B"}
    editor.send({"op": "undo"})
    editor.send({"op": "undo"})
    assert nodes(page)[0] == heading


def test_a_text_becomes_a_heading_and_what_is_no_line_stays_a_text_after_it(editor, page):
    text = nodes(page)[1]
    editor.send({"op": "transform", "id": text["id"], "type": "core/heading"})
    _heading, became, rest = nodes(page)
    assert became["props"] == {"text": "First line"}
    assert rest["props"] == {"html": f"<p>Then {LINK}</p>"}
    editor.send({"op": "undo"})
    assert nodes(page)[1:] == [text]


def test_blocks_are_put_into_a_box_and_taken_out_of_it(editor, page):
    before = tree_of(page)
    heading, text = nodes(page)
    box = editor.send({"op": "wrap", "id": text["id"], "type": "core/columns"}).json["select"]
    assert types(page) == ["core/heading", "core/columns", "core/text"]
    assert editor.send({"op": "wrap", "id": box, "type": "core/columns"}).status_code == 200
    editor.send({"op": "undo"})
    answer = editor.send({"op": "unwrap", "id": box}).json
    assert answer["select"] == text["id"]
    assert [node["id"] for node in nodes(page)] == [heading["id"], text["id"]]
    editor.send({"op": "undo"})
    editor.send({"op": "undo"})
    assert tree_of(page) == before


def test_what_is_copied_is_pasted_on_another_page_with_ids_and_anchors_of_its_own(editor, make, page):
    heading = nodes(page)[0]
    copied = editor.get(f"copy?block={heading['id']}").json["blocks"]
    assert copied == [heading]
    other = make.page(slug="other", title="Other")
    there = Editing(editor.browser, other)
    answer = there.send({"op": "paste", "near": None, "blocks": copied * 2}).json
    assert answer["announce"].startswith("2 blocks pasted")
    first, second = nodes(other)[-2:]
    assert first["props"] == second["props"] == heading["props"]
    assert len({first["id"], second["id"], heading["id"]}) == 3
    assert first["style"] == {}
    assert editor.get("copy?block=gonegone").status_code == 409


def test_a_text_is_cut_where_a_block_is_put_into_it_in_one_step(editor, page):
    before = tree_of(page)
    text = nodes(page)[1]
    rest = {"type": "core/text", "props": {"html": "<p>After</p><script>1</script>"}}
    cut = (
        {"op": "paste", "near": text["id"], "blocks": [rest]},
        {"op": "insert", "type": "core/button", "near": text["id"]},
    )
    answer = editor.send(*cut, {"op": "set", "id": text["id"], "form": {"html": "<p>Before</p>"}}).json
    assert types(page) == ["core/heading", "core/text", "core/button", "core/text"]
    assert answer["select"] == nodes(page)[2]["id"]
    assert answer["announce"] == "Button added, 3 of 4"
    assert [node["props"].get("html") for node in nodes(page)] == [None, "<p>Before</p>", None, "<p>After</p>"]
    editor.send({"op": "undo"})
    assert tree_of(page) == before
    answer = editor.send(*cut, {"op": "delete", "id": text["id"]}).json
    assert types(page) == ["core/heading", "core/button", "core/text"]
    assert answer["select"] == nodes(page)[1]["id"]


PAGE = {"id": "pagepage", "type": "core/page", "v": 1, "props": {}}
REFUSED = [
    ({"op": "transform", "id": "ID", "type": "core/columns"}, "cannot become"),
    ({"op": "transform", "id": "ID", "type": []}, "cannot become"),
    ({"op": "wrap", "id": "ID", "type": "core/text"}, "cannot be put into"),
    ({"op": "unwrap", "id": "ID"}, "nothing in it"),
    ({"op": "paste", "blocks": []}, "between 1 and 200"),
    ({"op": "paste", "blocks": "x"}, "between 1 and 200"),
    ({"op": "paste", "blocks": [1]}, "A block is an object"),
    ({"op": "paste", "blocks": [{"type": "acme/none"}]}, "acme/none"),
    ({"op": "paste", "blocks": [{"type": "core/text", "props": {"colour": 1}}]}, "no property"),
    ({"op": "paste", "blocks": [{"type": "core/text", "id": "x"}]}, "missing"),
    ({"op": "paste", "blocks": [PAGE]}, "whole page|Only the root"),
]


@pytest.mark.parametrize(("op", "said"), REFUSED, ids=lambda value: str(value)[:60])
def test_what_cannot_be_is_refused_with_a_sentence(editor, page, op, said):
    before = tree_of(page)
    answer = editor.send(json.loads(json.dumps(op).replace("ID", nodes(page)[0]["id"])))
    assert answer.status_code == 422
    assert re.search(said, answer.json["sentence"])
    assert tree_of(page) == before


def test_all_places_of_a_page_are_listed_for_moving_and_none_in_the_block_itself(editor, page):
    heading, text = nodes(page)
    box = editor.send({"op": "wrap", "id": text["id"], "type": "core/columns"}).json["select"]
    listed = html.unescape(editor.get(f"places?block={heading['id']}").text)
    root = tree_of(page)["root"]["id"]
    found = re.findall(r'value="([^"]*)"( selected)?>\s*([^<]*)<', listed)
    assert [value for value, _here, _words in found] == [
        f"{root} main ", f"{box} left ", f"{box} left {text['id']}", f"{box} right ", f"{root} main {box}",
    ]  # fmt: skip
    assert found[0][1:] == (" selected", "At the top (here now)")
    assert found[2][2].strip() == "After Text “First line Then sign in”"
    inside = editor.get(f"places?block={box}").text
    assert box not in inside
    assert "deleted" in editor.get("places?block=gonegone").text


def test_the_answer_brings_the_options_of_what_is_selected_then(editor, page):
    heading = nodes(page)[0]["id"]
    answer = editor.send({"op": "insert", "type": "core/button"}).json
    assert "panel" not in answer
    body = {"base_rev": editor.rev, "key": "with-panel", "ops": [{"op": "duplicate", "id": heading}], "panel": heading}
    answer = editor.post("ops", body).json
    assert f'data-panel-of="{answer["select"]}"' in answer["panel"]
    menu = html.unescape(answer["panel"])
    assert "Turn into Text" in menu
    assert "Put into Columns" in menu


CUT = [
    ("", []),
    ("<p></p><p>a</p>", ["<p>a</p>"]),
    ("a <b>b</b> c<p>d</p>", ["a ", "<b>b</b>", " c", "<p>d</p>"]),
    ("<ul><li>a<ul><li>b</li></ul></li></ul><hr><p>&amp;&#60;<br>x</p>", None),
]


@pytest.mark.parametrize(("text", "pieces"), CUT)
def test_text_is_cut_at_its_top_level_and_nothing_of_it_is_lost(text, pieces):
    found = paragraphs.cut(text)
    assert found == pieces if pieces is not None else "".join(found) == text
