"""All settings of a site, kept in memory until another process changes one.

The table is small and read on every page, so it is read whole, by a connection of its own: a request that began
before the change must not put its older view into memory under the newer number.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from flask import current_app
from sqlalchemy import delete, insert, select, update

from lms.base import clock
from lms.db import Mode, db, scope, session
from lms.host import state
from lms.settings.models import SettingValue

_READ = select(SettingValue.section, SettingValue.name, SettingValue.value, SettingValue.sealed)
_WRITTEN = "lms_settings_written"


@dataclass(frozen=True, slots=True)
class Stored:
    """A stored setting: a value, or a sealed secret."""

    value: Any
    sealed: str | None


Values = Mapping[tuple[str, str], Stored]


def _read(rows: Any) -> Values:
    return MappingProxyType({(row.section, row.name): Stored(row.value, row.sealed) for row in rows})


def everything() -> Values:
    """All stored settings, as this transaction sees them if it changed some, else as last read."""
    if _written_here():
        return _read(session.execute(_READ))
    number = state.get("settings")
    kept: tuple[int, Values] | None = current_app.extensions.get("lms_settings")
    if kept is None or kept[0] != number:
        with scope(Mode.READ), db.engine.connect() as connection:
            kept = (number, _read(connection.execute(_READ)))
        current_app.extensions["lms_settings"] = kept
    return kept[1]


def now(section: str, name: str) -> Stored | None:
    """One setting as it is now, in the caller's transaction: what another process just stored counts at once."""
    row = session.execute(_READ.where(SettingValue.section == section, SettingValue.name == name)).one_or_none()
    return Stored(row.value, row.sealed) if row is not None else None


def locked() -> Values:
    """All stored settings as they are now, held until the end of the transaction: nobody else changes one meanwhile."""
    _say_so()
    return _read(session.execute(_READ))


def _written_here() -> bool:
    # The transaction object is another one after a commit or a rollback, so the mark ends with it.
    mark = session().info.get(_WRITTEN)
    return mark is not None and mark is session().get_transaction()


def write(section: str, name: str, *, value: Any = None, sealed: str | None = None) -> None:
    """Store one setting, in the caller's transaction."""
    # First: the row of the number is a lock, so two that store the same new setting wait for each other.
    _say_so()
    changed = session.execute(
        update(SettingValue)
        .where(SettingValue.section == section, SettingValue.name == name)
        .values(value=value, sealed=sealed, updated_at=clock.real_now())
    )
    if not changed.rowcount:  # type: ignore[attr-defined]
        now = clock.real_now()
        session.execute(
            insert(SettingValue).values(
                section=section, name=name, value=value, sealed=sealed, created_at=now, updated_at=now
            )
        )


def remove(section: str, name: str | None = None) -> int:
    """Forget one setting, or the whole section; how many there were."""
    _say_so()
    statement = delete(SettingValue).where(SettingValue.section == section)
    if name is not None:
        statement = statement.where(SettingValue.name == name)
    return int(session.execute(statement).rowcount)  # type: ignore[attr-defined]


def _say_so() -> None:
    state.bump("settings")
    state.bump_content_version()
    session().info[_WRITTEN] = session().get_transaction()
