"""What is risky about a plugin happens in a process of its own: import, describe, migrate, ``on_activate``.

The process (``lms.cli.trial``; this floor knows it by name only) reads one order as JSON, and answers with a line of
JSON for each phase that it enters and one at the end. One that ends, hangs or is killed changes nothing here.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import IO, Any, cast

from lms.db.migrate import Step
from lms.host.config import Config
from lms.host.inventory import Inventory

PROCESS = "lms.cli.trial"

TRYING, MIGRATING, ACTIVATING = "trying", "migrating", "activating"

# Seconds of each phase. A migration of a large table takes as long as it takes, within reason.
LIMITS = {TRYING: 30.0, MIGRATING: 1800.0, ACTIVATING: 60.0}


class AttemptFailed(Exception):
    """It did not work; ``reason`` says why in a few words, ``phase`` how far it came.

    Where it came as far as migrating, ``migrations`` is the package of the revisions, and ``was`` the revision
    before, None for no tables.
    """

    def __init__(self, reason: str, phase: str, told: Mapping[str, Any]) -> None:
        super().__init__(reason)
        self.reason, self.phase = reason, phase
        self.migrations: str = told.get("migrations", "")
        self.was: str | None = told.get("was")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the process told. ``done`` is False where it stopped, to have the ``pending`` migrations confirmed first.

    ``backup`` is the path of the backup that it made, "" for none.
    """

    done: bool
    inventory: Inventory | None = None
    pending: tuple[Step, ...] = ()
    new_tables: tuple[str, ...] = ()
    backup: str = ""


def run(config: Config, act: str, name: str, **order: Any) -> Outcome:
    """Have ``act`` done for the plugin ``name``. Raises ``AttemptFailed``.

    ``try`` imports, describes and builds an app with it. ``activate`` goes on from there, unless the last migration
    is another than ``confirmed`` (None confirms all): it migrates and runs ``on_activate``. ``upgrade`` only migrates.
    ``downgrade`` takes the tables back to ``target`` by the revisions in ``migrations``.
    """
    with _started({"act": act, "name": name, "config": _plain(config), **order}) as process:
        return _followed(process)


def _plain(config: Config) -> dict[str, Any]:
    # Strict means that errors pass; here they are the answer. Where no plugin runs, this one is tried all the same.
    plain = {"instance": str(config.instance), "strict_plugins": False, "safe_mode": False}
    return {**asdict(config), **plain}


def _started(order: Mapping[str, Any]) -> subprocess.Popen[bytes]:
    # Its errors go where ours go, with their tracebacks; a session of its own, so that what it starts ends with it.
    process = subprocess.Popen(  # noqa: S603
        [sys.executable, "-P", "-m", PROCESS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    )
    with cast(IO[bytes], process.stdin) as pipe:
        pipe.write(json.dumps(order).encode())
    return process


def _followed(process: subprocess.Popen[bytes]) -> Outcome:
    phase, known = TRYING, dict[str, Any]()
    try:
        for told in _lines(process):
            if "failed" in told:
                raise AttemptFailed(told["failed"], phase, known)
            if "done" in told:
                return _outcome(told)
            phase, known = told["phase"], known | told
        raise AttemptFailed(_ending(process), phase, known)
    except TimeoutError as error:
        raise AttemptFailed(f"it did not finish within {LIMITS[phase]:.0f} seconds", phase, known) from error
    finally:
        _end(process)


def _lines(process: subprocess.Popen[bytes]) -> Iterator[dict[str, Any]]:
    """Each line as it comes. Raises ``TimeoutError`` when a phase takes too long."""
    descriptor, text, phase = cast(IO[bytes], process.stdout).fileno(), b"", TRYING
    until = time.monotonic() + LIMITS[phase]
    while True:
        if not select.select([descriptor], [], [], max(0.0, until - time.monotonic()))[0]:
            raise TimeoutError
        more = os.read(descriptor, 65536)
        if not more:
            return
        *whole, text = (text + more).split(b"\n")
        for line in whole:
            told = json.loads(line)
            if told.get("phase", phase) != phase:
                phase = told["phase"]
                until = time.monotonic() + LIMITS[phase]
            yield told


def _outcome(told: Mapping[str, Any]) -> Outcome:
    return Outcome(
        done=told["done"],
        inventory=Inventory.from_json(told["inventory"]) if told.get("inventory") else None,
        pending=tuple(Step(**step) for step in told.get("pending", ())),
        new_tables=tuple(told.get("new_tables", ())),
        backup=told.get("backup", ""),
    )


def _ending(process: subprocess.Popen[bytes]) -> str:
    code = process.wait()
    return f"it ended the process (signal {-code})" if code < 0 else f"it ended the process (exit status {code})"


def _end(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
