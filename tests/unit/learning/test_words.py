"""Words about lengths and numbers."""

from __future__ import annotations

import pytest

from lms.learning import words
from lms.testing.sites import TestSite


@pytest.mark.parametrize(
    ("minutes", "said"),
    [(0, "0 min"), (8, "8 min"), (60, "1 h"), (108, "1 h 48 min"), (125, "2 h 05 min"), (120, "2 h")],
)
def test_a_length_reads_as_people_say_it(site: TestSite, minutes: int, said: str) -> None:
    with site.app.test_request_context():
        assert words.duration(minutes) == said


@pytest.mark.parametrize(
    ("lessons", "sections", "said"),
    [(1, 1, "1 lesson"), (9, 1, "9 lessons"), (9, 3, "9 lessons in 3 sections"), (2, 0, "2 lessons")],
)
def test_lessons_are_counted_in_words(site: TestSite, lessons: int, sections: int, said: str) -> None:
    with site.app.test_request_context():
        assert words.lessons_and_sections(lessons, sections) == said
