"""Formatted words: what is kept, what goes, and what happens to dynamic links in them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lms.content.richtext import Fragment, TextLink, clean

LINK = '<a data-link="stripe/customer-portal">Manage it</a>'
SHOWN = TextLink((("href", "/go/stripe/customer-portal"),))


@pytest.mark.parametrize(
    ("dirty", "expected"),
    [
        ("<p onclick=x>a</p>", "<p>a</p>"),
        ('<p style="color:red" class="x" id="y">a</p>', "<p>a</p>"),
        ("<script>alert(1)</script>a", "a"),
        ("<svg><script>alert(1)</script></svg>a", "a"),
        ("<math><mi xlink:href='javascript:x'>b</mi></math>a", "a"),
        ('<p hx-get="/x" data-block="b">a</p>', "<p>a</p>"),
        ('<img src="x" onerror="x">', ""),
        ("<iframe src=/x></iframe>a", "a"),
        ('<a href="javascript:alert(1)">a</a>', "<a>a</a>"),
        ('<a href="java\nscript:alert(1)">a</a>', "<a>a</a>"),
        ('<a href="data:text/html,x">a</a>', "<a>a</a>"),
        ('<a href="//evil.example">a</a>', "<a>a</a>"),
        ('<a href="/\\evil.example">a</a>', "<a>a</a>"),
        ('<a href="/\t/evil.example">a</a>', "<a>a</a>"),
        ('<a href=" //evil.example">a</a>', "<a>a</a>"),
        ('<a href="/courses" target="_top">a</a>', '<a href="/courses">a</a>'),
        ('<a data-link="Bad//x">a</a>', "<a>a</a>"),
        ('<a data-link="a/b" data-args="[1]">a</a>', '<a data-link="a/b">a</a>'),
        ('<a data-link="a/b" data-unavailable="vanish">a</a>', '<a data-link="a/b">a</a>'),
        ("<!-- note --><p>a</p>", "<p>a</p>"),
    ],
)
def test_what_may_do_harm_goes(dirty, expected):
    assert clean(dirty) == expected


@pytest.mark.parametrize(
    "html",
    [
        "<p>a <strong>b</strong> <em>c</em> <code>d</code></p>",
        "<ul><li>a</li></ul>",
        '<a href="https://example.org/x?a=1&amp;b=2">a</a>',
        '<a href="mailto:post@example.org">a</a>',
        '<a href="/courses#top" target="_blank">a</a>',
        '<a data-link="stripe/customer-portal" data-unavailable="hide">a</a>',
        "<h2>a</h2><blockquote>b</blockquote><hr>",
    ],
)
def test_what_editors_write_stays(html):
    assert clean(html) == html


@given(st.text(alphabet="<>/abp\"'= &;:#x-", max_size=120))
def test_cleaning_twice_is_cleaning_once(text):
    once = clean(text)
    assert clean(once) == once


@given(st.text(alphabet="<>/apbr strong&;\n", max_size=120))
def test_text_around_a_link_is_written_as_it_was(text):
    html = clean(text)
    link = '<p><a data-link="a/b">x</a></p>'
    assert Fragment(html + link).html([SHOWN]) == html + '<p><a href="/go/stripe/customer-portal">x</a></p>'


def test_a_shown_link_has_its_address_and_none_of_the_stored_attributes():
    html = Fragment('<p><a data-link="a/b" data-args="{}" href="/old">x</a></p>').html([SHOWN])
    assert html == '<p><a href="/go/stripe/customer-portal">x</a></p>'


def test_a_hidden_link_goes_with_its_words():
    assert Fragment(f"<p>Card wrong? {LINK} here.</p>").html([None]) == "<p>Card wrong?  here.</p>"


@pytest.mark.parametrize(
    "html",
    [
        f"<p>{LINK}</p>",
        f"<p> <strong>{LINK}</strong><br></p>",
        f"<ul><li>{LINK}</li></ul>",
        f"<blockquote><p>{LINK}</p></blockquote>",
    ],
)
def test_what_a_hidden_link_leaves_empty_goes_too(html):
    assert Fragment(f"<p>a</p>{html}").html([None]) == "<p>a</p>"


def test_a_paragraph_that_was_empty_before_stays():
    assert Fragment(f"<p></p><p>b {LINK}</p>").html([None]) == "<p></p><p>b </p>"


def test_a_disabled_link_keeps_its_words_and_says_why():
    html = Fragment(f"<p>{LINK}</p>").html([TextLink((("role", "link"), ("aria-disabled", "true")), "Only <b>")])
    assert html == (
        '<p><span role="link" aria-disabled="true">Manage it</span>'
        ' <span class="block-reason">(Only &lt;b&gt;)</span></p>'
    )


def test_the_choices_of_a_link_are_read():
    html = """<a data-link="a/b" data-args='{"n": 1}' data-unavailable="fallback"
        data-fallback='{"kind": "url", "href": "/x"}' target="_blank">x</a>"""
    assert Fragment(html).links == [
        {
            "kind": "dynamic", "source": "a", "key": "b", "args": {"n": 1}, "new_tab": True,
            "unavailable": "fallback", "fallback": {"kind": "url", "href": "/x"},
        }
    ]  # fmt: skip
