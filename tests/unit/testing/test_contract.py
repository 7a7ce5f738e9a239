"""The contract kit: nothing to say about a healthy plugin, and one sentence for each way to go wrong."""

from __future__ import annotations

import json
import sys
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from textwrap import dedent

import pytest
from click.testing import CliRunner

from lms.cli import skeleton
from lms.cli.main import cli
from lms.host import discover, load
from lms.testing.contract import ADVICE, Finding, NotADistribution, findings, told
from lms.testing.contract.distribution import root_of

sys.path.insert(0, str(Path(__file__).parent))

from broken import BROKEN, EXPECTED

# What was found is kept in the process that looked.
pytestmark = pytest.mark.xdist_group("contract")

PLUGINS = Path(__file__).resolve().parents[3] / "plugins"
PYPROJECT = """
[project]
name = "stoa-{name}"
version = "1.0"
description = "Breaks the contract."
dependencies = ["stoa"]
[project.entry-points."lms.plugins"]
{name} = "lms_{name}.plugin:{title}"
"""


def write(folder: Path, name: str, files: dict[str, str]) -> Path:
    """The source folder of a distribution with these files, and whatever else it takes."""
    usual = {"pyproject.toml": PYPROJECT.format(name=name, title=name.capitalize()), f"lms_{name}/__init__.py": ""}
    for path, text in {**usual, **files}.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(dedent(text).lstrip("\n"))
    return folder


@cache
def found_in(name: str) -> tuple[Finding, ...]:
    with TemporaryDirectory() as folder:
        return findings(write(Path(folder), name, BROKEN[name]))


def is_it(found: Finding, rule: str, file: str, words: str) -> bool:
    return found.rule == rule and found.file.startswith(file) and words in found.sentence


@pytest.mark.parametrize(("name", "rule", "file", "words"), EXPECTED, ids=[f"{e[0]}: {e[3]}" for e in EXPECTED])
def test_each_way_to_break_the_contract_is_told(name: str, rule: str, file: str, words: str) -> None:
    assert any(is_it(one, rule, file, words) for one in found_in(name)), told(found_in(name))


@pytest.mark.parametrize("name", sorted(BROKEN))
def test_nothing_else_is_told(name: str) -> None:
    """A finding that nobody expects would be noise about somebody's healthy plugin."""
    expected = [mistake[1:] for mistake in EXPECTED if mistake[0] == name]
    wrong = [one for one in found_in(name) if one.level != ADVICE]
    unexpected = [one for one in wrong if not any(is_it(one, *mistake) for mistake in expected)]
    assert not unexpected, told(unexpected)


@pytest.mark.parametrize("name", sorted(path.parent.name for path in PLUGINS.glob("*/pyproject.toml")))
def test_our_own_plugins_keep_the_contract(name: str) -> None:
    found = findings(PLUGINS / name)
    assert not found, told(found)


def test_a_folder_without_a_plugin_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotADistribution, match=r"no pyproject\.toml"):
        findings(tmp_path)
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    with pytest.raises(NotADistribution, match="no entry point"):
        findings(tmp_path)


def test_a_plugin_is_named_by_its_folder_its_name_or_its_class() -> None:
    stripe = load.external(discover.found()["stripe"].entry_point)
    assert {root_of(PLUGINS / "stripe"), root_of("stripe"), root_of(stripe), root_of(type(stripe))} == {
        PLUGINS / "stripe"
    }


def test_a_plugin_that_never_returns_is_stopped(tmp_path: Path) -> None:
    folder = write(tmp_path, "endless", {"lms_endless/plugin.py": "while True: pass"})
    assert any(one.rule == "ends" and "2 seconds" in one.sentence for one in findings(folder, seconds=2))


def test_the_command_prints_one_line_for_each_finding_and_ends_with_1(tmp_path: Path) -> None:
    folder = write(tmp_path, "lost", BROKEN["lost"])
    answer = CliRunner().invoke(cli, ["plugin", "check", str(folder)])
    assert answer.exit_code == 1
    assert "lms_lost/plugin.py:1: This is no Python" in answer.output.splitlines()[0]
    answer = CliRunner().invoke(cli, ["plugin", "check", str(folder), "--json"])
    assert json.loads(answer.output)[0]["rule"] == "syntax"


def test_the_command_refuses_a_folder_without_a_plugin(tmp_path: Path) -> None:
    answer = CliRunner().invoke(cli, ["plugin", "check", str(tmp_path)])
    assert answer.exit_code == 1
    assert "Name the folder of the plugin's distribution." in answer.output


def test_advice_alone_is_no_failure(tmp_path: Path) -> None:
    folder = skeleton.make("advised", tmp_path)
    (folder / "README.md").unlink()
    answer = CliRunner().invoke(cli, ["plugin", "check", str(folder)])
    assert answer.output == "advice: README.md: There is no README. Say what the plugin is for.\n"
    assert answer.exit_code == 0


def test_a_category_that_is_not_the_first_keyword_is_told(tmp_path: Path) -> None:
    made = skeleton.make("moves", tmp_path)
    file = made / "pyproject.toml"
    file.write_text(file.read_text().replace('keywords = ["site"]', 'keywords = ["payments", "site"]'))
    (found,) = findings(made)
    assert found.rule == "category"
    assert "is in the category 'site', its first keyword is 'payments'" in found.sentence
