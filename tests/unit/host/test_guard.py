"""Containment of plugin code."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pytest

from lms.base.problem import Problem
from lms.host import guard


def endless() -> None:
    endless()


def leave() -> None:
    sys.exit(3)


def divide() -> None:
    raise ZeroDivisionError


@pytest.fixture
def site_options() -> dict[str, Any]:
    return {"strict_plugins": "0"}


@pytest.mark.parametrize("bad", [endless, leave, divide], ids=lambda f: f.__name__)
def test_whatever_a_piece_does_the_page_gets_its_default(site: Any, bad: Callable[[], None]) -> None:
    assert guard.call("bad", "slot x", bad, default="") == ""
    seen = guard.incidents()[-1]
    assert (seen.plugin, seen.piece) == ("bad", "slot x")


def test_a_problem_is_an_answer_not_a_failure(site: Any) -> None:
    def refuse() -> None:
        raise Problem("Not now.")

    with pytest.raises(Problem):
        guard.call("good", "link x", refuse)
    assert not guard.incidents()
