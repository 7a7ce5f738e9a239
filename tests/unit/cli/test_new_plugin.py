"""``lms plugin new``: what it makes works at once, and it never touches what is there."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from lms.cli import skeleton
from lms.cli.main import cli
from lms.testing.environments import Environment, make_environment


def new(name: str, folder: Path) -> Any:
    return CliRunner().invoke(cli, ["plugin", "new", name, "--in", str(folder)])


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    return make_environment(tmp_path_factory.mktemp("environment"))


@pytest.mark.slow
def test_a_new_plugin_installs_passes_its_tests_and_shows_up_in_the_admin(
    environment: Environment, tmp_path: Path
) -> None:
    answer = new("book_club", tmp_path)
    assert answer.exit_code == 0, answer.output
    made = tmp_path / "book_club"

    def run(command: str, *arguments: str, cwd: Path = tmp_path) -> str:
        of_site = {"LMS_INSTANCE": str(tmp_path / "instance"), "LMS_ENV": "test"}
        return environment.run(str(environment.folder / "bin" / command), *arguments, cwd=cwd, **of_site)

    run("pip", "install", "--editable", str(made))
    assert "4 passed" in run("pytest", "-q", "-p", "no:cacheprovider", cwd=made)
    assert run("lms", "plugin", "check", str(made)) == "It keeps the contract.\n"
    run("lms", "db", "upgrade")
    assert "book_club is active." in run("lms", "plugin", "on", "book_club")
    listed = run("lms", "plugin", "list")
    assert any(line.split()[:2] == ["book_club", "active"] and "Book club" in line for line in listed.splitlines())


def test_what_it_makes_is_named_after_the_plugin_throughout(tmp_path: Path) -> None:
    made = skeleton.make("book_club", tmp_path)
    project = tomllib.loads((made / "pyproject.toml").read_text())["project"]
    assert project["name"] == "stoa-book-club"
    assert project["keywords"] == ["site"]
    assert project["entry-points"]["lms.plugins"] == {"book_club": "lms_book_club.plugin:BookClub"}
    assert (made / "lms_book_club/templates/book_club/page.html").is_file()
    left = [path for path in made.rglob("*") if "NAME" in path.name or path.suffix == ".tmpl"]
    assert left == []
    assert not [path for path in made.rglob("*") if path.is_file() and skeleton._MARK.search(path.read_text())]


def test_it_works_until_the_version_in_which_a_name_could_be_gone() -> None:
    assert skeleton._versions("0.1.0") == ">=0.1,<0.4"
    assert skeleton._versions("2.7.3.dev1") == ">=2.7,<2.10"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Hello", "lowercase letters"),
        ("2hello", "a letter first"),
        ("hello-world", "underscores"),
        ("hello_", "single underscores"),
        ("hello__world", "single underscores"),
        ("../hello", "lowercase letters"),
        ("", "lowercase letters"),
        ("commerce", "a name of Stoa's own"),
        ("core", "a name of Stoa's own"),
        ("class", "a word of Python's own"),
        ("stripe", "is installed here already"),
        ("a" * 31, "at most 30"),
    ],
)
def test_a_name_that_cannot_work_is_refused_with_a_reason(tmp_path: Path, name: str, words: str) -> None:
    answer = new(name, tmp_path)
    assert answer.exit_code == 1
    assert words in answer.output
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("there", ["folder", "file", "dangling link"])
def test_what_is_there_stays_as_it_is(tmp_path: Path, there: str) -> None:
    target = tmp_path / "hello"
    if there == "folder":
        target.mkdir()
    elif there == "file":
        target.write_text("mine")
    else:
        target.symlink_to(tmp_path / "nowhere")
    answer = new("hello", tmp_path)
    assert answer.exit_code == 1
    assert "stays as it is" in answer.output
    assert list(tmp_path.iterdir()) == [target]
    assert there != "file" or target.read_text() == "mine"


def test_a_folder_that_cannot_be_written_to_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    answer = new("hello", tmp_path / "file" / "below")
    assert answer.exit_code == 1
    assert "cannot be written to" in answer.output


def test_nothing_is_left_when_writing_fails_half_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_arguments: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "rename", full)
    with pytest.raises(skeleton.Refused, match="No space left"):
        skeleton.make("hello", tmp_path)
    assert list(tmp_path.iterdir()) == []
