"""The sample course, "Letters that get answered": three sections, nine lessons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lms.sample.blocks import written
from lms.sample.letters_after import AFTER
from lms.sample.letters_before import BEFORE
from lms.sample.letters_page import PAGE


@dataclass(frozen=True, slots=True)
class SampleLesson:
    """A lesson; ``source`` is its text as ``blocks.written`` reads it."""

    slug: str
    title: str
    minutes: int
    source: str
    preview: bool = False

    @property
    def document(self) -> dict[str, Any]:
        """The lesson's text as a document."""
        return written(self.slug, self.source)


@dataclass(frozen=True, slots=True)
class SampleSection:
    title: str
    lessons: tuple[SampleLesson, ...]


def make(courses: Any, *, actor_id: int | None) -> Any:
    """Make the course and publish it, through ``courses`` (the room's services); returns its ``CourseView``."""
    made = courses.create_course(**COURSE, actor_id=actor_id)
    for section in SECTIONS:
        place = courses.add_section(made.id, section.title, actor_id=actor_id)
        for lesson in section.lessons:
            courses.add_lesson(
                place.id, title=lesson.title, slug=lesson.slug, minutes=lesson.minutes, document=lesson.document,
                preview=lesson.preview, actor_id=actor_id,
            )  # fmt: skip
    return courses.publish_course(made.id, actor_id=actor_id)


COURSE: dict[str, Any] = {
    "slug": "letters-that-get-answered",
    "title": "Letters that get answered",
    "subtitle": (
        "To landlords, offices, suppliers and people you have never met. Say what you want in the first sentence, "
        "prove it in the second, and hear back."
    ),
    "summary": "How to write the letter that somebody at the other end can say yes to today.",
    "cover": "letter",
    "language": "en",
    "teacher_name": "Margaret Ellis",
    "teacher_title": "Read other people’s letters for 22 years",
    "teacher_bio": (
        "Margaret answered the post of a county council: some ninety letters a day, about drains, school places and "
        "trees. She kept the two hundred that worked. This course is what they have in common."
    ),
    "outcomes": [
        "Say in one line what a letter is for",
        "Open with the request, not with yourself",
        "Put facts in an order nobody can dispute",
        "Set a date without sounding like a threat",
        "Write the second letter when the first is ignored",
        "Take a no, and ask for the reason",
    ],
    "questions": [
        {
            "q": "How long do I keep the course?",
            "a": "If you buy it once, for as long as this school is open. With a membership, for as long as you are a "
            "member; what you finished stays yours.",
        },
        {
            "q": "Can I get my money back?",
            "a": "Yes, within fourteen days, whatever you have read. Write to post@longtable.example with the order "
            "number; a person answers within two working days.",
        },
        {
            "q": "Does somebody read my letter?",
            "a": "In the last lesson you find a stranger to read it, and Margaret’s list of eight questions to give "
            "them. A stranger tells you more about a letter than a teacher does.",
        },
    ],
}
"""Arguments of ``courses.services.create_course``."""

SECTIONS: tuple[SampleSection, ...] = (
    SampleSection(
        "Before you write",
        (
            SampleLesson("who-is-going-to-read-this", "Who is going to read this?", 8, BEFORE[0], preview=True),
            SampleLesson("one-letter-one-request", "One letter, one request", 11, BEFORE[1]),
            SampleLesson("what-the-reader-already-knows", "What the reader already knows", 9, BEFORE[2]),
        ),
    ),
    SampleSection(
        "On the page",
        (
            SampleLesson("the-first-sentence", "The first sentence", 12, PAGE[0]),
            SampleLesson("facts-in-the-order-they-happened", "Facts in the order they happened", 10, PAGE[1]),
            SampleLesson("asking-plainly", "Asking plainly", 9, PAGE[2]),
        ),
    ),
    SampleSection(
        "After you send it",
        (
            SampleLesson(
                "dates-deadlines-and-the-second-letter", "Dates, deadlines and the second letter", 11, AFTER[0]
            ),
            SampleLesson("when-the-answer-is-no", "When the answer is no", 13, AFTER[1]),
            SampleLesson("your-letter-read-by-a-stranger", "Your letter, read by a stranger", 25, AFTER[2]),
        ),
    ),
)
