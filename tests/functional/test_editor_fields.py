"""Fields of blocks that are more than words: colours, references, searches, lists, and those that others go by."""

from __future__ import annotations

import io
import re
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from lms import db
from lms.access import services as access
from lms.accounts import policies
from lms.base import clock
from lms.content import catalog, checking, operations
from lms.content import services as content
from lms.content.document import new_block
from lms.content.problems import OperationRefused
from lms.content.render import tree_html
from lms.courses import services as courses
from lms.editor import drafts, findings
from lms.editor.acts import Acts
from lms.extend import RenderContext
from lms.media import services as media
from lms.pages import services as pages
from lms.testing import sites
from lms.testing.makers import Makers
from lms.testing.plugins import add_plugin
from tests.functional.test_editor import Editing, props
from tests.kiln import Kiln, write_template

# All of them share one site; each has a page of its own.
pytestmark = pytest.mark.xdist_group("fields")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    write_template(folder)
    with sites.site(folder) as fresh:
        add_plugin(fresh.app, Kiln())
        yield fresh


@pytest.fixture(scope="module")
def make(site):
    return Makers()


@pytest.fixture
def page(make):
    return make.page(new_block("kiln/firing") | {"id": "firing01"})


@pytest.fixture
def editor(make, sign_in, page):
    return Editing(sign_in(make.person(role="editor")), page)


def fill(editor, **form):
    return editor.send(
        {"op": "set", "id": "firing01", "form": {name.replace("__", "."): v for name, v in form.items()}}
    )


def stored(page):
    return props(page, "firing01")


def options(editor):
    return editor.get("panel?block=firing01").text


def found(editor, field, words=""):
    answer = editor.get(f"search?block=firing01&field={field}&words={words}").json
    return re.findall(r'data-value="([^"]*)">([^<]*)', answer["html"]), answer["announce"]


def drawn(page):
    db.rollback()
    ctx = RenderContext(person=None, now=clock.now(), path=page.path)
    return str(tree_html(drafts.find("page", page.id).tree, ctx).html)


def test_a_page_a_course_and_a_product_are_found_chosen_and_drawn(editor, page, make):
    other = make.page(slug="other", title="Other page")
    course = make.course(title="Throwing")
    product = make.product(course, name="Throwing for all")
    assert found(editor, "page", "OTHER") == ([(str(other.id), "Other page")], "One found")
    assert found(editor, "course", "thr") == ([(str(course.id), "Throwing")], "One found")
    assert found(editor, "product", "%25") == ([], "Nothing is called that.")
    assert len(found(editor, "page")[0]) > 1
    for name, value in (("page", other.id), ("course", course.id), ("product", product.slug)):
        assert fill(editor, **{name: str(value)}).status_code == 200
    assert stored(page) == {"page": other.id, "course": course.id, "product": product.slug}
    html = drawn(page)
    for path, title in (("/other", "Other page"), (course.path, "Throwing"), (course.path, "Throwing for all")):
        assert f'<a href="{path}">{title}</a>' in html
    assert re.search(r'value="Other page"[^>]*aria-describedby="b-page-hint"', options(editor))


REFUSED = [
    ("page", "9999", "“9999” is not there. Choose one of the list."), ("page", "x", "“x” is not there"),
    ("page", "-1", "is not there"), ("page", str(10**30), "is not there"), ("page", [1], "is not there"),
    ("course", "9999", "is not there"), ("product", "none", "“none” is not there"), ("glaze", "g9", "is not there"),
    ("glaze", {"a": 1}, "is not there"), ("steps__i1__page", "9999", "is not there"),
    ("steps__i1__glaze", "g9", "is not there"), ("colour", "red", "Choose one of the list."),
    ("colour", "olive", "Choose one of the list."), ("steps__i1__colour", "#fff", "Choose one of the list."),
    ("steps__i1__degrees", "hot", "Write a whole number."), ("steps__i9__title", "x", "This one is gone"),
    ("steps__i1__nothing", "x", "There is no property of this name."), ("title__i1__x", "x", "no list of that name"),
    ("steps__i1__title", "x" * 21, "longer than 20"), ("steps", "x", "This is a list"),
    ("rules__i1__words", "LOUD", "Small letters only."),
]  # fmt: skip


