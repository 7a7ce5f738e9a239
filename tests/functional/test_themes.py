"""Themes as their authors and the site's visitors meet them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from lms.cli.main import cli
from lms.testing import sites
from lms.testing.makers import Makers, session_cookie

SAGE = {
    "theme.toml": 'name = "sage"\ntitle = "Sage"\nstylesheets = ["sage.css"]\n[tokens.colour]\n'
    'accent = { light = "#2f5d3a", dark = "#a3d1ad" }\n[kinds.page]\nlanding = "Landing page"\n',
    "templates/partials/footer.html": "{% extends 'parent:partials/footer.html' %}",
    "templates/page.html": "{% extends 'parent:page.html' %}{% block main %}[sage's page]{{ super() }}{% endblock %}",
    "templates/page/landing.html": "{% extends 'page.html' %}{% block header %}[landing]{% endblock %}",
    "templates/page/about.html": "{% extends 'page.html' %}{% block header %}[about]{% endblock %}",
    "templates/course/letters.html": "{% extends 'course.html' %}{% block main %}[letters]{{ super() }}{% endblock %}",
    "templates/lesson/lesson-2.html": "{% extends 'lesson.html' %}{% block main %}[second]{{ super() }}{% endblock %}",
    "assets/sage.css": ".sage { color: var(--accent); }",
}


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return folder


@pytest.fixture
def lms(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """``lms("theme", "list")`` runs the command for a site in the test's folder."""
    write(tmp_path / "themes" / "sage", SAGE)
    monkeypatch.setenv("LMS_INSTANCE", str(tmp_path))
    return lambda *arguments: CliRunner().invoke(cli, list(arguments))


def test_a_child_theme_changes_what_it_names_and_the_rest_is_its_parents(tmp_path: Path) -> None:
    write(tmp_path / "themes" / "sage", SAGE)
    with sites.site(tmp_path, theme="sage") as site:
        make, client = Makers(), site.client()
        for slug, kind in (("about", ""), ("start", "landing"), ("more", "")):
            make.page(slug=slug, title=slug.capitalize(), kind=kind)
        course = make.course(slug="letters")
        assert "[about]" in client.get("/about").text
        start = client.get("/start").text
        assert "[landing]" in start
        assert "[sage's page]" in start
        assert 'class="site-footer"' in start
        more = client.get("/more").text
        assert "[sage's page]" in more
        assert 'class="site-header"' in more
        assert "[letters]" in client.get(course.path).text
        owner = make.person()
        make.grant(owner, make.product(course))
        lessons = _browser(site, owner)
        assert "[second]" in lessons.get(course.lessons[1].path).text
        assert "[second]" not in lessons.get(course.lessons[2].path).text
        sheets = [part.split('"')[0] for part in start.split('rel="stylesheet" href="')[1:]]
        assert [address.split("?")[0] for address in sheets[2:5]] == [
            "/static/theme/theme.css", "/static/theme/blocks.css", "/static/theme/sage.css",
        ]  # fmt: skip
        with client.get(sheets[4]) as sheet:
            assert sheet.text == SAGE["assets/sage.css"]
        tokens = client.get(sheets[5])
        assert tokens.text == ":root {\n  --accent: light-dark(#2f5d3a, #a3d1ad);\n}\n"
        assert "immutable" in tokens.headers["Cache-Control"]
        assert "Set-Cookie" not in tokens.headers


def _browser(site: sites.TestSite, person: Any) -> Any:
    browser = site.client()
    name, value = session_cookie(person.id)
    browser.set_cookie(name, value, domain=site.config.host)
    return browser


def test_themes_are_listed_with_the_one_that_is_on(lms: Callable[..., Result]) -> None:
    rows = {row["name"]: row for row in json.loads(lms("theme", "list", "--json").output)}
    assert (rows["plain"]["active"], rows["sage"]["active"], rows["sage"]["parent"]) == (True, False, "plain")
    assert "Sage" in lms("theme", "list").output


def test_a_theme_that_cannot_be_on_is_told_by_the_list(
    lms: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LMS_THEME", "moss")
    answer = lms("theme", "list")
    assert answer.exit_code == 1
    assert "moss should be on: There is no theme moss." in answer.output


def test_a_checked_theme_passes_by_name_and_by_folder_and_nothing_is_left_behind(
    lms: Callable[..., Result], tmp_path: Path
) -> None:
    for named in ("sage", str(tmp_path / "themes" / "sage")):
        answer = lms("theme", "check", named)
        assert (answer.exit_code, answer.output) == (0, "sage: nothing is wrong.\n"), named
    assert [path.name for path in tmp_path.iterdir()] == ["themes"]


def test_a_finding_is_told_in_words_and_in_json(lms: Callable[..., Result], tmp_path: Path) -> None:
    write(tmp_path / "themes" / "sage", {"templates/page.html": "\n{% if %}"})
    answer = lms("theme", "check")
    assert answer.exit_code == 1
    assert "sage/templates/page.html:2: Expected an expression" in answer.output
    assert "plain: nothing is wrong." in answer.output
    found = json.loads(lms("theme", "check", "sage", "--json").output)
    assert [(one["theme"], one["file"], one["line"]) for one in found] == [("sage", "templates/page.html", 2)]


def test_a_theme_that_is_not_there_is_told(lms: Callable[..., Result]) -> None:
    answer = lms("theme", "check", "moss")
    assert answer.exit_code == 1
    assert "There is no theme moss; there are plain, sage." in answer.output


def test_where_a_template_comes_from_is_explained(lms: Callable[..., Result]) -> None:
    steps = json.loads(lms("theme", "explain", "page/about.html", "--theme", "sage", "--json").output)
    assert [(step["said"], step["layer"]) for step in steps] == [
        ("page/about.html", "theme sage"),
        ("page.html", "theme sage"),
        ("parent:page.html", "core"),
        ("layout.html", "theme plain"),
    ]
    assert steps[0]["asked"][0] == {"layer": "site", "has": False}


def test_what_is_drawn_instead_of_a_template_that_nobody_has_is_explained(lms: Callable[..., Result]) -> None:
    answer = lms("theme", "explain", "page/nothing.html")
    assert answer.exit_code == 0
    assert "no layer has it" in answer.output
    assert "→ core" in answer.output


def test_a_template_that_nobody_has_is_told(lms: Callable[..., Result]) -> None:
    answer = lms("theme", "explain", "nothing.html")
    assert answer.exit_code == 1
    assert "no layer has it" in answer.output
