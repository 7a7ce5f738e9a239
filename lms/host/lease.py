"""One change of plugins at a time, on all machines of a site."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from flask_babel import gettext as _
from sqlalchemy import Table, insert, update
from sqlalchemy.exc import IntegrityError

from lms.base import clock
from lms.base.problem import Conflict
from lms.db import commit, session, writes
from lms.host.models import StateNumber

_TABLE: Table = StateNumber.__table__  # type: ignore[assignment]
_NAME = "plugins_busy_until"
# Longer than any attempt may take: a process that died with it frees it then.
_SECONDS = 2000
_STEP = 0.25


@contextmanager
def only_change(*, wait: float = 0.0) -> Iterator[None]:
    """Within it nobody else switches plugins. Commits what was open.

    Raises ``Conflict`` when somebody is at it, and still is after ``wait`` seconds.
    """
    commit()
    mine = _take(time.monotonic() + wait)
    try:
        yield
    finally:
        _give_back(mine)


def _take(until: float) -> int:
    while True:
        try:
            return _try_to_take()
        except Conflict:
            if time.monotonic() >= until:
                raise
            time.sleep(_STEP)


def _try_to_take() -> int:
    now = clock.real_now()
    milliseconds = int(now.timestamp() * 1000)
    until = milliseconds + _SECONDS * 1000
    free = (_TABLE.c.name == _NAME) & (_TABLE.c.value < milliseconds)
    try:
        with writes():
            if not session.execute(update(_TABLE).where(free).values(value=until)).rowcount:  # type: ignore[attr-defined]
                session.execute(insert(_TABLE).values(name=_NAME, value=until, created_at=now, updated_at=now))
    except IntegrityError as error:
        raise Conflict(
            _("Another plugin is being switched at this moment."), next_step=_("Try again in a minute.")
        ) from error
    return until


def _give_back(mine: int) -> None:
    with writes():
        session.execute(update(_TABLE).where(_TABLE.c.name == _NAME, _TABLE.c.value == mine).values(value=0))
