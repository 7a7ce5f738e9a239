"""The blocks that come with Stoa, stored as ``core/<name>``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import lazy_gettext as _l

from lms.extend import Block, BlockForm, BlockSlot, Group, RenderContext
from lms.extend.fields import Choice, Link, Media, PlainText, RichText
from lms.media import services as media

SOURCE = "core"


class PageForm(BlockForm):
    """The root holds blocks and has no options of its own."""


class HeadingForm(BlockForm):
    """A heading. The first level is the title of the page: one per page."""

    text = PlainText(_l("Text"), default=_l("Heading"), max_length=200, inline=True)
    level = Choice(_l("Level"), [(2, "2"), (1, _l("1, title of the page")), (3, "3"), (4, "4")], coerce=int)
    look = Choice(_l("Size"), [("normal", _l("As its level")), ("display", _l("Very large")), ("small", _l("Small"))])

    class Meta:
        groups = (Group("Main Options", "text", "level"), Group("Appearance", "look"))


class TextForm(BlockForm):
    """Formatted text; dynamic links can stand in it."""

    html = RichText(_l("Text"), default="<p></p>")
    look = Choice(
        _l("Style"),
        [
            ("plain", _l("Plain")),
            ("lead", _l("Lead")),
            ("reading", _l("For reading")),
            ("small", _l("Small")),
            ("quote", _l("Quotation")),
        ],
    )

    class Meta:
        groups = (Group("Main Options", "html"), Group("Appearance", "look"))


class ImageForm(BlockForm):
    """A picture of the media library."""

    media = Media(_l("Picture"))
    caption = PlainText(_l("Caption"), max_length=300, inline=True)
    shape = Choice(_l("Shape"), [("whole", _l("Whole picture")), ("cover", _l("Cut to 3:2"))])

    class Meta:
        groups = (Group("Main Options", "media", "caption"), Group("Appearance", "shape"))


class ButtonForm(BlockForm):
    """A link that looks like a button. Without a link for the person there is no button."""

    text = PlainText(_l("Text"), default=_l("Click me"), max_length=80, inline=True)
    link = Link(_l("Button link"), hides_block=True)
    style = Choice(_l("Style"), [("primary", _l("Primary")), ("ghost", _l("Outline")), ("quiet", _l("Words only"))])

    class Meta:
        groups = (Group("Main Options", "text", "link"), Group("Appearance", "style"))


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


def load_pictures(props: Sequence[Mapping[str, Any]], _ctx: RenderContext) -> list[Any]:
    """The media of all pictures of a page; None where it is gone."""
    keys = [((one.get("media") or {}).get("key") or "") for one in props]
    found = media.views(sorted(set(filter(None, keys))))
    return [found.get(key) for key in keys]


page = Block(
    name="page", plugin=SOURCE, label=_l("Page"), icon="document", category="", form=PageForm,
    template="core/blocks/page.html", slots={"main": BlockSlot()},
)  # fmt: skip
heading = Block(
    name="heading", plugin=SOURCE, label=_l("Heading"), icon="bars-3-bottom-left", category="text", order=10,
    form=HeadingForm, template="core/blocks/heading.html", example={"text": "A heading"},
)  # fmt: skip
text = Block(
    name="text", plugin=SOURCE, label=_l("Text"), icon="document-text", category="text", order=20,
    form=TextForm, template="core/blocks/text.html", example={"html": "<p>Words with a <strong>point</strong>.</p>"},
)  # fmt: skip
image = Block(
    name="image", plugin=SOURCE, label=_l("Picture"), icon="photo", category="content", order=30,
    form=ImageForm, template="core/blocks/image.html", load=load_pictures,
)  # fmt: skip
button = Block(
    name="button", plugin=SOURCE, label=_l("Button"), icon="cursor-arrow-rays", category="content", order=40,
    form=ButtonForm, template="core/blocks/button.html",
    example={"text": "See the courses", "link": {"kind": "url", "href": "/courses"}},
)  # fmt: skip
columns = Block(
    name="columns", plugin=SOURCE, label=_l("Columns"), icon="view-columns", category="layout", order=50,
    form=ColumnsForm, template="core/blocks/columns.html", slots={"left": BlockSlot(), "right": BlockSlot()},
)  # fmt: skip

ALL = (page, heading, text, image, button, columns)
