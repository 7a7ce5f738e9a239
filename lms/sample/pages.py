"""The pages of the sample site "Long Table", as documents."""

from __future__ import annotations

from lms.sample import picture
from lms.sample.blocks import (
    Json,
    button,
    columns,
    document,
    heading,
    image,
    page_address,
    subscription,
    text,
)

PORTAL: Json = {
    "kind": "dynamic", "source": "stripe", "key": "customer-portal", "args": {}, "unavailable": "hide",
}  # fmt: skip
_PORTAL_IN_TEXT = '<a data-link="stripe/customer-portal" data-args="{}" data-unavailable="hide">'


def home(*, course_path: str, lesson_path: str, picture_key: str = "") -> Json:
    """The home page; ``picture_key`` names a picture of the media library for the opening, "" for none."""
    opening = [
        heading("Write it once. Have it read.", 1, "display"),
        text(
            "<p>Short courses on the writing that working life is made of: letters, minutes, contracts, notes. Each "
            "is taught by somebody who did it for a living.</p>",
            "lead",
        ),
        button("See the courses", page_address("/courses")),
        button("Read a lesson first", page_address(lesson_path), "quiet"),
    ]
    beside = [image(picture_key, picture.ALT)] if picture_key else []
    beside.append(
        text(
            f'<p><strong><a href="{course_path}">Letters that get answered</a></strong><br>Margaret Ellis, nine '
            "lessons. New this month.</p>",
            "small",
        )
    )
    return document(
        "home",
        [
            columns(opening, beside, frame="hero"),
            _first_page(lesson_path),
            _prices(course_path),
            _reader(course_path),
        ],
    )


def _first_page(lesson_path: str) -> Json:
    words = (
        "<p>Somebody opens your letter at ten past nine, after eleven others. She did not make the mistake you "
        "describe. She has a short list of things she may do without asking anyone, and she hopes that yours is on "
        "it.</p><p>Before you write a word, find out what is on that list.</p>"
        f'<p><a href="{lesson_path}">Read the whole lesson</a></p>'
    )
    head = [
        heading("A page from lesson one"),
        text("<p>The first lesson of every course is open to everybody. No address needed.</p>", "small"),
    ]
    return columns(head, [text(words, "reading")], ratio="wide-right", frame="band")


def _prices(course_path: str) -> Json:
    once = [
        heading("€49 once", 3),
        text(f'<p>The course <a href="{course_path}">Letters that get answered</a>, yours to keep.</p>'),
        button("Buy this course", page_address(course_path), "ghost"),
    ]
    monthly = [
        heading("€9 a month", 3),
        text("<p>Open for as long as you are a member. Cancel whenever you like.</p>"),
        button("Become a member", page_address(course_path)),
    ]
    head = [heading("Two ways to pay"), text("<p>Both open the same lessons. Prices include VAT.</p>", "small")]
    return columns(head, [columns(once, monthly, frame="box")], ratio="wide-right", frame="band")


def _reader(course_path: str) -> Json:
    who = (
        "<p>Thomas Reid, tenants’ adviser in Leeds, took "
        f'<a href="{course_path}">Letters that get answered</a> in October</p>'
    )
    said = "<p>My second letter to the housing office was four sentences long. They telephoned the next morning.</p>"
    return columns([text(who, "small")], [text(said, "quote")], ratio="wide-right", frame="band")


def manage() -> Json:
    """ "Manage your subscription": the portal as a button, and once more as words in a sentence."""
    left = [
        heading("Manage your subscription", 1),
        text(
            "<p>Change your card, read your invoices, or cancel. It happens on Stripe’s page, and you come back "
            "here.</p>",
            "lead",
        ),
        button("Manage your subscription", PORTAL),
        heading("If you cancel"),
        text(
            "<p>Your courses stay open until the end of the month you have paid for. Your progress stays for good, "
            "and so does whatever you bought once.</p>"
        ),
        heading("Invoices"),
        text(
            "<p>An invoice arrives by e-mail on the day of each charge. "
            f"{_PORTAL_IN_TEXT}All of them are in your customer portal.</a></p>"
        ),
        heading("If something is wrong with a payment"),
        text(
            '<p>Write to <a href="mailto:post@longtable.example">post@longtable.example</a> with the invoice '
            "number. A "
            "person answers within two working days.</p>"
        ),
    ]
    return document("manage", [columns(left, [subscription()], ratio="wide-left")])


def about() -> Json:
    """ "About this school"."""
    return document(
        "about",
        [
            heading("About this school", 1),
            text(
                "<p>Long Table is a small school for the writing that working life is made of. It has one rule: "
                "whoever teaches here has done it for a living, for ten years at least.</p>",
                "lead",
            ),
            heading("Why a long table"),
            text(
                "<p>The school began in the canteen of a county council, where the people who answered the post ate "
                "at one long table and read each other the best letter of the day. Margaret Ellis kept two hundred "
                "of them. When she retired, her colleagues asked her what these had in common. The answer became "
                "our first course.</p>"
            ),
            heading("How the courses work"),
            text(
                "<p>A course is read in an evening and used for years. Each lesson ends with something to try on a "
                "real piece of paper. There are no videos to wait for and no points to collect. You go at your own "
                "pace, mark a lesson complete when you have tried it, and come back whenever you need it.</p>"
                "<p>The first lesson of every course is open to everybody. Read it before you pay for anything.</p>"
            ),
            heading("Who we are"),
            text(
                "<ul><li><strong>Margaret Ellis</strong> answered the post of a county council for 22 years.</li>"
                "<li><strong>Helen Marsh</strong> keeps these pages in order.</li></ul>"
                '<p>Write to us at <a href="mailto:post@longtable.example">post@longtable.example</a>. A person '
                "answers "
                "within two working days.</p>"
            ),
            button("See the courses", page_address("/courses")),
        ],
    )
