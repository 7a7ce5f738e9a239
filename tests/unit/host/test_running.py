"""Which piece runs in which thread, in memory and in a file that outlives the process."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from lms.host import running


@pytest.fixture
def file(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "1.run"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT)
    running.write_to(descriptor)
    yield path
    running.stop_writing()
    os.close(descriptor)


def names(path: Path) -> list[tuple[str, str]]:
    return [(left.plugin, left.piece) for left in running.read(path.read_bytes())]


def test_the_file_tells_what_runs_and_nothing_once_it_is_over(file: Path) -> None:
    outer = running.enter("hello", "slot banner")
    assert names(file) == [("hello", "slot banner")]
    inner = running.enter("stripe", "link stripe/portal")
    assert names(file) == [("stripe", "link stripe/portal")], "the innermost is to blame"
    running.leave(inner)
    assert names(file) == [("hello", "slot banner")]
    running.leave(outer)
    assert names(file) == []


def test_each_thread_has_a_record_of_its_own(file: Path) -> None:
    inside, over = threading.Event(), threading.Event()

    def work() -> None:
        at_work = running.enter("other", "job tidy")
        inside.set()
        over.wait(5)
        running.leave(at_work)

    thread = threading.Thread(target=work)
    thread.start()
    inside.wait(5)
    at_work = running.enter("hello", "slot banner")
    assert sorted(names(file)) == [("hello", "slot banner"), ("other", "job tidy")]
    assert {one.plugin for one in running.everywhere()} == {"hello", "other"}
    running.leave(at_work)
    over.set()
    thread.join()
    assert names(file) == []


def test_more_threads_than_records_are_known_in_memory_only(file: Path) -> None:
    taken = [running._free.pop() for _ in range(running.RECORDS)]
    at_work = running.enter("hello", "slot banner")
    assert names(file) == []
    assert running.here() is at_work
    running.leave(at_work)
    running._free.extend(taken)


def test_what_a_piece_calls_of_others_is_not_its_own_time() -> None:
    outer = running.enter("hello", "view hello.index")
    inner = running.enter("stripe", "slot portal")
    inner.entered -= 20
    inner.started -= 20
    assert running.leave(inner) >= 20
    assert running.leave(outer) < 1


def test_a_name_longer_than_its_place_is_cut_and_does_no_harm(file: Path) -> None:
    at_work = running.enter("hello", "slot " + "ü" * 400)
    assert names(file)[0][0] == "hello"
    running.leave(at_work)


def test_a_file_that_was_cut_off_tells_what_is_left_of_it(file: Path) -> None:
    at_work = running.enter("hello", "slot banner")
    assert names(file)
    content = file.read_bytes()
    running.leave(at_work)
    assert running.read(content[:100]) == running.read(b"") == []
