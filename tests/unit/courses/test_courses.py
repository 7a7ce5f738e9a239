"""Courses: made, changed, published, read."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from lms import db
from lms.audit.models import AuditEntry
from lms.base.problem import Conflict, NotFound, Problem
from lms.content import services as content
from lms.content.problems import DocumentInvalid
from lms.courses import lookup, outline, services
from lms.courses.models import Lesson
from lms.host import state
from lms.sample.blocks import written
from lms.testing.makers import Makers
from lms.testing.queries import Queries
from lms.testing.sites import TestSite

WORDS = written("words", "A few words.")


def reader() -> db.scope:
    """What a GET runs in."""
    db.rollback()
    return db.scope(db.Mode.READ)


def test_an_outline_has_sections_and_lessons_in_reading_order(site: TestSite, make: Makers) -> None:
    made = make.course(lessons=7, sections=3)
    read = services.outline(made.id)
    assert [lesson.slug for lesson in read.lessons] == [f"lesson-{n}" for n in range(1, 8)]
    assert [lesson.number for lesson in read.lessons] == list(range(1, 8))
    assert [len(section.lessons) for section in read.sections] == [3, 2, 2]


def test_a_new_lesson_knows_its_number_as_the_outline_does(site: TestSite, make: Makers) -> None:
    made = make.course(lessons=4, sections=2)
    view = services.add_lesson(
        made.outline.sections[0].id, title="In between", minutes=1, document=WORDS, actor_id=None
    )
    assert view == services.outline(made.id).lesson("in-between")
    assert view.number == 3


def test_the_neighbours_of_a_lesson_cross_sections_and_end_at_the_ends(site: TestSite, make: Makers) -> None:
    read = make.course(lessons=4, sections=2).outline
    first, second, third, last = read.lessons
    assert (read.before(first), read.after(first)) == (None, second)
    assert (read.before(third), read.after(second)) == (second, third)
    assert read.after(last) is None


def test_the_first_unfinished_lesson_is_the_next_in_reading_order(site: TestSite, make: Makers) -> None:
    read = make.course(lessons=3).outline
    first, second, third = read.lessons
    assert read.first_unfinished(frozenset()) == first
    assert read.first_unfinished(frozenset({first.id, third.id})) == second
    assert read.first_unfinished(frozenset({first.id, second.id, third.id})) is None


def test_a_course_sums_up_its_lessons(site: TestSite, make: Makers) -> None:
    made = make.course(lessons=2)
    services.add_lesson(made.outline.sections[2].id, title="Long", minutes=25, document=WORDS, actor_id=None)
    course = services.course(made.id)
    assert (course.lesson_count, course.minutes) == (3, 35)


def test_an_outline_in_memory_costs_one_small_query_and_equals_the_fresh_one(
    site: TestSite, make: Makers, queries: Queries
) -> None:
    made = make.course(lessons=9)
    with reader():
        fresh = outline.outline_by_slug(made.slug)
        with queries.at_most(1) as statements:
            kept = outline.outline_by_slug(made.slug)
    assert kept is fresh
    assert "courses_placement" not in statements[0]


def test_a_change_of_the_course_shows_at_the_next_look(site: TestSite, make: Makers) -> None:
    made = make.course(lessons=2)
    with reader():
        outline.outline_by_slug(made.slug)
        db.rollback()
    services.add_lesson(made.outline.sections[2].id, title="Third", minutes=5, document=WORDS, actor_id=None)
    db.commit()
    with reader():
        read = outline.outline_by_slug(made.slug)
    assert read is not None
    assert len(read.lessons) == 3


def test_what_a_transaction_saw_and_took_back_is_not_remembered(site: TestSite, make: Makers) -> None:
    made = make.course(lessons=2)
    for title in ("Taken back", "Kept"):
        services.add_lesson(made.outline.sections[2].id, title=title, minutes=5, document=WORDS, actor_id=None)
        services.outline(made.id)
        if title == "Taken back":
            db.rollback()
        else:
            db.commit()
    with reader():
        assert services.outline(made.id).lessons[-1].title == "Kept"


def test_an_unknown_course_has_no_outline(site: TestSite) -> None:
    assert outline.outline_by_slug("nothing") is None
    with pytest.raises(LookupError):
        services.outline(4711)
    with pytest.raises(LookupError):
        services.course(4711)


@pytest.mark.parametrize("slug", ["", "Letters", "two--hyphens", "-first", "last-", "white space", "ä", "x" * 81])
def test_what_is_no_address_is_refused(site: TestSite, slug: str) -> None:
    with pytest.raises(Problem, match="cannot be an address"):
        services.create_course(slug=slug, title="Letters", actor_id=None)


def test_an_address_is_given_once(site: TestSite, make: Makers) -> None:
    make.course(slug="letters")
    with pytest.raises(Conflict, match="already has the address"):
        services.create_course(slug="letters", title="Other letters", actor_id=None)


def test_an_unknown_cover_is_refused(site: TestSite) -> None:
    with pytest.raises(Problem, match="no cover"):
        services.create_course(slug="letters", title="Letters", cover="../secret", actor_id=None)


def test_lessons_with_the_same_title_get_addresses_of_their_own(site: TestSite, make: Makers) -> None:
    section = make.course(lessons=1).outline.sections[0]
    made = [
        services.add_lesson(section.id, title="Practice", minutes=5, document=WORDS, actor_id=None).slug
        for _ in range(3)
    ]
    assert made == ["practice", "practice-2", "practice-3"]


def test_a_lesson_address_that_is_taken_is_refused(site: TestSite, make: Makers) -> None:
    section = make.course(lessons=1).outline.sections[0]
    with pytest.raises(Conflict):
        services.add_lesson(section.id, title="Again", slug="lesson-1", minutes=5, document=WORDS, actor_id=None)


def test_a_lesson_with_a_broken_document_is_not_made(site: TestSite, make: Makers) -> None:
    made = make.course(lessons=1)
    with pytest.raises(DocumentInvalid):
        services.add_lesson(
            made.outline.sections[0].id, title="Broken", minutes=5, document={"schema": 7}, actor_id=None
        )
    db.rollback()
    assert len(db.session.scalars(select(Lesson.id)).all()) == 1
    assert services.course(made.id).lesson_count == 1


def test_a_lesson_keeps_its_text_as_a_document(site: TestSite, make: Makers) -> None:
    made = make.course(lessons=1)
    assert content.published_tree("lesson", made.first_lesson.lesson_id) is not None


def test_an_empty_course_is_not_published(site: TestSite, make: Makers) -> None:
    made = make.course(lessons=0, published=False)
    with pytest.raises(Problem, match="has no lesson yet"):
        services.publish_course(made.id, actor_id=None)


def test_publishing_moves_the_content_version_and_is_written_down_once(site: TestSite, make: Makers) -> None:
    made = make.course(lessons=1, published=False)
    state.refresh()
    before = state.content_version()
    for _ in range(2):
        services.publish_course(made.id, actor_id=None)
        db.commit()
    assert state.content_version() == before + 1
    records = db.session.scalars(select(AuditEntry.subject).where(AuditEntry.action == "course.published")).all()
    assert records == [f"course/{made.id}"]


def test_publishing_again_keeps_the_day_of_the_first_time(site: TestSite, make: Makers) -> None:
    made = make.course(lessons=1)
    first = services.course(made.id).published_at
    services.unpublish_course(made.id, actor_id=None)
    assert services.publish_course(made.id, actor_id=None).published_at == first


def test_an_unpublished_course_leaves_the_list(site: TestSite, make: Makers) -> None:
    made, other = make.course(), make.course()
    services.unpublish_course(made.id, actor_id=None)
    assert [course.id for course in services.list_published()] == [other.id]


def test_published_courses_are_listed_newest_first_and_in_pages(site: TestSite, make: Makers) -> None:
    made = [make.course(lessons=1).id for _ in range(5)]
    first = services.list_published(limit=2)
    second = services.list_published(limit=2, before=first[-1].id)
    third = services.list_published(limit=2, before=second[-1].id)
    assert [course.id for course in (*first, *second, *third)] == made[::-1]


def test_an_old_address_leads_to_the_present_one(site: TestSite, make: Makers) -> None:
    made = make.course(slug="letters")
    _rename(made.id, "letters-that-work")
    _rename(made.id, "letters-that-get-answered")
    assert outline.present_slug("letters") == "letters-that-get-answered"
    assert outline.present_slug("letters-that-work") == "letters-that-get-answered"


def test_a_course_can_go_back_to_its_old_address(site: TestSite, make: Makers) -> None:
    made = make.course(slug="letters")
    _rename(made.id, "post")
    _rename(made.id, "letters")
    assert services.course(made.id).slug == "letters"
    assert outline.present_slug("letters") is None
    assert outline.present_slug("post") == "letters"


def test_an_old_address_can_be_given_to_a_new_course(site: TestSite, make: Makers) -> None:
    _rename(make.course(slug="letters").id, "post")
    new = make.course(slug="letters")
    assert services.course_by_slug("letters") == services.course(new.id)
    assert outline.present_slug("letters") is None


def _rename(course_id: int, slug: str) -> None:
    services.update_course(
        course_id, title="Letters", subtitle="", summary="", slug=slug, cover="letter", actor_id=None
    )
    db.commit()


def test_what_does_not_exist_cannot_be_changed(site: TestSite) -> None:
    with pytest.raises(NotFound):
        services.publish_course(4711, actor_id=None)
    with pytest.raises(NotFound):
        services.add_section(4711, "A section")
    with pytest.raises(NotFound):
        services.add_lesson(4711, title="A lesson", minutes=1, document=WORDS, actor_id=None)


def test_documents_find_their_owners(site: TestSite, make: Makers) -> None:
    made = make.course(lessons=1)
    lesson = lookup.find_lesson(made.first_lesson.lesson_id)
    course = lookup.find_course(made.id)
    assert lesson is not None
    assert course is not None
    assert (lesson.public_path, course.public_path) == (made.first_lesson.path, made.path)
    assert lookup.find_lesson(4711) is None
    assert lookup.find_course(4711) is None
