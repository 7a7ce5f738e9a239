"""The category of a plugin is known before anything of it is imported: it is the first keyword of its distribution."""

from __future__ import annotations

import importlib
import tomllib
from pathlib import Path

import pytest

PLUGINS = sorted((Path(__file__).parents[3] / "plugins").glob("*/pyproject.toml"))


@pytest.mark.parametrize("file", PLUGINS, ids=lambda file: file.parent.name)
def test_the_first_keyword_is_what_the_plugin_calls_its_category(file: Path) -> None:
    project = tomllib.loads(file.read_text())["project"]
    for target in project["entry-points"]["lms.plugins"].values():
        module, _, name = target.partition(":")
        assert project["keywords"][0] == getattr(importlib.import_module(module), name).category
