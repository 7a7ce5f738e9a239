"""Asking everybody: what fails, lies or cannot be asked is a finding too."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from lms.extend import HealthCheck, HealthResult, Plugin, Remedy
from lms.health import services as health
from lms.testing.plugins import add_plugin
from lms.testing.sites import TestSite


class Shop(Plugin):
    """Shop

    Sells things.
    """

    name = "shop"
    answers: dict[str, Any] = {}

    def health_checks(self) -> tuple[HealthCheck, ...]:
        return tuple(HealthCheck(name=name, label=name, check=check) for name, check in self.answers.items())


@pytest.fixture
def ask(site: TestSite) -> Any:
    """``ask(lambda: …)`` is the finding of a plugin's check."""

    def run(check: Any) -> health.Finding:
        site.app.config["LMS"] = replace(site.config, strict_plugins=False)
        plugin = Shop()
        plugin.answers = {"one": check}
        add_plugin(site.app, plugin)
        return next(one for one in health.findings() if one.plugin == "shop")

    return run


def test_a_plugins_check_stands_under_its_title(ask: Any) -> None:
    found = ask(lambda: HealthResult("good", "It sells."))
    assert (found.group, found.result.sentence) == ("Shop", "It sells.")


def leaves() -> HealthResult:
    raise SystemExit


@pytest.mark.parametrize(
    "check",
    [lambda: 1 / 0, lambda: None, lambda: "good", lambda: HealthResult("fine", "So so."), leaves],
    ids=["raises", "nothing", "words", "a state that is none", "exits"],
)
def test_a_check_that_gives_no_answer_is_broken_itself(ask: Any, check: Any) -> None:
    result = ask(check).result
    assert (result.state, result.sentence) == ("broken", "This question could not be answered.")


@pytest.mark.parametrize("href", ["https://example.org/", "//example.org", "javascript:alert(1)", "admin"])
def test_a_remedy_that_leads_elsewhere_is_left_out(ask: Any, href: str) -> None:
    assert ask(lambda: HealthResult("advice", "Hm.", "Do.", Remedy("Go", href))).result.remedy is None


def test_what_is_broken_comes_first_and_groups_keep_together(site: TestSite) -> None:
    plugin = Shop()
    plugin.answers = {
        "a": lambda: HealthResult("good", "A."),
        "b": lambda: HealthResult("broken", "B.", "Mend."),
        "c": lambda: HealthResult("advice", "C.", "Think."),
    }
    add_plugin(site.app, plugin)
    found = health.findings()
    states = [one.result.state for one in found]
    assert states == sorted(states, key=health.STATES.index)
    groups = health.groups(found)
    assert [one.name for one in next(g for g in groups if g.title == "Shop").findings] == ["b", "c", "a"]
    assert [group.state for group in groups] == sorted((group.state for group in groups), key=health.STATES.index)
