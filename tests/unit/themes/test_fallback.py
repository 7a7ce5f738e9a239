"""A theme that breaks costs its looks, never the page."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from jinja2 import TemplateSyntaxError, UndefinedError

from lms.host import pieces
from lms.mail import services as mail
from lms.testing.makers import Makers, session_cookie
from lms.testing.sites import TestSite

BREAKS = {
    "syntax": "{% block main %}{% endfor %}",
    "undefined": "{% extends 'parent:layout.html' %}{% block footer %}{{ nobody.knows.this }}{% endblock %}",
    "missing": "{% extends 'nowhere.html' %}",
    "filter": "{{ 1|no_such_filter }}",
    "call": "{{ 1 / 0 }}",
    "recursion": "{% macro again() %}{{ again() }}{% endmacro %}{{ again() }}",
    "circle": "{% extends 'layout.html' %}",
}


def failures() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for one in pieces.failing():
        found.setdefault(one.plugin, []).append(one.piece)
    return found


def signed_in(site: TestSite, role: str) -> Any:
    browser = site.client()
    name, value = session_cookie(Makers().person(role=role).id)
    browser.set_cookie(name, value, domain=site.config.host)
    return browser


@pytest.mark.parametrize("kind", BREAKS)
def test_a_page_whose_theme_breaks_is_the_cores_and_health_says_why(dressed: Any, kind: str) -> None:
    site = dressed({"templates/layout.html": BREAKS[kind]})
    answer = site.client().get("/courses")
    assert answer.status_code == 200
    assert 'class="site-header"' in answer.text
    assert list(failures()) == ["theme sage"]


@pytest.mark.parametrize("kind", BREAKS)
def test_the_owner_signs_in_and_reaches_every_admin_page(dressed: Any, kind: str) -> None:
    whole = ("layout.html", "entrance.html", "web/macros.html", "web/head.html", "web/flashes.html", "web/error.html")
    site = dressed({f"templates/{name}": BREAKS[kind] for name in whole})
    Makers().person(role="owner", email="owner@example.org", password="long enough words")
    assert 'name="password"' in site.client().get("/login").text
    owner = signed_in(site, "owner")
    for path in ("/admin", "/admin/settings/site", "/admin/plugins", "/admin/health", "/admin/jobs", "/admin/media"):
        assert owner.get(path).status_code == 200, path
    assert owner.get("/admin/nothing").status_code == 404


def test_a_plugins_admin_page_stands_outside_too(theme: Any, dressed: Any) -> None:
    site = dressed({"templates/stripe/settings.html": "{{ 1 / 0 }}", "templates/commerce/parts.html": "{% if %}"})
    environment = site.app.jinja_env
    assert environment.is_for_staff("commerce/admin/orders.html")
    assert environment.is_for_staff("courses/index.html")
    assert not environment.is_for_staff("lesson.html")
    owner = signed_in(site, "owner")
    assert owner.get("/admin/orders").status_code == 200
    assert failures() == {}


def test_a_broken_form_page_is_drawn_by_the_core_after_a_post_too(dressed: Any) -> None:
    site = dressed({"templates/entrance.html": "{{ 1 / 0 }}"})
    browser = site.client()
    token = browser.get("/login").text.split('name="csrf_token"')[1].split('value="')[1].split('"')[0]
    answer = browser.post("/login", data={"csrf_token": token, "email": "a@example.org", "password": "x"})
    assert answer.status_code == 422
    assert 'name="password"' in answer.text


def test_broken_macros_that_a_view_calls_cost_only_the_looks(dressed: Any) -> None:
    site = dressed({"templates/learning/rows.html": "{% macro outline_row(a, b, c) %}{{ a.b.c }}{% endmacro %}"})
    course = Makers().course()
    assert course.lessons[1].title in site.client().get(course.path).text
    assert failures() == {"theme sage": [f"page {course.path}"]}


def test_a_letter_is_written_though_the_theme_breaks_it(dressed: Any) -> None:
    dressed({"templates/mail/layout.html": "{{ 1 / 0 }}"})
    links = {"sign_in": "/login", "reset": "/forgotten"}
    mail.send(to="a@example.org", subject="Hello", template="mail/accounts/already", context={"links": links}, key="x")
    assert failures() == {"theme sage": ["template mail/accounts/already.html"]}


def test_the_core_draws_at_once_what_failed_a_moment_ago(dressed: Any, caplog: Any) -> None:
    site = dressed({"templates/learning/catalogue.html": "{{ 1 / 0 }}"})
    student = signed_in(site, "student")
    student.get("/courses")
    caplog.clear()
    assert student.get("/courses").status_code == 200
    assert "ZeroDivisionError" not in caplog.text


def test_the_owner_is_told_and_loads_the_mended_theme_again(dressed: Any, tmp_path: Path) -> None:
    site = dressed({"templates/learning/catalogue.html": "{{ 1 / 0 }}"})
    site.client().get("/courses")
    owner = signed_in(site, "owner")
    page = owner.get("/admin/appearance").text
    assert "The theme broke 1 page, which visitors see without it." in page
    assert "ZeroDivisionError" in page
    (tmp_path / "themes" / "sage" / "templates" / "learning" / "catalogue.html").write_text("mended")
    token = page.split('name="csrf_token" value="')[1].split('"')[0]
    assert owner.post("/admin/appearance/again", data={"csrf_token": token}).status_code == 303
    site.rebuild()
    with site.app.app_context():
        assert site.client().get("/courses").text == "mended"
        assert failures() == {}


def test_a_theme_whose_folder_is_gone_leaves_plain(dressed: Any, tmp_path: Path) -> None:
    site = dressed({"templates/partials/footer.html": "<p>The foot of sage</p>"})
    assert "The foot of sage" in site.client().get("/courses").text
    shutil.rmtree(tmp_path / "themes" / "sage")
    site.rebuild()
    with site.app.app_context():
        answer = site.client().get("/courses")
    assert answer.status_code == 200
    assert 'class="site-footer"' in answer.text
    assert site.app.extensions["lms_theme"].problem == "There is no theme sage."


def test_a_folder_that_goes_while_the_site_runs_leaves_what_is_below(dressed: Any, tmp_path: Path) -> None:
    site = dressed({"templates/learning/catalogue.html": "sage", "templates/partials/footer.html": "sage's foot"})
    shutil.rmtree(tmp_path / "themes" / "sage")
    answer = site.client().get("/courses")
    assert answer.status_code == 200
    assert 'class="site-footer"' in answer.text


@pytest.mark.parametrize(
    ("toml", "words"),
    [('parent = "gone"\n', "names the parent gone"), ("= nothing", "theme.toml cannot be read")],
    ids=["parent", "toml"],
)
def test_a_theme_that_cannot_be_had_leaves_plain(dressed: Any, toml: str, words: str) -> None:
    site = dressed(toml=toml)
    assert site.client().get("/courses").status_code == 200
    assert words in site.app.extensions["lms_theme"].problem


def test_a_mistake_of_the_core_is_not_put_on_the_theme(dressed: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    site = dressed({"templates/layout.html": "{% extends 'parent:layout.html' %}"})
    monkeypatch.setitem(site.app.jinja_env.globals, "lesson_words", lambda _count: 1 / 0)
    Makers().course()
    site.app.config["PROPAGATE_EXCEPTIONS"] = True
    with pytest.raises(ZeroDivisionError):
        site.client().get("/courses")
    assert failures() == {}


@pytest.mark.parametrize(("kind", "error"), [("syntax", TemplateSyntaxError), ("undefined", UndefinedError)])
def test_in_tests_a_broken_theme_raises(dressed: Any, kind: str, error: type[Exception]) -> None:
    site = dressed({"templates/layout.html": BREAKS[kind]}, strict_plugins="1")
    with pytest.raises(error):
        site.client().get("/courses")


def test_the_sites_own_overrides_are_contained_as_well(dressed: Any, tmp_path: Path) -> None:
    override = tmp_path / "templates" / "learning" / "catalogue.html"
    override.parent.mkdir(parents=True)
    override.write_text("{{ 1 / 0 }}")
    site = dressed()
    assert site.client().get("/courses").status_code == 200
    assert failures() == {"site": ["template learning/catalogue.html"]}
