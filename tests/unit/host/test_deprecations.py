"""Outdated uses of plugins, as the owner learns of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from lms.base import clock
from lms.extend import Deprecation, Outdated, deprecate, deprecation
from lms.host import deprecations, pieces


def use(plugin: str = "hello", what: str = "lms.api.old") -> Deprecation:
    return Deprecation(plugin, what, "lms.api.new", "0.4", "/somewhere/hello.py", 3)


@pytest.fixture(autouse=True)
def nothing_waits() -> Iterator[None]:
    deprecations._waiting.clear()
    yield
    deprecations._waiting.clear()


def test_a_use_is_told_with_its_plugin_and_is_no_failure(site: Any) -> None:
    deprecations.note(use())
    (seen,) = deprecations.uses()
    assert (seen.plugin, seen.reason) == (
        "hello",
        "The plugin hello uses lms.api.old, which goes away in Stoa 0.4: use lms.api.new.",
    )
    assert pieces.failing() == []


def test_a_plugin_that_calls_what_goes_away_is_told_of(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deprecation, "_told", set())
    view = {"__name__": "lms_hello.views", "deprecate": deprecate}
    exec("def show(): deprecate('lms.api.old', instead='lms.api.new', since='0.2')", view)
    with pytest.warns(Outdated):
        view["show"]()
    assert [(one.plugin, one.piece) for one in deprecations.uses()] == [("hello", "outdated lms.api.old")]


def test_other_processes_tell_of_it_too(site: Any) -> None:
    deprecations.note(use())
    site.commit()
    assert pieces.write() == 1
    site.rebuild()
    with site.app.app_context():
        assert [one.plugin for one in deprecations.uses()] == ["hello"]


def test_what_was_seen_before_there_was_an_app_is_not_lost(site: Any) -> None:
    waiting = use(what="lms.api.at_import")
    deprecations._waiting.append(waiting)
    assert [one.piece for one in deprecations.uses()] == ["outdated lms.api.at_import"]


def test_code_that_is_no_plugin_is_for_the_log_alone(site: Any) -> None:
    deprecations.note(use(plugin=""))
    assert deprecations.uses() == []


def test_a_use_that_nobody_has_seen_for_two_weeks_is_over(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    deprecations.note(use())
    site.commit()
    pieces.write()
    later = clock.real_now() + timedelta(days=15)
    monkeypatch.setattr(clock, "real_now", lambda: later)
    assert deprecations.uses() == []
