"""Compiled templates are shared between environments, and only where they are the same."""

from __future__ import annotations

from pathlib import Path

from flask import Flask

from lms.themes.chain import ChainLoader, ThemeEnvironment, layer


def environment(folder: Path) -> ThemeEnvironment:
    made = ThemeEnvironment(Flask("test"))
    made.loader = ChainLoader([layer("site", [folder])])
    return made


def test_a_second_environment_takes_the_code_of_the_first(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("Good {{ part }}")
    first = environment(tmp_path).get_template("page.html")
    second = environment(tmp_path).get_template("page.html")
    assert first is not second
    assert first.root_render_func.__code__ is second.root_render_func.__code__
    assert second.render(part="day") == "Good day"


def test_an_edited_template_is_compiled_anew(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("Good {{ part }}")
    environment(tmp_path).get_template("page.html")
    (tmp_path / "page.html").write_text("Bad {{ part }}")
    assert environment(tmp_path).get_template("page.html").render(part="day") == "Bad day"


def test_one_name_in_two_sites_is_two_templates(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "page.html").write_text(name)
    shown = [environment(tmp_path / name).get_template("page.html").render() for name in ("a", "b")]
    assert shown == ["a", "b"]
