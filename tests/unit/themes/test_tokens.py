"""Tokens: what they may be, and the stylesheet they become."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import lms.web
from lms.themes import catalog, contrast, tokens
from lms.themes.tokens import Colour, Group

BASE = (Path(lms.web.__file__).parent / "static" / "base.css").read_text(encoding="utf-8")
PLAIN = catalog.bundled().manifest


def in_base_css() -> dict[str, tokens.Value]:
    root = re.search(r":root \{(.*?)\n\}", BASE, re.S)
    assert root is not None
    found: dict[str, tokens.Value] = {}
    for name, value in re.findall(r"--([\w-]+):\s*([^;]+);", root[1]):
        pair = re.fullmatch(r"light-dark\((#\w{6}), (#\w{6})\)", value)
        found[name] = Colour(pair[1], pair[2]) if pair else value
    return found


def test_plain_declares_the_values_that_stand_in_base_css() -> None:
    written = in_base_css()
    assert {name: written.get(name) for name in PLAIN.tokens} == dict(PLAIN.tokens)


def test_plain_declares_every_token_that_a_theme_may_want() -> None:
    kept_by_the_core = {"ochre", "clay", "olive", "aegean", "slate", "rose", "paper", "soot", "lift", "fast", "calm"}
    assert in_base_css().keys() - PLAIN.tokens.keys() == kept_by_the_core


def test_plain_has_no_fault_and_enough_contrast() -> None:
    assert PLAIN.faults == ()
    assert list(contrast.too_faint(PLAIN.tokens)) == []


def test_every_token_that_people_see_has_a_word() -> None:
    spacing = {f"s-{number}" for number in range(1, 11)}
    assert PLAIN.tokens.keys() - tokens.LABELS.keys() == spacing


@pytest.mark.parametrize(
    ("group", "given", "value"),
    [
        (Group.COLOUR, "#D9A441", Colour("#d9a441", "#d9a441")),
        (Group.COLOUR, {"light": "#ffffff", "dark": "#000000"}, Colour("#ffffff", "#000000")),
        (Group.TYPE, "1.25rem", "1.25rem"),
        (Group.TYPE, "clamp(1rem, 1.4rem + 4.4vw, 4rem)", "clamp(1rem, 1.4rem + 4.4vw, 4rem)"),
        (Group.TYPE, '"Inter", sans-serif', '"Inter", sans-serif'),
        (Group.SPACE, "0", "0"),
        (Group.SPACE, " 4px ", "4px"),
    ],
    ids=str,
)
def test_a_value_is_read(group: Group, given: object, value: tokens.Value) -> None:
    assert tokens.parse(group, given) == value
    assert tokens.parse(group, tokens.plain_value(value)) == value


@pytest.mark.parametrize(
    ("group", "given"),
    [
        (Group.COLOUR, "red"),
        (Group.COLOUR, "#fff"),
        (Group.COLOUR, {"light": "#ffffff"}),
        (Group.COLOUR, 7),
        (Group.SPACE, "1rem; } body { display: none"),
        (Group.SPACE, "url(https://example.org/x)"),
        (Group.SPACE, "calc(1rem"),
        (Group.SPACE, "calc(1px /* 2)"),
        (Group.SPACE, '"Inter"'),
        (Group.SPACE, 4),
        (Group.TYPE, "serif; color: red"),
        (Group.TYPE, '"In"ter", serif'),
        (Group.TYPE, ""),
    ],
    ids=str,
)
def test_what_could_leave_its_declaration_is_refused(group: Group, given: object) -> None:
    with pytest.raises(ValueError, match=r"must be|is \"#"):
        tokens.parse(group, given)


@given(st.sampled_from(Group), st.text(max_size=60))
def test_no_value_that_is_let_through_ends_its_declaration(group: Group, text: str) -> None:
    try:
        value = tokens.parse(group, text)
    except ValueError:
        return
    assert not set(str(value)) & set(";{}<>\\@\n\r")
    assert "/*" not in str(value)


def test_the_stylesheet_has_one_declaration_for_each_token() -> None:
    values = {"accent": Colour("#7a2e1d", "#f0b49c"), "ochre": Colour("#d9a441", "#d9a441"), "r-2": "0"}
    assert tokens.stylesheet(values) == (
        ":root {\n  --accent: light-dark(#7a2e1d, #f0b49c);\n  --ochre: #d9a441;\n  --r-2: 0;\n}\n"
    )
    assert tokens.stylesheet({}) == ""


colours = st.from_regex(r"#[0-9a-f]{6}", fullmatch=True)


@given(colours, colours)
def test_contrast_is_the_same_both_ways_and_between_1_and_21(one: str, other: str) -> None:
    measured = contrast.contrast(one, other)
    assert measured == contrast.contrast(other, one)
    assert 1 <= measured <= 21.01


@given(colours, colours)
def test_text_on_any_accent_can_be_read(light: str, dark: str) -> None:
    made = contrast.companions(Colour(light, dark), Colour("#fcfcfa", "#131718"))["on-accent"]
    assert contrast.contrast(made.light, light) >= 4.2
    assert contrast.contrast(made.dark, dark) >= 4.2


def test_a_pair_that_is_too_faint_is_named_with_what_it_needs() -> None:
    faint = {"ink": Colour("#777777", "#eceee9"), "ground": Colour("#ffffff", "#131718")}
    found = list(contrast.too_faint(faint))
    assert [(one.front, one.back, one.scheme, round(one.measured, 2), one.least) for one in found] == [
        ("ink", "ground", "light", 4.48, 4.5)
    ]


@pytest.mark.parametrize("light", ["#7a2e1d", "#2f5d3a", "#5b3a8e", "#0b5766", "#b0003a"])
@pytest.mark.parametrize("dark", ["#f0b49c", "#a3d1ad", "#c9b3ee", "#86c8d3", "#ff9db5"])
def test_what_follows_a_readable_accent_can_be_read_too(light: str, dark: str) -> None:
    accent = Colour(light, dark)
    follow = contrast.companions(accent, PLAIN.tokens["ground"])
    assert list(contrast.too_faint({**PLAIN.tokens, "accent": accent, **follow})) == []
