"""The sample course and pages: complete, and documents that the site takes."""

from __future__ import annotations

from typing import Any

import pytest

from lms import db
from lms.content import catalog, checking, document
from lms.courses import services
from lms.sample import blocks, letters
from lms.sample import site as sample_site
from lms.testing.sites import TestSite

LESSONS = [lesson for section in letters.SECTIONS for lesson in section.lessons]


def test_the_sample_course_has_nine_lessons_of_108_minutes_and_the_first_is_free(site: TestSite) -> None:
    course = letters.make(services, actor_id=None)
    db.commit()
    read = services.outline(course.id)
    assert course.is_published
    assert [len(section.lessons) for section in read.sections] == [3, 3, 3]
    assert course.minutes == 108
    assert [lesson.preview for lesson in read.lessons] == [True] + [False] * 8


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.slug)
def test_a_sample_lesson_is_long_enough_to_be_read_and_short_enough_to_be_finished(
    lesson: letters.SampleLesson,
) -> None:
    assert 250 <= len(lesson.source.split()) <= 500


@pytest.mark.parametrize("page", sample_site.documents("key"), ids=lambda page: page[0])
def test_a_sample_page_is_a_document_that_can_be_stored(site: TestSite, page: tuple[str, str, dict[str, Any]]) -> None:
    assert checking.checked(page[2], catalog.current())


def test_the_portal_stands_on_the_manage_page_as_a_button_and_in_a_sentence() -> None:
    tree = {slug: tree for slug, _title, tree in sample_site.documents()}[sample_site.MANAGE_SLUG]
    found = list(document.blocks(tree["root"]))
    buttons = [block["props"]["link"] for block in found if block["type"] == "core/button"]
    sentences = [block["props"]["html"] for block in found if block["type"] == "core/text"]
    assert {"source": "stripe", "key": "customer-portal", "unavailable": "hide"}.items() <= buttons[0].items()
    assert sum('data-link="stripe/customer-portal"' in html for html in sentences) == 1
    assert any(block["type"] == "commerce/subscription" for block in found)


def test_written_text_becomes_headings_paragraphs_lists_and_quotations() -> None:
    made = blocks.written("x", "One *two*\nthree & four.\n\n> Said.\n>\n> Again.\n\n## Head\n\n- a\n- b\n  c")
    first, head, last = made["root"]["slots"]["main"]
    assert first["props"]["html"] == (
        "<p>One <em>two</em> three &amp; four.</p><blockquote><p>Said.</p><p>Again.</p></blockquote>"
    )
    assert head["props"]["text"] == "Head"
    assert last["props"]["html"] == "<ul><li>a</li><li>b c</li></ul>"
