"""Dynamic labels: how they are written, what each person reads, and that nothing of one person reaches another."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from flask import current_app
from hypothesis import given
from hypothesis import strategies as st
from wtforms import Form

from lms import db
from lms.base import clock
from lms.content import canvas, labels, render, services
from lms.content.document import empty, new_block
from lms.content.labels import Label
from lms.extend import DynamicLabel, Plugin, RenderContext
from lms.extend.fields import PlainText
from lms.testing.plugins import add_plugin, remove_plugin
from lms.web import CurrentPerson

ANA = CurrentPerson(id=1, email="ana@example.org", name="Ana <b>Lopez</b>")
BEN = CurrentPerson(id=2, email="ben@example.org", name="Ben")
NAME = "{{account/first-name|friend}}"


class WordForm(Form):
    word = PlainText("Word")


class Acme(Plugin):
    """Acme"""

    name = "acme"

    def __init__(self) -> None:
        self.asked: list[Any] = []
        self.answer: Any = "whole"

    def _value(self, _ctx: Any, args: Any) -> Any:
        self.asked.append(args)
        if isinstance(self.answer, BaseException):
            raise self.answer
        return args.get("word") or self.answer

    def dynamic_labels(self) -> tuple[DynamicLabel, ...]:
        own = DynamicLabel(
            name="own", label="Own", form=WordForm, value=self._value, states=("purchased",), example="mine"
        )
        return (own, replace(own, name="all", depends_on=()))


@pytest.fixture
def acme(site):
    with site.app.app_context():
        plugin = Acme()
        add_plugin(site.app, plugin)
        yield plugin
        db.rollback()
        db.db.session.remove()


def context(person=None, **more):
    return RenderContext(person=person, now=clock.now(), path="/page", **more)


def save(*blocks):
    tree = empty()
    tree["root"]["slots"]["main"] = list(blocks)
    services.save_document("page", 1, tree, author_id=None)
    db.commit()
    return tree


def text(html):
    return new_block("core/text", {"html": html})


def heading(words):
    return new_block("core/heading", {"text": words})


def shown(person=None):
    return str(render.page_html("page", 1, context(person)).html)


@pytest.mark.parametrize(
    ("written", "parts"),
    [
        ("Hello", ["Hello"]),
        ("Hello {{account/first-name|friend}}!", ["Hello ", Label("account/first-name", (), "friend"), "!"]),
        ("{{a/b|}}{{a/b|x}}", [Label("a/b"), Label("a/b", (), "x")]),
        ('{{a/b one=1 two="x y"|z}}', [Label("a/b", (("one", "1"), ("two", "x y")), "z")]),
        ("{{\xa0a/b\xa0one=1 | z }}", [Label("a/b", (("one", "1"),), "z")]),
        ("{{a/b}} {{ user.name }} {{a|b}} {a/b|c} {{a/b|{c}}}", None),
    ],
)
def test_a_label_is_told_from_other_braces(written, parts):
    assert labels.split(written) == (parts if parts is not None else [written])


@given(
    st.dictionaries(st.from_regex(r"[a-z][a-z0-9_-]{0,8}", fullmatch=True), st.text(max_size=20), max_size=3),
    st.text(max_size=30),
)
def test_what_is_inserted_is_read_again_and_is_one_label(args, fallback):
    parts = labels.split("before " + labels.token("acme/own", args, fallback) + " after")
    assert [type(part) for part in parts] == [str, Label, str]
    label = parts[1]
    assert label.key == "acme/own"
    assert {name for name, _value in label.args} <= set(args)


def test_each_person_reads_the_own_words_escaped_and_nobody_those_of_another(acme):
    save(text(f"<p>Hello {NAME}, <strong>{{{{account/name|you}}}}</strong></p>"), heading(f"For {NAME}"))
    for person, first, whole in (
        (ANA, "Ana", "Ana &lt;b&gt;Lopez&lt;/b&gt;"),
        (None, "friend", "you"),
        (BEN, "Ben", "Ben"),
    ) * 2:
        html = shown(person)
        assert f"Hello {first}, <strong>{whole}</strong>" in html
        assert f">For {first}</h2>" in html
    assert render.page_html("page", 1, context(ANA)).private


def test_in_a_button_with_a_personal_link_too(acme):
    link = {"kind": "dynamic", "source": "account", "key": "login", "args": {}, "unavailable": "hide"}
    save(new_block("core/button", {"text": f"Sign in, {NAME}", "link": link}))
    assert "Sign in, friend" in shown(None)
    assert shown(BEN) == ""


@pytest.mark.parametrize("answer", [None, "", "  ", RuntimeError("broken"), SystemExit(), 7])
def test_with_nothing_to_say_the_fallback_is_printed_and_never_none(acme, monkeypatch, answer):
    monkeypatch.setitem(current_app.config, "LMS", replace(current_app.config["LMS"], strict_plugins=False))
    acme.answer = answer
    save(text("<p>{{acme/own|nothing}} and {{acme/own|}}.</p><p>{{acme/own|}}</p>"))
    assert "<p>nothing and .</p></div>" in shown(ANA), "a paragraph that is left empty goes"


def test_code_keeps_its_braces_and_a_link_that_goes_takes_its_labels_along(acme):
    link = '<a data-link="account/login" data-unavailable="hide">{{acme/own word=gone|x}}</a>'
    save(text(f"<p>{link} {{{{acme/own word=stays|x}}}} <code>{{{{acme/own|x}}}}</code></p>"))
    html = shown(ANA)
    assert "gone" not in html
    assert "stays" in html
    assert "<code>{{acme/own|x}}</code>" in html


def test_words_that_are_equal_for_all_are_asked_once_for_all(acme):
    save(*(text("<p>{{acme/all|x}}</p>") for _each in range(20)))
    for person in (None, ANA, BEN):
        assert shown(person).count("whole") == 20
    assert len(acme.asked) == 1
    assert not render.page_html("page", 1, context(ANA)).private
    save(*(text("<p>{{acme/own|x}}</p>") for _each in range(20)))
    acme.asked.clear()
    assert shown(ANA).count("whole") == 20
    assert len(acme.asked) == 1


def test_previews_print_the_example_and_ask_nobody(acme):
    tree = save(text("<p>{{acme/own|for others}}</p>"))
    for state, words in (("purchased", "mine"), ("guest", "for others"), ("no_purchase", "for others")):
        assert f"<p>{words}</p>" in render.tree_html(tree, context(BEN, state=state)).html
    assert acme.asked == []


def test_without_its_plugin_a_label_prints_its_fallback_and_is_kept(acme, site):
    remove_plugin(site.app, acme.name)
    save(text("<p>{{acme/own|instead}}</p>"), heading("{{acme/own word=1|instead}}"))
    assert shown(ANA).count("instead") == 2
    stored = services.published_tree("page", 1)["root"]["slots"]["main"]
    assert [block["props"].get("html") or block["props"]["text"] for block in stored] == [
        "<p>{{acme/own|instead}}</p>", "{{acme/own word=1|instead}}",
    ]  # fmt: skip


def test_editors_see_labels_as_they_are_stored(acme):
    tree = save(text(f"<p>{NAME}</p>"), heading(NAME))
    assert canvas.page_html(tree, context(ANA, editing=True)).html.count(NAME) == 2
