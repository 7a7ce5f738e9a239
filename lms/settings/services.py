"""Reading and changing settings. An environment variable wins; then what is stored; then the field's default."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import gettext as _

from lms.audit import services as audit
from lms.base.problem import Conflict
from lms.settings import fields, store
from lms.settings.fields import UnknownSetting, environment_name
from lms.settings.keys import seal, sealer, unseal

__all__ = [
    "Change",
    "ChangedMeanwhile",
    "UnknownSetting",
    "delete_section",
    "environment_name",
    "fixed",
    "get",
    "last_change",
    "save",
    "seal",
    "sealer",
    "secret",
    "secret_last4",
    "set_secret",
    "unseal",
    "values",
    "version",
]

# Four of fewer than twelve characters would give away too much of a secret.
_SHOWS_ITS_END = 12


@dataclass(frozen=True, slots=True)
class Change:
    """Who changed a section last, and when (real time, UTC)."""

    actor_id: int | None
    at: datetime


class ChangedMeanwhile(Conflict):
    """Somebody else saved the section since the form was drawn; nothing is stored."""

    def __init__(self) -> None:
        super().__init__(
            _("Somebody else saved these settings while this page was open."),
            next_step=_("Both values are shown below: keep yours or take theirs, then save again."),
        )


def get(section: str, name: str, default: Any = None) -> Any:
    """The setting's value. No query unless a setting changed since the last look.

    Raises ``UnknownSetting`` where the section's form has no such field, and for a secret: use ``secret``.
    """
    known = fields.of_section(section)
    field = None if known is None else _field(known, section, name)
    if fields.is_secret(field):
        raise UnknownSetting(f"{section}.{name} is a secret.")
    given = fields.from_environment(section, name, field)
    if given is not None:
        return given
    stored = store.everything().get((section, name))
    if stored is not None and stored.sealed is None:
        return stored.value
    standard = None if field is None else field.data
    return default if standard is None else standard


def values(section: str) -> dict[str, Any]:
    """All settings of a section except secrets, by name."""
    known = fields.of_section(section)
    if known is not None:
        return {name: get(section, name) for name, field in known.items() if not fields.is_secret(field)}
    return {
        name: get(section, name)
        for (of, name), stored in store.everything().items()
        if of == section and stored.sealed is None
    }


def fixed(section: str) -> frozenset[str]:
    """The names that an environment variable decides: shown, but not to be changed in the browser."""
    known = fields.of_section(section) or {}
    return frozenset(name for name, field in known.items() if fields.from_environment(section, name, field) is not None)


def version(section: str) -> str:
    """A mark of what is stored of the section: another one after every change. ``save`` compares it."""
    return _mark(section, store.everything())


def _mark(section: str, stored: store.Values) -> str:
    rows = sorted((name, one.value, one.sealed) for (of, name), one in stored.items() if of == section)
    return hashlib.sha256(json.dumps(rows, default=str).encode()).hexdigest()[:16]


def save(section: str, values: Mapping[str, Any], *, actor_id: int | None, seen: str | None = None) -> list[str]:
    """Store values, which the caller's form has checked; returns the names of those that changed.

    An empty secret stays as it is. One audit row tells old and new, of secrets only the name. ``seen`` is the
    ``version`` that the values were made from. Raises ``ChangedMeanwhile`` where it is not the present one any more,
    ``UnknownSetting`` for a name that the section's form lacks, ``TypeError`` for what is no JSON; then nothing is
    stored.
    """
    known = fields.of_section(section)
    if seen is not None and _mark(section, store.locked()) != seen:
        raise ChangedMeanwhile
    for name, value in values.items():
        if known is not None:
            _field(known, section, name)
        json.dumps(value)
    changes: dict[str, Any] = {}
    for name, value in values.items():
        if known is not None and fields.is_secret(known[name]):
            if value and value != secret(section, name):
                store.write(section, name, sealed=seal(f"{section}.{name}", value))
                changes[name] = "secret"
            continue
        before = store.everything().get((section, name))
        if before is None or before.value != value or type(before.value) is not type(value):
            store.write(section, name, value=value)
            changes[name] = {"from": before.value if before else None, "to": value}
    _record("settings.changed", section, changes, actor_id)
    return list(changes)


def set_secret(section: str, name: str, value: str | None, *, actor_id: int | None) -> None:
    """Seal and store a secret; None or "" removes it. Raises ``UnknownSetting`` where the form says it is none."""
    known = fields.of_section(section)
    if known is not None and name in known and not fields.is_secret(known[name]):
        raise UnknownSetting(f"{section}.{name} is no secret.")
    if value:
        store.write(section, name, sealed=seal(f"{section}.{name}", value))
    else:
        store.remove(section, name)
    _record("settings.changed", section, {name: "secret" if value else "secret removed"}, actor_id)


def secret(section: str, name: str) -> str | None:
    """The secret itself, None where there is none. Raises ``lms.base.seal.CannotOpen`` with a wrong key file.

    One query each time: with a key that was replaced a second ago, another server would be asked in vain.
    """
    given = fields.from_environment(section, name, None)
    if given is not None:
        return str(given)
    stored = store.now(section, name)
    if stored is None or stored.sealed is None:
        return None
    return unseal(f"{section}.{name}", stored.sealed)


def secret_last4(section: str, name: str) -> str:
    """The last four characters of the secret: all of it that is ever shown. "" for none, "…" for a short one."""
    value = secret(section, name)
    if not value:
        return ""
    return value[-4:] if len(value) >= _SHOWS_ITS_END else "…"


def delete_section(section: str, *, actor_id: int | None = None) -> None:
    """Forget everything of a section: when its plugin is uninstalled."""
    if store.remove(section):
        _record("settings.deleted", section, {"section": section}, actor_id)


def last_change(section: str) -> Change | None:
    """The newest change of the section, None while nobody changed anything."""
    newest = audit.entries(subject=f"settings/{section}", limit=1)
    return Change(newest[0].actor_id, newest[0].at) if newest else None


def _field(known: Mapping[str, Any], section: str, name: str) -> Any:
    if name not in known:
        raise UnknownSetting(f"There is no setting {section}.{name}.")
    return known[name]


def _record(action: str, section: str, changes: dict[str, Any], actor_id: int | None) -> None:
    if changes:
        audit.record(action, actor_id=actor_id, subject=f"settings/{section}", detail=changes)
