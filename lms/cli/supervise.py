"""Keeping the job worker of ``lms run`` alive: whatever it dies of, another one is started."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence

from lms.base.processes import end_with_parent

LONGEST_PAUSE = 60.0
"""Seconds between two starts of a process that ends at once, at most."""
_LIVED = 60.0
_PATIENCE = 20.0


class Kept:
    """A child process that is started again whenever it ends.

    The pause before a start is one second, and twice as long after each process that lived less than a minute. ``say``
    gets a sentence for whoever reads the log. Belongs to the process that made it: in a forked one it does nothing.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        say: Callable[[str], None],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._name, self._command, self._say, self._now = name, command, say, now
        self._owner = os.getpid()
        self._process: subprocess.Popen[bytes] | None = None
        self._began = self._due = now()
        self._short_lives = 0
        self._is_over = False

    def look(self) -> None:
        """Notice whether it ended, and start it where that is due. To be called about once a second."""
        if self._is_over or os.getpid() != self._owner:
            return
        if self._process is not None and (status := self._process.poll()) is not None:
            self._ended(self._process.pid, status)
        if self._process is None and self._now() >= self._due:
            self._process = subprocess.Popen(list(self._command), preexec_fn=end_with_parent)  # noqa: S603
            self._began = self._now()

    def _ended(self, pid: int, status: int) -> None:
        self._process = None
        self._short_lives = self._short_lives + 1 if self._now() - self._began < _LIVED else 1
        pause = min(LONGEST_PAUSE, 2.0 ** (self._short_lives - 1))
        self._due = self._now() + pause
        self._say(f"The {self._name} (process {pid}) {in_words(status)}. A new one starts in {pause:g} s.")

    def tell_to_end(self) -> None:
        """Ask it to finish what it is at; no other one is started from now on."""
        if os.getpid() != self._owner:
            return
        self._is_over = True
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)

    def end(self) -> None:
        """The same, and wait until it is gone; after 20 seconds insist."""
        self.tell_to_end()
        if os.getpid() != self._owner or self._process is None:
            return
        try:
            self._process.wait(timeout=_PATIENCE)
        except subprocess.TimeoutExpired:
            self._say(f"The {self._name} (process {self._process.pid}) did not end when asked, and is killed.")
            self._process.kill()
            self._process.wait()


def in_words(status: int) -> str:
    """How a process ended, for people; ``status`` as ``Popen.returncode`` has it."""
    if status >= 0:
        return f"ended with status {status}"
    try:
        return f"was ended by {signal.Signals(-status).name}"
    except ValueError:
        return f"was ended by signal {-status}"
