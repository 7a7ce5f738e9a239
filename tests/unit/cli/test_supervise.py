"""The pause between two lives of a kept process, and what is said of its end."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest

from lms.cli.supervise import LONGEST_PAUSE, Kept, in_words


class Clock:
    """A clock that moves when told to."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


def lives(kept: Kept, clock: Clock, seconds: float) -> None:
    """One life of the process, which by the clock lasts that long."""
    kept.look()
    process = kept._process
    assert process is not None
    process.wait()
    clock.seconds += seconds
    kept.look()


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def made(said: list[str]) -> Callable[[str], tuple[Kept, Clock]]:
    def make(code: str) -> tuple[Kept, Clock]:
        clock = Clock()
        return Kept("helper", [sys.executable, "-S", "-c", code], said.append, clock), clock

    return make


def test_the_pause_doubles_up_to_a_minute_and_begins_anew_after_a_long_life(
    made: Callable[[str], tuple[Kept, Clock]], said: list[str]
) -> None:
    kept, clock = made("raise SystemExit(3)")
    for _ in range(8):
        lives(kept, clock, 0.5)
        clock.seconds += LONGEST_PAUSE
    pauses = [sentence.rpartition(" starts in ")[2] for sentence in said]
    assert pauses == ["1 s.", "2 s.", "4 s.", "8 s.", "16 s.", "32 s.", "60 s.", "60 s."]
    lives(kept, clock, 61)
    assert said[-1].endswith("ended with status 3. A new one starts in 1 s.")


def test_it_is_not_started_before_the_pause_is_over(made: Callable[[str], tuple[Kept, Clock]]) -> None:
    kept, clock = made("")
    lives(kept, clock, 0)
    clock.seconds += 0.9
    kept.look()
    assert kept._process is None
    clock.seconds += 0.2
    kept.look()
    assert kept._process is not None
    kept.end()


def test_after_the_end_nothing_is_started_again(made: Callable[[str], tuple[Kept, Clock]], said: list[str]) -> None:
    kept, clock = made("import time; time.sleep(600)")
    kept.look()
    process = kept._process
    assert process is not None
    kept.end()
    assert process.returncode is not None
    clock.seconds += 1000
    kept.look()
    assert kept._process is process
    assert said == []


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (0, "ended with status 0"),
        (70, "ended with status 70"),
        (-9, "was ended by SIGKILL"),
        (-63, "was ended by signal 63"),
    ],
)
def test_how_a_process_ended_is_said_in_words(status: int, words: str) -> None:
    assert in_words(status) == words
