"""Documents: what is refused and how it is told, and that nothing of somebody else's is lost."""

from __future__ import annotations

import copy
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lms import db
from lms.content import catalog, checking, document, services
from lms.content.document import new_block
from lms.content.problems import DocumentInvalid


def with_blocks(*blocks):
    tree = document.empty()
    tree["root"]["slots"]["main"] = list(blocks)
    return tree


def faults(tree):
    with pytest.raises(DocumentInvalid) as refusal:
        checking.checked(tree, catalog.current())
    return {fault.path: fault.sentence for fault in refusal.value.faults}


def button(link):
    return new_block("core/button", {"text": "Go", "link": link})


def dynamic(**more):
    return {"kind": "dynamic", "source": "stripe", "key": "customer-portal", **more}


MISTAKES = [
    ({"props": {"text": 3}}, "props.text", "quotation marks"),
    ({"props": {"level": "2"}}, "props.level", "Choose one of: 2, 1, 3, 4"),
    ({"props": {"level": True}}, "props.level", "Choose one of"),
    ({"props": {"colour": "red"}}, "props.colour", "Possible: text, level, look"),
    ({"props": {"text": "x" * 201}}, "props.text", "200"),
    ({"props": []}, "props", "braces"),
    ({"id": "short"}, "id", "8 to 16"),
    ({"id": 12345678}, "id", "8 to 16"),
    ({"type": "heading"}, "type", "core/heading"),
    ({"type": "core/page"}, "type", "Only the root"),
    ({"v": 0}, "v", "whole number from 1"),
    ({"v": True}, "v", "whole number from 1"),
    ({"extra": 1}, "extra", "no meaning"),
    ({"slots": {"left": []}}, "slots.left", "no slot of this name"),
    ({"slots": []}, "slots", "braces"),
    ({"visibility": {}}, "visibility", "rule"),
    ({"visibility": [{"role": "x"}]}, "visibility", "rule"),
    ({"style": "wide"}, "style", "braces"),
]


@pytest.mark.parametrize(("change", "path", "words"), MISTAKES, ids=lambda value: str(value)[:40])
def test_a_mistake_is_told_with_its_place(site, change, path, words):
    block = new_block("core/heading", {"text": "a"}) | change
    assert words in faults(with_blocks(block))[f"root.slots.main[0].{path}"]


LINK_MISTAKES = [
    ({"kind": "url", "href": "javascript:alert(1)"}, "href", "https://"),
    ({"kind": "url", "href": "//evil.example"}, "href", "https://"),
    ({"kind": "url", "href": "https://user@evil.example"}, "href", "https://"),
    ({"kind": "url", "href": "/a b"}, "href", "https://"),
    ({"kind": "url"}, "href", "https://"),
    ({"kind": "anchor", "href": "prices"}, "href", "#prices"),
    ({"kind": "email", "href": "post"}, "href", "one e-mail address"),
    ({"kind": "email", "href": "a@b.example?bcc=c@d.example"}, "href", "one e-mail address"),
    ({"kind": "page", "page": "3"}, "page", "number"),
    ({"kind": "file"}, "kind", "Choose one of"),
    ({"kind": "url", "href": "/", "page": 3}, "page", "no meaning"),
    ({"kind": "url", "href": "/", "new_tab": "yes"}, "new_tab", "true or false"),
    (dynamic(unavailable="vanish"), "unavailable", "hide, login, fallback, disable"),
    (dynamic(unavailable="fallback"), "fallback", "stands in"),
    (dynamic(unavailable="fallback", fallback=dynamic(unavailable="login")), "fallback", "simply hidden"),
    (dynamic(args=[]), "args", "braces"),
    (dynamic(source="Stripe!"), "source", "a word such as"),
    ({"kind": "dynamic", "source": "site", "key": "home", "args": {"x": 1}}, "args", "takes no arguments"),
    ({"kind": "dynamic", "source": "page", "key": "page", "args": {"pge": 1}}, "args.pge", "Possible: page, anchor"),
    ({"kind": "dynamic", "source": "page", "key": "page", "args": {}}, "args.page", "needed"),
    ({"kind": "dynamic", "source": "page", "key": "page", "args": {"page": 1, "anchor": "/"}}, "args.anchor", "looks"),
]


@pytest.mark.parametrize(("link", "path", "words"), LINK_MISTAKES, ids=lambda value: str(value)[:60])
def test_a_mistake_in_a_link_is_told_with_its_place(site, link, path, words):
    assert words in faults(with_blocks(button(link)))[f"root.slots.main[0].props.link.{path}"]


@pytest.mark.parametrize(
    "link",
    [
        {},
        {"kind": "url", "href": "/courses?x=1#top"},
        {"kind": "url", "href": "https://example.org/a", "new_tab": True, "nofollow": True},
        {"kind": "anchor", "href": "#prices"},
        {"kind": "email", "href": "post@example.org"},
        {"kind": "page", "page": 3},
        dynamic(),
        dynamic(args={"anything": [1]}, unavailable="fallback", fallback={"kind": "url", "href": "/x"}),
    ],
    ids=str,
)
def test_a_right_link_is_stored_as_it_is(site, link):
    tree = with_blocks(button(link))
    assert checking.checked(tree, catalog.current()) == tree


def test_a_mistake_in_a_link_of_a_text_is_told(site):
    text = new_block("core/text", {"html": "<p><a data-link='site/home' data-args='{\"x\": 1}'>a</a></p>"})
    assert "takes no arguments" in faults(with_blocks(text))["root.slots.main[0].props.html, dynamic link 1.args"]


def test_a_picture_says_what_it_shows_or_that_it_says_nothing(site):
    assert (
        "what the picture shows"
        in faults(with_blocks(new_block("core/image", {"media": {"key": "k"}})))["root.slots.main[0].props.media.alt"]
    )


