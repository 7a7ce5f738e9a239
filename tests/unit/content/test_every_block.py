"""Every block that the registry knows: canvas and page are alike, and nothing that people write breaks out of it."""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from lms import db
from lms.access import services as access
from lms.base import clock
from lms.content import canvas, catalog, checking, planting, render
from lms.content.document import blocks as walk
from lms.content.document import empty
from lms.content.problems import DocumentInvalid
from lms.extend import Block, RenderContext
from lms.extend.fields import Choice, Items, Lines, Link, Media, PlainText, RichText, Search
from lms.media import services as media
from lms.testing import sites
from lms.testing.makers import Makers
from lms.testing.plugins import add_plugin
from lms.testing.queries import Queries
from lms.web import CurrentPerson
from tests.kiln import Kiln, write_template

pytestmark = pytest.mark.xdist_group("every-block")

MARKS = re.compile(r' data-(block|type|label|badge|inline|slot)="[^"]*"| data-rich|<!--/?slot:[^>]*-->')
EDITOR = CurrentPerson(id=1, email="e@example.org", name="Ed", capabilities=frozenset({"pages.edit"}))
VOID = {"img", "input", "br", "hr", "track", "meta", "link"}
SEEN_BY_NOBODY_HERE = {
    "core/page": "stands for the whole document",
    "commerce/subscription": "the person has none",
    "stripe/portal-card": "Stripe is not connected",
    "accounts/login-form": "who is signed in does not need it",
    "announcements/latest": "nothing is announced",
}

ASKS_FOR_EACH_COURSE = {"learning/curriculum"}
"""Its lessons, and what the person completed of them: two questions for each course, however often it stands there."""


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """A site with something of everything, and a page on which a course is at hand."""
    plugins = ("stripe", "announcements")
    folder = tmp_path_factory.mktemp("site")
    write_template(folder)
    with sites.site(folder, plugins=plugins) as fresh:
        add_plugin(fresh.app, Kiln())
        make = Makers()
        first, *others = [_course(make) for _each in range(4)]
        with fresh.app.test_request_context(first["path"]):
            yield first | {"others": others, "student": _student(make, first, others[0])}
            db.rollback()


def _course(make: Makers) -> dict[str, Any]:
    course = make.course(
        title="Letters", lessons=3, sections=1, outcomes=["Say it"], teacher_name="Ada",
        questions=[{"q": "How long?", "a": "An evening."}],
    )  # fmt: skip
    product = make.product(course)
    offer = make.offer(product, kind="free", amount=0)
    return {
        "path": course.path, "course": course.id, "product": product.slug, "offer": offer.public_id,
        "picture": _stored(_picture(), "a.png"), "video": _stored(b"\x1aE\xdf\xa3" + bytes(40), "a.webm"),
        "captions": _stored(b"WEBVTT\n\n", "a.vtt"),
    }  # fmt: skip


def _student(make: Makers, *owned: dict[str, Any]) -> CurrentPerson:
    student = make.person(name="Sam")
    for each in owned:
        product = access.product_by_slug(each["product"])
        assert product
        make.grant(student, product)
    return CurrentPerson(id=student.id, email=student.email, name=student.name)


def _picture() -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (30, 20), "navy").save(stream, "PNG")
    return stream.getvalue()


def _stored(content: bytes, name: str) -> dict[str, str]:
    key = media.store(io.BytesIO(content), name=name, actor_id=None, alt="what it shows").key
    db.commit()
    return {"key": key, "alt": "what it shows"}


