"""Conditions as people meet them: chosen in the editor, previewed, published, and asked of real students."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from flask_babel import format_date, get_timezone

from lms import db
from lms.access import services as access
from lms.base import clock
from lms.commerce import services as commerce
from lms.commerce.facts import SubscriptionFact
from lms.content import conditions, labels, links
from lms.content.document import blocks, new_block
from lms.courses import services as courses
from lms.editor import drafts
from lms.learning import services as learning
from lms.testing.queries import Queries


@pytest.fixture
def page(make):
    return make.page(
        new_block("core/heading", {"text": "Manage", "level": 1}),
        new_block("core/text", {"html": "<p>for members</p>"}),
        slug="manage",
        title="Manage",
    )


@pytest.fixture
def editor(make, sign_in, page):
    browser = sign_in(make.person(role="editor", name="Ana"))
    address = f"/admin/editor/page/{page.id}"
    shell = browser.get(f"/admin/pages/{page.id}/edit").text
    token = re.search(r'data-token="([^"]+)"', shell).group(1)

    class Editing:
        rev = int(re.search(r'data-rev="(\d+)"', shell).group(1))
        number = 0

        def post(self, path, body):
            return browser.post(f"{address}/{path}", json=body, headers={"X-CSRFToken": token})

        def send(self, *ops):
            Editing.number += 1
            answer = self.post("ops", {"base_rev": self.rev, "key": f"key{self.number}", "ops": ops})
            self.rev = answer.json.get("rev", self.rev)
            return answer

        def get(self, path):
            return browser.get(f"{address}/{path}").text

    return Editing()


def members(page):
    db.rollback()
    return next(node for node in blocks(drafts.find("page", page.id).tree["root"]) if node["type"] == "core/text")


def test_an_editor_hides_a_block_previews_it_and_each_visitor_gets_the_right_page(editor, page, make, sign_in, client):
    block = members(page)["id"]
    picker = editor.get(f"condition?block={block}&source=product")
    assert all(words in picker for words in ("Has bought", "Any product", "to whom this is not true of", "Insert"))

    sent = editor.send({"op": "visibility", "id": block, "add": {"rule": "account/signed-in", "form": {}}})
    assert sent.json["announce"] == "Condition added"
    assert "Shown if: Is signed in" in sent.json["html"][block]
    assert "Remove: Is signed in" in editor.get(f"panel?block={block}")
    seen = {name: "for members" in editor.get(f"canvas?as={name}") for name in ("visitor", "no-purchase", "purchased")}
    assert seen == {"visitor": False, "no-purchase": True, "purchased": True}
    assert "for members" in client.get("/manage").text, "nothing is published yet"

    assert editor.post("publish", {}).status_code == 200
    student = sign_in(make.person())
    for browser, is_there in ((client, False), (student, True), (client, False), (student, True)):
        answer = browser.get("/manage")
        assert ("for members" in answer.text) is is_there
        assert ("ETag" in answer.headers) is not is_there, "guests get the page from memory, and nobody else"
    assert "private" in student.get("/manage").headers["Cache-Control"]

    editor.send({"op": "undo"})
    assert "visibility" not in members(page)


@pytest.mark.parametrize(
    ("act", "said"),
    [
        ({"add": {"rule": "nobody/knows"}}, "Choose a condition"),
        ({"add": {"rule": "account/role", "form": {"role": "king"}}}, "Choose one of the list"),
        ({"add": {"rule": "time/between", "form": {"since": "soon"}}}, "Write a date"),
        ({"add": None}, "Choose a condition"),
        ({"remove": {"rule": "account/signed-in"}}, "gone already"),
        ({}, "gone already"),
        ({"field": "html", "add": {"rule": "account/signed-in"}}, "no conditions of that name"),
    ],
)
def test_what_cannot_be_a_condition_is_refused_and_nothing_is_stored(editor, page, act, said):
    before = members(page)
    answer = editor.send({"op": "visibility", "id": before["id"], **act})
    assert answer.status_code == 422
    assert said in answer.json["sentence"]
    assert members(page) == before


def test_a_condition_is_added_once_and_taken_away_by_what_it_is(editor, page):
    block = members(page)["id"]
    add = {"op": "visibility", "id": block, "add": {"rule": "product/owns", "not": True, "form": {"product": ""}}}
    stored = {"rule": "product/owns", "not": True}
    assert editor.send(add).status_code == 200
    assert members(page)["visibility"] == [stored]
    assert editor.send(add).status_code == 422
    assert editor.send({"op": "visibility", "id": block, "remove": stored}).status_code == 200
    assert "visibility" not in members(page)


def holds(rule, person, owner=None, **args):
    db.rollback()
    return conditions.holds({"rule": rule, "args": args}, links.context(person, owner=owner))


def test_what_a_person_holds_decides_and_a_product_that_nobody_knows_is_for_nobody(make, site):
    course = make.course()
    pottery, glazing = make.product(course, name="Pottery"), make.product(course, name="Glazing")
    owner, late, other = make.person(), make.person(), make.person()
    now = clock.now()
    make.grant(owner, pottery)
    make.grant(late, pottery, ends_at=now - timedelta(days=1))
    with site.app.test_request_context("/"):
        for rule, args, expected in (
            ("product/owns", {}, [True, False, False, False]),
            ("product/owns", {"product": pottery.slug}, [True, False, False, False]),
            ("product/owns", {"product": glazing.slug}, [False] * 4),
            ("product/lapsed", {}, [False, True, False, False]),
            ("product/lapsed", {"product": pottery.slug}, [False, True, False, False]),
            ("course/open", {"course": course.slug}, [True, False, False, False]),
        ):
            assert [holds(rule, who, **args) for who in (owner, late, other, None)] == expected, (rule, args)
        gone = {"rule": "product/owns", "args": {"product": "gone"}, "not": True}
        assert not conditions.holds(gone, links.context(other))


def test_how_far_a_student_is_decides_on_the_page_of_a_course_and_by_its_name(make, site):
    course = make.course(lessons=2, sections=1)
    outline = course.outline
    new, begun, done = make.person(), make.person(), make.person()
    now = clock.now()
    learning.enrol(begun.id, course.id, now)
    for lesson in outline.lessons:
        learning.complete(done.id, outline, lesson, now)
    db.commit()
    with site.app.test_request_context("/"):
        for rule, expected in (
            ("course/begun", [False, True, True, False]),
            ("course/in-progress", [False, True, False, False]),
            ("course/finished", [False, False, True, False]),
        ):
            people = (new, begun, done, None)
            assert [holds(rule, who, course=course.slug) for who in people] == expected
            assert [holds(rule, who, owner=courses.course(course.id)) for who in people] == expected
            assert not any(holds(rule, who) for who in people), "a page of no course"


def test_a_failed_payment_and_a_running_subscription_are_the_persons_own(make, site):
    person, other = make.person(), make.person()
    offer = make.offer(make.product(make.course()), kind="subscription", amount=900)
    fact = SubscriptionFact(
        provider="bank", provider_ref="sub_1", person_id=person.id, offer_id=offer.id, state="past_due"
    )
    commerce.record_subscription(fact)
    db.commit()
    with site.app.test_request_context("/"):
        assert [holds("payment/failed", who) for who in (person, other, None)] == [True, False, False]
        assert [holds("payment/subscribed", who) for who in (person, other, None)] == [True, False, False]


def test_many_blocks_with_conditions_cost_one_query_each_kind(make, sign_in, site):
    product = make.product(make.course())
    rule = {"rule": "product/owns", "args": {"product": product.slug}}

    def text():
        return new_block("core/text", {"html": "<p>x</p>"}) | {"visibility": [rule]}

    make.page(text(), slug="few", title="Few")
    make.page(*(text() for _each in range(50)), slug="many", title="Many")
    person = make.person()
    make.grant(person, product)
    browser = sign_in(person)
    costs = {}
    for slug in ("few", "many", "few", "many"):
        with Queries().counted() as asked:
            assert browser.get(f"/{slug}").text.count("<p>x</p>") == (1 if slug == "few" else 50)
        costs[slug] = len(asked)
    assert costs["few"] == costs["many"]
    assert access.product_decisions(person.id, clock.now())[product.slug].allowed


@pytest.mark.parametrize(
    ("sent", "answer"),
    [
        ({"key": "account/first-name", "form": {}, "fallback": "friend"}, "{{account/first-name|friend}}"),
        ({"key": "account/first-name", "form": {}, "fallback": " {a} "}, "{{account/first-name|a}}"),
        ({"key": "course/call", "form": {"course": ""}, "fallback": "See it"}, "{{course/call|See it}}"),
        ({"key": "nobody/knows"}, "Choose a label"),
        ({"key": "account/first-name", "form": "x"}, "{{account/first-name|}}"),
        (None, "Choose a label"),
    ],
)
def test_a_dynamic_label_is_chosen_in_two_lists_and_checked(editor, sent, answer):
    told = editor.post("label", sent)
    assert told.json.get("token", told.json.get("sentence")) == answer or answer in told.json["sentence"]
    picker = editor.get("label?field=text&source=payment&key=next-charge")
    assert all(words in picker for words in ("Next charge, date", "1 March 2027", "Otherwise", "Insert"))


def said(written, person, owner=None):
    db.rollback()
    (label,) = labels.split(written)
    return labels.value(label, links.context(person, owner=owner))


def test_a_link_that_sells_says_where_it_leads_with_one_query_for_all_products(make, site):
    products = [make.product(make.course(), name=f"Course {number}") for number in range(12)]
    sold = [make.offer(product, kind="subscription") for product in products]
    owing = make.person()
    make.grant(owing, products[0], state="suspended", reason="past_due")
    with site.app.test_request_context("/"):
        ctx = links.context(owing)
        with Queries().at_most(2):
            written = [labels.split(f"{{{{product/call offer={each.public_id}|x}}}}") for each in sold]
            heard = [labels.value(label, ctx) for (label,) in written]
    assert heard == ["Settle the payment"] + [sold[1].button] * 11


def test_labels_of_prices_payments_and_courses_say_what_is_so(make, site):
    course = make.course(lessons=2, sections=1)
    product = make.product(course, name="Pottery")
    offer = make.offer(product, kind="subscription", amount=900)
    student, finished, other = make.person(), make.person(), make.person()
    for person in (student, finished):
        make.grant(person, product)
    make.grant(other, product, starts_at=clock.now() - timedelta(days=9), ends_at=clock.now() - timedelta(days=2))
    for lesson in course.lessons:
        learning.complete(finished.id, course.outline, lesson, clock.now())
    learning.complete(student.id, course.outline, course.lessons[0], clock.now())
    end = clock.now() + timedelta(days=20)
    fact = SubscriptionFact(
        provider="bank", provider_ref="sub_1", person_id=student.id, offer_id=offer.id, state="active", period_end=end
    )
    commerce.record_subscription(fact)
    db.commit()
    of = f"course={course.slug}"
    with site.app.test_request_context("/"):
        for written, expected in (
            (f"{{{{product/price offer={offer.public_id}|x}}}}", [offer.label] * 4),
            ("{{product/price offer=gone|x}}", ["x"] * 4),
            (f"{{{{product/call offer={offer.public_id}|x}}}}", ["Go to course"] * 2 + ["Renew", offer.button]),
            ("{{product/call offer=gone|x}}", ["x"] * 4),
            ("{{payment/plan|x}}", ["Pottery", "x", "x", "x"]),
            ("{{payment/next-amount|x}}", ["€9", "x", "x", "x"]),
            ("{{payment/next-charge|x}}", [format_date(end.astimezone(get_timezone()), "long"), "x", "x", "x"]),
            ("{{payment/open-until|x}}", ["x"] * 4),
            (f"{{{{course/call {of}|x}}}}", ["Continue the course", "Look at it again", "x", "x"]),
            (f"{{{{course/progress {of}|x}}}}", ["1 of 2 lessons", "2 of 2 lessons", "x", "x"]),
            (f"{{{{course/next-lesson {of}|x}}}}", [course.lessons[1].title, "x", "x", "x"]),
        ):
            assert [said(written, who) for who in (student, finished, other, None)] == expected, written