@pytest.mark.parametrize(
    ("tree", "path"),
    [
        ([], "document"),
        ({"schema": 2, "root": document.empty()["root"]}, "schema"),
        ({"schema": 1}, "document"),
        ({"schema": 1, "root": []}, "root"),
        ({"schema": 1, "root": new_block("core/columns")}, "root.type"),
        ({**document.empty(), "title": "x"}, "document.title"),
        ({**document.empty(), "root": {**document.empty()["root"], "slots": {"main": {}}}}, "root.slots.main"),
        (with_blocks("words"), "root.slots.main[0]"),
        (with_blocks(new_block("acme/x", {"n": float("nan")})), "document"),
    ],
    ids=lambda value: value if isinstance(value, str) else "tree",  # block ids are random
)
def test_what_is_no_document_is_refused(site, tree, path):
    assert path in faults(tree)


def test_two_blocks_with_one_id_are_refused(site):
    block = new_block("acme/x")
    told = faults(with_blocks(block, block))
    assert told["root.slots.main[1].id"].startswith("root.slots.main[0] has this id too")


def nested(depth):
    tree = document.empty()
    children = tree["root"]["slots"]["main"]
    for _ in range(depth - 1):
        block = new_block("core/columns", slots={"left": []})
        children.append(block)
        children = block["slots"]["left"]
    return tree


def many(number):
    return with_blocks(*[new_block("acme/x") for _ in range(number)])


def heavy(size):
    return with_blocks(new_block("acme/x", {"words": "x" * size}))


@pytest.mark.parametrize(
    ("fits", "too_much"),
    [
        (nested(12), nested(13)),
        (many(1999), many(2000)),
        (heavy(2_000_000), heavy(2_100_000)),
    ],
    ids=["depth 12", "2,000 blocks", "2 MB"],
)
def test_limits(site, fits, too_much):
    checking.checked(fits, catalog.current())
    assert len(faults(too_much)) == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"schema": 1,\n "root": }', "line 2, column 10"),
        ('{"schema": 1, "schema": 1}', "schema stands twice"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_what_is_no_json_is_told_with_its_place(site, text, words):
    with pytest.raises(DocumentInvalid, match=words):
        document.parse(text)


def test_text_is_cleaned_also_inside_a_block_that_nobody_knows(site):
    text = new_block("core/text", {"html": "<p onclick=x>a</p>"})
    stored = checking.checked(with_blocks(new_block("acme/box", slots={"body": [text]})), catalog.current())
    assert stored["root"]["slots"]["main"][0]["slots"]["body"][0]["props"]["html"] == "<p>a</p>"


def test_what_was_handed_in_is_not_changed(site):
    tree = with_blocks(new_block("core/text", {"html": "<p onclick=x>a</p>"}))
    before = copy.deepcopy(tree)
    checking.checked(tree, catalog.current())
    assert tree == before


def test_a_refused_document_leaves_nothing_stored(site):
    services.save_document("page", 1, document.empty(), author_id=None)
    with pytest.raises(DocumentInvalid):
        services.save_document("page", 1, with_blocks({}), author_id=None)
    assert services.newest_revision("page", 1).number == 1


def test_saving_the_same_again_makes_no_revision(site):
    first = services.save_document("page", 1, document.empty() | {}, author_id=None)
    again = services.save_document("page", 1, first.tree, author_id=None)
    assert again.id == first.id


def test_a_draft_waits_while_visitors_keep_what_they_have(site):
    services.save_document("page", 1, document.empty(), author_id=None)
    old = services.published_tree("page", 1)
    services.save_document("page", 1, with_blocks(new_block("acme/x")), author_id=None, publish=False)
    assert services.published_tree("page", 1) == old


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
OBJECT = st.dictionaries(st.text(max_size=8), JSON, max_size=4)
NAME = st.from_regex(r"[a-z0-9-]{1,12}", fullmatch=True)
FOREIGN_LINK = st.fixed_dictionaries(
    {"kind": st.just("dynamic"), "source": st.just("gone"), "key": NAME},
    optional={"args": OBJECT, "unavailable": st.sampled_from(["hide", "login", "disable"]), "new_tab": st.booleans()},
)


@st.composite
def foreign_blocks(draw, depth=3):
    """Blocks of a plugin that is not there, with known ones among their children, and known ones with foreign links."""
    if draw(st.booleans()):
        return button(draw(FOREIGN_LINK))
    block = new_block(f"gone/{draw(NAME)}", draw(OBJECT)) | {"v": draw(st.integers(1, 9))}
    if draw(st.booleans()):
        block["style"] = draw(OBJECT)
    if draw(st.booleans()):
        block["visibility"] = [draw(OBJECT) | {"rule": "gone/rule"}]
    if depth and draw(st.booleans()):
        block["slots"] = {draw(st.text(max_size=5)): draw(st.lists(foreign_blocks(depth - 1), max_size=3))}
    return block


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(blocks=st.lists(foreign_blocks(), max_size=4))
def test_what_belongs_to_a_plugin_that_is_gone_survives_saving_byte_for_byte(site, blocks):
    tree = with_blocks(*blocks)
    saved = services.save_document("page", 1, tree, author_id=None)
    db.commit()
    db.session.expire_all()
    assert json.dumps(services.tree_of_revision(saved.id)) == json.dumps(tree)


def test_a_document_survives_on_both_databases(site, both_databases):
    tree = with_blocks(new_block("gone/x", {"z": 1, "a": "\u0000 \ud83d\ude00", "n": 1.5, "big": 10**30}))
    saved = services.save_document("page", 1, tree, author_id=None)
    db.commit()
    db.session.expire_all()
    assert json.dumps(services.tree_of_revision(saved.id)) == json.dumps(tree)
