"""Rendering: what each person sees of a document, and what it costs."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO
from typing import Any

import pytest
from flask import current_app, g, render_template_string
from PIL import Image

from lms import db
from lms.base import clock
from lms.base.problem import Problem
from lms.content import blocks as core
from lms.content import links, render, services
from lms.content.document import empty, new_block
from lms.extend import Block, BlockForm, DynamicLink, Plugin, RenderContext
from lms.extend.fields import PlainText, RichText
from lms.media import services as media
from lms.pages import services as pages
from lms.testing.plugins import add_plugin, remove_plugin
from lms.web import CurrentPerson

BUYER = CurrentPerson(id=1, email="buyer@example.org", name="Buyer")
OTHER = CurrentPerson(id=2, email="other@example.org", name="Other")
NOT_BOUGHT = "You have not bought anything <yet>."


class Card(BlockForm):
    words = PlainText(default="words")
    text = RichText()


def _available(ctx: Any) -> bool | str:
    asked = ctx.once("acme.asked", lambda: db.session.execute(db.db.text("SELECT 1")).scalar())
    if ctx.person is None:
        return "Sign in to see it."
    return True if ctx.person.id == BUYER.id and asked else NOT_BOUGHT


class Acme(Plugin):
    """Acme"""

    name = "acme"

    def __init__(self) -> None:
        self.opened = 0
        self.loads: list[int] = []
        self.broken: Any = False

    def _open(self, _ctx: Any, _args: Any) -> str:
        self.opened += 1
        return "/"

    def _load(self, props: Any, ctx: RenderContext) -> list[str]:
        self.loads.append(len(props))
        return [f"{one['words']} for {ctx.person.name if ctx.person else 'a guest'}" for one in props]

    def _load_or_break(self, props: Any, _ctx: RenderContext) -> list[str]:
        if isinstance(self.broken, BaseException):
            raise self.broken
        if self.broken:
            return []
        return ["whole" for _one in props]

    def dynamic_links(self) -> tuple[DynamicLink, ...]:
        hosts = ("https://pay.example",)
        return (DynamicLink(name="portal", label="Portal", available=_available, open=self._open, hosts=lambda: hosts),)

    def blocks(self) -> tuple[Block, ...]:
        card = Block(name="mine", label="Card", form=Card, template="acme_mine.html", load=self._load)
        return (
            replace(card, depends_on=("person",)),
            replace(card, name="shared"),
            replace(card, name="fragile", load=self._load_or_break),
            replace(card, name="fragile-mine", load=self._load_or_break, depends_on=("person",)),
            replace(card, name="no-template", load=None, template="acme/not_there.html"),
            Block(
                name="renamed",
                label="Renamed",
                form=core.HeadingForm,
                template="core/blocks/heading.html",
                version=2,
                upgrade=lambda props, _version: {"text": props["title"]},
            ),
        )


@pytest.fixture
def acme(site, tmp_path):
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "acme_mine.html").write_text("<p {{ root }}>{{ extra }}</p>")
    site.rebuild()
    with site.app.app_context():
        plugin = Acme()
        add_plugin(site.app, plugin)
        yield plugin
        db.rollback()
        db.db.session.remove()


def context(person=None, path="/page"):
    return RenderContext(person=person, now=clock.now(), path=path)


def save(*blocks, owner=1):
    tree = empty()
    tree["root"]["slots"]["main"] = list(blocks)
    services.save_document("page", owner, tree, author_id=None)
    db.commit()


def html(person=None, path="/page"):
    return str(render.page_html("page", 1, context(person, path)).html)


def link(**more):
    return {"kind": "dynamic", "source": "acme", "key": "portal", **more}


def button(link, text="Manage"):
    return new_block("core/button", {"text": text, "link": link})


def text(html):
    return new_block("core/text", {"html": html})


@pytest.mark.feature("B-03")
def test_a_buyer_gets_the_button_and_others_nothing_of_it(acme):
    save(button(link()))
    assert 'href="/go/acme/portal?c=' in html(BUYER)
    assert html(OTHER) == ""
    assert html(None) == ""


@pytest.mark.feature("B-18")
def test_two_people_and_one_cache_do_not_mix(acme):
    save(button(link()), text('<p>See <a data-link="acme/portal">it</a>.</p>'))
    seen = [html(who) for who in (BUYER, OTHER, None, BUYER, OTHER, None)]
    assert seen[:3] == seen[3:]
    assert "/go/" in seen[0]
    assert "/go/" not in seen[1] + seen[2]


@pytest.mark.feature("B-18")
def test_the_address_is_the_same_for_everybody(acme):
    save(button(link(unavailable="login")))
    assert html(BUYER) == html(None)
    assert html(OTHER) == ""


@pytest.mark.feature("B-04")
@pytest.mark.parametrize("person", [None, OTHER], ids=["guest", "no purchase"])
def test_another_link_stands_in(acme, person):
    save(button(link(unavailable="fallback", fallback={"kind": "url", "href": "/pricing"})))
    assert 'href="/pricing"' in html(person)
    assert "/go/" not in html(person)


def test_a_link_that_stands_in_and_is_not_available_either_is_hidden(acme):
    save(button(link(unavailable="fallback", fallback=link())))
    assert html(OTHER) == ""


@pytest.mark.feature("B-04")
@pytest.mark.parametrize(
    "block",
    [
        button(link(unavailable="disable")),
        text('<p><a data-link="acme/portal" data-unavailable="disable">it</a></p>'),
    ],
    ids=["button", "text"],
)
def test_a_disabled_link_says_why_and_leads_nowhere(acme, block):
    save(block)
    seen = html(OTHER)
    assert 'aria-disabled="true"' in seen
    assert "You have not bought anything &lt;yet&gt;." in seen
    assert "href" not in seen


@pytest.mark.feature("B-03")
def test_a_hidden_link_in_text_goes_with_its_words_and_its_empty_paragraph(acme):
    save(text('<p>a <a data-link="acme/portal">secret words</a>.</p><p><a data-link="acme/portal">alone</a></p>'))
    assert ">alone</a>" in html(BUYER)
    seen = html(OTHER)
    assert "<p>a .</p></div>" in seen
    assert "secret" not in seen


def test_a_text_of_nothing_but_hidden_links_is_not_drawn(acme):
    save(text('<p><a data-link="acme/portal">alone</a></p>'))
    assert html(OTHER) == ""


def test_a_link_that_leaves_the_site_is_marked(acme):
    save(button(link()))
    assert "<svg" in html(BUYER)


def test_words_of_editors_are_no_markup(acme):
    save(new_block("core/heading", {"text": "<script>a</script>"}), button({"kind": "url", "href": "/"}, "<b>x</b>"))
    assert "&lt;script&gt;" in html()
    assert "&lt;b&gt;x" in html()


def test_visitors_see_neither_a_block_that_nobody_knows_nor_what_is_in_it(acme):
    save(new_block("gone/wall", slots={"body": [text("<p>paid words</p>")]}), text("<p>free</p>"))
    assert "paid" not in html(BUYER)
    assert "free" in html(BUYER)


def test_a_newer_version_of_a_block_than_we_know_is_not_drawn(acme):
    save(new_block("core/heading", {"future": 1}) | {"v": 9})
    assert html() == ""


def test_a_block_with_a_rule_is_hidden(acme):
    save(text("<p>secret</p>") | {"visibility": [{"rule": "gone/rule"}]})
    assert html(BUYER) == ""


def test_an_older_block_is_brought_up_to_date_when_read(acme):
    remove_plugin_then_save(acme, new_block("acme/renamed", {"title": "Old words"}))
    assert "Old words" in html()


def remove_plugin_then_save(acme, block):
    remove_plugin(current_app, "acme")
    save(block)
    add_plugin(current_app, acme)


def test_taking_the_plugin_away_hides_its_link_and_bringing_it_back_shows_it(acme):
    save(button(link()))
    before = html(BUYER)
    remove_plugin_then_save(acme, text("<p>a</p>"))
    save(button(link()))
    assert html(BUYER) == before


@pytest.mark.feature("B-18")
@pytest.mark.parametrize(
    ("blocks", "private"),
    [
        ([text("<p>a</p>")], False),
        ([button({"kind": "url", "href": "/"})], False),
        ([text('<p><a data-link="site/home">a</a></p>')], False),
        ([text('<p><a data-link="gone/x">a</a></p>')], False),
        ([new_block("acme/shared")], False),
        ([button(link())], True),
        ([new_block("acme/mine")], True),
        ([new_block("core/columns", slots={"left": [text('<p><a data-link="acme/portal">a</a></p>')]})], True),
    ],
    ids=["text", "address", "equal for all", "unknown", "shared block", "personal", "person's block", "nested"],
)
def test_a_document_is_private_when_something_in_it_depends_on_the_person(acme, blocks, private):
    save(*blocks)
    assert render.page_html("page", 1, context(BUYER)).private is private


def test_a_document_knows_whether_it_brings_its_title(acme):
    save(new_block("core/columns", slots={"right": [new_block("core/heading", {"text": "T", "level": 1})]}))
    assert render.page_html("page", 1, context()).has_title


def test_nothing_published_is_nothing_to_draw(acme):
    assert render.page_html("page", 404, context()).html == ""


def test_a_page_costs_one_query_once_it_was_compiled(acme, queries):
    save(text("<p>a</p>"), *[button({"kind": "url", "href": "/"}) for _ in range(50)])
    html()
    with queries.at_most(1):
        html(BUYER)


@pytest.mark.parametrize("number", [1, 50])
def test_fifty_links_cost_as_much_as_one(acme, queries, number):
    save(*[button(link(), f"Button {n}") for n in range(number)])
    html(None)
    with queries.at_most(2):
        assert html(BUYER).count("/go/acme/portal") == number


@pytest.mark.feature("B-01")
def test_drawing_never_opens_a_link(acme):
    save(button(link()))
    html(BUYER)
    assert acme.opened == 0


def test_blocks_of_a_person_are_loaded_at_once_and_for_each_view(acme):
    save(*[new_block("acme/mine", {"words": f"w{n}"}) for n in range(3)])
    assert "w2 for Buyer" in html(BUYER)
    assert "w2 for Other" in html(OTHER)
    assert acme.loads == [3, 3]


def test_shared_blocks_are_loaded_once_for_all_and_know_nobody(acme):
    save(new_block("acme/shared", {"words": "a"}), new_block("acme/shared", {"words": "b"}))
    assert "b for a guest" in html(BUYER)
    html(OTHER)
    assert acme.loads == [2]


def test_a_link_that_is_equal_for_all_writes_its_own_address_and_follows_the_page(acme):
    moving = pages.create_page(slug="about", title="About", document=empty(), actor_id=None)
    args = f'{{"page": {moving.id}, "anchor": "us"}}'
    words = text(f"<p><a data-link='page/page' data-args='{args}'>a</a></p>")
    save(button({"kind": "page", "page": moving.id}), words, owner=99)

    def seen():
        return str(render.page_html("page", 99, context()).html)

    assert 'href="/about"' in seen()
    assert 'href="/about#us"' in seen()
    pages.save_page(moving.id, slug="about-us", title="About", document=empty(), actor_id=None, publish=True)
    db.commit()
    assert 'href="/about-us"' in seen()
    pages.unpublish_page(moving.id, actor_id=None)
    db.commit()
    assert seen() == ""


def picture(*, alt="", name="porch.png"):
    file = BytesIO()
    Image.new("RGB", (40, 30), "red").save(file, "PNG")
    file.seek(0)
    return media.store(file, name=name, actor_id=None, visibility="public", alt=alt)


def test_a_picture_has_its_size_and_says_what_it_shows(acme):
    stored = picture(alt="From the library")
    said = {"media": {"key": stored.key, "alt": "The <porch>"}, "caption": "At noon"}
    save(new_block("core/image", said), new_block("core/image", {"media": {"key": stored.key, "decorative": True}}))
    seen = html()
    assert f'src="/media/{stored.key}" alt="The &lt;porch&gt;" width="40" height="30"' in seen
    assert 'alt=""' in seen
    assert "At noon</figcaption>" in seen


def test_a_picture_that_is_gone_leaves_no_hole(acme):
    save(new_block("core/image", {"media": {"key": "gone", "alt": "x"}}))
    assert html() == ""


def test_an_anchor_is_written_and_nothing_else_of_a_style(acme):
    save(text("<p>a</p>") | {"style": {"anchor": "prices", "spacing": {"base": "l"}, "color": "red"}})
    save(text("<p>a</p>") | {"style": {"anchor": 'x" onload="y'}}, owner=2)
    assert 'id="prices" data-space="l"' in html()
    assert "onload" not in str(render.page_html("page", 2, context()).html)


def test_a_document_that_is_not_stored_can_be_drawn(acme):
    tree = empty()
    tree["root"]["slots"]["main"] = [text("<p onclick=x>a</p>")]
    assert "<p>a</p>" in render.tree_html(tree, context()).html


@pytest.fixture
def contained(acme):
    strict = current_app.config["LMS"]
    current_app.config["LMS"] = replace(strict, strict_plugins=False)
    yield
    current_app.config["LMS"] = strict


def test_a_block_that_fails_costs_only_itself(acme, contained):
    save(text("<p>before</p>"), new_block("acme/no-template"), text("<p>after</p>"))
    seen = html()
    assert "before" in seen
    assert "after" in seen


FAILURES = [RuntimeError("broken"), Problem("A refusal."), SystemExit(1), "another number of results"]


@pytest.mark.parametrize("failure", FAILURES, ids=str)
@pytest.mark.parametrize("kind", ["acme/fragile", "acme/fragile-mine"])
def test_a_block_that_failed_is_not_drawn_and_tried_again(acme, contained, kind, failure):
    save(text("<p>before</p>"), new_block(kind))
    acme.broken = failure
    assert html().count("<p>") == html().count("before") == 1
    acme.broken = False
    assert "whole" in html()


@pytest.mark.parametrize("failure", FAILURES[:3], ids=str)
def test_a_link_that_fails_is_no_button(acme, contained, monkeypatch, failure):
    def fails(_ctx):
        raise failure

    monkeypatch.setattr(acme, "dynamic_links", lambda: (DynamicLink(name="portal", label="P", available=fails),))
    remove_plugin_then_save(acme, button(link()))
    assert html(BUYER) == ""


@pytest.mark.parametrize(
    ("key", "guest", "person"), [("login", True, False), ("logout", False, True), ("courses", True, True)]
)
def test_links_of_the_account_know_who_looks(acme, key, guest, person):
    save(button({"kind": "dynamic", "source": "account", "key": key}))
    assert (bool(html(None)), bool(html(BUYER))) == (guest, person)


@pytest.mark.parametrize(("person", "shown"), [(BUYER, True), (OTHER, False), (None, False)])
def test_templates_ask_for_a_link_and_get_nothing_when_it_is_not_available(acme, person, shown):
    source = '{% set link = dynamic_link("acme/portal") %}{% if link %}<a href="{{ link.href }}">x</a>{% endif %}'
    with current_app.test_request_context("/courses"):
        g.lms_link_context = links.context(person, page="/courses")
        assert ('href="/go/acme/portal?c=' in render_template_string(source)) is shown
