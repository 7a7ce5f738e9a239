"""A new key for everything that is sealed: ``lms settings rotate-key``.

The new key is written in front of the old one; from then on every process seals with the new one and opens with both.
Then everything is sealed again, a few rows at a time, and looked through once more; only then the old key goes.
Killed anywhere on the way, everything still opens, and the next run goes on where this one stopped.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Table, select, update
from sqlalchemy.orm import InstrumentedAttribute

from lms.audit import services as audit
from lms.base.problem import Conflict
from lms.base.seal import CannotOpen, Sealer, load_or_make_keys, write_keys
from lms.db import session, writes
from lms.extend import SealedColumn
from lms.host import discover, load, registry, rows, state
from lms.host.registry import describe
from lms.settings import keys
from lms.settings.models import SettingValue

_AT_ONCE = 200
_Key = ColumnElement[Any] | InstrumentedAttribute[Any]
# Long enough for a request that read the old key to end, and for every process to read the settings anew.
_SETTLE_SECONDS = 5.0


@dataclass
class Report:
    """What a rotation did. ``unopened`` names places that no key opens, before or after; ``unknown`` plugins that could
    not be asked for their secrets: then the old key stays.
    """

    resealed: int = 0
    unopened: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)

    @property
    def is_complete(self) -> bool:
        return not self.unknown


def rotate(*, actor_id: int | None = None, settle: Callable[[], None] = lambda: time.sleep(_SETTLE_SECONDS)) -> Report:
    """Seal everything with a new key. A file with several keys is a rotation that was broken off: it is finished.

    Works in transactions of its own. Raises ``Conflict`` while another rotation runs on this machine.
    """
    with _alone():
        known = load_or_make_keys(keys.file())
        if len(known) == 1:
            known.insert(0, os.urandom(32))
            write_keys(keys.file(), known)
        report = _reseal_everything(known)
        if not report.is_complete:
            return report
        settle()
        late = _reseal_everything(known)
        report.resealed += late.resealed
        report.unopened, report.unknown = late.unopened, late.unknown
        if report.is_complete:
            write_keys(keys.file(), known[:1])
            with writes():
                audit.record(
                    "settings.key_rotated", actor_id=actor_id, subject="settings", detail={"resealed": report.resealed}
                )
        return report


@contextmanager
def _alone() -> Iterator[None]:
    with (keys.file().parent / ".secret.key.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Conflict(
                "Another rotation of the key is running.", next_step="Wait until it has ended, then look again."
            ) from None
        yield


def _reseal_everything(known: list[bytes]) -> Report:
    report = Report()
    _reseal(report, known, SettingValue.sealed, SettingValue.section + "." + SettingValue.name, "{}")
    for item in _columns(report):
        _reseal(report, known, item.column, item.key, item.place)
    return report


def _columns(report: Report) -> Iterable[SealedColumn]:
    """Of every plugin that has rows here: of those that run, and of those that are off."""
    running = registry.current()
    yield from running.items(SealedColumn)
    found = discover.found()
    with writes():
        stored = rows.everything()
    for name, row in stored.items():
        if name in running.plugins or (row.inventory is not None and not row.inventory.names("SealedColumn")):
            continue
        try:
            items = describe(name, load.external(found[name].entry_point)).items
        except (Exception, SystemExit):
            report.unknown.append(name)
            continue
        yield from (item for item in items if isinstance(item, SealedColumn))


def _reseal(report: Report, known: list[bytes], column: InstrumentedAttribute[Any], key: _Key, place: str) -> None:
    table: Table = column.class_.__table__
    newest, all_of_them = Sealer(known[:1]), Sealer(known)
    last = 0
    while True:
        with writes():
            page = session.execute(
                select(table.c.id, key.label("key"), column.label("sealed"))
                .where(table.c.id > last, column.is_not(None), column != "")
                .order_by(table.c.id)
                .limit(_AT_ONCE)
            ).all()
            moved = 0
            for row in page:
                where = place.format(row.key)
                if _opens(newest, row.sealed, where):
                    continue
                try:
                    secret = all_of_them.open(row.sealed, where)
                except CannotOpen:
                    report.unopened.append(f"{table.name}.{column.key}: {where}")
                    continue
                changed = session.execute(
                    update(table)
                    # Whoever changed it meanwhile has sealed it with the newest key.
                    .where(table.c.id == row.id, table.c[column.key] == row.sealed)
                    .values({column.key: newest.seal(secret, where), "updated_at": table.c.updated_at})
                )
                moved += int(changed.rowcount)  # type: ignore[attr-defined]
            if moved and table is SettingValue.__table__:
                state.bump("settings")
        report.resealed += moved
        if len(page) < _AT_ONCE:
            return
        last = page[-1].id


def _opens(sealer: Sealer, sealed: str, place: str) -> bool:
    try:
        sealer.open(sealed, place)
    except CannotOpen:
        return False
    return True
