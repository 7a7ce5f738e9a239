"""Noticing what is installed while the process runs."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import cast

import pytest

from lms.host import watch as watching
from lms.host.site import Site
from lms.host.watch import Verdict, Watch, core_is_outdated
from lms.testing.distributions import make_distribution, remove_distribution

NOTHING = {"lms_leaf.plugin": "class Leaf: pass"}


def never() -> int:
    raise AssertionError("The generation matters only where the core changed.")


def install(folder: Path, name: str, version: str) -> None:
    make_distribution(folder, name, version, NOTHING, entry="lms_leaf.plugin:Leaf")


def test_what_changed_counts_once_it_lies_still(packages: Path) -> None:
    install(packages, "leaf", "1.0")
    watch = Watch()
    assert watch.look(never) is None
    install(packages, "leaf", "2.0")
    assert watch.look(never) is None, "pip may still be at it"
    remove_distribution(packages, "leaf")
    assert watch.look(never) is None, "and so it was"
    assert watch.look(never) is Verdict.BEGIN_ANEW


def test_what_comes_new_asks_for_a_new_app_only(packages: Path) -> None:
    watch = Watch()
    install(packages, "leaf", "1.0")
    assert [watch.look(never) for _ in range(3)] == [None, Verdict.BUILD_AGAIN, None]
    install(packages, "leaf", "1.1")
    assert [watch.look(never) for _ in range(2)] == [None, Verdict.BEGIN_ANEW], "it may be in memory by now"


def test_the_same_version_again_is_another_one(packages: Path) -> None:
    install(packages, "leaf", "1.0")
    watch = Watch()
    install(packages, "leaf", "1.0")
    assert [watch.look(never) for _ in range(2)] == [None, Verdict.BEGIN_ANEW]


def test_a_newer_core_waits_until_the_database_was_upgraded_for_it(
    packages: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(packages, "stoa", "98.0")
    monkeypatch.setattr(watching, "AT_IMPORT", watching.snapshot())
    watch = Watch()
    generations = iter([4, 4, 5])
    install(packages, "stoa", "99.0")
    seen = [watch.look(lambda: next(generations)) for _ in range(4)]
    assert seen == [None, None, None, Verdict.BEGIN_ANEW]


def test_plugins_are_told_from_what_the_master_has_in_memory(packages: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(packages, "leaf", "1.0")
    install(packages, "library", "1.0")
    (packages / "library-1.0.dist-info" / "entry_points.txt").unlink()
    monkeypatch.setattr(watching, "AT_IMPORT", watching.snapshot())
    remove_distribution(packages, "leaf")
    assert not core_is_outdated()
    remove_distribution(packages, "library")
    assert core_is_outdated()


def test_a_process_that_nobody_asks_anything_follows_too(packages: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "_SECONDS", 0.01)
    followed = threading.Event()

    class Idle:
        stored_generation = staticmethod(never)
        follow = staticmethod(followed.set)

    stop = Watch().start(cast(Site, Idle()), begin_anew=lambda: None)
    assert followed.wait(20)
    stop.set()
