"""What a process was at when it ended: a file in ``instance/run``, read by whoever starts next.

The file belongs to a process for as long as that holds a lock on it, so a number that the system gives to another
process later misleads nobody. First come the records of ``lms.host.running``, then, if the process was ended because
something did not return, a verdict: ours as a line of JSON, or the stacks that ``faulthandler`` wrote because not even
our own watchdog got its turn.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from sqlalchemy.exc import DatabaseError

from lms.base import clock
from lms.base.ids import short_id
from lms.db import rollback, writes
from lms.host import activate, pieces, running
from lms.host.config import Config
from lms.host.pieces import Incident
from lms.host.running import Left

log = logging.getLogger("lms.marker")

_SUFFIX = ".run"
# A piece in which processes die is paused once this many died there, each within ``pieces.QUIET`` of the one before.
_DEATHS = 3
_FRAME = re.compile(r'File "([^"]+)", line (\d+)')
_THREAD = re.compile(r"^(?:Current thread|Thread) 0x([0-9a-f]+)", re.MULTILINE)


def folder(config: Config) -> Path:
    """Where the processes of a site on this machine keep their markers."""
    return config.instance / "run"


@dataclass(frozen=True, slots=True)
class Verdict:
    """A piece that did not return within ``seconds``; ``where`` it was seen last (file and line)."""

    plugin: str
    piece: str
    seconds: float
    where: str = ""

    @property
    def sentence(self) -> str:
        """For the owner; untranslated, since the language stands in the database."""
        where = f" (last seen in {self.where})" if self.where else ""
        return f"It did not return from {self.piece} within {self.seconds:g} s{where}."


@dataclass(frozen=True, slots=True)
class Remains:
    """What a process left: a ``verdict``, or just what it was at when it died."""

    verdict: Verdict | None
    left: tuple[Left, ...]


class MarkerFile:
    """The file of this process. ``descriptor`` stays open, and locked, until the process is gone."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.path = folder / f"{os.getpid()}-{short_id()}{_SUFFIX}"
        self.descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        fcntl.flock(self.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        running.write_to(self.descriptor)
        os.lseek(self.descriptor, 0, os.SEEK_END)

    def write(self, verdict: Verdict) -> None:
        """Keep for the next process why this one ends."""
        os.pwrite(self.descriptor, json.dumps(asdict(verdict)).encode(), running.SIZE)

    def remove(self) -> None:
        """An orderly end: nothing is left to tell."""
        running.stop_writing()
        self.path.unlink(missing_ok=True)
        os.close(self.descriptor)


@contextmanager
def _taken(file: Path) -> Iterator[bytes | None]:
    """The content of a file whose process is gone, for one process at a time; None for every other file.

    Once what it tells is kept, the file goes. If that fails, or this process ends before, it stays for the next one.
    """
    try:
        descriptor = os.open(file, os.O_RDWR)
    except OSError:
        yield None
        return
    try:
        content = _locked(descriptor)
        yield content
        if content is not None:
            file.unlink(missing_ok=True)
    finally:
        os.close(descriptor)


def _locked(descriptor: int) -> bytes | None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Without a name, another process took it between our opening it and our lock.
        return os.pread(descriptor, 1 << 20, 0) if os.fstat(descriptor).st_nlink else None
    except OSError:
        return None


def _verdict(text: bytes, left: tuple[Left, ...], limit: float) -> Verdict | None:
    words = text.decode(errors="replace").strip("\0").strip()
    if words.startswith("{"):
        try:
            return Verdict(**json.loads(words))
        except (TypeError, ValueError):
            # The disk was full, or the machine went down meanwhile.
            log.error("what a process wrote at its end cannot be read: %s", words)
            return None
    if not words.startswith("Timeout"):
        return None
    # Nobody else got a turn, so one piece ran without a break; the others had begun before it and waited.
    stacks = _stacks(words)
    found = max(left, key=lambda one: one.since, default=None)
    if found is None:
        log.error("A process was ended because it stood still, and no plugin was at work:\n%s", words)
        return None
    return Verdict(found.plugin, found.piece, limit, stacks.get(found.thread, ""))


def _stacks(text: str) -> dict[int, str]:
    """Where each thread was, as ``faulthandler`` tells it: file and line of the innermost call."""
    parts = _THREAD.split(text)
    found = {}
    for number, stack in zip(parts[1::2], parts[2::2], strict=True):
        if frame := _FRAME.search(stack):
            found[int(number, 16)] = place(frame[1], int(frame[2]))
    return found


def place(file: str, line: int) -> str:
    """A line of code for people: the last two parts of the path are enough."""
    return f"{'/'.join(Path(file).parts[-2:])}:{line}"


def settle(folder: Path, limit: float) -> None:
    """Pause what processes did not return from, and tell about what they died in. Before plugins are imported.

    ``limit``: seconds that a piece may take. What cannot be kept now stays in its file, for the next process to keep.
    """
    for file in sorted(folder.glob(f"*{_SUFFIX}")):
        try:
            with _taken(file) as content:
                if content is not None:
                    _settle(_read(content, limit))
        except DatabaseError as error:
            # Before the first migration there is nothing to pause, and nobody to tell.
            rollback()
            log.error("what a process left could not be kept: %s", error)


def _read(content: bytes, limit: float) -> Remains:
    left = tuple(running.read(content))
    return Remains(_verdict(content[running.SIZE :], left, limit), left)


def _settle(one: Remains) -> None:
    if one.verdict is not None:
        log.error("plugin %s is paused: %s", one.verdict.plugin, one.verdict.sentence)
        _note(one.verdict.plugin, one.verdict.piece, one.verdict.sentence)
        _pause(one.verdict.plugin, one.verdict.sentence)
        return
    for left in one.left:
        reason = "The process ended while it ran."
        log.error("a process ended while the plugin %s ran %s", left.plugin, left.piece)
        _note(left.plugin, left.piece, reason)
        # A job has its own count of attempts, and is given up one by one.
        if not left.piece.startswith("job ") and _deaths(left, reason) >= _DEATHS:
            _pause(left.plugin, f"Processes ended {_DEATHS} times in a short while, each time during {left.piece}.")


def _note(plugin: str, piece: str, reason: str) -> None:
    """Count it as a failure of the piece: Health tells of it, also once the plugin is on again."""
    pieces.current().failed(Incident(plugin, piece, reason, clock.real_now()))
    pieces.write([(plugin, piece)])


def _deaths(left: Left, reason: str) -> int:
    row = next((one for one in pieces.table() if (one.plugin, one.piece) == (left.plugin, left.piece)), None)
    recent = row is not None and row.first_failed_at and clock.real_now() - row.first_failed_at < pieces.QUIET
    rollback()
    return row.failures if row is not None and recent and row.reason == reason else 0


def _pause(plugin: str, sentence: str) -> None:
    with writes():
        if plugin in activate.active_names():
            activate.pause(plugin, sentence)
