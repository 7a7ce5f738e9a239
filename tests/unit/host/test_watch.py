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


def seven() -> int:
    """An upgrade more or less is nothing to a plugin."""
    return 7


def install(folder: Path, name: str, version: str) -> None:
    make_distribution(folder, name, version, NOTHING, entry="lms_leaf.plugin:Leaf")


def test_what_changed_counts_once_it_lies_still(packages: Path) -> None:
    install(packages, "leaf", "1.0")
    watch = Watch()
    assert watch.look(seven) is None
    install(packages, "leaf", "2.0")
    assert watch.look(seven) is None, "pip may still be at it"
    remove_distribution(packages, "leaf")
    assert watch.look(seven) is None, "and so it was"
    assert watch.look(seven) is Verdict.BEGIN_ANEW


def test_what_comes_new_asks_for_a_new_app_only(packages: Path) -> None:
    watch = Watch()
    install(packages, "leaf", "1.0")
    assert [watch.look(seven) for _ in range(3)] == [None, Verdict.BUILD_AGAIN, None]
    install(packages, "leaf", "1.1")
    assert [watch.look(seven) for _ in range(2)] == [None, Verdict.BEGIN_ANEW], "it may be in memory by now"


def test_the_same_version_again_is_another_one(packages: Path) -> None:
    install(packages, "leaf", "1.0")
    watch = Watch()
    install(packages, "leaf", "1.0")
    assert [watch.look(seven) for _ in range(2)] == [None, Verdict.BEGIN_ANEW]


@pytest.fixture
def core(packages: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the core is installed as 98.0, which this process has in memory."""
    install(packages, "stoa", "98.0")
    monkeypatch.setattr(watching, "AT_IMPORT", watching.snapshot())
    return packages


def looks(watch: Watch, *upgrades: int | None) -> list[Verdict | None]:
    """What it says at one look after another, each with the count of upgrades that the database has by then."""
    return [watch.look(lambda count=count: count) for count in upgrades]  # type: ignore[misc]


def test_a_newer_core_waits_until_the_database_was_upgraded_for_it(core: Path) -> None:
    watch = Watch()
    install(core, "stoa", "99.0")
    assert looks(watch, 4, 4, 4, 5) == [None, None, None, Verdict.BEGIN_ANEW]


def test_an_upgrade_that_was_over_before_the_newer_core_was_noticed_counts(core: Path) -> None:
    watch = Watch()
    assert looks(watch, 3, 4) == [None, None], "upgraded before there was a newer core: that was for this one"
    install(core, "stoa", "99.0")
    assert looks(watch, 5, 5) == [None, Verdict.BEGIN_ANEW]


def test_a_database_that_does_not_answer_was_not_upgraded(core: Path) -> None:
    watch = Watch()
    assert looks(watch, None, 4, None) == [None, None, None]
    install(core, "stoa", "99.0")
    assert looks(watch, None, None, 4, 5) == [None, None, None, Verdict.BEGIN_ANEW]


def test_an_upgrade_that_was_over_before_the_first_look_counts(core: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "_SECONDS", 0.2)
    is_begun_anew = threading.Event()

    class Busy:
        count = 4
        upgrades = classmethod(lambda cls: cls.count)
        follow = staticmethod(lambda: False)

    Watch().start(cast(Site, Busy()), begin_anew=is_begun_anew.set)
    install(core, "stoa", "99.0")
    Busy.count = 5
    assert is_begun_anew.wait(20)


def test_a_process_that_begins_anew_builds_no_app_of_the_old_core_before(
    core: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "_SECONDS", 0.01)
    watch = Watch()
    install(core, "stoa", "99.0")
    assert watch.look(lambda: 4) is None, "pip may still be at it"
    is_begun_anew = threading.Event()
    counts = iter([4])

    class Upgraded:
        upgrades = staticmethod(lambda: next(counts, 5))

        def follow(self) -> None:
            pytest.fail("It would be the old core on the database of the newer one.")

    watch.start(cast(Site, Upgraded()), begin_anew=is_begun_anew.set)
    assert is_begun_anew.wait(20)


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
        upgrades = staticmethod(seven)
        follow = staticmethod(followed.set)

    stop = Watch().start(cast(Site, Idle()), begin_anew=lambda: None)
    assert followed.wait(20)
    stop.set()
