"""Finding a course, reading it, losing and regaining it: as a browser sees it."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from PIL import Image
from werkzeug.test import TestResponse

from lms import db
from lms.base import clock as base_clock
from lms.content import services as content
from lms.courses import services as courses
from lms.host import state
from lms.learning import services
from lms.media import services as media
from lms.sample import blocks
from lms.testing.fixtures import Clock
from lms.testing.makers import MadeCourse, Makers
from lms.testing.sites import TestSite

SignIn = Callable[..., FlaskClient]


def press(browser: FlaskClient, path: str, words: str) -> TestResponse:
    """Open the page and press the button of the form with these words on it."""
    page = browser.get(path).text
    for form in re.findall(r"<form.*?</form>", page, re.DOTALL):
        if f">{words}</button>" in form:
            action = re.search(r'action="([^"]+)"', form)
            token = re.search(r'name="csrf_token" value="([^"]+)"', form)
            assert action
            assert token
            return browser.post(action[1], data={"csrf_token": token[1]})
    raise AssertionError(f"No button {words!r} on {path}:\n{page}")


def link(page: TestResponse, words: str) -> str:
    """The address of the first link with these words; "" when there is none."""
    for href, inside in re.findall(r'<a [^>]*href="([^"]+)"[^>]*>(.*?)</a>', page.text, re.DOTALL):
        if words in re.sub(r"<[^>]+>", "", inside):
            return href
    return ""


def student(make: Makers, sign_in: SignIn, course: MadeCourse, **grant: Any) -> tuple[Any, FlaskClient]:
    """Somebody who holds the course, signed in."""
    person = make.person()
    make.grant(person, make.product(course), **grant)
    return person, sign_in(person)


# The catalogue


def test_the_catalogue_shows_published_courses_with_what_they_cost(make: Makers, client: FlaskClient) -> None:
    course = make.course(title="Letters", teacher_name="Margaret Ellis")
    make.course(title="Not yet", published=False)
    product = make.product(course)
    make.offer(product, kind="subscription", amount=900)
    make.offer(product, amount=4900)
    page = client.get("/courses")
    assert link(page, "Letters") == course.path
    assert "Margaret Ellis" in page.text
    assert "<strong>€49</strong>" in page.text
    assert "Not yet" not in page.text


def test_a_course_that_only_a_membership_opens_says_so(make: Makers, client: FlaskClient) -> None:
    make.course()
    make.offer(make.product(), kind="subscription", amount=900)
    assert "<strong>€9 a month</strong>" in client.get("/courses").text


def test_the_catalogue_shows_a_student_the_own_progress(make: Makers, sign_in: SignIn) -> None:
    course = make.course(lessons=4)
    person, browser = student(make, sign_in, course)
    services.complete(person.id, course.outline, course.first_lesson, base_clock.now())
    db.commit()
    page = browser.get("/courses").text
    assert "1 of 4 complete" in page
    assert '<span class="go-on">Continue</span>' in page


def test_the_catalogue_asks_no_owner_for_the_price(make: Makers, sign_in: SignIn) -> None:
    course, person = make.course(), make.person()
    product = make.product(course)
    make.offer(product)
    make.grant(person, product)
    browser = sign_in(person)
    assert "€49" not in browser.get("/courses").text
    make.grant(person, product, ends_at=base_clock.now())
    assert "€49" in browser.get("/courses").text


def test_an_empty_catalogue_says_what_will_fill_it(client: FlaskClient) -> None:
    page = client.get("/courses")
    assert page.status_code == 200
    assert "No courses yet" in page.text


def test_a_long_catalogue_is_read_in_parts(make: Makers, client: FlaskClient) -> None:
    made = [make.course(lessons=1, sections=1, title=f"Number {n:02}") for n in range(26)]
    first = client.get("/courses")
    older = client.get(link(first, "Show older"))
    assert "Number 25" in first.text
    assert "Number 01" not in first.text
    assert link(older, "Number 01") == made[1].path
    assert "Number 02" not in older.text
    assert link(older, "Show older") == ""


# The course page


def test_a_guest_sees_the_whole_course_and_how_to_get_it(make: Makers, client: FlaskClient) -> None:
    course = make.course(
        subtitle="To people you have never met.", outcomes=["Say it in one line"], teacher_name="Margaret Ellis",
        questions=[{"q": "How long?", "a": "For good."}],
    )  # fmt: skip
    offer = make.offer(make.product(course))
    page = client.get(course.path)
    assert link(page, "Buy this course") == offer.checkout_path
    for words in ("To people you have never met.", "Say it in one line", "Margaret Ellis", "For good.", "Section 2"):
        assert words in page.text
    assert "9 lessons in 3 sections" in page.text


def test_only_the_free_lesson_of_the_curriculum_is_a_link(make: Makers, client: FlaskClient) -> None:
    course = make.course()
    page = client.get(course.path)
    assert link(page, "Free to read") == course.first_lesson.path
    assert link(page, "Lesson 2") == ""
    assert page.text.count("Opens when you have bought the course") == 8


def test_each_offer_of_the_course_has_its_button(make: Makers, client: FlaskClient) -> None:
    course = make.course()
    member = make.offer(make.product(), kind="subscription", amount=900, button_text="Become a member")
    once = make.offer(make.product(course))
    page = client.get(course.path)
    assert link(page, "Become a member") == member.checkout_path
    assert page.text.index(once.checkout_path) < page.text.index(member.checkout_path)


def test_a_course_that_nothing_sells_says_so(make: Makers, client: FlaskClient) -> None:
    assert "not for sale at the moment" in client.get(make.course().path).text


def test_an_owner_goes_to_the_course_and_is_not_asked_to_buy(make: Makers, sign_in: SignIn) -> None:
    course = make.course()
    make.offer(make.product(course))
    _person, browser = student(make, sign_in, course)
    page = browser.get(course.path)
    assert link(page, "Go to course") == f"/learn/{course.slug}"
    assert "/checkout/" not in page.text
    assert link(page, "Lesson 9") == course.lessons[8].path


def test_the_guests_page_from_memory_is_never_given_to_an_owner(
    make: Makers, sign_in: SignIn, client: FlaskClient
) -> None:
    course = make.course()
    make.offer(make.product(course))
    client.get(course.path)
    _person, browser = student(make, sign_in, course)
    assert "Go to course" in browser.get(course.path).text
    assert "Go to course" not in client.get(course.path).text


def test_a_page_for_guests_sets_no_cookie_and_may_be_shared(make: Makers, client: FlaskClient) -> None:
    course = make.course()
    for path in ("/courses", course.path, course.first_lesson.path):
        answer = client.get(path)
        assert "Set-Cookie" not in answer.headers
        assert answer.headers["Cache-Control"].startswith("public")


def test_what_guests_see_changes_with_the_course(make: Makers, client: FlaskClient) -> None:
    course = make.course()
    client.get(course.path)
    courses.update_course(
        course.id, title="Another title", subtitle="", summary="", slug=course.slug, cover="wave", actor_id=None
    )
    db.commit()
    page = client.get(course.path).text
    assert "<h1>Another title</h1>" in page
    assert "covers/wave.svg" in page


def test_an_old_address_leads_to_the_present_one(make: Makers, client: FlaskClient) -> None:
    course = make.course(slug="letters")
    courses.update_course(
        course.id, title="Letters", subtitle="", summary="", slug="post", cover="letter", actor_id=None
    )
    db.commit()
    for old, new in (("/courses/letters", "/courses/post"), ("/learn/letters/lesson-1", "/learn/post/lesson-1")):
        answer = client.get(old)
        assert (answer.status_code, answer.headers["Location"]) == (301, new)


# What is not published


@pytest.mark.parametrize("signed_in", [False, True])
def test_a_draft_does_not_exist_for_people(make: Makers, sign_in: SignIn, client: FlaskClient, signed_in: bool) -> None:
    course = make.course(published=False)
    browser = student(make, sign_in, course)[1] if signed_in else client
    for path in (course.path, f"/learn/{course.slug}", course.first_lesson.path, course.lessons[1].path):
        assert browser.get(path).status_code == 404


def test_staff_see_a_draft_under_a_banner(make: Makers, sign_in: SignIn) -> None:
    course = make.course(published=False)
    browser = sign_in(make.person(role="creator"))
    assert "Only staff see this page." in browser.get(course.path).text
    assert "Only staff see this lesson." in browser.get(course.lessons[4].path).text


@pytest.mark.parametrize("path", ["/courses/none", "/learn/none", "/learn/none/lesson-1", "/learn/course-1/none"])
def test_what_does_not_exist_is_said_to_be_missing(make: Makers, client: FlaskClient, path: str) -> None:
    make.course()
    assert client.get(path).status_code == 404


# Reading


def test_a_free_lesson_is_open_to_everybody_and_shows_the_way_to_the_rest(make: Makers, client: FlaskClient) -> None:
    course = make.course()
    page = client.get(course.first_lesson.path)
    assert page.status_code == 200
    assert "Words of lesson 1." in page.text
    assert link(page, "See the whole course") == course.path
    assert "Mark complete" not in page.text


def test_a_lesson_shows_its_place_its_neighbours_and_its_text(make: Makers, sign_in: SignIn) -> None:
    course = make.course()
    _person, browser = student(make, sign_in, course)
    page = browser.get(course.lessons[3].path)
    assert page.status_code == 200
    assert "Section 2, lesson 4 of 9, 5 minutes" in page.text
    assert "Words of lesson 4." in page.text
    assert re.search(r'class="previous" href="/learn/course-1/lesson-3"', page.text)
    assert re.search(r'class="next" href="/learn/course-1/lesson-5"', page.text)
    assert page.text.count('aria-current="page"') == 1


def test_marking_complete_moves_the_progress_and_says_what_comes_next(make: Makers, sign_in: SignIn) -> None:
    course = make.course()
    _person, browser = student(make, sign_in, course)
    answer = press(browser, course.first_lesson.path, "Mark complete")
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{course.first_lesson.path}#completion")
    page = browser.get(course.first_lesson.path)
    assert "This lesson is complete" in page.text
    assert "1 of 9 complete" in page.text
    assert link(page, "Continue with lesson 2") == course.lessons[1].path


def test_a_lesson_added_to_a_course_appears_at_once_in_outline_and_curriculum(make: Makers, sign_in: SignIn) -> None:
    course = make.course(lessons=3)
    _person, browser = student(make, sign_in, course)
    for path in (course.path, course.first_lesson.path):
        browser.get(path)
    courses.add_lesson(
        course.outline.sections[2].id, title="Brand new", minutes=1, document=blocks.written("n", "New."), actor_id=None
    )
    db.commit()
    for path in (course.path, course.first_lesson.path):
        assert "Brand new" in browser.get(path).text


def test_marking_complete_can_be_taken_back(make: Makers, sign_in: SignIn) -> None:
    course = make.course()
    _person, browser = student(make, sign_in, course)
    press(browser, course.first_lesson.path, "Mark complete")
    press(browser, course.first_lesson.path, "Take back")
    page = browser.get(course.first_lesson.path).text
    assert "0 of 9 complete" in page
    assert ">Mark complete</button>" in page


def test_a_completed_course_says_so_and_takes_nothing_back(make: Makers, sign_in: SignIn) -> None:
    course = make.course(lessons=1)
    _person, browser = student(make, sign_in, course)
    press(browser, course.first_lesson.path, "Mark complete")
    page = browser.get(course.first_lesson.path).text
    assert "You completed this course on" in page
    assert "Take back" not in page


def test_continue_leads_to_the_first_lesson_that_is_not_complete(make: Makers, sign_in: SignIn) -> None:
    course = make.course(lessons=3)
    _person, browser = student(make, sign_in, course)
    begin = f"/learn/{course.slug}"
    assert browser.get(begin).headers["Location"] == course.lessons[0].path
    press(browser, course.lessons[0].path, "Mark complete")
    press(browser, course.lessons[2].path, "Mark complete")
    assert browser.get(begin).headers["Location"] == course.lessons[1].path
    press(browser, course.lessons[1].path, "Mark complete")
    assert browser.get(begin).headers["Location"] == course.lessons[0].path


def test_continue_never_leads_to_a_lock(make: Makers, sign_in: SignIn, client: FlaskClient) -> None:
    course = make.course()
    for browser in (client, sign_in(make.person())):
        answer = browser.get(f"/learn/{course.slug}")
        assert (answer.status_code, answer.headers["Location"]) == (303, course.path)


def test_the_first_visit_under_a_membership_enrols(make: Makers, sign_in: SignIn) -> None:
    course, person = make.course(), make.person()
    make.grant(person, make.product())
    sign_in(person).get(course.lessons[2].path)
    assert [taken.course.id for taken in services.courses_of(person.id)] == [course.id]


def test_looking_at_a_free_lesson_enrols_nobody(make: Makers, sign_in: SignIn) -> None:
    course, person = make.course(), make.person()
    assert sign_in(person).get(course.first_lesson.path).status_code == 200
    assert services.courses_of(person.id) == ()


def test_staff_read_without_being_enrolled(make: Makers, sign_in: SignIn) -> None:
    course, person = make.course(), make.person(role="creator")
    assert sign_in(person).get(course.lessons[5].path).status_code == 200
    assert services.courses_of(person.id) == ()


# Locked


def test_a_guest_is_asked_to_sign_in_and_comes_back(make: Makers, client: FlaskClient) -> None:
    lesson = make.course().lessons[1]
    page = client.get(lesson.path)
    assert page.status_code == 403
    assert link(page, "Sign in") == f"/login?next={lesson.path}"
    assert "Words of lesson 2." not in page.text


def test_without_a_purchase_a_lesson_leads_to_the_checkout(make: Makers, sign_in: SignIn) -> None:
    course = make.course()
    offer = make.offer(make.product(course))
    page = sign_in(make.person()).get(course.lessons[1].path)
    assert page.status_code == 403
    assert link(page, "Buy this course") == offer.checkout_path
    assert link(page, "Read lesson 1, free") == course.first_lesson.path
    assert "Words of lesson 2." not in page.text


def test_an_ended_access_says_when_and_how_to_renew(
    make: Makers, sign_in: SignIn, site: TestSite, clock: Clock
) -> None:
    course, person = make.course(), make.person()
    product = make.product(course)
    make.offer(make.product())
    offer = make.offer(product, kind="subscription", amount=900)
    ends = base_clock.now() + timedelta(days=10)
    make.grant(person, product, ends_at=ends)
    browser = sign_in(person)
    press(browser, course.lessons[1].path, "Mark complete")
    clock.advance(days=11)
    page = browser.get(course.lessons[1].path)
    assert page.status_code == 403
    assert f"Your access ended on {ends:%B} {ends.day}, {ends.year}." in page.text
    assert "1 of 9 complete" in page.text
    assert link(page, "Renew") == offer.checkout_path
    assert "Words of lesson 2." not in page.text


@pytest.mark.parametrize(
    ("grant", "sentence", "words", "leads_to"),
    [
        ({"state": "suspended"}, "Your last payment did not go through", "Settle the payment", "/account/billing"),
        ({"state": "pending"}, "Your payment is on its way", "See my orders", "/account/billing"),
        ({"state": "revoked"}, "Your access has ended.", "Renew", "/checkout/"),
    ],
)  # fmt: skip
def test_a_lock_names_its_reason_and_the_next_step(
    make: Makers, sign_in: SignIn, grant: dict[str, Any], sentence: str, words: str, leads_to: str
) -> None:
    course, person = make.course(), make.person()
    product = make.product(course)
    make.offer(product)
    make.grant(person, product, **grant)
    browser = sign_in(person)
    lesson = browser.get(course.lessons[1].path)
    assert lesson.status_code == 403
    assert sentence in lesson.text
    assert link(lesson, words).startswith(leads_to)
    page = browser.get(course.path)
    assert sentence in page.text
    assert link(page, words).startswith(leads_to)


def test_who_has_only_to_pay_is_not_sold_the_course_again(make: Makers, sign_in: SignIn) -> None:
    course, person = make.course(), make.person()
    product = make.product(course)
    make.offer(product)
    make.grant(person, product, state="suspended", reason="past_due")
    browser = sign_in(person)
    for path in (course.path, course.lessons[1].path):
        assert "/checkout/" not in browser.get(path).text


def test_a_locked_lesson_cannot_be_completed(make: Makers, sign_in: SignIn) -> None:
    course, person = make.course(), make.person()
    browser = sign_in(person)
    token = re.search(r'name="csrf_token" value="([^"]+)"', browser.get("/account").text)
    assert token
    for lesson in course.lessons[:2]:
        answer = browser.post(f"{lesson.path}/complete", data={"csrf_token": token[1]})
        assert answer.status_code == 403
    assert services.courses_of(person.id) == ()


def test_completing_needs_the_token_of_the_form(make: Makers, sign_in: SignIn) -> None:
    course = make.course()
    person, browser = student(make, sign_in, course)
    assert browser.post(f"{course.first_lesson.path}/complete").status_code == 400
    assert services.courses_of(person.id)[0].done == 0


def test_who_was_signed_out_meanwhile_comes_back_to_the_lesson(make: Makers, client: FlaskClient) -> None:
    lesson = make.course().first_lesson
    answer = client.get(f"{lesson.path}/complete")
    assert (answer.status_code, answer.headers["Location"]) == (303, lesson.path)


# The dashboard


def test_an_empty_dashboard_leads_to_the_courses(make: Makers, sign_in: SignIn) -> None:
    page = sign_in(make.person()).get("/account")
    assert "You have no courses yet" in page.text
    assert link(page, "See the courses") == "/courses"


def test_the_dashboard_continues_where_the_person_was(make: Makers, sign_in: SignIn) -> None:
    course = make.course(lessons=3)
    _person, browser = student(make, sign_in, course)
    press(browser, course.first_lesson.path, "Mark complete")
    page = browser.get("/account")
    assert link(page, "Continue") == course.lessons[1].path
    assert "1 of 3 complete" in page.text


def test_the_dashboard_sorts_courses_by_how_far_they_are(make: Makers, sign_in: SignIn) -> None:
    person = make.person()
    current, under_way, fresh, finished = (make.course(lessons=2, title=t) for t in ("Now", "Half", "Fresh", "All"))
    make.grant(person, make.product(current, under_way, fresh, finished))
    now = base_clock.now()
    for course, lessons in ((under_way, 1), (finished, 2), (current, 1)):
        for n, lesson in enumerate(course.lessons[:lessons]):
            services.complete(person.id, course.outline, lesson, now + timedelta(minutes=course.id * 10 + n))
    services.complete(person.id, current.outline, current.first_lesson, now)
    db.commit()
    page = sign_in(person).get("/account").text
    order = [page.index(words) for words in ("Under way", "Not begun", "Fresh", "Finished", ">All<")]
    assert order == sorted(order)


def test_an_ended_course_keeps_its_results_and_can_be_renewed(make: Makers, sign_in: SignIn, clock: Clock) -> None:
    course, person = make.course(), make.person()
    product = make.product(course)
    offer = make.offer(product)
    make.grant(person, product, ends_at=base_clock.now() + timedelta(days=1))
    browser = sign_in(person)
    press(browser, course.first_lesson.path, "Mark complete")
    clock.advance(days=2)
    page = browser.get("/account")
    assert "1 of 9 complete" in page.text
    assert "Access ended on" in page.text
    assert link(page, "Renew") == offer.checkout_path


def test_a_course_waiting_for_money_asks_for_the_card(make: Makers, sign_in: SignIn) -> None:
    course, person = make.course(), make.person()
    product = make.product(course)
    make.offer(product)
    make.grant(person, product)
    make.grant(person, product, state="suspended", reason="past_due")
    page = sign_in(person).get("/account")
    assert link(page, "Settle the payment") == "/account/billing"
    assert "/checkout/" not in page.text


def test_a_member_finds_courses_that_were_not_begun(make: Makers, sign_in: SignIn) -> None:
    course, person = make.course(title="Letters"), make.person()
    make.grant(person, make.product())
    page = sign_in(person).get("/account")
    assert link(page, "Letters") == course.path


def test_a_draft_is_on_no_dashboard(make: Makers, sign_in: SignIn) -> None:
    course = make.course(title="Letters")
    _person, browser = student(make, sign_in, course)
    courses.unpublish_course(course.id, actor_id=None)
    db.commit()
    assert "Letters" not in browser.get("/account").text


def test_the_dashboard_is_for_people_who_are_signed_in(client: FlaskClient) -> None:
    answer = client.get("/account")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/login?next=/account")


# Files of lessons


def with_picture(course: MadeCourse, place: int, uploader: int) -> str:
    """Put a new private picture into a lesson; returns its address."""
    drawn = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(drawn, "PNG")
    drawn.seek(0)
    picture = media.store(drawn, name="red.png", actor_id=uploader, visibility="private", alt="Red")
    lesson = course.lessons[place]
    document = blocks.document("with-picture", [blocks.image(picture.key, "Red")])
    content.save_document("lesson", lesson.lesson_id, document, author_id=None)
    db.commit()
    state.refresh()
    return f"/media/{picture.key}"


def test_a_picture_opens_to_whom_its_lesson_opens(
    both_databases: str, make: Makers, sign_in: SignIn, client: FlaskClient
) -> None:
    course = make.course()
    address = with_picture(course, 1, make.person(role="creator").id)
    _person, browser = student(make, sign_in, course)
    _other, stranger = student(make, sign_in, make.course())
    assert browser.get(address).status_code == 200
    assert stranger.get(address).status_code in {403, 404}
    assert client.get(address).status_code in {303, 403, 404}


def test_a_picture_of_a_free_lesson_is_free_until_it_leaves_the_lesson(make: Makers, client: FlaskClient) -> None:
    course = make.course()
    address = with_picture(course, 0, make.person(role="creator").id)
    assert client.get(address).status_code == 200
    content.save_document("lesson", course.first_lesson.lesson_id, blocks.written("x", "No picture."), author_id=None)
    db.commit()
    state.refresh()
    assert client.get(address).status_code != 200


def test_a_picture_of_a_draft_is_closed(make: Makers, sign_in: SignIn) -> None:
    course = make.course(published=False)
    address = with_picture(course, 1, make.person(role="creator").id)
    _person, browser = student(make, sign_in, course)
    assert browser.get(address).status_code != 200


# Words of people are words, not HTML


def test_titles_and_answers_are_never_read_as_html(make: Makers, client: FlaskClient, sign_in: SignIn) -> None:
    evil = "<script>alert(1)</script>"
    course = make.course(
        title=evil, subtitle=evil, summary=evil, teacher_name=evil, outcomes=[evil], questions=[{"q": evil, "a": evil}]
    )
    _person, browser = student(make, sign_in, course)
    for page in (client.get("/courses"), client.get(course.path), browser.get(course.lessons[1].path)):
        assert page.status_code == 200
        assert evil not in page.text
