"""Which piece of which plugin each thread runs right now: in memory, and in a file that outlives the process.

Whoever watches (``lms.host.watchdog``) sees what does not come back; whoever starts next (``lms.host.marker``) sees
what a process was at when it ended, however it ended: by us, by a crash, by a loop in C that lets nobody else run.
"""

from __future__ import annotations

import mmap
import os
import time
from _thread import get_ident
from dataclasses import dataclass
from struct import Struct

# Plugin and piece, when it began (real time), and the thread, as Python numbers threads.
_RECORD = Struct("<240sdQ")
RECORDS = 64
SIZE = _RECORD.size * RECORDS


class Running:
    """One piece at work in one thread.

    ``outside``: it may call another server, and so has to wait at times. ``limit``: how many seconds it may take, 0 for
    what the site says.
    """

    __slots__ = ("entered", "limit", "outer", "outside", "piece", "plugin", "slot", "spoiled", "started", "thread")

    def __init__(self, plugin: str, piece: str, outside: bool, limit: float) -> None:
        self.plugin = plugin
        self.piece = piece
        self.outside = outside
        self.limit = limit
        self.spoiled = False
        """The database refused a statement of it: its transaction may be of no use any more."""
        self.thread = thread = get_ident()
        self.outer = outer = _threads.get(thread)
        self.slot: int = _slot() if outer is None else outer.slot
        self.entered = self.started = time.perf_counter()

    @property
    def seconds(self) -> float:
        """How long it has been at it itself; what it called of other plugins does not count."""
        return time.perf_counter() - self.started


@dataclass(frozen=True, slots=True)
class Left:
    """What a thread of a process that is gone was at, since when (real time, as a timestamp)."""

    plugin: str
    piece: str
    since: float
    thread: int


stuck: frozenset[tuple[str, str]] = frozenset()
"""Plugin and piece of what has not returned for a while in some thread: nobody else should go in there."""

_threads: dict[int, Running] = {}
_free: list[int] = []
_file: mmap.mmap | None = None


def enter(plugin: str, piece: str, *, outside: bool = False, limit: float = 0.0) -> Running:
    """From now on this thread runs the piece; give what is returned to ``leave``."""
    running = Running(plugin, piece, outside, limit)
    _threads[running.thread] = running
    if running.slot >= 0:
        _write(running)
    return running


def leave(running: Running) -> float:
    """The piece is over; returns its ``seconds``. The one that called it goes on."""
    now = time.perf_counter()
    outer = running.outer
    if outer is None:
        _threads.pop(running.thread, None)
        if running.slot >= 0:
            _forget(running.slot)
    else:
        outer.started += now - running.entered
        _threads[running.thread] = outer
        if outer.slot >= 0:
            _write(outer)
    return now - running.started


def here() -> Running | None:
    """What this thread runs; None while it runs the core."""
    return _threads.get(get_ident())


def everywhere() -> list[Running]:
    """What all threads run: in each the innermost piece."""
    return list(_threads.values())


def avoid(pieces: frozenset[tuple[str, str]]) -> None:
    """Say which pieces nobody else should go into now."""
    global stuck
    stuck = pieces


def _slot() -> int:
    try:
        return _free.pop()
    except IndexError:
        # No file, or more threads than records: then only the memory knows.
        return -1


def _write(running: Running) -> None:
    if _file is not None:
        name = f"{running.plugin}\t{running.piece}".encode()
        _RECORD.pack_into(_file, running.slot * _RECORD.size, name, time.time(), running.thread)


def _forget(slot: int) -> None:
    if _file is not None:
        _file[slot * _RECORD.size] = 0
        _free.append(slot)


def write_to(descriptor: int) -> None:
    """Keep the records in the open file from now on, as its first ``SIZE`` bytes."""
    global _file
    os.ftruncate(descriptor, SIZE)
    _file = mmap.mmap(descriptor, SIZE)
    _free[:] = range(RECORDS)


def stop_writing() -> None:
    """Let go of the file."""
    global _file
    _free.clear()
    if _file is not None:
        _file.close()
        _file = None


def _begin_anew() -> None:
    """In a child that was forked: the file is its parent's, the threads are gone."""
    stop_writing()
    _threads.clear()


os.register_at_fork(after_in_child=_begin_anew)


def read(content: bytes) -> list[Left]:
    """The records in what ``write_to`` wrote: what was running when it was written last, the longest first."""
    left = []
    for name, since, thread in _RECORD.iter_unpack(content[:SIZE].ljust(SIZE, b"\0")):
        plugin, _tab, piece = name.rstrip(b"\0").decode(errors="replace").partition("\t")
        if name[0] and plugin:
            left.append(Left(plugin, piece, since, thread))
    return sorted(left, key=lambda one: one.since)
