"""Child processes of the demo: started, awaited, and ended together."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lms.base.processes import end_with_parent


class DidNotStart(RuntimeError):
    """A process ended, or did not answer, before it was ready; the sentence names its log."""


@dataclass
class Processes:
    """The children, in the order they were started; they end in the opposite one."""

    logs: Path
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self, name: str, command: list[str], environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
        """Start a child that writes to ``<logs>/<name>.log``."""
        self.logs.mkdir(parents=True, exist_ok=True)
        with (self.logs / f"{name}.log").open("ab") as log:
            child = subprocess.Popen(  # noqa: S603
                [sys.executable, "-m", *command],
                env={**os.environ, **environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=end_with_parent,
            )
        self.running.append(child)
        return child

    def wait_for(self, name: str, child: subprocess.Popen[bytes], address: str, seconds: float = 60) -> None:
        """Return when ``address`` answers. Raises ``DidNotStart``."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if child.poll() is not None:
                raise DidNotStart(f"{name} ended at once; see {self.logs / (name + '.log')}.")
            if answers(address):
                return
            time.sleep(0.1)
        raise DidNotStart(f"{name} does not answer at {address}; see {self.logs / (name + '.log')}.")

    def end(self) -> None:
        """Ask every child to end, last one first; insist after ten seconds."""
        for child in reversed(self.running):
            if child.poll() is None:
                child.send_signal(signal.SIGTERM)
        for child in reversed(self.running):
            try:
                child.wait(timeout=10)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()

    def first_ended(self) -> subprocess.Popen[bytes] | None:
        """A child that has ended, if any."""
        return next((child for child in self.running if child.poll() is not None), None)


def answers(address: str) -> bool:
    """Whether a server on this machine answers at the address, with whatever."""
    try:
        with urllib.request.urlopen(address, timeout=5):  # noqa: S310
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False


def until(condition: Callable[[], bool], seconds: float, step: float = 0.1) -> bool:
    """Whether the condition became true within the time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(step)
    return condition()
