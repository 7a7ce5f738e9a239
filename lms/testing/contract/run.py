"""Running the kit: what is seen in the files first, then what is seen when the plugin runs, in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from lms.extend import Plugin
from lms.testing.contract import files, sources
from lms.testing.contract.distribution import Distribution, Entry, read, root_of
from lms.testing.contract.finding import Finding, in_order

SECONDS = 120


class KitFailed(RuntimeError):
    """The kit itself stumbled; its traceback is the message. Nothing was found out about the plugin."""


def findings(plugin: Plugin | type[Plugin] | str | Path, *, seconds: int = SECONDS) -> tuple[Finding, ...]:
    """What the plugin does not keep of the contract, what is wrong before advice; empty when all is well.

    ``plugin`` is the folder of its distribution, the name of an installed plugin, or its class. It need not be
    installed: it runs in a process of its own, on a scratch site, for at most ``seconds``. Raises
    ``NotADistribution`` where there is no source folder with a plugin, ``KitFailed`` for a fault of our own.
    """
    distribution = read(root_of(plugin))
    found = [*files.check(distribution), *sources.check(distribution)]
    if not sources.is_broken(found):
        for entry in distribution.entries:
            found.extend(_probe(distribution, entry, seconds))
    return in_order(found)


def _probe(distribution: Distribution, entry: Entry, seconds: int) -> Iterator[Finding]:
    with tempfile.TemporaryDirectory(prefix="stoa-contract-") as folder:
        answer = Path(folder) / "findings.json"
        command = [sys.executable, "-m", "lms.testing.contract.probe", str(distribution.root), entry.name, folder]
        try:
            done = subprocess.run(
                command, env=_environment(), cwd=folder, capture_output=True, text=True, timeout=seconds, check=False
            )
        except subprocess.TimeoutExpired:
            sentence = f"The plugin {entry.name} did not finish within {seconds} seconds."
            yield Finding(entry.module, "ends", sentence, "Look for a loop, or for something that waits, at import.")
            return
        failed = Path(folder) / "failed.txt"
        if failed.is_file():
            raise KitFailed(failed.read_text(encoding="utf-8"))
        if not answer.is_file():
            last = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
            sentence = f"The plugin {entry.name} ended the process: {last}."
            yield Finding(entry.module, "ends", sentence, "Look for sys.exit() or os._exit() at import.")
            return
        for one in json.loads(answer.read_text(encoding="utf-8")):
            yield Finding(**one)


def _environment() -> dict[str, str]:
    """The variables of this process without those that tell of a site: nothing of a real one is touched."""
    return {name: value for name, value in os.environ.items() if not name.startswith("LMS_")}
