"""Which plugins an app is built with, and which of those that should run rest instead."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from sqlalchemy import inspect, select
from sqlalchemy.exc import DatabaseError, NoSuchTableError, OperationalError

from lms.db import Mode, migrate, rollback, scope, session, writes
from lms.extend import Plugin
from lms.host import checks, discover, guard, load, patches, requirements, rows
from lms.host.checks import ContractBroken
from lms.host.discover import Found
from lms.host.models import InstalledPlugin, StateNumber
from lms.host.registry import Contribution, describe
from lms.host.rows import Row

log = logging.getLogger("lms.host")
_GENERATION = select(StateNumber.value).where(StateNumber.name == "generation")


class PluginFailed(Exception):
    """A plugin cannot be part of the app; ``error`` is what it raised."""

    def __init__(self, name: str, error: BaseException) -> None:
        super().__init__(name)
        self.name, self.error = name, error

    @property
    def sentence(self) -> str:
        """For the owner, in the words of the error."""
        return f"It cannot start: {in_words(self.error)}"


def in_words(error: BaseException) -> str:
    """An error in one line."""
    if isinstance(error, ContractBroken):
        return str(error)
    if isinstance(error, SystemExit):
        return "it ended the process (sys.exit)"
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


class Why(StrEnum):
    """Why a plugin that should run rests."""

    PAUSED = "paused"
    MISSING = "missing"
    """Its distribution is not installed any more."""
    MIGRATIONS = "migrations"
    """Its installed version has migrations that have not run."""
    UNFIT = "unfit"
    """Its installed version asks for something that is not here."""
    NEWER_TABLES = "newer_tables"
    """Its tables belong to a newer version than the installed one."""
    RESTART = "restart"
    """Another version is in this process' memory; the process starts anew by itself."""
    SAFE = "safe"
    """The site was started without plugins (``lms run --safe``)."""


_RESTS_IN_SAFETY = {rows.ACTIVE: Why.SAFE, rows.PAUSED: Why.PAUSED}


@dataclass(slots=True)
class Loaded:
    """What an app is built with. The addresses of what rests answer 503: a webhook's sender tries again."""

    contributions: list[Contribution] = field(default_factory=list)
    resting: dict[str, Why] = field(default_factory=dict)
    generation: int | None = None
    """That of what was read; None where the database did not answer: the app has to be built again."""


def load_plugins(*, trying: str = "", without: Collection[str] = ()) -> Loaded:
    """Import and describe every plugin that is active, except ``without``, and ``trying`` in any case.

    Raises ``PluginFailed`` for the first one that fails; nobody is paused here.
    """
    loaded = Loaded()
    found = discover.found()
    with scope(Mode.READ):
        stored = _read(loaded)
        _load_stored(loaded, stored, found, {*without, trying})
        rollback()
    if trying:
        loaded.contributions.append(_contribution(found[trying]))
    else:
        _note_versions(loaded, found, stored)
    return loaded


def no_plugins() -> Loaded:
    """No plugin at all, as of now; those that are on rest."""
    loaded = Loaded()
    with scope(Mode.READ):
        stored = _read(loaded)
        rollback()
    loaded.resting = {name: _RESTS_IN_SAFETY[row.state] for name, row in stored.items() if row.state != rows.INACTIVE}
    return loaded


def _read(loaded: Loaded) -> dict[str, Row]:
    """What is stored, together with its generation. Nothing before the first migration, when there is no table."""
    try:
        loaded.generation = session.scalar(_GENERATION) or 0
        return rows.everything()
    except DatabaseError:
        rollback()
        log.warning("The plugins could not be read; is the database there, and upgraded (lms db upgrade)?")
        loaded.generation = 0 if _is_unfinished() else None
        return {}


def _is_unfinished() -> bool:
    """Whether the database answers, and only the tables are not there yet, or not as we need them."""
    try:
        columns = {
            column["name"] for column in inspect(session.connection()).get_columns(InstalledPlugin.__tablename__)
        }
        return not columns >= set(InstalledPlugin.__table__.columns.keys())
    except NoSuchTableError:
        return True
    except DatabaseError:
        return False
    finally:
        rollback()


def _load_stored(
    loaded: Loaded, stored: Mapping[str, Row], found: Mapping[str, Found], without: Collection[str]
) -> None:
    for name, row in stored.items():
        if row.state == rows.INACTIVE:
            continue
        why = Why.PAUSED if name in without else _rests(row, found.get(name))
        if why is None:
            _load(loaded, found[name])
        else:
            loaded.resting[name] = why


def _rests(row: Row, found: Found | None) -> Why | None:
    if found is None:
        return Why.MISSING
    if row.state == rows.PAUSED:
        return Why.PAUSED
    if load.imported_version(row.name) not in {None, found.version}:
        return Why.RESTART
    if found.version != row.version and requirements.unfit(found):
        return Why.UNFIT
    return None


def _load(loaded: Loaded, found: Found) -> None:
    try:
        contribution = _contribution(found)
        why = _waits_for_upgrade(contribution.plugin)
    except PluginFailed:
        if not _is_being_replaced(found):
            raise
        loaded.resting[found.name] = Why.MISSING
        return
    if why is None:
        loaded.contributions.append(contribution)
    else:
        loaded.resting[found.name] = why


def _is_being_replaced(found: Found) -> bool:
    """Whether its files went while they were read: another version is being installed, nothing to pause it for."""
    now = discover.found().get(found.name)
    if now is None or now.version != found.version:
        return True
    listed = (now.entry_point.dist.files if now.entry_point.dist else None) or ()
    return not all(Path(str(file.locate())).exists() for file in listed if file.suffix != ".pyc")


def _note_versions(loaded: Loaded, found: Mapping[str, Found], stored: Mapping[str, Row]) -> None:
    """A new version that has nothing to migrate simply runs."""
    for name in (contribution.name for contribution in loaded.contributions):
        if found[name].version != stored[name].version:
            with writes():
                rows.note_version(name, found[name].version)


def _contribution(found: Found) -> Contribution:
    try:
        checks.name_of(found.name)
        with patches.refused():
            with guard.piece(found.name, "import"):
                plugin = load.external(found.entry_point)
            with guard.piece(found.name, "describe"):
                return describe(found.name, plugin)
    except guard.PASSES:
        raise
    except BaseException as error:
        raise PluginFailed(found.name, error) from error


def _waits_for_upgrade(plugin: Plugin) -> Why | None:
    try:
        source = load.migration_source(plugin)
        return Why.MIGRATIONS if source and migrate.pending(session.connection(), source) else None
    except migrate.NewerThanItsFiles:
        return Why.NEWER_TABLES
    except OperationalError:
        # The database went away; that is nothing to pause anybody for.
        raise
    except (Exception, SystemExit) as error:
        raise PluginFailed(plugin.name, error) from error
