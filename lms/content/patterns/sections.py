"""Parts of pages. Their words are there to be written over, and read well until they are."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l

from lms.content.document import CORE
from lms.content.patterns.parts import (
    Node,
    button,
    columns,
    grid,
    heading,
    link,
    node,
    question,
    quote,
    row,
    section,
    text,
)
from lms.extend import Pattern

_CATALOGUE = link("site", "catalogue")


def _pattern(name: str, label: Any, description: Any, order: int, *blocks: Node) -> Pattern:
    return Pattern(
        name=name, plugin=CORE, label=label, description=description, category="parts", order=order, blocks=blocks
    )


def _plan(name: Any, price: Any, per: Any, has: Any, words: Any, style: str) -> Node:
    return section(
        heading(name, 3), heading(price, 4, "price"), text(per, "small"), node("core/features", html=has),
        button(words, _CATALOGUE, style), room="none",
    )  # fmt: skip


hero = _pattern(
    "hero", _l("Opening"), _l("What the school is, in one breath, with the next step and a picture."), 10,
    columns(
        [
            heading(_l("Learn it this evening. Use it tomorrow."), 1, "display"),
            text(_l("<p>Short courses by people who do it for a living. You read, you try it on your own work, and "
                    "somebody answers.</p>"), "lead"),
            row(button(_l("See the courses"), _CATALOGUE), button(_l("Who we are"), link("site", "home"), "quiet")),
        ],
        [
            node("core/image", drawn="mountain"),
            text(_l("<p><strong>New this month</strong><br>Nine lessons, the first one free to read.</p>"), "small"),
        ],
        frame="hero",
    ),
)  # fmt: skip

pricing = _pattern(
    "pricing", _l("Prices"), _l("Three ways to pay, side by side; the middle one is the one you recommend."), 20,
    section(
        heading(_l("Three ways to learn here")),
        text(_l("<p>Prices include VAT. You pay on the next page, and come back here.</p>")),
        grid(
            _plan(_l("One course"), "€49", _l("<p>once, yours to keep</p>"),
                  _l("<ul><li>All lessons of one course</li><li>Examples to copy</li></ul>"),
                  _l("Choose a course"), "ghost"),
            _plan(_l("Membership"), "€9", _l("<p>a month, cancel whenever you like</p>"),
                  _l("<ul><li>Every course</li><li>New ones on the day they open</li><li>Your certificates</li></ul>"),
                  _l("Become a member"), "primary"),
            _plan(_l("For a team"), "€240", _l("<p>a year, for five people</p>"),
                  _l("<ul><li>Every course for each of them</li><li>One invoice</li></ul>"),
                  _l("Write to us"), "ghost"),
            count=3, frame="box",
        ),
        ground="line",
    ),
)  # fmt: skip

faq = _pattern(
    "faq", _l("Questions"), _l("What people ask before they buy, answered in two sentences each."), 30,
    columns(
        [
            heading(_l("Before you buy")),
            text(_l("<p>Is yours not among them? Write to us. A person answers within two working days.</p>"), "small"),
        ],
        [
            node("core/accordion", {"questions": [
                question(_l("How long do I keep the course?"),
                         _l("<p>If you buy it once, for as long as this school is open. With a membership, for as "
                            "long as you are a member; what you completed stays yours.</p>"), is_open=True),
                question(_l("Can I get my money back?"),
                         _l("<p>Within fourteen days, without a reason. The button is on your Billing page.</p>")),
                question(_l("How much time does it take?"),
                         _l("<p>A course is read in an evening. Leave a week for trying it on your own work.</p>")),
                question(_l("Do I get an invoice?"),
                         _l("<p>By e-mail, on the day of each charge. All of them are on your Billing page.</p>")),
            ]}),
        ],
        ratio="wide-right", frame="band",
    ),
)  # fmt: skip

curriculum = _pattern(
    "curriculum", _l("Curriculum"), _l("What is in a course, lesson by lesson, with what the reader has completed."),
    40,
    columns(
        [
            heading(_l("What is in the course")),
            text(_l("<p>Each lesson ends with something to try. The ones marked as free are open to everybody.</p>"),
                 "small"),
            button(_l("See all courses"), _CATALOGUE, "ghost"),
        ],
        [node("learning/curriculum", title="")],
        ratio="wide-right", frame="band",
    ),
)  # fmt: skip

testimonials = _pattern(
    "testimonials", _l("Voices"), _l("Three people who took a course, with their names and what they do."), 50,
    section(
        heading(_l("What became of it")),
        grid(
            quote(_l("My second letter was four sentences long. They telephoned the next morning."),
                  "Thomas Reid", _l("tenants’ adviser in Leeds")),
            quote(_l("I read one lesson on the train, every day for two weeks. I still open the examples."),
                  "Ines Moreau", _l("office manager in Lyon")),
            quote(_l("Our minutes are one page now, and people do what they say."),
                  "Daniel Okoye", _l("chair of a school board")),
            count=3,
        ),
        ground="soft",
    ),
)  # fmt: skip

instructor = _pattern(
    "instructor", _l("Instructor"), _l("Who teaches here, and why one should believe them."), 60,
    section(
        columns(
            [node("core/image", drawn="porch")],
            [
                heading(_l("Taught by somebody who did it")),
                text(_l("<p>Margaret Ellis answered the post of a county council: some ninety letters a day, about "
                        "drains, school places and trees.</p>"), "lead"),
                text(_l("<p>She kept the two hundred that worked. The courses are what they have in common.</p>")),
                node("core/features", html=_l("<ul><li>22 years at the desk, not on a stage</li><li>Reads a letter of "
                                              "every student</li><li>Answers within two working days</li></ul>")),
            ],
            ratio="halves",
        ),
        ground="line",
    ),
)  # fmt: skip

call_to_action = _pattern(
    "call-to-action", _l("Call to action"), _l("One sentence and one button, on a dark ground."), 70,
    section(
        heading(_l("Read the first lesson tonight"), 2, "display"),
        text(_l("<p>It is free, it takes eight minutes, and nobody asks for your address.</p>"), "lead"),
        row(button(_l("See the courses"), _CATALOGUE), place="center"),
        ground="dark", place="center", width="middle", room="l",
    ),
)  # fmt: skip

footer = _pattern(
    "footer", _l("Foot of the page"), _l("Where to go from here: courses, account, and how to reach you."), 100,
    section(
        grid(
            section(
                heading(_l("A small school"), 3),
                text(_l("<p>Short courses by people who do it for a living. Made at one long table.</p>"), "small"),
                room="none",
            ),
            section(
                heading(_l("Learn"), 3, "small"),
                text(_l('<p><a data-link="site/catalogue">All courses</a></p><p><a data-link="site/home">Home</a></p>'),
                     "small"),
                room="none",
            ),
            section(
                heading(_l("Write to us"), 3, "small"),
                text(_l('<p><a href="mailto:post@school.example">post@school.example</a></p><p>A person answers within '
                        "two working days.</p>"), "small"),
                room="none",
            ),
            node("accounts/account-menu"),
            count=4,
        ),
        ground="soft",
    ),
)  # fmt: skip

ALL = (hero, pricing, faq, curriculum, testimonials, instructor, call_to_action, footer)
