"""The canvas: what editors get is what visitors get, with marks; whatever visitors do not get can still be selected."""

from __future__ import annotations

import re

import pytest

from lms import db
from lms.base import clock
from lms.content import canvas, render, words
from lms.content.document import blocks, empty, new_block
from lms.extend import RenderContext

MARKS = re.compile(r' data-(block|type|label|badge|inline|slot)="[^"]*"| data-rich|<!--/?slot:[^>]*-->')
PORTAL = {"kind": "dynamic", "source": "gone", "key": "portal", "args": {}, "unavailable": "hide"}


def tree_of(*nodes):
    tree = empty()
    tree["root"]["slots"]["main"] = list(nodes)
    return tree


def context(**more):
    return RenderContext(person=None, now=clock.now(), path="/page", **more)


def drawn(tree):
    return str(canvas.page_html(tree, context(editing=True)).html)


def bare(html):
    """Without the editor's marks; whitespace inside tags says nothing."""
    return re.sub(r"\s+", " ", re.sub(r"\s*(?=>)", "", MARKS.sub("", html)))


def columns(left, right=()):
    return new_block("core/columns", {}, slots={"left": list(left), "right": list(right)})


ALIKE = {
    "heading": new_block("core/heading", {"text": "A heading", "level": 3}),
    "text": new_block("core/text", {"html": '<p>Some <a href="/courses">words</a>.</p>', "look": "lead"}),
    "button": new_block("core/button", {"text": "Courses", "link": {"kind": "url", "href": "/courses"}}),
    "outside": new_block("core/button", {"text": "Out", "link": {"kind": "url", "href": "https://a.example/?b=1&c"}}),
    "anchor": new_block("core/heading", {"text": "A"}) | {"style": {"anchor": "a", "spacing": {"base": "s"}}},
    "columns": columns([new_block("core/heading", {"text": "Left"})], [new_block("core/text", {"html": "<p>R</p>"})]),
}


@pytest.mark.parametrize("name", ALIKE)
def test_without_its_marks_the_canvas_is_the_public_page(site, name):
    tree = tree_of(ALIKE[name], new_block("core/text", {"html": "<p>after</p>"}))
    html = drawn(tree)
    assert bare(html) == bare(str(render.tree_html(tree, context()).html))
    for node in list(blocks(tree["root"]))[1:]:
        assert html.count(f'data-block="{node["id"]}"') == 1


HIDDEN = [
    (new_block("core/heading", {"text": ""}), "Heading: empty"),
    (new_block("core/button", {"text": "Go"}), "It has no link yet."),
    (new_block("core/button", {"text": "Go", "link": PORTAL}), "Needs the plugin gone"),
    (new_block("core/button", {"text": "Go", "link": {"kind": "page", "page": 99}}), "not there now"),
    (columns([]), 'data-slot="left"'),
    (new_block("acme/box", {}), "Needs the plugin acme"),
    (new_block("core/text", {"html": "<p>secret</p>"}) | {"visibility": [{"rule": "acme/x"}]}, "Hidden:"),
]


@pytest.mark.parametrize(("node", "told"), HIDDEN, ids=lambda value: value if isinstance(value, str) else value["type"])
def test_what_visitors_do_not_get_stands_in_the_canvas_with_its_reason(site, node, told):
    tree = tree_of(node)
    assert str(render.tree_html(tree, context()).html).strip() == ""
    html = drawn(tree)
    assert told in html
    assert html.count(f'data-block="{node["id"]}"') == 1


def test_what_stands_in_a_block_of_a_missing_plugin_can_be_edited(site):
    inside = new_block("core/heading", {"text": "Inside"})
    html = drawn(tree_of(new_block("acme/box", {}, slots={"body": [inside], "--><script>": [inside]})))
    assert html.count(f'data-block="{inside["id"]}"') == 1
    assert "<script>" not in html


def test_a_slot_that_takes_only_some_blocks_says_which(site):
    accordion = new_block("core/accordion", {}, slots={"questions": []})
    html = drawn(tree_of(accordion, columns([])))
    assert f"<!--slot:{accordion['id']}:questions core/question-->" in html
    assert re.search(r"<!--slot:[a-z0-9]+:left-->", html)


def test_text_is_drawn_as_it_is_stored_so_that_its_links_can_be_edited(site):
    html = '<p><a data-link="gone/portal" data-unavailable="hide">Manage</a></p>'
    node = new_block("core/text", {"html": html})
    assert f"{html}</div>" in drawn(tree_of(node))


def test_one_block_is_drawn_alone_exactly_as_in_the_page(site):
    node, inner = columns([ALIKE["heading"]]), ALIKE["heading"]
    tree = tree_of(ALIKE["text"], node)
    whole = drawn(tree)
    found = canvas.blocks_html(tree, {node["id"], inner["id"], "gonegone"}, context(editing=True))
    assert list(found) == [node["id"]]
    assert str(found[node["id"]]) in whole


def test_of_a_block_and_what_is_in_it_only_the_outer_one_is_drawn(site):
    inner, beside = new_block("core/heading", {"text": "In"}), new_block("core/heading", {"text": "Beside"})
    box = columns([columns([inner])])
    tree = tree_of(box, beside)
    every = {node["id"] for node in blocks(tree["root"])} - {tree["root"]["id"]}
    found = canvas.blocks_html(tree, every, context(editing=True))
    assert set(found) == {box["id"], beside["id"]}
    for identity in every:
        assert sum(str(html).count(f'data-block="{identity}"') for html in found.values()) == 1


def test_drawing_one_block_costs_the_same_in_a_page_of_any_size(site, queries):
    def cost(number):
        nodes = [new_block("core/image", {"media": {"key": "k", "alt": "a"}}) for _ in range(number)]
        with queries.counted() as counted:
            canvas.blocks_html(tree_of(*nodes), {nodes[0]["id"]}, context(editing=True))
        return len(counted)

    assert cost(1) == cost(50)


def test_editors_read_who_gets_a_link(site):
    login = {"kind": "dynamic", "source": "account", "key": "login"}
    assert words.shown_to(login) == "Shown to: visitors"
    assert words.shown_to({"kind": "dynamic", "source": "site", "key": "home"}) == ""
    assert words.shown_to(PORTAL) == "Needs the plugin gone"
    assert words.leads_to(login) == "Account › Sign in"
    html = drawn(tree_of(new_block("core/button", {"text": "Go", "link": login})))
    assert 'data-badge="Shown to: visitors"' in html


def test_a_preview_shows_what_links_declare_for_a_state_and_asks_nobody(site, queries):
    login = {"kind": "dynamic", "source": "account", "key": "login"}
    tree = tree_of(new_block("core/button", {"text": "Sign in", "link": login}))
    db.rollback()
    with queries.at_most(0):
        shown = {state: str(render.tree_html(tree, context(state=state)).html) for state in ("guest", "purchased")}
    assert "Sign in" in shown["guest"]
    assert shown["purchased"].strip() == ""
