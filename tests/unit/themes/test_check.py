"""``lms theme check``: every mistake is found, named with its file and line, and a good theme has none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lms.cli import themes as command
from lms.themes import catalog, check

GOOD = {
    "templates/layout.html": "{% extends 'parent:layout.html' %}{% block footer %}{{ super() }}{% endblock %}",
    "templates/page.html": "{% extends 'parent:page.html' %}{% block top %}{% include 'sage/foot.html' %}"
    "{% endblock %}",
    "templates/sage/foot.html": "<p>{{ _('Sage') }} {{ slot('sage.foot') }} {{ slot('site.footer') }}</p>",
    "templates/page/about.html": "{% extends 'page.html' %}{% block title %}About{% endblock %}",
    "templates/course/letters.html": "{% extends 'course.html' %}",
    "templates/stripe/blocks/portal_card.html": "{% if true %}A plugin's own{% endif %}",
    "templates/mail/layout.html": "<html><style>p {}</style>{% block main %}{% endblock %}</html>",
    "templates/learning/catalogue.html": (
        "{% extends 'layout.html' %}{# <style> in a comment #}\n{% block main %}"
        '<img src="{{ asset(\'theme/leaf.svg\') }}" alt=""><a href="https://example.org">out</a>{% endblock %}'
    ),
    "assets/leaf.svg": "<svg/>",
    "assets/sage.css": "/* url(https://example.org) */ p { background: url(leaf.svg) url('data:x') url(#y) }",
}
GOOD_TOML = """
description = "Quiet green."
version = "1.0"
author = "Ada"
stylesheets = ["sage.css"]

[tokens.colour]
accent = { light = "#2f5d3a", dark = "#a3d1ad" }
leaf = { label = "Leaf", light = "#2f5d3a", dark = "#a3d1ad" }

[tokens.space]
hero = { label = "Height of the first picture", value = "30rem" }

[fonts]
Inter = '"Inter", sans-serif'

[places]
"sage.foot" = "Below the text of a page"

