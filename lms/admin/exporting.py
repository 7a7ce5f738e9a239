"""A plugin's data as JSON lines: settings without secrets, then its tables."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from lms.base import clock
from lms.host import catalog, export
from lms.settings import services as settings
from lms.settings import store


def lines(name: str) -> Iterator[str]:
    """One line of JSON each: what this is, then ``{"setting": …}``, then ``{"table": …, "row": {…}}``."""
    for record in _records(name):
        yield json.dumps(record, ensure_ascii=False) + "\n"


def _records(name: str) -> Iterator[dict[str, Any]]:
    view = catalog.plugin(name)
    version = view.ran if view else ""
    yield {"stoa_export": 1, "plugin": name, "version": version, "exported_at": clock.real_now().isoformat()}
    for section in sections(name):
        for key, value in settings.values(section).items():
            yield {"setting": {"section": section, "name": key, "value": value}}
    for table, row in export.table_rows(name):
        yield {"table": table, "row": row}


def number_of_settings(name: str) -> int:
    """How many settings of the plugin are stored, secrets too."""
    own = set(sections(name))
    return sum(section in own for section, _name in store.everything())


def sections(name: str) -> tuple[str, ...]:
    """The sections of settings that are the plugin's own."""
    view = catalog.plugin(name)
    pages = view.inventory.names("SettingsPage") if view and view.inventory else ()
    return tuple(dict.fromkeys((name, *pages)))
