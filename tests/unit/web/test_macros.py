"""Parts that every room draws with."""

from __future__ import annotations

from typing import Any

import pytest
from wtforms import BooleanField, EmailField, Form, RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired

from lms.extend.fields import Choice, Toggle
from lms.testing.sites import TestSite


class Filled(Form):
    name = StringField("Name", description="As on the certificate.")
    email = EmailField("E-mail", [InputRequired("Write your address.")])
    text = TextAreaField("Text")
    country = SelectField("Country", choices=["de"])
    coupons = BooleanField("Allow coupons")
    way = RadioField("Way", choices=["once", "month"])


@pytest.fixture
def draw(site: TestSite) -> Any:
    def _draw(source: str, **context: Any) -> str:
        names = "field, fields, form_error, button, post_button, badge, banner, progress, breadcrumbs, empty_state"
        head = f'{{% from "web/macros.html" import {names}, pagination %}}'
        with site.app.test_request_context("/"):
            return str(site.app.jinja_env.from_string(head + source).render(**context))

    return _draw


def test_a_field_has_its_label_and_its_hint(draw: Any) -> None:
    drawn = draw("{{ field(form.name) }}", form=Filled())

    assert '<label for="name">Name</label>' in drawn
    assert 'aria-describedby="name-hint"' in drawn
    assert '<p class="hint" id="name-hint">As on the certificate.</p>' in drawn


def test_a_wrong_field_names_its_error_and_gets_the_focus(draw: Any) -> None:
    form = Filled(data={"way": "once", "country": "de"})
    form.validate()

    drawn = draw("{{ field(form.email, form=form) }}", form=form)

    assert 'aria-invalid="true"' in drawn
    assert 'aria-describedby="email-error"' in drawn
    assert "autofocus" in drawn
    assert 'id="email-error"' in drawn
    assert "Write your address." in drawn


def test_what_was_typed_is_escaped(draw: Any) -> None:
    drawn = draw("{{ field(form.name) }}", form=Filled(data={"name": '"><script>'}))

    assert "<script>" not in drawn


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("{{ field(form.country) }}", '<div class="select"><select'),
        (
            "{{ field(form.text, code=True, rows=12) }}",
            '<textarea class="input code-input" id="text" name="text" rows="12"',
        ),
        ("{{ field(form.coupons) }}", '<div class="choice"><input id="coupons"'),
        ("{{ field(form.coupons, switch=True) }}", 'class="switch"'),
        ("{{ field(form.coupons, switch=True) }}", 'role="switch"'),
        ("{{ field(form.way) }}", "<legend>Way</legend>"),
        ("{{ field(form.way) }}", '<label for="way-1">month</label>'),
        ("{{ field(form.email, autocomplete='username') }}", 'autocomplete="username"'),
        ("{{ button('Buy', href='/checkout/x') }}", '<a class="button primary" href="/checkout/x">Buy</a>'),
        ("{{ button('Save', kind='second', small=True) }}", '<button class="button second small">Save</button>'),
        ("{{ badge('Draft') }}", '<span class="badge">Draft</span>'),
        ("{{ badge('Unpaid', 'bad', '/orders') }}", '<a class="badge bad" href="/orders"><svg'),
        ("{{ badge('Paused', 'paused') }}", '<span class="badge warn"><svg'),
        ("{{ banner('warn', 'Paused.', 'A font is missing.') }}", '<div class="banner warn">'),
        ("{{ progress(3, 9) }}", "3 of 9 complete"),
        ("{{ progress(0, 0) }}", 'max="1"'),
        ("{{ breadcrumbs([('Courses', '/courses'), ('Letters', None)]) }}", '<span aria-current="page">Letters</span>'),
        ("{{ pagination('7 of 214 orders', '?before=3') }}", '<a href="?before=3">Show older</a>'),
        ("{% call empty_state('No orders yet', 'Soon.') %}x{% endcall %}", '<div class="actions">x</div>'),
        ("{{ form_error('No.') }}", 'role="alert"'),
    ],
)
def test_each_part_is_drawn_as_documented(draw: Any, source: str, expected: str) -> None:
    assert expected in draw(source, form=Filled())


def test_a_button_that_acts_sends_the_token_with_it(draw: Any) -> None:
    drawn = draw("{{ post_button('Sync now', '/sync', fields={'mode': 'test'}) }}")

    assert '<form method="post" action="/sync"><input type="hidden" name="csrf_token" value="' in drawn
    assert '<input type="hidden" name="mode" value="test">' in drawn


def test_fields_leaves_out_what_is_skipped(draw: Any) -> None:
    drawn = draw("{{ fields(form, skip=('email',)) }}", form=Filled())

    assert 'for="name"' in drawn
    assert 'for="email"' not in drawn


class Declared(Form):
    tone = Choice("Tone", choices=(("info", "Information"),))
    closes = Toggle("Can be closed")


def test_the_contracts_own_fields_are_drawn_like_the_ones_they_stand_for(draw: Any) -> None:
    form = Declared()

    assert '<div class="select"><select id="tone"' in draw("{{ field(form.tone) }}", form=form)
    assert '<div class="choice"><input id="closes"' in draw("{{ field(form.closes) }}", form=form)
    assert 'role="switch"' in draw("{{ field(form.closes, switch=True) }}", form=form)


class Suggesting(StringField):
    def suggestions(self) -> list[tuple[str, str]]:
        return [("site/home", "Home <page>")]


def test_a_field_with_suggestions_lists_them(draw: Any) -> None:
    class Asking(Form):
        link = Suggesting("Leads to")

    drawn = draw("{{ field(form.link) }}", form=Asking())

    assert 'list="link-suggestions"' in drawn
    assert '<datalist id="link-suggestions"><option value="site/home">Home &lt;page&gt;</option></datalist>' in drawn
