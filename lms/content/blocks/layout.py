"""What holds other blocks, and what parts them."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from lms.content.blocks.media import load_backgrounds
from lms.content.document import CORE
from lms.extend import Block, BlockForm, BlockSlot, Group
from lms.extend.fields import Choice, Conditions, Media, PlainText


class PageForm(BlockForm):
    """The root holds blocks and has no options of its own."""


class SectionForm(BlockForm):
    """A part of the page with a ground of its own."""

    ground = Choice(
        _l("Ground"),
        [
            ("none", _l("None")),
            ("line", _l("A line above")),
            ("soft", _l("Soft")),
            ("accent", _l("Accent, soft")),
            ("dark", _l("Dark")),
            ("picture", _l("A picture")),
        ],
    )
    picture = Media(_l("Picture behind"))
    width = Choice(
        _l("Width"), [("wide", _l("As the page")), ("middle", _l("Middle")), ("reading", _l("As a text that is read"))]
    )
    place = Choice(_l("Content stands"), [("start", _l("At the start")), ("center", _l("In the middle"))])
    room = Choice(
        _l("Room above and below"),
        [("m", _l("As usual")), ("none", _l("None")), ("s", _l("Little")), ("l", _l("Much"))],
    )

    class Meta:
        groups = (Group("Main Options", "ground", "picture"), Group("Appearance", "width", "place", "room"))


class ColumnsForm(BlockForm):
    """Two columns; on a narrow screen one below the other."""

    ratio = Choice(
        _l("Widths"),
        [("halves", _l("Halves")), ("wide-left", _l("Left one wider")), ("wide-right", _l("Right one wider"))],
    )
    frame = Choice(
        _l("Frame"),
        [
            ("none", _l("None")),
            ("band", _l("Band with a line above")),
            ("hero", _l("Opening of a page")),
            ("box", _l("One box, two halves")),
        ],
    )

    class Meta:
        groups = (Group("Main Options", "ratio"), Group("Appearance", "frame"))


class GridForm(BlockForm):
    """Blocks side by side, each as wide as the others; on a narrow screen one below the other."""

    count = Choice(_l("Side by side"), [(3, "3"), (2, "2"), (4, "4")], coerce=int)
    frame = Choice(_l("Frame"), [("none", _l("None")), ("box", _l("One box")), ("lines", _l("A line above each"))])

    class Meta:
        groups = (Group("Main Options", "count"), Group("Appearance", "frame"))


class ConditionForm(BlockForm):
    """For whom what stands in it is shown: all conditions have to hold."""

    rules = Conditions(_l("Shown to"))


class DividerForm(BlockForm):
    """A line between two parts."""

    look = Choice(_l("Look"), [("line", _l("Line")), ("short", _l("Short line")), ("dots", _l("Three dots"))])


class SpacerForm(BlockForm):
    """Empty room."""

    size = Choice(_l("Height"), [("m", _l("Medium")), ("s", _l("Small")), ("l", _l("Large")), ("xl", _l("Very large"))])


class PatternForm(BlockForm):
    """Which pattern the blocks were."""

    name = PlainText(_l("Name"), default=_l("Pattern"), max_length=80)


def _text(words: str) -> dict[str, object]:
    return {"type": "core/text", "props": {"html": f"<p>{words}</p>"}}


def _heading(words: str, level: int = 2) -> dict[str, object]:
    return {"type": "core/heading", "props": {"text": words, "level": level}}


page = Block(
    name="page", plugin=CORE, label=_l("Page"), icon="document", category="", form=PageForm,
    description=_l("The root of every document."),
    template="core/blocks/page.html", slots={"main": BlockSlot()},
)  # fmt: skip
section = Block(
    name="section", plugin=CORE, label=_l("Section"), icon="rectangle-group", category="layout", order=48,
    description=_l("A part of the page with a ground, a width and room of its own."),
    form=SectionForm, template="core/blocks/section.html", slots={"body": BlockSlot()}, load=load_backgrounds,
    example={"ground": "soft"},
    inside={"body": (_heading("What this part is about"), _text("Say it in one sentence."))},
)  # fmt: skip
columns = Block(
    name="columns", plugin=CORE, label=_l("Columns"), icon="view-columns", category="layout", order=50,
    description=_l("Two columns: halves, or one wider than the other."),
    form=ColumnsForm, template="core/blocks/columns.html", slots={"left": BlockSlot(), "right": BlockSlot()},
)  # fmt: skip
grid = Block(
    name="grid", plugin=CORE, label=_l("Grid"), icon="squares-2x2", category="layout", order=52,
    description=_l("Two to four blocks side by side. Put a section into it where one needs several blocks."),
    form=GridForm, template="core/blocks/grid.html", slots={"cells": BlockSlot(max=24)},
    inside={"cells": (_text("The first"), _text("The second"), _text("The third"))},
)  # fmt: skip
condition = Block(
    name="condition", plugin=CORE, label=_l("Condition"), icon="eye", category="layout", order=54,
    description=_l("Shows what stands in it only to those for whom its conditions hold."),
    form=ConditionForm, template="core/blocks/condition.html", slots={"body": BlockSlot()},
    example={"rules": [{"rule": "account/signed-in"}]},
    inside={"body": (_text("Only some people read this."),)},
)  # fmt: skip
divider = Block(
    name="divider", plugin=CORE, label=_l("Divider"), icon="minus", category="layout", order=60,
    description=_l("A line between two parts."), form=DividerForm, template="core/blocks/divider.html",
)  # fmt: skip
spacer = Block(
    name="spacer", plugin=CORE, label=_l("Space"), icon="arrows-up-down", category="layout", order=62,
    description=_l("Empty room between two blocks."), form=SpacerForm, template="core/blocks/spacer.html",
)  # fmt: skip
pattern = Block(
    name="pattern", plugin=CORE, label=_l("Pattern"), icon="square-3-stack-3d", category="", order=64,
    description=_l("Holds the blocks of a pattern together: they are moved, doubled and deleted as one."),
    form=PatternForm, template="core/blocks/pattern.html", slots={"body": BlockSlot()}, example={"name": "Pattern"},
    inside={"body": (_text("What the pattern brought."),)},
)  # fmt: skip

ALL = (page, section, columns, grid, condition, divider, spacer, pattern)
