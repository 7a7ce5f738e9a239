"""The part of the kit that runs the plugin: ``python -m lms.testing.contract.probe ROOT NAME FOLDER``.

It leaves its findings in ``FOLDER/findings.json``; the process is thrown away with whatever the plugin did to it.
"""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from lms.db import Model
from lms.testing.contract import behaviour, items, references, tables, templates, views
from lms.testing.contract.describing import Described, as_the_host_sees_it, describe
from lms.testing.contract.distribution import Distribution, Entry, read
from lms.testing.contract.finding import Finding
from lms.testing.contract.stage import Stage, stage, tried, words


def probe(distribution: Distribution, entry: Entry, folder: Path) -> list[Finding]:
    """Everything that running the plugin tells."""
    found: list[Finding] = []
    with stage(distribution, entry, folder) as on:
        described = _described(on, found)
        if described is not None and _can_start(found) and tables.migrated(on, described.plugin):
            found.extend(_running(on, described))
    return found


def _described(on: Stage, found: list[Finding]) -> Described | None:
    with on.site(active=False) as app:
        found.extend(templates.check(on, app))
        before = frozenset(Model.metadata.tables)
        described = describe(on, found)
        if described is None:
            return None
        found.extend(items.check(on, described))
        found.extend(references.check(on, described))
        if described.blueprint is not None:
            found.extend(views.check(on, described.blueprint))
        if _can_start(found):
            found.extend(as_the_host_sees_it(on, described.plugin))
    found.extend(tables.check(on, described.plugin, before))
    return described


def _running(on: Stage, described: Described) -> Iterator[Finding]:
    site = on.site(active=True)
    app, error = tried(site.__enter__)
    if error is not None:
        do = "The site has to start with the plugin active."
        yield on.finding("starts", f"The site does not start with it: {words(error)}.", do)
        return
    try:
        yield from behaviour.check(on, described, app)
    finally:
        site.__exit__(None, None, None)


def _can_start(found: list[Finding]) -> bool:
    """Whether it makes sense to start the site: what keeps it from starting was not told yet."""
    return not any(one.rule in {"describe", "name", "blueprint", "view"} for one in found)


def main(root: str, name: str, folder: str) -> None:
    """Look at one plugin and leave what was found as JSON."""
    distribution = read(Path(root))
    entry = next(entry for entry in distribution.entries if entry.name == name)
    try:
        found = probe(distribution, entry, Path(folder))
    except Exception:
        Path(folder, "failed.txt").write_text(traceback.format_exc(), encoding="utf-8")
        raise
    Path(folder, "findings.json").write_text(json.dumps([asdict(one) for one in found]), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
