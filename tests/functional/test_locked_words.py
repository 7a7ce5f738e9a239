"""What people read who may not enter: in three cases, for the site, a product or a course; the nearest one counts."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text
from werkzeug.test import TestResponse

from lms import db
from lms.access import refusals
from lms.access import services as access
from lms.access.decision import Decision, Reason
from lms.access.refusals import Context, Words
from lms.base import clock
from lms.host import state
from lms.settings import services as settings
from lms.testing.makers import Makers

SignIn = Callable[..., FlaskClient]


def site_says(**values: Any) -> None:
    settings.save(refusals.SECTION, values, actor_id=None)
    db.commit()
    state.refresh()


def says(words: dict[Context, Words], **of: int) -> None:
    refusals.keep(words, **of)
    db.commit()
    state.refresh()


def send(browser: FlaskClient, path: str, **form: Any) -> TestResponse:
    html = browser.get(path).text
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', html)
    assert token
    version = re.search(r'name="([^"]*version[^"]*)" value="([^"]+)"', html)
    more = {version[1]: version[2]} if version else {}
    answer = browser.post(path, data={"csrf_token": token[1], **more, **form})
    db.rollback()
    state.refresh()
    return answer


def article(page: TestResponse) -> str:
    assert page.status_code == 403
    found = re.search(r'<article class="reading locked">(.*?)</article>', page.text, re.DOTALL)
    assert found
    return found[1]


def links(part: str) -> dict[str, str]:
    """By words where the buttons lead."""
    found = re.findall(r'<a class="button[^>]*href="([^"]+)"[^>]*>(.*?)</a>', part, re.DOTALL)
    return {" ".join(re.sub("<[^>]+>", "", words).split()): href for href, words in found}


@pytest.mark.feature("B-24")
def test_the_three_cases_each_say_their_own_words_and_lead_elsewhere(
    make: Makers, sign_in: SignIn, client: FlaskClient
) -> None:
    course = make.course()
    make.offer(make.product(course))
    member = make.product(name="The whole school")
    membership = make.offer(member, kind="subscription", amount=900)
    late = make.person()
    opens = clock.now() + timedelta(days=3)
    make.grant(late, make.product(course), starts_at=opens)
    lesson = course.lessons[1].path
    site_says(
        guest_text="Members only.\n\nAsk the front desk.", guest_sign_in=False, guest_page="/welcome",
        guest_product=str(member.id),
        no_access_text="This one comes with the school.", no_access_sign_in=True, no_access_product=str(member.id),
        not_open_text="See you soon.", not_open_page="https://example.org/calendar",
        not_open_product=str(member.id),
    )  # fmt: skip

    guest = article(client.get(lesson))
    assert '<p class="lead">Members only.</p>\n<p class="lead">Ask the front desk.</p>' in guest
    shown = links(guest)
    assert "Sign in" not in shown
    assert shown["Subscribe: The whole school"] == membership.checkout_path
    assert shown["Read more"] == "/welcome"

    nobody = article(sign_in(make.person()).get(lesson))
    assert "This one comes with the school." in nobody
    shown = links(nobody)
    assert shown["Subscribe: The whole school"] == membership.checkout_path
    assert shown["Sign in with another account"] == f"/logout?next=/login%3Fnext%3D{lesson}"
    assert shown["See the course"] == course.path
    assert "Buy this course" not in shown

    waits = article(sign_in(late).get(lesson))
    assert ("See you soon." in waits, "Opens on" in waits) == (True, True)
    shown = links(waits)
    assert shown["Read more"] == "https://example.org/calendar"
    assert shown["Subscribe: The whole school"] == membership.checkout_path
    assert "which you do not have yet" not in guest + nobody + waits


@pytest.mark.feature("B-24")
def test_the_nearest_words_count_and_each_case_is_set_by_itself(make: Makers, sign_in: SignIn) -> None:
    course, other = make.course(), make.course()
    product = make.product(course, other)
    browser = sign_in(make.person())

    def read(of: Any) -> str:
        return article(browser.get(of.lessons[1].path))

    assert "which you do not have yet" in read(course)
    site_says(no_access_text="The site speaks.")
    assert "The site speaks." in read(course)
    says({Context.NO_ACCESS: Words("The product speaks.")}, product_id=product.id)
    assert "The product speaks." in read(course)
    says({Context.GUEST: Words("For guests.")}, course_id=course.id)
    assert "The product speaks." in read(course)
    says({Context.NO_ACCESS: Words("The course speaks.")}, course_id=course.id)
    assert ("The course speaks." in read(course), "The product speaks." in read(other)) == (True, True)
    # Said nothing any more, the next one counts again.
    says({}, course_id=course.id)
    assert "The product speaks." in read(course)
    access.archive_product(product.id)
    db.commit()
    state.refresh()
    assert "The site speaks." in read(course)


def test_whoever_had_a_product_reads_its_words_and_of_several_the_courses_own_comes_first(
    make: Makers, sign_in: SignIn
) -> None:
    course = make.course()
    everything, own, second = make.product(), make.product(course), make.product(course)
    for product, said in ((everything, "All of it."), (own, "The first."), (second, "The second.")):
        says({Context.NO_ACCESS: Words(said)}, product_id=product.id)
    had = make.person()
    make.grant(had, second, ends_at=clock.now() - timedelta(days=1), starts_at=clock.now() - timedelta(days=9))
    lesson = course.lessons[1].path
    assert "The first." in article(sign_in(make.person()).get(lesson))
    page = article(sign_in(had).get(lesson))
    assert ("The second." in page, "Access ended" in page) == (True, True)


@pytest.mark.parametrize(
    ("grant", "sentence"),
    [
        ({"state": "suspended"}, "Your last payment did not go through"),
        ({"state": "suspended", "reason": "disputed"}, "is disputed"),
        ({"state": "pending"}, "Your payment is on its way"),
    ],
)
def test_whoever_has_only_to_pay_or_to_wait_for_money_reads_what_is_the_matter(
    make: Makers, sign_in: SignIn, grant: dict[str, Any], sentence: str
) -> None:
    course, person = make.course(), make.person()
    product = make.product(course)
    offered = make.product()
    make.offer(offered)
    make.grant(person, product, **grant)
    words = Words("Go away.", True, "/elsewhere", offered.id)
    says(dict.fromkeys(Context, words), course_id=course.id)
    page = article(sign_in(person).get(course.lessons[1].path))
    assert sentence in page
    for part in ("Go away.", "/elsewhere", "/checkout/", "another account"):
        assert part not in page, part


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_has_a_case_or_is_told_by_the_site_alone(reason: Reason) -> None:
    until = clock.now()
    told_alone = {Reason.STAFF, Reason.PREVIEW, Reason.GRANTED, Reason.SUSPENDED, Reason.UNPUBLISHED}
    is_open = reason in {Reason.STAFF, Reason.PREVIEW, Reason.GRANTED}
    found = refusals.context_of(Decision(is_open, reason, until))
    assert (found is None) is (reason in told_alone)


def test_a_product_that_nobody_can_buy_leaves_the_usual_way(make: Makers, sign_in: SignIn) -> None:
    course = make.course()
    offer = make.offer(make.product(course))
    empty = make.product(name="Not sold")
    says({Context.NO_ACCESS: Words("", False, "", empty.id)}, course_id=course.id)
    shown = links(article(sign_in(make.person()).get(course.lessons[1].path)))
    assert shown["Buy this course"] == offer.checkout_path


def test_words_are_words_and_never_html(make: Makers, client: FlaskClient) -> None:
    course = make.course()
    says({Context.GUEST: Words("<script>alert(1)</script> & more", True)}, course_id=course.id)
    page = article(client.get(course.lessons[1].path))
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; more" in page


@pytest.mark.feature("B-24")
def test_a_creator_sets_looks_at_and_takes_back_the_words_of_course_and_product(
    make: Makers, sign_in: SignIn, client: FlaskClient
) -> None:
    course = make.course()
    product = make.product(course, name="Letters")
    browser = sign_in(make.person(role="creator"))
    for page, of in ((f"/admin/courses/{course.id}", "course_id"), (f"/admin/products/{product.id}", "product_id")):
        path = f"{page}/locked"
        assert f'href="{path}"' in browser.get(page).text
        drawn = browser.get(path).text
        assert drawn.count("What people read</h3>") == 3
        assert "From the site’s settings." in drawn
        form = {"guest_own": "1", "guest_text": "Knock first.", "guest_sign_in": "1", "no_access_text": "Not said."}
        looked = send(browser, path, do="look", **form)
        assert (looked.status_code, '<p class="lead">Knock first.</p>' in looked.text) == (200, True)
        here = {of: course.id if of == "course_id" else product.id}
        assert refusals.own(**here) == {}
        assert send(browser, path, **form).location == page
        # A case whose switch is off says nothing, whatever stands in its fields.
        assert refusals.own(**here) == {Context.GUEST: Words("Knock first.", True)}
        assert "Knock first." in article(client.get(course.lessons[1].path))
        refused = send(browser, path, **{**form, "guest_page": "javascript:alert(1)"})
        assert (refused.status_code, "starts with https://" in refused.text) == (422, True)
        assert send(browser, path, guest_text="Knock first.").status_code == 303
        assert refusals.own(**here) == {}


@pytest.mark.feature("B-24")
def test_a_creator_sets_the_words_of_the_site_in_the_settings(
    make: Makers, sign_in: SignIn, client: FlaskClient
) -> None:
    course = make.course()
    product = make.product(course, name="Letters")
    path = "/admin/settings/locked"
    browser = sign_in(make.person(role="creator"))
    assert browser.get(path).text.count("What people read</h3>") == 3
    refused = send(browser, path, guest_page="//evil.example")
    assert (refused.status_code, "starts with https://" in refused.text) == (422, True)
    form = {"guest_text": "Come in by the front.", "guest_sign_in": "1", "guest_product": str(product.id)}
    assert send(browser, path, **form).status_code == 303
    drawn = browser.get(path).text
    assert '<p class="lead">Come in by the front.</p>' in drawn
    assert "Buy “Letters”" in drawn
    assert "Come in by the front." in article(client.get(course.lessons[1].path))


@pytest.mark.parametrize(("role", "status"), [("owner", 200), ("creator", 200), ("editor", 403), ("student", 403)])
def test_who_may_set_the_words_of_a_product(make: Makers, sign_in: SignIn, role: str, status: int) -> None:
    product = make.product()
    browser = sign_in(make.person(role=role))
    assert browser.get(f"/admin/products/{product.id}/locked").status_code == status
    assert browser.get("/admin/products/4711/locked").status_code == (404 if status == 200 else 403)


def test_what_is_said_is_recorded_once_and_goes_with_its_product(both_databases: str, make: Makers) -> None:
    product, offered = make.product(), make.product()
    words = {Context.GUEST: Words("Knock.", True, "/x", offered.id)}
    with pytest.raises(ValueError, match="of one product or of one course"):
        refusals.keep(words)
    for _again in range(2):
        says(words, product_id=product.id, actor_id=make.person(role="creator").id)
    assert refusals.own(product_id=product.id) == words
    query = "SELECT count(*) FROM audit_entry WHERE action = 'access.words_changed'"
    assert db.session.execute(text(query)).scalar() == 1