def test_what_cannot_be_chosen_is_refused_with_a_sentence_and_nothing_is_stored(editor, page):
    for name, value, words in REFUSED:
        answer = fill(editor, **{name: value})
        assert (answer.status_code, words in answer.json["sentence"]) == (422, True), (name, value, answer.json)
    assert stored(page) == {}


def test_what_a_reference_named_may_go_and_nothing_breaks_but_the_editor_is_told(editor, page, make):
    other, course = make.page(title="A page that goes"), make.course(title="Glazing")
    fill(editor, page=str(other.id), course=str(course.id), steps__i1__page=str(other.id))
    pages.delete_page(other.id, actor_id=None)
    courses.unpublish_course(course.id, actor_id=None)
    db.commit()
    html = drawn(page)
    assert "A page that goes" not in html
    assert "Glazing" not in html
    assert "Warm up" in html
    assert "It is not there any more. Visitors see nothing of it." in options(editor)
    assert "It is not published. Visitors see nothing of it." in options(editor)
    said = findings.of(drafts.find("page", page.id).tree)
    assert [f"“{name}” is gone, or not published" in " ".join(said) for name in (other.id, "Glazing")] == [True, True]
    # It keeps nobody from going on, or from publishing.
    assert fill(editor, title="Still here").status_code == 200
    assert fill(editor, steps__i1__title="Heat").status_code == 200
    assert editor.post("publish").status_code == 200
    assert "Still here" in editor.browser.get(page.path).text
    # To take it back is to have none.
    assert fill(editor, page="").status_code == 200
    assert "page" not in stored(page)


def test_visitors_get_the_new_title_and_address_of_what_a_page_names_at_once(editor, page, make):
    other, course = make.page(title="First name"), make.course(title="First course")
    product = make.product(course, name="First product")
    fill(editor, page=str(other.id), course=str(course.id), product=product.slug)
    assert editor.post("publish").status_code == 200

    def seen():
        return re.findall(r'<p><a href="([^"]*)">([^<]*)', editor.browser.get(page.path).text)

    assert [title for _href, title in seen()] == ["First name", "First course", "First product"]
    with db.writes():
        pages.save_page(other.id, title="Second name", slug="second-name", actor_id=None)
        access.change_product(product.id, name="Second product", items=[("course", course.id)], actor_id=None)
    assert seen() == [("/second-name", "Second name"), (course.path, "First course"), (course.path, "Second product")]
    with db.writes():
        pages.unpublish_page(other.id, actor_id=None)
        courses.unpublish_course(course.id, actor_id=None)
        access.archive_product(product.id)
    assert seen() == []


def test_a_page_with_many_references_asks_once_for_each_kind(make, queries):
    course, other = make.course(), make.page()

    def asked(number):
        blocks = [
            new_block("kiln/firing", {"page": other.id, "course": course.id, "steps": [{"page": other.id}] * 3})
            for _each in range(number)
        ]
        tree = {"schema": 1, "root": new_block("core/page", slots={"main": blocks})}
        with queries.counted() as count:
            html = str(tree_html(tree, RenderContext(person=None, now=clock.now(), path="/")).html)
        assert html.count(f"<i>{other.path}</i>") == 3 * number
        return len(count)

    assert asked(1) == asked(20)


