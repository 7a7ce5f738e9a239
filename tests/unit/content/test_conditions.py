"""For whom a block is shown: conditions, turned round, failing, missing, in previews, and with the guests' cache."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from wtforms import Form

from lms import db
from lms.base import clock
from lms.content import canvas, checking, render, services, words
from lms.content.catalog import current
from lms.content.document import empty, new_block
from lms.content.problems import DocumentInvalid
from lms.extend import Block, BlockForm, BlockSlot, Condition, Plugin, RenderContext
from lms.extend.fields import Conditions, PlainText
from lms.testing.plugins import add_plugin, remove_plugin
from lms.web import CurrentPerson

ANA = CurrentPerson(id=1, email="ana@example.org", name="Ana", roles=frozenset({"editor"}))
BEN = CurrentPerson(id=2, email="ben@example.org", name="Ben")


class WhoForm(Form):
    name = PlainText("Name")


class ForSomeForm(BlockForm):
    rules = Conditions("For whom")


class Acme(Plugin):
    """Acme"""

    name = "acme"

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.loads: list[int] = []
        self.answer: Any = None

    def _is(self, ctx: Any, args: Any) -> Any:
        self.asked.append(args.get("name", ""))
        if isinstance(self.answer, BaseException):
            raise self.answer
        if self.answer is not None:
            return self.answer
        return ctx.person is not None and ctx.person.name == args.get("name")

    def _load(self, props: Any, _ctx: RenderContext) -> list[str]:
        self.loads.append(len(props))
        return ["loaded" for _one in props]

    def conditions(self) -> tuple[Condition, ...]:
        is_called = Condition(name="is-called", label="Is called", form=WhoForm, states=("purchased",), holds=self._is)
        return (
            is_called,
            replace(is_called, name="owes", label="Owes", form=None, attention=("past_due",)),
            replace(is_called, name="gone", label="Gone", form=None, holds=lambda _ctx, _args: None),
        )

    def blocks(self) -> tuple[Block, ...]:
        return (
            Block(
                name="for-some", label="For some", form=ForSomeForm, template="acme_for_some.html",
                slots={"inside": BlockSlot()},
            ),
            Block(
                name="mine", label="Mine", form=BlockForm, template="acme_mine.html", load=self._load,
                depends_on=("person",),
            ),
        )  # fmt: skip


@pytest.fixture
def acme(site, tmp_path):
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "acme_for_some.html").write_text(
        '<div {{ root }} {{ slot_attrs("inside") }}>{{ slot("inside") }}</div>'
    )
    (tmp_path / "templates" / "acme_mine.html").write_text("<p {{ root }}>{{ extra }}</p>")
    site.rebuild()
    with site.app.app_context():
        plugin = Acme()
        add_plugin(site.app, plugin)
        yield plugin
        db.rollback()
        db.db.session.remove()


def rule(key="acme/is-called", /, *, turned=False, **args):
    return {"rule": key} | ({"args": args} if args else {}) | ({"not": True} if turned else {})


def secret(*rules, words="secret"):
    return new_block("core/text", {"html": f"<p>{words}</p>"}) | {"visibility": list(rules)}


def tree(*blocks):
    made = empty()
    made["root"]["slots"]["main"] = list(blocks)
    return made


def save(*blocks):
    services.save_document("page", 1, tree(*blocks), author_id=None)
    db.commit()


def shown(person=None, **more):
    return render.page_html("page", 1, RenderContext(person=person, now=clock.now(), path="/page", **more))


@pytest.mark.parametrize(
    ("rules", "seen_by"),
    [
        ([], "guest ana ben"),
        ([rule(name="Ana")], "ana"),
        ([rule(turned=True, name="Ana")], "guest ben"),
        ([rule(name="Ana"), rule("account/signed-in")], "ana"),
        ([rule(turned=True, name="Ana"), rule("account/signed-in")], "ben"),
        ([rule("account/signed-in", turned=True)], "guest"),
        ([rule("account/role", role="editor")], "ana"),
        ([rule("acme/gone")], ""),
        ([rule("acme/gone", turned=True)], ""),
        ([rule("missing/plugin")], ""),
        ([rule("missing/plugin", turned=True)], ""),
        ([rule("missing/plugin"), rule("account/signed-in")], ""),
    ],
)
@pytest.mark.usefixtures("acme")
def test_all_conditions_of_a_block_have_to_hold_and_what_cannot_be_asked_hides(rules, seen_by):
    save(secret(*rules), new_block("core/text", {"html": "<p>for all</p>"}))
    people = {"guest": None, "ana": ANA, "ben": BEN}
    for name in ("ben", "ana", "guest", "ana"):
        html = str(shown(people[name]).html)
        assert ("secret" in html) is (name in seen_by.split()), name
        assert "for all" in html


@pytest.mark.parametrize("answer", [RuntimeError("broken"), SystemExit(), "yes", 1])
@pytest.mark.parametrize("turned", [False, True])
def test_a_condition_that_fails_hides_its_block_and_nothing_else(acme, monkeypatch, answer, turned):
    from flask import current_app

    monkeypatch.setitem(current_app.config, "LMS", replace(current_app.config["LMS"], strict_plugins=False))
    acme.answer = answer
    save(secret(rule(turned=turned, name="Ana")), new_block("core/text", {"html": "<p>for all</p>"}))
    html = str(shown(ANA).html)
    assert "secret" not in html
    assert "for all" in html


def test_a_page_with_many_blocks_asks_each_question_once_and_loads_nothing_behind_a_shut_gate(acme):
    mine = new_block("acme/mine") | {"visibility": [rule(name="Ana")]}
    save(*(secret(rule(name="Ana")) for _each in range(20)), mine)
    assert "loaded" not in shown(BEN).html
    assert (acme.asked, acme.loads) == (["Ana"], [])
    assert shown(ANA).html.count("loaded") == 1
    assert (acme.asked, acme.loads) == (["Ana", "Ana"], [1])


@pytest.mark.usefixtures("acme")
def test_a_block_can_have_conditions_as_an_option_and_hides_all_that_is_in_it():
    inside = new_block("acme/for-some", {"rules": [rule(name="Ana")]}, slots={"inside": [secret()]})
    save(inside)
    assert "secret" in shown(ANA).html
    assert shown(None).html == ""
    assert shown(ANA).private


def test_a_condition_of_a_plugin_that_was_switched_off_hides_and_its_bytes_stay(acme, site):
    rules = [rule(name="Ana") | {"more": "of the plugin"}]
    known = tree(secret(rule(name="Ana")))
    remove_plugin(site.app, acme.name)
    save(secret(*rules))
    assert shown(ANA).html == ""
    stored = services.published_tree("page", 1)
    assert stored["root"]["slots"]["main"][0]["visibility"] == rules
    assert checking.checked(known, current())


@pytest.mark.usefixtures("acme")
def test_only_conditions_about_people_make_a_page_private_and_time_says_how_long_it_is_good(site):
    save(secret(rule("time/between", since="2020-01-01T00:00")))
    assert not shown(ANA).private
    assert "secret" in shown(None).html
    save(secret(rule("account/signed-in")))
    assert shown(ANA).private


@pytest.mark.parametrize(
    ("since", "until", "is_there"),
    [(None, None, True), (-1, 1, True), (1, 2, False), (-2, -1, False), (None, 1, True), (1, None, False)],
)
def test_dates_count_in_the_sites_zone_and_a_kept_page_ends_with_them(acme, site, since, until, is_there):
    from flask import g

    now = clock.now().replace(second=0, microsecond=0)
    told = {"since": since, "until": until}
    # The site of the tests keeps UTC.
    args = {
        name: (now + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M")
        for name, hours in told.items()
        if hours is not None
    }
    save(secret(rule("time/between", **args)))
    with site.app.test_request_context("/page"):
        assert ("secret" in shown(None).html) is is_there
        ahead = [hours for hours in (since, until) if hours is not None and hours > 0]
        wanted = now + timedelta(hours=min(ahead)) if ahead else None
        assert g.get("lms_good_until") == wanted


@pytest.mark.parametrize(
    ("rules", "seen_by"),
    [
        ([rule("account/signed-in")], "no_purchase purchased past_due"),
        ([rule("account/signed-in", turned=True)], "guest"),
        ([rule("product/owns")], "purchased past_due"),
        ([rule("payment/failed")], "past_due"),
        ([rule("payment/failed", turned=True)], "guest no_purchase purchased"),
        ([rule("acme/owes")], "past_due"),
        ([rule("account/role", role="owner")], ""),
        ([rule("missing/plugin")], ""),
        ([rule("time/between", until="2001-01-01T00:00")], ""),
    ],
)
def test_a_preview_shows_what_conditions_declare_and_asks_about_nobody(acme, rules, seen_by):
    drawn = tree(secret(*rules))
    states = {"guest": ("guest", ""), "no_purchase": ("no_purchase", ""), "purchased": ("purchased", "")}
    states["past_due"] = ("purchased", "past_due")
    for name, (state, attention) in states.items():
        person = None if name == "guest" else BEN
        ctx = RenderContext(person=person, now=clock.now(), path="/page", state=state, attention=attention)
        assert ("secret" in render.tree_html(drawn, ctx).html) is (name in seen_by.split()), name
    assert acme.asked == []


@pytest.mark.usefixtures("acme")
def test_an_editor_sees_every_block_with_a_word_about_who_gets_it():
    drawn = tree(secret(rule(turned=True, name="Ana"), rule("account/signed-in")), secret(rule("missing/plugin")))
    ctx = RenderContext(person=ANA, now=clock.now(), path="/page", editing=True)
    html = canvas.page_html(drawn, ctx).html
    assert html.count("secret") == 2
    assert 'data-badge="Shown if: Not: Is called · Is signed in"' in html
    assert "Hidden: its condition needs the plugin missing" in html
    assert words.rule(rule(turned=True, name="Ana")) == "Not: Is called: Name Ana"


@pytest.mark.parametrize(
    ("rules", "path", "said"),
    [
        ({}, "visibility", "list"),
        (["x"], "visibility", "list"),
        ([{}], "visibility", "rule"),
        ([{"rule": 1}], "visibility", "rule"),
        ([{"rule": "account/signed-in", "args": {"x": 1}}], "visibility[0].args", "no arguments"),
        ([{"rule": "account/signed-in", "not": "yes"}], "visibility[0].not", "true or false"),
        ([{"rule": "account/signed-in", "why": 1}], "visibility[0].why", "no meaning"),
        ([{"rule": "account/role", "args": {"role": "king"}}], "visibility[0].args.role", "Choose one"),
        ([{"rule": "time/between", "args": {"since": "soon"}}], "visibility[0].args.since", "date"),
        ([{"rule": "account/signed-in"}] * 11, "visibility", "at most"),
    ],
)
@pytest.mark.usefixtures("acme")
def test_what_is_wrong_with_a_condition_is_named(rules, path, said):
    block = new_block("core/text", {"html": "<p>x</p>"}) | {"visibility": rules}
    with pytest.raises(DocumentInvalid) as refused:
        checking.checked(tree(block), current())
    assert any(path in fault.path and said in fault.sentence for fault in refused.value.faults), refused.value.faults
