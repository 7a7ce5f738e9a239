"""Asking Stripe what happened, where it cannot reach this site. The same inbox takes what it says."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from lms.api import clock, db, jobs
from lms_stripe import client, connections, events, inbox, tasks
from lms_stripe.connections import Connection
from lms_stripe.failures import StripeFailure

_log = logging.getLogger("lms_stripe")
# An event may be listed a little after its time.
_OVERLAP = timedelta(minutes=10)
# Stripe keeps events for 30 days (docs.stripe.com/api/events).
KEPT = timedelta(days=29)
_TYPES_A_CALL = 20
LOOK_OVER = "stripe.look_over"
"""The job that looks everything over."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """Stands in for the endpoint of a delivery."""

    connection_id: int
    account_id: str
    livemode: bool
    id: None = None


def run() -> None:
    """The job ``stripe.poll``: every connection that cannot be told. Wakes a worker for what waits, as well.

    A job that was woken for it may be gone: its workers were killed again and again.
    """
    tasks.wake_when_due()
    db.commit()
    for connection in connections.in_use():
        if connection.delivery == "polling":
            try:
                poll(connection)
            except StripeFailure as failure:
                _log.warning("Stripe could not be asked for events: %s", failure.detail)


def is_long_ago(connection: Connection) -> bool:
    """Whether we heard everything for the last time before what Stripe's list of events goes back to."""
    heard = connection.cursor or connection.connected_at
    return heard is not None and heard < clock.now() - KEPT


def poll(connection: Connection) -> int:
    """Take all events since the last time; how many were new. Commits. Raises ``StripeFailure``.

    Where that is too long ago, everything is looked over instead, as soon as a worker has time.
    """
    if is_long_ago(connection):
        jobs.enqueue(LOOK_OVER, {"connection_id": connection.id}, key=str(connection.id))
        db.commit()
        return 0
    return take(connection)


def take(connection: Connection) -> int:
    """The events that Stripe still has; how many were new. From then on we have heard everything. Commits."""
    began = clock.now()
    since = max(connection.cursor or connection.connected_at or began, began - KEPT) - _OVERLAP
    stripe = connections.client_of(connection)
    asked = _Asked(connection.id, connection.account_id, connection.livemode)
    db.commit()
    found: list[dict[str, Any]] = []
    with client.outside():
        for start in range(0, len(events.TYPES), _TYPES_A_CALL):
            types = list(events.TYPES[start : start + _TYPES_A_CALL])
            listed = stripe.v1.events.list({"types": types, "created": {"gte": int(since.timestamp())}, "limit": 100})
            found.extend(client.plain(entry) for entry in listed.auto_paging_iter())
    new = sum(inbox.store(asked, event) for event in found)
    connections.change(connection.id, cursor=began)
    db.commit()
    return new
