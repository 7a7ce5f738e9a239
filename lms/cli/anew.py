"""Starting processes anew after distributions changed, without a request that fails meanwhile."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from typing import Any

from lms.host import watch

_STEP = 0.05
_KILLED = 10.0


def end_worker() -> None:
    """End this gunicorn worker when it has answered what it is at; its master forks another."""
    os.kill(os.getpid(), signal.SIGTERM)


class Master:
    """The hook ``child_exit`` of a gunicorn master that has the core in memory itself.

    A worker that it forks has the core that it has. So when a worker ended because more than plugins changed, the
    master becomes a new process image too: with the same process id and the same socket, in which requests wait.
    """

    def __init__(self, before: Callable[[], None]) -> None:
        self._before = before
        self._is_at_it = False

    def __call__(self, arbiter: Any, _worker: Any) -> None:
        """A worker ended."""
        # A master that was told to end has closed its sockets before its workers.
        if arbiter.LISTENERS and not self._is_at_it and watch.core_is_outdated():
            self._is_at_it = True
            self._begin_anew(arbiter)

    def _begin_anew(self, arbiter: Any) -> None:
        self._before()
        arbiter.kill_workers(signal.SIGTERM)
        _wait_for_workers(arbiter, arbiter.cfg.graceful_timeout)
        arbiter.kill_workers(signal.SIGKILL)
        # The new image does not know them, and nothing would tell it that there is a dead child to take.
        _wait_for_workers(arbiter, _KILLED)
        # As gunicorn hands its sockets to a new master (SIGUSR2), only that it is this very process.
        os.environ["GUNICORN_PID"] = str(os.getpid())
        os.environ["GUNICORN_FD"] = ",".join(str(listener.fileno()) for listener in arbiter.LISTENERS)
        watch.execute_again()


def _wait_for_workers(arbiter: Any, seconds: float) -> None:
    until = time.monotonic() + seconds
    while arbiter.WORKERS and time.monotonic() < until:
        time.sleep(_STEP)
        arbiter.reap_workers()