def test_options_and_findings_ask_once_for_each_kind_however_long_a_list_is(make, sign_in, queries):
    browser = sign_in(make.person(role="editor"))
    others = [make.page() for _number in range(4)]

    def asked(number):
        steps = [{"page": each.id} for each in others[:number]]
        blocks = [new_block("kiln/firing", {"steps": steps}) | {"id": f"firing0{each}"} for each in range(number)]
        editing = Editing(browser, make.page(*blocks))
        with queries.counted() as panel:
            assert editing.get("panel?block=firing00").text.count("data-item=") == number + 1
        with queries.counted() as publishing:
            assert editing.post("publish").status_code == 200
        return len(panel), len(publishing)

    assert asked(1) == asked(4)


def test_a_search_without_find_stores_whatever_it_found(editor, page):
    assert found(editor, "word", "raku") == ([("raku", "RAKU")], "One found")
    assert fill(editor, word="raku").status_code == 200
    assert stored(page) == {"word": "raku"}
    assert 'value="raku"' in options(editor)


def test_only_who_may_edit_the_page_searches_and_only_in_fields_that_do(editor, page, make, sign_in):
    assert found(editor, "steps.i1.glaze", "shi") == ([("g2", "Shino")], "One found")
    for field in ("title", "steps", "steps.i9.glaze", "nothing", ""):
        assert found(editor, field)[0] == []
    assert editor.get("search?block=gone&field=glaze").json["html"].strip() == ""
    student = sign_in(make.person())
    assert student.get(f"{editor.address}/search?block=firing01&field=page").status_code == 404


def entries(page):
    return [(each["id"], each.get("title")) for each in stored(page).get("steps", [])]


def act(editor, field="steps", **more):
    return editor.send({"op": "items", "id": "firing01", "field": field, **more})


def test_entries_are_added_filled_in_moved_and_removed_each_in_one_step_that_is_taken_back(editor, page):
    warm, cool, new = ("i1", "Warm up"), ("i2", "Cool"), ("new00001", "Hold")
    steps = [
        (lambda: act(editor, add="new00001"), "Step added, 3 of 3", [warm, cool, ("new00001", None)]),
        (lambda: fill(editor, steps__new00001__title="Hold"), "", [warm, cool, new]),
        (lambda: act(editor, move="new00001", by="up"), "Step moved, 2 of 3", [warm, new, cool]),
        (lambda: act(editor, remove="i1"), "Step removed, 2 left", [new, cool]),
    ]
    states = [[]]
    for do, said, after in steps:
        answer = do()
        assert (answer.status_code, answer.json["announce"]) == (200, said)
        assert entries(page) == after
        states.append(after)
    for before in reversed(states[:-1]):
        assert editor.send({"op": "undo"}).json["announce"] == "Undone"
        assert entries(page) == before
    assert stored(page) == {}
    for after in states[1:]:
        editor.send({"op": "redo"})
        assert entries(page) == after
    assert re.findall(r"<b >(.*?)</b>", drawn(page)) == ["Hold", "Cool"]


def test_typing_in_an_entry_in_one_go_is_one_step(editor, page):
    fill(editor, steps__i1__degrees="950")
    for words in ("H", "He", "Heat"):
        fill(editor, steps__i1__title=words)
    fill(editor, steps__i2__title="Cool down")
    editor.send({"op": "undo"})
    assert entries(page) == [("i1", "Heat"), ("i2", "Cool")]
    editor.send({"op": "undo"})
    assert entries(page) == [("i1", "Warm up"), ("i2", "Cool")]
    assert stored(page)["steps"][0]["degrees"] == 950


def test_a_block_that_is_added_holds_its_first_entries_so_that_typing_in_one_is_one_step_from_the_first_letter(
    editor, page
):
    added = editor.add("kiln/firing")
    assert [(each["id"], each["title"]) for each in props(page, added)["steps"]] == [("i1", "Warm up"), ("i2", "Cool")]
    for words in ("H", "He", "Heat"):
        editor.send({"op": "set", "id": added, "form": {"steps.i1.title": words}})
    editor.send({"op": "undo"})
    assert props(page, added)["steps"][0]["title"] == "Warm up"


