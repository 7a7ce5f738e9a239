"""What the room adds: the questions of the core."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask_babel import lazy_gettext as _l

from lms.extend import HealthCheck, Job, Plugin
from lms.health.checks import appearance, configuration, database, machine, plugins

_DATABASE, _MACHINE = _l("Database"), _l("This machine")
_CONFIGURATION, _PLUGINS = _l("Configuration"), _l("Plugins and theme")


def _check(name: str, label: Any, group: Any, check: Any, order: int, *, needs_database: bool = True) -> HealthCheck:
    return HealthCheck(name=name, label=label, group=group, check=check, order=order, needs_database=needs_database)


class Health(Plugin):
    """Health

    Whether everything works, and what to do where it does not.
    """

    name = "health"
    builtin = True

    def health_checks(self) -> tuple[HealthCheck, ...]:
        return (
            _check("database", _l("Connection"), _DATABASE, database.reachable, 0, needs_database=False),
            _check("tables", _l("Tables"), _DATABASE, database.tables, 1),
            _check("database-file", _l("File"), _DATABASE, database.whole, 2),
            _check("clock", _l("Clock"), _DATABASE, database.clock_agrees, 3),
            _check("backups", _l("Backups"), _DATABASE, machine.backups, 4, needs_database=False),
            _check("room", _l("Room"), _MACHINE, machine.room, 10, needs_database=False),
            _check("key-file", _l("Key"), _MACHINE, machine.key_file, 11, needs_database=False),
            _check("secrets", _l("Secrets"), _MACHINE, machine.secrets_open, 12),
            _check("address", _l("Address"), _CONFIGURATION, configuration.address, 20, needs_database=False),
            _check("mode", _l("Mode"), _CONFIGURATION, configuration.for_visitors, 21, needs_database=False),
            _check("variables", _l("Variables"), _CONFIGURATION, configuration.variables, 22, needs_database=False),
            _check("plugins", _l("Plugins"), _PLUGINS, plugins.all_well, 30),
            _check("theme", _l("Theme"), _PLUGINS, appearance.theme, 31),
        )

    def jobs(self) -> tuple[Job, ...]:
        return (
            Job(name="look_through_database", run=database.look_through, every=timedelta(days=1),
                lease=timedelta(minutes=30)),
        )  # fmt: skip
