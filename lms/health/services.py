"""Asking every health check."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import literal, select
from sqlalchemy.exc import SQLAlchemyError

from lms.db import session
from lms.extend import HealthCheck, HealthResult
from lms.host import guard, registry

_WORST_FIRST = {"broken": 0, "advice": 1, "good": 2}


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found."""

    plugin: str
    name: str
    label: Any
    result: HealthResult


def findings() -> tuple[Finding, ...]:
    """Every check's answer, what is broken first. A check that fails is itself a finding."""
    found = [Finding(item.plugin, item.name, item.label, _ask(item)) for item in registry.current().items(HealthCheck)]
    return tuple(sorted(found, key=lambda one: _WORST_FIRST.get(one.result.state, 0)))


def _ask(item: HealthCheck) -> HealthResult:
    failed = HealthResult(
        "broken", _("This check could not be made."), _("Look into the log of the plugin %(name)s.", name=item.plugin)
    )
    return guard.call(item.plugin, f"health check {item.name}", item.check, default=failed)


def is_ready() -> bool:
    """Whether this process can serve: the database answers."""
    try:
        session.execute(select(literal(1)))
    except SQLAlchemyError:
        return False
    return True