def filled(block: Block, shelf: dict[str, Any], names_course: object = False) -> dict[str, Any]:
    """The block as its reference shows it, with a file, an address or an offer wherever it can have one.

    Unless it ``names_course``, it is about the course on whose page it stands.
    """
    props = dict(block.example)
    for field in block.form():
        if isinstance(field, Media):
            props.setdefault(field.name, shelf[field.kind])
        elif isinstance(field, Link):
            props.setdefault(field.name, {"kind": "url", "href": "/courses"})
        elif field.name in ("offer", "product") or (
            field.name == "course" and (names_course or block.category != "courses")
        ):
            props[field.name] = shelf[field.name]
        elif isinstance(field, Items):
            held = {each.name: {"kind": "url", "href": "/courses"} for each in field.form() if isinstance(each, Link)}
            props.setdefault(field.name, [held])
    if block.full_name == "core/section":
        props["ground"] = "picture"
    node = planting.inserted(block, props)
    for name in block.slots:
        if not node["slots"][name]:
            node["slots"][name] = planting.planted(({"type": "core/text", "props": {"html": "<p>inside</p>"}},))
    return node


def tree_of(*nodes: dict[str, Any]) -> dict[str, Any]:
    tree = empty()
    tree["root"]["slots"]["main"] = list(nodes)
    return tree


def context(shelf: dict[str, Any], **more: Any) -> RenderContext:
    return RenderContext(person=more.pop("person", EDITOR), now=clock.now(), path=shelf["path"], **more)


def bare(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"\s*(?=/?>)", "", MARKS.sub("", html))).strip()


