"""The database: does it answer, can it be written, is it whole, do tables and clock fit?"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import func, inspect, select, text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DatabaseError

from lms.base import clock
from lms.db import Mode, commit, db, migrate, scope
from lms.db.migrate import Source
from lms.extend import HealthResult, Remedy
from lms.health.words import advice, age, ago, broken, good
from lms.host import load, registry, state

_CHECKED, _DAMAGED = "database_checked", "database_damaged"
_CHECK_DUE = timedelta(days=8)
_LARGE_LOG = 256 * 1024 * 1024
_SKEW, _LARGE_SKEW = timedelta(seconds=5), timedelta(seconds=60)


def is_sqlite() -> bool:
    """Whether the database is a file of ours."""
    return db.engine.dialect.name == "sqlite"


def answers() -> bool:
    """Whether the database answers now, on a connection of its own."""
    try:
        with scope(Mode.READ), db.engine.connect() as connection:
            connection.execute(text("SELECT 1"))
    except DatabaseError:
        return False
    return True


def reachable() -> HealthResult:
    """Reads, and could write."""
    if not answers():
        return broken(_("The database does not answer."), _("Start it, or correct LMS_DATABASE_URL."))
    try:
        # On SQLite this takes the write lock for a moment: a folder or file that cannot be written shows here.
        with scope(Mode.WRITE), db.engine.connect() as connection, connection.begin() as attempt:
            refuses = not is_sqlite() and _refuses_writes(connection)
            attempt.rollback()
    except DatabaseError:
        refuses = True
    if refuses:
        return broken(
            _("The database can be read, but not written."),
            _("Give this site the right to write to its file and folder.")
            if is_sqlite()
            else _("Point LMS_DATABASE_URL at the server that takes writes, not at its copy."),
        )
    return good(_("It answers, and can be written."))


def _refuses_writes(connection: Connection) -> bool:
    return connection.execute(text("SHOW transaction_read_only")).scalar() == "on"


def whole() -> HealthResult:
    """SQLite: looked through by a job once a day, in the mode that many can use, with a log that is written back."""
    if not is_sqlite():
        return good(_("PostgreSQL looks after its files itself."))
    if state.get(_DAMAGED):
        return broken(
            _("The database file is damaged."), _("Stop the site and put the newest backup in its place."), None
        )
    with scope(Mode.READ), db.engine.connect() as connection:
        mode = connection.execute(text("PRAGMA journal_mode")).scalar()
    if mode != "wal":
        return advice(
            _("The database file is not in WAL mode, so readers and writers wait for each other."),
            _("Move it to a disk of this machine: network folders cannot do it."),
        )
    log = Path(f"{db.engine.url.database}-wal")
    if log.is_file() and log.stat().st_size > _LARGE_LOG:
        return advice(
            _("The log beside the database file has grown large."), _("Restart the site when nobody is busy with it.")
        )
    return _last_look()


def _last_look() -> HealthResult:
    seconds = state.get(_CHECKED)
    if not seconds:
        return good(_("It is looked through once a day; the first time is still to come."))
    looked = datetime.fromtimestamp(seconds, UTC)
    if age(looked) > _CHECK_DUE:
        return advice(
            _("The database file was last looked through %(when)s.", when=ago(looked)),
            _("Look through it now."),
            Remedy(_("Check now"), "/admin/health/check-database", post=True),
        )
    return good(_("Looked through %(when)s, and whole.", when=ago(looked)))


def look_through() -> None:
    """The job: SQLite's own check, on a connection of its own, so that nobody waits for it."""
    if not is_sqlite():
        return
    commit()
    try:
        with scope(Mode.READ), db.engine.connect() as connection:
            said = connection.execute(text("PRAGMA quick_check(1)")).scalar()
    except DatabaseError as error:
        said = str(error)
    state.put(_DAMAGED, 0 if said == "ok" else 1)
    state.put(_CHECKED, int(clock.real_now().timestamp()))


@lru_cache(maxsize=256)
def _head(source: Source) -> str | None:
    # The files of a running process do not change: after an upgrade it is another one.
    return migrate.head(source)


def pending() -> list[str]:
    """The rooms and active plugins whose tables are not as their code wants them. Raises ``DatabaseError``."""
    sources = load.migration_sources(registry.current().plugins.values())
    with scope(Mode.READ), db.engine.connect() as connection:
        there = set(inspect(connection).get_table_names())
        asked = [source for source in sources if source.version_table in there]
        found: dict[str, str] = {}
        if asked:
            # The names are ours: rooms and plugins, which have small letters and underscores only.
            union = " UNION ALL ".join(
                f"SELECT '{one.name}' AS name, version_num FROM \"{one.version_table}\""  # noqa: S608
                for one in asked
            )
            found = {row.name: row.version_num for row in connection.execute(text(union))}
    return [source.name for source in sources if found.get(source.name) != _head(source)]


def has_tables() -> bool:
    """Whether the database answers and has the tables of the core as this code wants them."""
    try:
        waiting = set(pending())
    except DatabaseError:
        return False
    return not any(plugin.builtin for name, plugin in registry.current().plugins.items() if name in waiting)


def tables() -> HealthResult:
    """No migration waits."""
    waiting = pending()
    if waiting:
        return broken(
            ngettext(
                "The tables of %(names)s are not up to date.", "The tables of %(names)s are not up to date.",
                len(waiting), names=_few(waiting),
            ),
            _("Run lms db upgrade."),
        )  # fmt: skip
    return good(_("All tables are up to date."))


def _few(names: list[str]) -> str:
    if len(names) <= 3:
        return ", ".join(names)
    return _("%(names)s and %(count)s more", names=", ".join(names[:3]), count=len(names) - 3)


def clock_agrees() -> HealthResult:
    """The database's clock and this machine's are the same: leases and sessions live by both."""
    if is_sqlite():
        return good(_("The database has this machine’s clock."))
    with scope(Mode.READ), db.engine.connect() as connection:
        before = clock.real_now()
        theirs = connection.execute(select(func.clock_timestamp())).scalar_one()
        after = clock.real_now()
    apart = max(before - theirs, theirs - after, timedelta(0))
    if apart > _SKEW:
        answer = broken if apart > _LARGE_SKEW else advice
        return answer(
            _(
                "This machine’s clock and the database’s are %(seconds)s seconds apart.",
                seconds=int(apart.total_seconds()),
            ),
            _("Switch on time synchronisation (NTP) on both."),
        )
    return good(_("Both clocks agree."))
