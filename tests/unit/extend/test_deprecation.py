"""Deprecations: who uses what, what replaces it, and until when it works."""

from __future__ import annotations

import ast
import logging
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import lms
from lms.extend import Deprecation, Outdated, deprecate, deprecation, on_deprecated

CORE = Path(lms.__file__).parent
OLD = """
from lms.extend import deprecate

def old():
    deprecate("lms.api.hello.old", instead="lms.api.hello.new", since="0.2")
    return 1

def __getattr__(name):
    if name == "renamed":
        deprecate("lms.api.hello.renamed", instead="lms.api.hello.new", since="0.2", gone_in="0.9")
        return old
    raise AttributeError(name)
"""
USER = """
from lms.api.hello import old

def view():
    return old()
"""


def module(name: str, source: str) -> Any:
    made = types.ModuleType(name)
    sys.modules[name] = made
    exec(compile(source, f"/somewhere/{name}.py", "exec"), made.__dict__)
    return made


@pytest.fixture(autouse=True)
def plugin(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A plugin called hello that uses what will go away."""
    monkeypatch.setattr(deprecation, "_told", set())
    monkeypatch.setattr(deprecation, "_receivers", [])
    module("lms.api.hello", OLD)
    yield module("lms_hello.views", USER)
    del sys.modules["lms.api.hello"], sys.modules["lms_hello.views"]


def test_the_warning_names_the_plugin_the_replacement_and_the_version(plugin: Any) -> None:
    sentence = "The plugin hello uses lms.api.hello.old, which goes away in Stoa 0.4: use lms.api.hello.new."
    with pytest.warns(Outdated) as seen:
        assert plugin.view() == 1
    assert str(seen[0].message) == sentence
    assert (seen[0].filename, seen[0].lineno) == ("/somewhere/lms_hello.views.py", 5)


def test_the_log_and_health_hear_of_it_once_and_the_warning_comes_each_time(
    plugin: Any, caplog: pytest.LogCaptureFixture
) -> None:
    heard: list[Deprecation] = []
    on_deprecated(heard.append)
    caplog.set_level(logging.WARNING, "lms.deprecation")
    for _time in range(2):
        with pytest.warns(Outdated):
            plugin.view()
    assert [record.message for record in caplog.records] == [heard[0].sentence]
    assert [(one.plugin, one.what, one.instead, one.gone_in) for one in heard] == [
        ("hello", "lms.api.hello.old", "lms.api.hello.new", "0.4")
    ]


def test_importing_a_renamed_thing_names_the_plugin_that_imports_it() -> None:
    with pytest.warns(Outdated, match=r"The plugin hello uses lms\.api\.hello\.renamed, which goes away in Stoa 0\.9"):
        module("lms_hello.views", "from lms.api.hello import renamed")


def test_code_that_is_no_plugin_is_named_by_its_file() -> None:
    with pytest.warns(Outdated, match=r"^/somewhere/script\.py:2 uses"):
        module("script", "from lms.api.hello import old\nold()")
    del sys.modules["script"]


def test_a_site_that_turns_no_warning_into_an_error_goes_on(plugin: Any, recwarn: Any) -> None:
    assert plugin.view() == 1


@pytest.mark.parametrize("gone_in", ["0.3", "0.2", "0.1"])
def test_nothing_goes_away_sooner_than_two_minor_versions_later(gone_in: str) -> None:
    with pytest.raises(ValueError, match=r"stays until 0\.4 at least"):
        deprecate("a", instead="b", since="0.2", gone_in=gone_in)


def overdue(tree: ast.AST, version: str) -> list[str]:
    """What should have gone away by ``version``: deprecations whose time is over."""
    now = tuple(int(part) for part in version.split(".")[:2])
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) == "deprecate":
            said = {key.arg: getattr(key.value, "value", "") for key in node.keywords}
            gone = tuple(int(part) for part in deprecation._checked(said["since"], said.get("gone_in", "")).split("."))
            if gone <= now:
                found.append(str(getattr(node.args[0], "value", "")))
    return found


def test_nothing_of_the_core_stays_longer_than_it_said() -> None:
    late = [
        f"{file.relative_to(CORE)}: {what} was to go away by now; remove it, and say so in CHANGELOG.md"
        for file in CORE.rglob("*.py")
        for what in overdue(ast.parse(file.read_text(encoding="utf-8")), lms.__version__)
    ]
    assert late == []


def test_what_is_overdue_is_seen() -> None:
    tree = ast.parse(OLD)
    assert overdue(tree, "0.3") == []
    assert overdue(tree, "0.4") == ["lms.api.hello.old"]
    assert overdue(tree, "1.0") == ["lms.api.hello.old", "lms.api.hello.renamed"]
