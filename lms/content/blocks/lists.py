"""Lists of features, questions with answers, tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import lazy_gettext as _l

from lms.content.document import CORE
from lms.extend import Block, BlockForm, BlockSlot, Group, RenderContext
from lms.extend.fields import Choice, Lines, PlainText, RichText, Toggle

_MOST_CELLS = 12


class FeaturesForm(BlockForm):
    """A list in which each line has a mark."""

    html = RichText(_l("List"), default="<ul><li>Something that people get</li><li>And something more</li></ul>")
    mark = Choice(_l("Mark"), [("check", _l("Check")), ("plus", _l("Plus")), ("dot", _l("Dot")), ("none", _l("None"))])
    count = Choice(_l("Side by side"), [(1, "1"), (2, "2"), (3, "3")], coerce=int)

    class Meta:
        groups = (Group("Main Options", "html"), Group("Appearance", "mark", "count"))


class AccordionForm(BlockForm):
    """How the questions in it open."""

    one_open = Toggle(_l("Opening one closes the others"))


class QuestionForm(BlockForm):
    """A question; its answer is what stands in it."""

    question = PlainText(_l("Question"), default=_l("What people ask"), max_length=200, inline=True)
    is_open = Toggle(_l("Open at first"))


class TableForm(BlockForm):
    """Cells as lines of text."""

    title = PlainText(_l("What it compares"), max_length=200, inline=True)
    cells = Lines(
        _l("Cells"),
        default="What | Once | A month\nOne course | yes | yes\nNew courses | no | yes",
        description=_l("One line for each row, | between two cells. The first line holds the heads."),
    )
    first_is_head = Toggle(_l("The first cell of each row names it"), default=True)

    class Meta:
        groups = (Group("Main Options", "title", "cells", "first_is_head"),)


def load_tables(props_of_all: Sequence[Mapping[str, Any]], _ctx: RenderContext) -> list[list[list[str]]]:
    """The rows of each table, all as long as the longest."""
    return [_rows(str(props.get("cells") or "")) for props in props_of_all]


def _rows(cells: str) -> list[list[str]]:
    rows = [[cell.strip() for cell in line.split("|")[:_MOST_CELLS]] for line in cells.splitlines() if line.strip()]
    longest = max(map(len, rows), default=0)
    return [row + [""] * (longest - len(row)) for row in rows]


def _answer(words: str) -> tuple[dict[str, Any], ...]:
    return ({"type": "core/text", "props": {"html": f"<p>{words}</p>"}},)


features = Block(
    name="features", plugin=CORE, label=_l("List of features"), icon="check-circle", category="content", order=46,
    description=_l("What people get, line by line, each with a mark."),
    form=FeaturesForm, template="core/blocks/features.html",
    example={
        "html": "<ul><li>Nine lessons, each under fifteen minutes</li><li>Examples to copy</li>"
        "<li>A certificate at the end</li><li>Yours to keep</li></ul>",
        "count": 2,
    },
)  # fmt: skip
accordion = Block(
    name="accordion", plugin=CORE, label=_l("Accordion"), icon="queue-list", category="content", order=70,
    description=_l("Questions that open one by one. Search engines and searching in the page find the answers."),
    form=AccordionForm, template="core/blocks/accordion.html",
    slots={"questions": BlockSlot(allow=("core/question",), max=60)},
    inside={"questions": (
        {"type": "core/question", "props": {"question": "How long do I keep the course?", "is_open": True},
         "slots": {"answer": _answer("If you buy it once, for as long as this school is open.")}},
        {"type": "core/question", "props": {"question": "Can I get my money back?"},
         "slots": {"answer": _answer("Within fourteen days, without a reason.")}},
    )},
)  # fmt: skip
question = Block(
    name="question", plugin=CORE, label=_l("Question"), icon="question-mark-circle", category="content", order=72,
    description=_l("A question that opens and shows its answer; several of them stand in an accordion."),
    form=QuestionForm, template="core/blocks/question.html", slots={"answer": BlockSlot()},
    example={"question": "Does somebody read my letter?", "is_open": True},
    inside={"answer": _answer("Yes: the last lesson ends with a letter that a person reads.")},
)  # fmt: skip
table = Block(
    name="table", plugin=CORE, label=_l("Table"), icon="table-cells", category="content", order=74,
    description=_l("Rows and columns, written as lines. It scrolls in itself where the screen is narrow."),
    form=TableForm, template="core/blocks/table.html", load=load_tables,
    example={"title": "What is in which plan"},
)  # fmt: skip

ALL = (features, accordion, question, table)
