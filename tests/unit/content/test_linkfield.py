"""A link in a form: what people type, and what is stored."""

from __future__ import annotations

from typing import Any

import pytest
from werkzeug.datastructures import MultiDict
from wtforms import Form

from lms.content.linkfield import LinkField
from lms.testing.sites import TestSite


class Linked(Form):
    link = LinkField("Leads to")


def sent(text: str, before: Any = None) -> Linked:
    return Linked(MultiDict({"link": text}), data={"link": before})


CATALOGUE = {"kind": "dynamic", "source": "site", "key": "catalogue", "args": {}}


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("", None),
        ("  ", None),
        ("/courses", {"kind": "url", "href": "/courses"}),
        (" https://example.org/a?b ", {"kind": "url", "href": "https://example.org/a?b"}),
        ("site/catalogue", CATALOGUE),
    ],
)
def test_what_is_typed_becomes_a_link_and_reads_the_same_again(site: TestSite, text: str, stored: Any) -> None:
    form = sent(text)
    assert form.validate()
    assert form.link.data == stored
    assert Linked(data={"link": stored}).link._value() == text.strip()


@pytest.mark.parametrize(
    "text", ["javascript:alert(1)", "//evil.example", "courses", "gone/portal", "/a\\b", "https:// x"]
)
def test_what_leads_nowhere_is_refused_with_a_sentence(site: TestSite, text: str) -> None:
    form = sent(text)
    assert not form.validate()
    assert form.link.errors == ["Start the address with https://, or write a path of this site such as /courses."]
    assert form.link._value() == text


def test_a_link_whose_plugin_is_off_stays_as_it_was(site: TestSite) -> None:
    stored = {"kind": "dynamic", "source": "gone", "key": "portal", "args": {"a": 1}, "unavailable": "login"}
    form = sent("gone/portal", before=stored)
    assert form.validate()
    assert form.link.data == stored


def test_only_links_that_need_no_options_are_suggested(site: TestSite) -> None:
    names = dict(Linked().link.suggestions())
    assert names["site/catalogue"] == "Catalogue"
    assert "page/page" not in names
