"""Headings, texts, quotations and buttons."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from lms.content.blocks.media import load_portraits
from lms.content.document import CORE
from lms.extend import Block, BlockForm, BlockSlot, Group
from lms.extend.fields import Choice, Link, Media, PlainText, RichText

_PLACES = [("start", _l("At the start")), ("center", _l("In the middle")), ("end", _l("At the end"))]


class HeadingForm(BlockForm):
    """A heading. The first level is the title of the page: one per page."""

    text = PlainText(_l("Text"), default=_l("Heading"), max_length=200, inline=True)
    level = Choice(_l("Level"), [(2, "2"), (1, _l("1, title of the page")), (3, "3"), (4, "4")], coerce=int)
    look = Choice(
        _l("Size"),
        [
            ("normal", _l("As its level")),
            ("display", _l("Very large")),
            ("small", _l("Small")),
            ("price", _l("A price")),
        ],
    )

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


class QuoteForm(BlockForm):
    """What somebody said, and who."""

    words = PlainText(_l("Words"), default=_l("What somebody said."), max_length=800, inline=True)
    name = PlainText(_l("Who said it"), max_length=120, inline=True)
    role = PlainText(_l("Who that is"), max_length=200, inline=True)
    picture = Media(_l("Portrait"))
    look = Choice(_l("Size"), [("plain", _l("Plain")), ("large", _l("Large")), ("card", _l("On a card"))])

    class Meta:
        groups = (Group("Main Options", "words", "name", "role", "picture"), Group("Appearance", "look"))


class ButtonForm(BlockForm):
    """A link that looks like a button. Without a link for the person there is no button."""

    text = PlainText(_l("Text"), default=_l("Click me"), max_length=80, inline=True)
    link = Link(_l("Button link"), hides_block=True)
    style = Choice(_l("Style"), [("primary", _l("Primary")), ("ghost", _l("Outline")), ("quiet", _l("Words only"))])

    class Meta:
        groups = (Group("Main Options", "text", "link"), Group("Appearance", "style"))


class ButtonsForm(BlockForm):
    """Where the row of buttons stands."""

    place = Choice(_l("Place"), _PLACES)


heading = Block(
    name="heading", plugin=CORE, label=_l("Heading"), icon="bars-3-bottom-left", category="text", order=10,
    description=_l("Opens a part of the page. The first level is the title of the page."),
    form=HeadingForm, template="core/blocks/heading.html", example={"text": "A heading"},
)  # fmt: skip
text = Block(
    name="text", plugin=CORE, label=_l("Text"), icon="document-text", category="text", order=20,
    description=_l("Paragraphs and lists. Selected words take links, dynamic ones too."),
    form=TextForm, template="core/blocks/text.html", example={"html": "<p>Words with a <strong>point</strong>.</p>"},
)  # fmt: skip
quote = Block(
    name="quote", plugin=CORE, label=_l("Quotation"), icon="chat-bubble-bottom-center-text", category="text", order=30,
    description=_l("What somebody said, with name and portrait."),
    form=QuoteForm, template="core/blocks/quote.html", load=load_portraits,
    example={
        "words": "My second letter was four sentences long. They telephoned the next morning.",
        "name": "Thomas Reid", "role": "tenants’ adviser in Leeds",
    },
)  # fmt: skip
button = Block(
    name="button", plugin=CORE, label=_l("Button"), icon="cursor-arrow-rays", category="content", order=40,
    description=_l("A link that looks like a button. Who has no use for the link does not see it."),
    form=ButtonForm, template="core/blocks/button.html",
    example={"text": "See the courses", "link": {"kind": "url", "href": "/courses"}},
)  # fmt: skip
buttons = Block(
    name="buttons", plugin=CORE, label=_l("Row of buttons"), icon="ellipsis-horizontal", category="content", order=45,
    description=_l("Several buttons in one line: the first is the next step."),
    form=ButtonsForm, template="core/blocks/buttons.html", example={"place": "start"},
    slots={"buttons": BlockSlot(allow=("core/button",), max=6)},
    inside={"buttons": (
        {"type": "core/button", "props": {"text": "See the courses", "link": {"kind": "url", "href": "/courses"}}},
        {"type": "core/button",
         "props": {"text": "Sign in", "link": {"kind": "url", "href": "/login"}, "style": "quiet"}},
    )},
)  # fmt: skip

ALL = (heading, text, quote, button, buttons)
