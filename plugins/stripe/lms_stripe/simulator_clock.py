"""In a demo and in tests domain time follows the simulator's clock. Never in production."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta

from lms.api import clock, config, db
from lms_stripe import client, connections, endpoints
from lms_stripe.failures import StripeFailure, Unreachable

_log = logging.getLogger("lms_stripe")
# The simulator's answer takes a moment: less than this is no move.
_SLACK = timedelta(seconds=3)


def is_followed() -> bool:
    """Whether there is a simulator whose time counts here."""
    return bool(client.api_base()) and not config.current().is_production


def follow() -> bool:
    """Look at the simulator's clock and move domain time there; whether it moved. Commits.

    A simulator that does not answer moves nothing.
    """
    if not is_followed():
        return False
    db.commit()
    try:
        told = client.simulator_state(timeout=1.0).get("clock")
    except Unreachable:
        return False
    offset = _offset(told)
    if offset is None or abs(offset - clock.offset()) < _SLACK:
        return False
    moved = clock.persist_offset(offset)
    db.commit()
    return bool(moved)


def _offset(told: object) -> timedelta | None:
    # From whole seconds the offset would come out a second short half of the time: what ends now would not have ended.
    exact = told.get("exact") if isinstance(told, dict) else None
    if not isinstance(exact, int | float):
        return None
    return timedelta(seconds=round((datetime.fromtimestamp(exact, UTC) - clock.real_now()).total_seconds()))


def tick() -> None:
    """The job ``stripe.follow_clock``: time, and the endpoint of a demo that was started on another port."""
    if not is_followed():
        return
    follow()
    for connection in connections.all_of_them():
        if not connection.is_usable:
            continue
        try:
            endpoints.follow_the_demo(connection)
        except StripeFailure as failure:
            _log.info("The endpoint of the demo could not be moved: %s", failure.detail)