[kinds.page]
landing = "Landing page"
"""


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return command._ground(tmp_path_factory.mktemp("instance"))


@pytest.fixture
def found(theme: Any, ground: Any, tmp_path: Path) -> Any:
    def run(files: dict[str, str] | None = None, toml: str = "") -> list[str]:
        return [str(one) for one in check.check(theme("sage", files, toml), tmp_path, *ground)]

    return run


def test_a_good_theme_has_no_finding(found: Any) -> None:
    assert found(GOOD, GOOD_TOML) == []


def test_plain_has_no_finding(ground: Any, tmp_path: Path) -> None:
    assert check.check(catalog.bundled().folder, tmp_path, *ground) == []


def test_a_folder_without_theme_toml_is_told(ground: Any, tmp_path: Path) -> None:
    assert [str(one) for one in check.check(tmp_path, tmp_path, *ground)] == [
        f"theme.toml: There is no theme.toml in {tmp_path.name}."
    ]


MANIFEST = [
    ('titel = "x"\n', "theme.toml:3: theme.toml knows no 'titel'; did you mean title?"),
    ('parent = "moss"\n', "theme.toml:3: sage names the parent moss, which is not there."),
    (
        '[tokens.colour]\nacent = "#111111"\n',
        "theme.toml:4: no theme above knows a token acent; did you mean accent? "
        "A token of the theme's own needs a label: "
        'acent = { value = "…", label = "…" }.',
    ),
    ('[tokens.space]\nink = "1rem"\n', "theme.toml:4: token ink belongs under [tokens.colour]."),
    ('[tokens.type]\nt-md = "serif"\n', "theme.toml:4: token t-md must be a length, as in the theme above."),
    ('stylesheets = ["sage.css"]\n', "theme.toml: the stylesheet sage.css is not in assets/."),
    (
        '[tokens.colour]\nink-3 = { light = "#8a8f8e", dark = "#98a19f" }\n',
        "theme.toml:4: ink-3 on ground has a contrast of 3.19 in light; it needs 4.5.",
    ),
    (
        '[tokens.colour]\nedge = { light = "#858c87", dark = "#333a3c" }\n',
        "theme.toml:4: edge on ground has a contrast of 1.56 in dark; it needs 3.",
    ),
]


@pytest.mark.parametrize(("toml", "said"), MANIFEST, ids=[toml.splitlines()[-1].split()[0] for toml, _said in MANIFEST])
def test_a_mistake_in_theme_toml_is_found(found: Any, toml: str, said: str) -> None:
    assert said in found(toml=toml)


def test_parents_in_a_circle_are_found(theme: Any, found: Any) -> None:
    theme("moss", toml='parent = "sage"\n')
    assert found(toml='parent = "moss"\n') == ["theme.toml:3: The parents lead in a circle: sage → moss → sage."]


TEMPLATES = {
    "syntax": ("page.html", "a\n{% if %}", "templates/page.html:2: Expected an expression"),
    "filter": ("page.html", "\n\n{{ 1|sparkle }}", "templates/page.html:3: No filter named 'sparkle'"),
    "nothing known": ("pge.html", "x", "templates/pge.html: overrides nothing: nobody below has a template "
                      "of this name; did you mean page.html?"),
    "admin": ("admin/overview.html", "x", "templates/admin/overview.html: admin templates stand outside"),
    "admin of a plugin": ("stripe/settings.html", "x", "templates/stripe/settings.html: admin templates stand outside"),
    "parent template": ("page.html", "{% extends 'parent:pge.html' %}",
                        "templates/page.html:1: there is no template parent:pge.html"),
    "include": ("page.html", "\n{% include 'partials/heder.html' %}",
                "templates/page.html:2: there is no template partials/heder.html; did you mean partials/header.html?"),
    "block": ("page.html", "{% extends 'parent:page.html' %}\n{% block sidebar %}x{% endblock %}",
              "templates/page.html:2: parent:page.html has no block sidebar, so it is never shown"),
    "close block": ("page.html", "{% extends 'layout.html' %}{% block man %}x{% endblock %}",
                    "templates/page.html:1: layout.html has no block man, so it is never shown: did you mean main?"),
    "lost block": ("layout.html", "<html>{% block main %}{% endblock %}</html>",
                   "templates/layout.html: has no block title: what accounts/forgot.html and "),
    "style element": ("page.html", "x\n<style>p {}</style>", "templates/page.html:2: a style element: the content-"),
    "style attribute": ("page.html", '<p class="a" style="color: red">', "templates/page.html:1: a style attribute"),
    "script": ("page.html", "<script>alert(1)</script>", "templates/page.html:1: a script without src"),
    "handler": ("page.html", '<a href="#" onclick="x()">', "templates/page.html:1: a script in an attribute"),
    "javascript": ("page.html", '<a href="javascript:x()">', "templates/page.html:1: a javascript: address"),
    "other host": ("page.html", '<script src="https://cdn.example.org/x.js"></script>',
                   "templates/page.html:1: loads from another host"),
    "other stylesheet": ("page.html", '<link rel="stylesheet" href="//example.org/x.css">',
                         "templates/page.html:1: loads from another host"),
    "asset": ("page.html", "\n{{ asset('theme/leaf.svg') }}",
              "templates/page.html:2: the asset theme/leaf.svg is in no theme of the chain."),
    "place": ("page.html", "{{ slot('site.foter') }}",
              "templates/page.html:1: the place site.foter is not declared: add it under [places] in theme.toml; did "
              "you mean site.footer?"),
}  # fmt: skip


@pytest.mark.parametrize("kind", TEMPLATES)
def test_a_mistake_in_a_template_is_found_and_nothing_else(found: Any, kind: str) -> None:
    name, source, said = TEMPLATES[kind]
    told = found({f"templates/{name}": source})
    assert any(one.startswith(said) for one in told), told
    if kind != "lost block":
        assert len(told) == 1, told


def test_a_file_in_the_wrong_place_is_found(found: Any) -> None:
    assert found({"page.html": "x", "assets/page.html": "x"}) == [
        "assets/page.html: this template lies outside templates/ and is never used.",
        "page.html: this template lies outside templates/ and is never used.",
    ]


def test_what_a_stylesheet_cannot_load_is_found(found: Any) -> None:
    css = "@import 'https://example.org/a.css';\np {\n background: url(\"gone.svg?x\") }"
    assert found({"assets/sage.css": css}, 'stylesheets = ["sage.css"]\n') == [
        "assets/sage.css:1: https://example.org/a.css is on another host: the content-security policy blocks it.",
        "assets/sage.css:3: gone.svg?x is not there.",
    ]


def test_one_mistake_does_not_hide_another(found: Any) -> None:
    told = found({"templates/page.html": "{% if %}", "templates/course.html": "<style>"}, 'parent = "moss"\n')
    assert [one.split(":")[0] for one in told] == ["theme.toml", "templates/course.html", "templates/page.html"]