NOT_DONE = [
    ({"add": "Not an id"}, "small letters"), ({"remove": "i9"}, "is gone"), ({"move": "i9", "by": "up"}, "is gone"),
    ({"field": "title", "add": "new00001"}, "no list"), ({"field": "rules", "remove": "i1"}, "At least one"),
]  # fmt: skip


def test_what_cannot_be_done_to_a_list_is_refused_with_a_sentence(editor, page):
    for more, words in NOT_DONE:
        answer = act(editor, **more)
        assert (answer.status_code, words in answer.json["sentence"]) == (422, True), (more, answer.json)
    assert stored(page) == {}


def test_a_full_list_takes_no_more_and_an_entry_at_the_edge_stays(editor, page):
    for identity in ("new00001", "new00002"):
        act(editor, add=identity)
    assert "At most 4 fit in here." in options(editor)
    assert "At most 4 fit in here." in act(editor, add="new00003").json["sentence"]
    assert act(editor, move="new00002", by="down").json["announce"] == "It cannot go further."
    assert len(entries(page)) == 4


def test_an_entry_is_mended_while_another_one_is_wrong(make, sign_in):
    wrong = [{"id": "a", "title": "x" * 30}, {"id": "b", "title": "fine"}]
    # Stored by an older version of the plugin, say, that allowed more.
    page = make.page()
    tree = {
        "schema": 1,
        "root": new_block("core/page", slots={"main": [new_block("kiln/firing") | {"id": "firing01"}]}),
    }
    content.save_document("page", page.id, tree, author_id=None)
    editor = Editing(sign_in(make.person(role="editor")), page)
    row = drafts._opened("page", page.id)
    tree["root"]["slots"]["main"][0]["props"] = {"steps": wrong}
    row.tree = tree
    db.commit()
    assert fill(editor, steps__b__title="better").status_code == 200
    assert act(editor, move="b", by="up").status_code == 200
    assert fill(editor, steps__b__title="y" * 21).status_code == 422
    assert fill(editor, steps__a__title="short").status_code == 200
    assert entries(page) == [("b", "better"), ("a", "short")]


LISTED = st.sampled_from(["i1", "i2", "new00001", "new00002", "gone"])
ACT = st.one_of(
    st.builds(lambda each: {"op": "items", "field": "steps", "add": each}, LISTED),
    st.builds(lambda each: {"op": "items", "field": "steps", "remove": each}, LISTED),
    st.builds(
        lambda each, by: {"op": "items", "field": "steps", "move": each, "by": by},
        LISTED,
        st.sampled_from(["up", "down"]),
    ),
    st.builds(
        lambda each, form: {"op": "set", "form": {f"steps.{each}.{name}": value for name, value in form.items()}},
        LISTED,
        st.dictionaries(
            st.sampled_from(["title", "degrees", "colour", "link"]), st.sampled_from(["a", "", "7", "clay"])
        ),
    ),
)


@given(st.lists(ACT, max_size=12))
def test_any_order_of_acts_on_a_list_leaves_what_can_be_stored_and_is_taken_back(site, acts):
    tree = {
        "schema": 1,
        "root": new_block("core/page", slots={"main": [new_block("kiln/firing") | {"id": "firing01"}]}),
    }
    states, inverses = [tree], []
    for each in acts:
        with suppress(OperationRefused):
            ops = Acts(states[-1], lambda _capability: True).read([each | {"id": "firing01"}])
            done = operations.apply(states[-1], ops, catalog.current())
            states.append(done.tree)
            inverses.append(done.inverse)
            assert checking.checked(done.tree, catalog.current()) == done.tree
    for inverse in reversed(inverses):
        after = states.pop()
        assert operations.apply(after, inverse, catalog.current()).tree == states[-1]


