"""The ready-made test of a plugin: ``from lms.testing.contract.tests import *`` in ``tests/test_contract.py``."""

from __future__ import annotations

from pathlib import Path

import pytest

from lms.testing.contract import findings, told

__all__ = ["test_the_plugin_keeps_the_contract"]


def test_the_plugin_keeps_the_contract(request: pytest.FixtureRequest) -> None:
    """What ``lms plugin check`` says about the distribution that this test lies in: nothing."""
    root = next(folder for folder in Path(request.path).parents if (folder / "pyproject.toml").is_file())
    found = findings(root)
    assert not found, "\n" + told(found)
