"""What a block knows of the one in which it stands: the questions of an accordion open one at a time."""

from __future__ import annotations

import re

from lms.base import clock
from lms.content import canvas, operations, render
from lms.content.document import empty, new_block
from lms.extend import RenderContext


def question(words):
    return new_block("core/question", {"question": words}, slots={"answer": []})


def accordion(*questions, **props):
    return new_block("core/accordion", props, slots={"questions": list(questions)})


def tree_of(*nodes):
    tree = empty()
    tree["root"]["slots"]["main"] = list(nodes)
    return tree


def context(**more):
    return RenderContext(person=None, now=clock.now(), path="/page", **more)


def names(html):
    return re.findall(r'<details[^>]* name="([^"]*)"', str(html))


def test_questions_of_an_accordion_that_opens_one_share_a_name_that_no_other_has(site):
    single, other = accordion(question("a"), question("b"), one_open=True), accordion(question("c"), one_open=True)
    tree = tree_of(single, other, accordion(question("d")), question("e"))
    mine, theirs = f"questions-{single['id']}", f"questions-{other['id']}"
    assert names(render.tree_html(tree, context()).html) == [mine, mine, theirs]
    assert names(canvas.page_html(tree, context(editing=True)).html) == [mine, mine, theirs]


def test_a_question_that_is_drawn_alone_knows_its_accordion_and_is_drawn_with_it_when_that_changes(site):
    inside = question("a")
    box = accordion(inside, one_open=True)
    alone = canvas.blocks_html(tree_of(box), {inside["id"]}, context(editing=True))
    assert names(alone[inside["id"]]) == [f"questions-{box['id']}"]
    op = {"op": "set", "id": box["id"], "values": {"one_open": False}}
    assert operations.redraw([op], []) == ({box["id"]}, set())
