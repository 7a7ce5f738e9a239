"""The one thread of a long-lived process that looks after plugins.

Nothing inside a process can stop what does not return. So a piece that takes longer than it may ends the process:
the reason is written down first, requests at hand get a few seconds, the server starts another process, and that one
has the plugin paused (``lms.host.marker``). Until then nobody else is let into the piece. A loop that does not even let
this thread run is ended by ``faulthandler``, whose clock needs no turn.

It also carries the counts of ``lms.host.pieces`` over into the database.
"""

from __future__ import annotations

import atexit
import faulthandler
import logging
import math
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from flask import Flask
from sqlalchemy.exc import DatabaseError

from lms.host import discover, marker, pieces, running
from lms.host.config import Config
from lms.host.marker import MarkerFile, Verdict
from lms.host.running import Running

log = logging.getLogger("lms.watchdog")

EXIT_STATUS = 70
"""Of a process that was ended because a plugin did not return (EX_SOFTWARE)."""

_TICK = 1.0
_GRACE = 5.0
# A piece that may call another server, and only waits, has this many times the limit.
_OUTSIDE = 4
_DATABASE = ("sqlalchemy.", "psycopg")
# Less than a twentieth of a processor: it waits. A loop that sleeps now and then uses about a hundredth.
_BUSY = 0.05


def _take_nothing_new() -> None:
    # Servers take this as: take nothing new, finish what is at hand.
    os.kill(os.getpid(), signal.SIGTERM)


def _end_process() -> None:
    os._exit(EXIT_STATUS)


class Watchdog:
    """Watches this process. ``app`` gives the present app once there is one.

    A piece that does not return costs the process: ``warn()`` is called at once, ``end()``, which must not return, some
    seconds later. Both run in the watchdog's own thread.
    """

    def __init__(self, config: Config) -> None:
        self.limit = config.plugin_time_limit or math.inf
        self.app: Callable[[], Flask | None] = lambda: None
        self.warn: Callable[[], None] = _take_nothing_new
        self.end: Callable[[], None] = _end_process
        self._tick = min(_TICK, self.limit / 4)
        self._grace = min(_GRACE, self.limit)
        self._file = MarkerFile(marker.folder(config))
        self._cpu_then: dict[Running, tuple[float, float]] = {}

    def start(self) -> None:
        """Watch until the process ends."""
        atexit.register(self._file.remove)
        threading.Thread(target=self._run, name="watchdog", daemon=True).start()

    def _run(self) -> None:
        while True:
            if self.limit < math.inf:
                # Whoever comes first: our own look, or, if we do not get our turn for that long, this clock.
                patience = self.limit + self._grace + 2 * self._tick
                faulthandler.dump_traceback_later(patience, exit=True, file=self._file.descriptor)
            time.sleep(self._tick)
            try:
                self.look()
                self._write()
            except Exception:
                # It must go on whatever happens, since nobody would notice its absence.
                log.exception("the watchdog stumbled")

    def look(self) -> None:
        """Look at every piece at work once; ends the process if one takes too long."""
        slow = [one for one in running.everywhere() if one.seconds >= self._tick]
        cpu = _cpu_seconds({one.thread for one in slow})
        known, self._cpu_then = self._cpu_then, {}
        stuck = set()
        for one in slow:
            since = known.get(one) or (one.seconds, cpu.get(one.thread, 0.0))
            self._cpu_then[one] = since
            elapsed = one.seconds - since[0]
            busy = elapsed > 0 and (cpu.get(one.thread, 0.0) - since[1]) / elapsed >= _BUSY
            if self._is_overdue(one, busy) and one.plugin in discover.found():
                self._end(one)
            if one.seconds >= self.limit / 6 and not one.limit and (busy or not one.outside):
                stuck.add((one.plugin, one.piece))
        running.avoid(frozenset(stuck))

    def _is_overdue(self, one: Running, busy: bool) -> bool:
        limit = one.limit or self.limit
        if one.seconds < limit:
            return False
        if busy:
            return True
        # A database that is away or locked is not the plugin's fault, and the core stands still with it.
        if _module(one.thread).startswith(_DATABASE):
            return False
        return bool(one.limit) or not one.outside or one.seconds >= _OUTSIDE * limit

    def _end(self, one: Running) -> None:
        verdict = Verdict(one.plugin, one.piece, round(one.limit or self.limit, 1), _where(one.thread))
        self._file.write(verdict)
        atexit.unregister(self._file.remove)
        log.critical("plugin %s: %s This process ends.", one.plugin, verdict.sentence)
        self.warn()
        time.sleep(self._grace)
        self.end()

    def _write(self) -> None:
        app = self.app()
        if app is None:
            return
        with app.app_context():
            due = pieces.current().due()
            if not due:
                return
            try:
                pieces.write(due)
            except DatabaseError as error:
                log.warning("what plugins did could not be written down: %s", error)


_started: dict[int, Watchdog] = {}


def start(config: Config) -> Watchdog | None:
    """Begin to watch this process, before it imports any plugin; one that is watched already keeps its watchdog.

    None where ``instance/run`` cannot be written; a word in the log says so.
    """
    known = _started.get(os.getpid())
    if known is not None:
        return known
    try:
        watchdog = Watchdog(config)
    except OSError as error:
        log.error("Plugins that do not return cannot be paused here: %s", error)
        return None
    watchdog.start()
    _started[os.getpid()] = watchdog
    return watchdog


def _cpu_seconds(threads: set[int]) -> dict[int, float]:
    """The processor time that threads used so far; empty where the system does not tell (it is no Linux)."""
    if not threads:
        return {}
    native = {thread.ident: thread.native_id for thread in threading.enumerate()}
    found = {}
    for ident in threads:
        try:
            text = Path(f"/proc/self/task/{native[ident]}/stat").read_text()
        except (KeyError, OSError):
            continue
        # The name of the thread stands in parentheses and may hold anything; the fields are counted after it.
        fields = text.rpartition(")")[2].split()
        found[ident] = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return found


def _module(thread: int) -> str:
    """The module that the thread is in."""
    frame = sys._current_frames().get(thread)
    return str(frame.f_globals.get("__name__", "")) if frame else ""


def _where(thread: int) -> str:
    frame = sys._current_frames().get(thread)
    return marker.place(frame.f_code.co_filename, frame.f_lineno) if frame else ""
