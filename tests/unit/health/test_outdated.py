"""What plugins use that will go away, as Health tells it."""

from __future__ import annotations

from typing import Any

import pytest

from lms.extend import Deprecation
from lms.health import services as health
from lms.host import deprecations


@pytest.fixture
def site_options() -> dict[str, Any]:
    return {"plugins": ("stripe_simulator",)}


def use(plugin: str, what: str) -> None:
    deprecations.note(Deprecation(plugin, what, "lms.api.new", "0.4", "/somewhere/hello.py", 3))


def told(site: Any) -> list[str]:
    return [one.result.sentence for one in health.findings() if str(one.label) == "Outdated"]


def test_an_active_plugin_is_told_with_what_it_uses_and_what_to_do(site: Any) -> None:
    use("stripe_simulator", "lms.api.old")
    (found,) = [one for one in health.findings() if str(one.label) == "Outdated"]
    assert (found.plugin, found.result.state) == ("stripe_simulator", "advice")
    assert found.result.sentence == (
        "The plugin stripe_simulator uses lms.api.old, which goes away in Stoa 0.4: use lms.api.new."
    )
    assert found.result.do


def test_several_uses_are_one_finding(site: Any) -> None:
    for name in ("a", "b", "c"):
        use("stripe_simulator", f"lms.api.{name}")
    (sentence,) = told(site)
    assert "lms.api.a" in sentence
    assert sentence.endswith("There are 2 more such uses.")


def test_a_plugin_that_is_off_or_gone_is_not_told(site: Any) -> None:
    use("stripe", "lms.api.old")
    use("nobody", "lms.api.old")
    assert told(site) == []