class Read(HTMLParser):
    """Collects elements and attributes, and complains of tags that do not match."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.wrong: list[str] = []
        self._open: list[str] = []
        self.feed(html)
        self.wrong += [f"<{tag}> is not closed" for tag in self._open]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open.pop() != tag:
            self.wrong.append(f"</{tag}>")


def all_blocks() -> list[Block]:
    return [block for block in catalog.current().blocks.values() if block.full_name != "core/page"]


def test_without_its_marks_the_canvas_of_each_block_is_the_public_page(shelf: dict[str, Any]) -> None:
    seen = 0
    for block in all_blocks():
        node = filled(block, shelf)
        tree = checking.checked(tree_of(node), catalog.current())
        edited = str(canvas.page_html(tree, context(shelf, editing=True)).html)
        public = str(render.tree_html(tree, context(shelf)).html)
        for each in list(walk(tree["root"]))[1:]:
            assert edited.count(f'data-block="{each["id"]}"') == 1, block.full_name
        if not public.strip():
            assert block.full_name in SEEN_BY_NOBODY_HERE, f"{block.full_name} draws nothing with its example"
            continue
        assert "editor-holder" not in edited, f"{block.full_name} has no root of its own"
        assert bare(edited) == bare(public), block.full_name
        seen += 1
    assert seen > 25


@pytest.mark.parametrize("who", ["editor", "visitor", "student"])
def test_fifty_blocks_of_each_kind_ask_the_database_no_more_often_than_one(shelf: dict[str, Any], who: str) -> None:
    person = {"editor": EDITOR, "visitor": None, "student": shelf["student"]}[who]
    draw = canvas.page_html if who == "editor" else render.tree_html
    one = tree_of(*(filled(block, shelf) for block in all_blocks()))
    # Courses, products and files differ: what was found for another block must not hide a question.
    shelves = [shelf, *shelf["others"]]
    fifty = tree_of(
        *(
            filled(block, shelves[0 if block.full_name in ASKS_FOR_EACH_COURSE else n % 4], names_course=n % 2)
            for block in all_blocks()
            for n in range(50)
        )
    )
    asked = []
    for tree in (one, fifty):
        queries = Queries()
        with queries.counted() as sent:
            draw(tree, context(shelf, person=person, editing=who == "editor"))
        # How many things are asked for in one go makes no other question.
        asked.append(Counter(re.sub(r"IN \([?, ]+\)", "IN (…)", " ".join(each.split())) for each in sent))
    assert asked[1] - asked[0] == Counter()


def test_each_block_is_whole_html_without_styles_scripts_or_doubled_ids(shelf: dict[str, Any]) -> None:
    tree = tree_of(*(filled(block, shelf) for block in all_blocks()), *(filled(block, shelf) for block in all_blocks()))
    for person in (EDITOR, None):
        read = Read(str(render.tree_html(tree, context(shelf, person=person)).html))
        assert read.wrong == []
        tags = {tag for tag, _attributes in read.elements}
        assert not tags & {"script", "style"}
        assert all(not {"style", "onclick"} & attributes.keys() for _tag, attributes in read.elements)
        ids = [attributes["id"] for _tag, attributes in read.elements if "id" in attributes]
        assert {one for one in ids if ids.count(one) > 1} <= {"mark-done", "mark-locked"}
        assert all("alt" in attributes for tag, attributes in read.elements if tag == "img")
        assert all(attributes.get("title") for tag, attributes in read.elements if tag == "iframe")
        assert not [attributes["src"] for tag, attributes in read.elements if tag == "iframe" and "src" in attributes]


def test_each_block_says_what_it_is_for_and_how_it_looks(shelf: dict[str, Any]) -> None:
    from_core = [block for block in all_blocks() if block.plugin not in ("stripe", "announcements")]
    assert [block.full_name for block in from_core if not str(block.description)] == []
    doubled = [str(block.label) for block in all_blocks()]
    assert {one for one in doubled if doubled.count(one) > 1} == set()
    for block in all_blocks():
        checking.checked(tree_of(planting.inserted(block)), catalog.current())
        checking.checked(tree_of(planting.inserted(block, block.example)), catalog.current())


HOSTILE = st.one_of(
    st.sampled_from([
        '"><script>alert(1)</script>', "<x-hostile onmouseover=alert(1)>", "javascript:alert(1)", "' onfocus='alert(1)",
        "{{ 7 * 7 }}{% raw %}", "<!--slot:x-->", "</table><x-hostile>", "|<x-hostile>|\n|a", "</textarea><x-hostile>",
        "<a data-link='x/y' href='//evil.example'>x</a>", "<svg/onload=alert(1)>", "https://www.youtube.com/watch?v=\"><x-hostile>",
        "<p><x-hostile style=color:red>words</x-hostile></p>",
    ]),
    st.text(st.sampled_from("<>\"'&/|=\\\n{}%-:x "), max_size=40),
)  # fmt: skip


def written(block: Block, shelf: dict[str, Any], words: str) -> dict[str, Any]:
    """The block with the words in every field that takes words, and in every file's description."""
    node = filled(block, shelf)
    for field in block.form():
        if isinstance(field, PlainText | Lines | RichText) and field.name not in ("after", "return_page"):
            node["props"][field.name] = words
        elif isinstance(field, Media):
            node["props"][field.name] = {**node["props"][field.name], "alt": words}
        elif isinstance(field, Choice) and not field.validate_choice and field.name not in ("offer", "product"):
            node["props"][field.name] = words
        elif isinstance(field, Items):
            entry = {each.name: words for each in field.form() if isinstance(each, PlainText | Choice | Search)}
            node["props"][field.name] = [entry]
    return node


@settings(max_examples=12, deadline=None)
@given(HOSTILE)
def test_what_people_write_never_becomes_a_tag_or_an_attribute(shelf: dict[str, Any], words: str) -> None:
    known = {tag for tag, _attributes in Read(_drawn([filled(block, shelf) for block in all_blocks()], shelf)).elements}
    nodes = []
    for block in all_blocks():
        node = written(block, shelf, words)
        # Refused on every write. What got into a database in another way must not break out either.
        with suppress(DocumentInvalid):
            checking.checked(tree_of(node), catalog.current())
        nodes.append(node)
    read = Read(_drawn(nodes, shelf))
    rich = {"p", "a", "br", "em", "strong"}
    assert {tag for tag, _attributes in read.elements} <= known | rich
    for tag, attributes in read.elements:
        assert not [name for name in attributes if name.startswith("on") or name == "style"], (tag, attributes)
        for name in ("href", "src", "action"):
            assert not re.match(r"\s*(javascript|data|//)", attributes.get(name) or "", re.IGNORECASE), attributes


def _drawn(nodes: list[dict[str, Any]], shelf: dict[str, Any]) -> str:
    return str(render.tree_html(tree_of(*nodes), context(shelf, person=None)).html)