def test_two_people_fill_in_entries_of_one_list(editor, page, make, sign_in):
    other = Editing(sign_in(make.person(role="editor")), page)
    fill(editor, steps__i1__title="Mine")
    fill(other, steps__i2__title="Theirs")
    act(other, remove="i1")
    assert "is gone" in fill(editor, steps__i1__title="Mine again").json["sentence"]
    assert entries(page) == [("i2", "Theirs")]


def test_a_link_a_picture_and_words_of_an_entry_are_as_those_of_a_block(editor, page, media_key):
    assert fill(editor, steps__i1__link={"kind": "url", "href": "/courses"}).json["announce"] == ""
    assert fill(editor, steps__i2__link={"kind": "url", "href": "javascript:1"}).status_code == 422
    assert fill(editor, steps__i1__picture={"key": media_key, "alt": ""}).status_code == 422
    assert fill(editor, steps__i1__picture={"key": media_key, "alt": "A pot"}).status_code == 200
    assert '<a href="/courses">more</a>' in drawn(page)
    picker = editor.get("link?block=firing01&field=steps.i1.link&kind=url").text
    assert 'value="/courses"' in picker
    assert f'value="{media_key}" data-alt="What it shows" selected' in options(editor)
    fill(editor, steps__i1__link={})
    assert "link" not in stored(page)["steps"][0]


@pytest.fixture
def media_key(site):
    stream = io.BytesIO()
    Image.new("RGB", (4, 4), "navy").save(stream, "PNG")
    key = media.store(io.BytesIO(stream.getvalue()), name="a.png", actor_id=None, alt="What it shows").key
    db.commit()
    return key


def test_who_may_only_write_fills_in_what_entries_say_and_nothing_else(page, make, sign_in, monkeypatch):
    monkeypatch.setitem(policies.CAPABILITIES, "editor", policies.CAPABILITIES["editor"] - {"pages.design"})
    writer = Editing(sign_in(make.person(role="editor")), page)
    assert fill(writer, steps__i1__title="Heat").status_code == 200
    before = stored(page)
    for name, value in (
        ("steps__i1__degrees", "9"), ("page", str(page.id)), ("steps", []), ("title__i1__x", "x"), ("colour", "clay"),
    ):  # fmt: skip
        assert fill(writer, **{name: value}).status_code == 403, name
    assert act(writer, remove="i1").status_code == 403
    assert writer.get("search?block=firing01&field=page").status_code == 403
    assert stored(page) == before
    html = options(writer)
    assert set(re.findall(r'data-field="([^"]*)"', html)) == {
        "title", "steps.i1.title", "steps.i2.title", "rules.i1.words"
    }  # fmt: skip
    assert "data-item-act" not in html


def test_what_can_be_chosen_follows_from_another_field_and_what_no_longer_fits_goes_with_it(editor, page):
    assert "Seville" not in options(editor)
    assert fill(editor, city="sev").status_code == 422
    assert fill(editor, country="es").status_code == 200
    assert "Seville" in options(editor)
    assert "Athens" not in options(editor)
    assert fill(editor, city="sev").status_code == 200
    assert stored(page) == {"country": "es", "city": "sev"}
    # Elsewhere there is no such city: it goes in the same step, and comes back with it.
    assert fill(editor, country="gr").status_code == 200
    assert stored(page) == {"country": "gr"}
    editor.send({"op": "undo"})
    assert stored(page) == {"country": "es", "city": "sev"}
    # Both at once, in whatever order they are named.
    assert fill(editor, city="vol", country="gr").status_code == 200
    assert stored(page) == {"country": "gr", "city": "vol"}
    assert editor.post("publish").status_code == 200


def test_the_colours_to_choose_from_look_as_the_theme_has_them(editor):
    html = options(editor)
    assert re.findall(r'name="b-colour" value="(\w*)"', html) == ["", "clay", "ochre", "accent"]
    assert 'fill="light-dark(#0b5766, #86c8d3)"' in html
    assert 'fill="var(--clay)"' in html
