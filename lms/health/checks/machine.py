"""The machine and the folder of the site: room, keys, backups."""

from __future__ import annotations

import os
import shutil
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

from flask_babel import gettext as _
from flask_babel import ngettext

from lms.base.seal import CannotOpen, read_keys
from lms.extend import HealthResult
from lms.health.checks.database import is_sqlite
from lms.health.words import advice, age, ago, broken, good
from lms.host import backup, config
from lms.settings import keys, store
from lms.settings import services as settings

_MEGABYTE = 1024 * 1024
_TOO_LITTLE, _LITTLE = 200 * _MEGABYTE, 1024 * _MEGABYTE
_BACKUP_DUE = timedelta(days=7)


def room() -> HealthResult:
    """The site's folder can be written, and has room."""
    folder = config.current().instance
    if not os.access(folder, os.W_OK):
        return broken(
            _("The site’s folder cannot be written."),
            _("Give the account that runs the site the right to write to it."),
        )
    free = shutil.disk_usage(folder).free
    words = _("%(size)s MB are free for the site’s folder.", size=f"{free // _MEGABYTE:,}")
    if free < _TOO_LITTLE:
        return broken(words, _("Make room now: without it nothing can be saved."))
    if free < _LITTLE:
        return advice(words, _("Make room, or give the site a larger disk."))
    return good(words)


def key_file() -> HealthResult:
    """The keys are there, and for the site's own account only."""
    file = keys.file()
    try:
        read_keys(file)
        mode = stat.S_IMODE(file.stat().st_mode)
    except FileNotFoundError:
        return good(_("secret.key is made with the first secret."))
    except (OSError, ValueError):
        return broken(_("secret.key cannot be read."), _("Put it back from a backup, one key on a line."))
    if mode & 0o077:
        return broken(_("Others on this machine can read secret.key."), _("Run chmod 600 on it."))
    return good(_("secret.key is for the site’s own account only."))


def secrets_open() -> HealthResult:
    """Every stored secret opens with the keys that are there."""
    sealed = {f"{section}.{name}": one.sealed for (section, name), one in store.everything().items() if one.sealed}
    if sealed and not keys.file().is_file():
        # Opening one would make a new key in the place of the one that is needed.
        return broken(_("secret.key is gone, so no stored secret opens."), _("Put it back from a backup."))
    closed = []
    for place, secret in sealed.items():
        try:
            settings.unseal(place, secret)
        except CannotOpen:
            closed.append(place)
    if closed:
        sentence = ngettext("%(num)s stored secret does not open.", "%(num)s stored secrets do not open.", len(closed))
        return broken(sentence, _("Put the right secret.key back, or enter again: %(names)s.", names=", ".join(closed)))
    return good(_("All stored secrets open."))


def backups() -> HealthResult:
    """There is a backup of the database, and it is not old."""
    if not is_sqlite():
        return good(_("PostgreSQL is backed up with its own tools, such as pg_dump."))
    newest: Path | None = next(iter(backup.newest(config.current())), None)
    if newest is None:
        return advice(
            _("No backup of the database is in the site’s folder."),
            _("Copy the whole folder to another machine, every day."),
        )
    made = datetime.fromtimestamp(newest.stat().st_mtime, UTC)
    words = _("The newest backup of the database was made %(when)s.", when=ago(made))
    if age(made) > _BACKUP_DUE:
        return advice(words, _("Copy the whole folder to another machine, every day."))
    return good(words)
