"""What never returns costs one process, and the next one has the plugin paused."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from lms import db
from lms.host import activate, discover, guard, marker, pieces, rows, running, watchdog
from lms.host.marker import Verdict

PROCESS = Path(__file__).with_name("hanging_process.py")


@pytest.fixture
def site_options() -> dict[str, Any]:
    return {"strict_plugins": "0"}


@pytest.fixture
def active(site: Any) -> None:
    activate.mark_active("loop", "1.0")
    db.commit()


def run(site: Any, how: str, limit: float = 1.0) -> subprocess.CompletedProcess[str]:
    arguments = [str(site.config.instance), site.config.database_url, str(limit), how]
    return subprocess.run(
        [sys.executable, str(PROCESS), *arguments], capture_output=True, text=True, timeout=60, check=False
    )


def settle(site: Any, limit: float = 1.0) -> Any:
    db.rollback()
    marker.settle(marker.folder(site.config), limit)
    return rows.get("loop")


@pytest.mark.parametrize("how", ["computes", "sleeps", "keeps_the_lock"])
def test_a_piece_that_never_returns_ends_its_process_and_is_paused_by_the_next(
    site: Any, active: None, how: str
) -> None:
    ended = run(site, how)
    assert ended.returncode == (1 if how == "keeps_the_lock" else watchdog.EXIT_STATUS), ended.stderr
    row = settle(site)
    assert row.state == rows.PAUSED
    assert row.reason.startswith(f"It did not return from slot {how} within 1 s (last seen in ")
    assert [(one.piece, one.reason) for one in pieces.failing()] == [(f"slot {how}", row.reason)]
    assert not list(marker.folder(site.config).iterdir()), "told once"


def test_a_process_that_ends_in_order_leaves_nothing(site: Any, active: None) -> None:
    assert run(site, "returns").stdout == "returned\n"
    assert not list(marker.folder(site.config).iterdir())
    assert settle(site).state == rows.ACTIVE


def test_a_piece_in_which_processes_die_is_told_about_and_paused_at_the_third(site: Any, active: None) -> None:
    for died in (1, 2, 3):
        if died == 1:
            assert run(site, "exits", 30).returncode == 9
        else:
            left_behind(marker.folder(site.config), piece="slot exits")
        row = settle(site, 30)
        (piece,) = pieces.failing()
        assert (piece.plugin, piece.piece, piece.failures) == ("loop", "slot exits", died)
        assert piece.reason == "The process ended while it ran."
        assert row.state == (rows.PAUSED if died == 3 else rows.ACTIVE)
    assert row.reason == "Processes ended 3 times in a short while, each time during slot exits."


def left_behind(folder: Path, *, piece: str = "slot x", text: str = "") -> Path:
    """The file of a process that died in a piece."""
    folder.mkdir(exist_ok=True)
    file = folder / "1-abc.run"
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT)
    running.write_to(descriptor)
    at_work = running.enter("loop", piece)
    os.pwrite(descriptor, text.encode(), running.SIZE)
    content = os.pread(descriptor, 1 << 20, 0)
    running.leave(at_work)
    running.stop_writing()
    os.close(descriptor)
    file.write_bytes(content)
    return file


def test_the_file_of_a_process_that_lives_is_let_alone(site: Any, active: None) -> None:
    file = left_behind(marker.folder(site.config))
    descriptor = os.open(file, os.O_RDWR)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    assert settle(site).state == rows.ACTIVE
    assert not pieces.failing()
    os.close(descriptor)
    settle(site)
    assert [one.piece for one in pieces.failing()] == ["slot x"]


def test_a_job_that_takes_its_worker_along_is_given_up_by_its_own_count(site: Any, active: None) -> None:
    for _ in range(4):
        left_behind(marker.folder(site.config), piece="job tidy")
        assert settle(site).state == rows.ACTIVE
    assert pieces.failing()[0].failures == 4


def test_a_plugin_that_is_not_on_is_not_paused(site: Any) -> None:
    left_behind(marker.folder(site.config), text='{"plugin": "loop", "piece": "slot x", "seconds": 30, "where": ""}')
    assert settle(site) is None


def test_a_process_that_stood_still_in_the_core_pauses_nobody(site: Any, active: None) -> None:
    folder = marker.folder(site.config)
    folder.mkdir()
    (folder / "1-abc.run").write_bytes(
        b"\0" * running.SIZE + b"Timeout (0:00:30)!\nThread 0x1 (most recent call first):\n"
    )
    assert settle(site).state == rows.ACTIVE


@pytest.mark.parametrize("content", [b"", b"{", b"\xff" * 20_000, b"\0" * running.SIZE + b"{broken"])
def test_a_file_that_cannot_be_read_keeps_nobody_from_starting(site: Any, active: None, content: bytes) -> None:
    folder = marker.folder(site.config)
    folder.mkdir()
    (folder / "1-abc.run").write_bytes(content)
    assert settle(site).state == rows.ACTIVE


def test_a_verdict_that_could_not_be_kept_is_kept_by_the_next(
    site: Any, active: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    verdict = '{"plugin": "loop", "piece": "slot x", "seconds": 30, "where": ""}'
    left_behind(marker.folder(site.config), text=verdict)

    def killed(*_: Any) -> None:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(marker, "_pause", killed)
        with pytest.raises(SystemExit):
            settle(site)
    assert settle(site).state == rows.PAUSED
    assert not list(marker.folder(site.config).iterdir())


def test_what_cannot_be_kept_before_the_first_migration_waits(site: Any, active: None) -> None:
    file = left_behind(marker.folder(site.config), piece="slot x")
    db.rollback()
    with db.writes():
        db.session.execute(text("ALTER TABLE host_piece RENAME TO host_piece_away"))
    settle(site)
    assert file.exists()
    with db.writes():
        db.session.execute(text("ALTER TABLE host_piece_away RENAME TO host_piece"))
    settle(site)
    assert [one.piece for one in pieces.failing()] == ["slot x"]
    assert not file.exists()


def test_the_sentence_says_where() -> None:
    assert Verdict("loop", "slot x", 30, "lms_loop/slots.py:12").sentence == (
        "It did not return from slot x within 30 s (last seen in lms_loop/slots.py:12)."
    )


# Looking ------------------------------------------------------------------------------------------------------------


class Ended(Exception):
    """Instead of ending the process of the tests."""


@pytest.fixture
def dog(site: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[watchdog.Watchdog]:
    made = watchdog.Watchdog(site.config)
    monkeypatch.setattr(discover, "found", lambda: {"loop": None})

    def end(one: running.Running) -> None:
        raise Ended(one.piece)

    monkeypatch.setattr(made, "_end", end)
    yield made
    running.avoid(frozenset())
    made._file.remove()


@pytest.mark.parametrize(
    ("seconds", "facts", "ends"),
    [
        (29, {}, False),
        (31, {}, True),
        (31, {"outside": True}, False),
        (121, {"outside": True}, True),
        (31, {"limit": 600.0}, False),
        (601, {"limit": 600.0}, True),
    ],
    ids=["short", "long", "waits outside", "waits outside for too long", "a job", "a job for too long"],
)
def test_how_long_a_piece_may_take(dog: watchdog.Watchdog, seconds: float, facts: Any, ends: bool) -> None:
    at_work = running.enter("loop", "slot x", **facts)
    at_work.started -= seconds
    try:
        if ends:
            with pytest.raises(Ended):
                dog.look()
        else:
            dog.look()
    finally:
        running.leave(at_work)


def test_a_room_of_the_core_ends_no_process(dog: watchdog.Watchdog) -> None:
    at_work = running.enter("courses", "slot x")
    at_work.started -= 1000
    dog.look()
    running.leave(at_work)


def test_waiting_for_the_database_is_not_the_plugins_fault(
    dog: watchdog.Watchdog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watchdog, "_module", lambda _thread: "sqlalchemy.engine.default")
    at_work = running.enter("loop", "slot x")
    at_work.started -= 1000
    dog.look()
    running.leave(at_work)


def test_while_one_is_stuck_nobody_else_goes_in(dog: watchdog.Watchdog) -> None:
    inside, over = threading.Event(), threading.Event()

    def hang() -> None:
        at_work = running.enter("loop", "slot x")
        at_work.started -= 6
        inside.set()
        over.wait(10)
        running.leave(at_work)

    thread = threading.Thread(target=hang)
    thread.start()
    inside.wait(10)
    dog.look()
    assert guard.call("loop", "slot x", lambda: "drawn", default="left out") == "left out"
    assert guard.call("loop", "slot y", lambda: "drawn") == "drawn"
    over.set()
    thread.join()
    dog.look()
    assert guard.call("loop", "slot x", lambda: "drawn", default="left out") == "drawn"


def test_what_failed_is_carried_over_by_the_watchdog(site: Any, dog: watchdog.Watchdog) -> None:
    dog.app = lambda: site.app
    guard.call("loop", "slot x", lambda: 1 / 0, default="")
    db.rollback()
    dog._write()
    guard.call("loop", "slot x", lambda: 1 / 0, default="")
    dog._write()
    assert [one.failures for one in pieces.failing()] == [2], "the second one is still in memory: one write a minute"
    assert set(pieces.current().everything()) == {("loop", "slot x")}
