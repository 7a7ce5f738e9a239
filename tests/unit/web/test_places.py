"""The list of places says what the templates do."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from jinja2 import Environment, nodes
from markupsafe import Markup

from lms.extend import Plugin, Slot
from lms.extend.places import PLACES
from lms.testing.plugins import add_plugin
from lms.testing.sites import TestSite

ROOT = Path(__file__).resolve().parents[3]
Found = tuple[str, frozenset[str]]


def in_templates() -> Iterator[Found]:
    jinja = Environment(extensions=["jinja2.ext.i18n"], autoescape=True)
    for file in [*ROOT.glob("lms/**/templates/**/*.html"), *ROOT.glob("themes/*/templates/**/*.html")]:
        for call in jinja.parse(file.read_text()).find_all(nodes.Call):
            if isinstance(call.node, nodes.Name) and call.node.name == "slot" and isinstance(call.args[0], nodes.Const):
                yield call.args[0].value, frozenset(given.key for given in call.kwargs)


def in_python() -> Iterator[Found]:
    for file in ROOT.glob("lms/**/*.py"):
        for call in ast.walk(ast.parse(file.read_text())):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "slot":
                place = call.args[0]
                assert isinstance(place, ast.Constant)
                yield place.value, frozenset(str(given.arg) for given in call.keywords)


def drawn() -> set[Found]:
    # Blocks have slots of their own, named without a dot.
    return {found for found in [*in_templates(), *in_python()] if "." in found[0]}


def test_every_place_that_is_drawn_is_listed_with_what_it_gives_and_no_other_is() -> None:
    assert drawn() == {(place.name, frozenset(place.context)) for place in PLACES.values()}


def test_a_theme_names_places_of_the_list() -> None:
    named = tomllib.loads((ROOT / "themes" / "plain" / "theme.toml").read_text())["places"]
    assert named.keys() <= PLACES.keys()


class Marks(Plugin):
    """Marks"""

    name = "marks"

    def slots(self) -> tuple[Slot, ...]:
        return tuple(
            Slot(name=name.replace(".", "-"), place=name, render=lambda _context, name=name: Markup(f"[{name}]"))
            for name in PLACES
        )


@pytest.fixture
def marked(site: TestSite) -> TestSite:
    add_plugin(site.app, Marks())
    return site


def marks(browser: FlaskClient, path: str) -> set[str]:
    text = browser.get(path).text
    return {name for name in PLACES if f"[{name}]" in text and not name.startswith("admin.")}


def test_the_top_of_the_site_is_on_public_pages_but_not_in_lessons_or_where_one_signs_in(
    marked: TestSite, make: Any, sign_in: Any, client: FlaskClient
) -> None:
    course, person = make.course(), make.person()
    make.grant(person, make.product(course))
    browser = sign_in(person)
    assert marks(client, "/") == marks(client, "/courses") == {"site.top", "site.footer"}
    assert marks(browser, course.path) == {"site.top", "course.top", "course.end", "site.footer"}
    assert marks(browser, course.lessons[3].path) == {"course.top", "lesson.end"}
    assert marks(browser, "/account") == {"site.top", "account.top", "account.courses", "site.footer"}
    assert marks(client, "/login") == set()


def test_a_course_says_at_its_top_whether_it_is_open_to_the_person(site: TestSite, make: Any, sign_in: Any) -> None:
    class Says(Plugin):
        """Says"""

        name = "says"

        def slots(self) -> tuple[Slot, ...]:
            words = "{}: {}"
            return (
                Slot(
                    name="it",
                    place="course.top",
                    render=lambda given: Markup(words).format(given["course"].id, given["is_open"]),
                ),
            )

    add_plugin(site.app, Says())
    course, owner = make.course(), make.person()
    make.grant(owner, make.product(course))
    assert f"{course.id}: True" in sign_in(owner).get(course.path).text
    assert f"{course.id}: False" in sign_in(make.person()).get(course.path).text
    assert f"{course.id}: False" in site.client().get(course.first_lesson.path).text
