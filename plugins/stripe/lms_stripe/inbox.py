"""Receiving: verify, store, queue, 200. No call to Stripe, no work: an event is only a signal to read again."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import bindparam, select, update

from lms.api import clock, db
from lms_stripe import client, connections, endpoints, events, facts, tasks
from lms_stripe.models import ConnectionRow, Event, WebhookEndpoint
from lms_stripe.statements import insert, prepared

MOST_BYTES = 1024 * 1024
TOLERANCE_SECONDS = 300
_CLOCKS_MAY_DIFFER = timedelta(minutes=5)
_log = logging.getLogger("lms_stripe")
_EVENTS: Any = Event.__table__

_ENDPOINT: Any = WebhookEndpoint.__table__
_CONNECTION: Any = ConnectionRow.__table__
# Core, not mapped objects: this address has to be quick.
_BY_TOKEN = (
    select(
        *(_ENDPOINT.c[name] for name in ("id", "token", "secret", "previous_secret", "previous_until")),
        *(_CONNECTION.c[name] for name in ("account_id", "livemode")),
        _CONNECTION.c.id.label("connection_id"),
        _CONNECTION.c.status.label("connection_status"),
    )
    .join_from(_ENDPOINT, _CONNECTION, _CONNECTION.c.id == _ENDPOINT.c.connection_id)
    .where(_ENDPOINT.c.token == bindparam("token"))
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What Stripe gets: 2xx is taken, 400 is refused for good, 5xx comes again."""

    status: int
    words: str


def receive(token: str, body: bytes, signature: str | None) -> Answer:
    """Take one delivery. Writes are the caller's to commit, whatever the answer."""
    endpoint = db.session.connection().execute(_BY_TOKEN, {"token": token}).one_or_none()
    if endpoint is None or endpoint.connection_status == "disconnected":
        return Answer(404, "unknown endpoint")
    secrets = endpoints.secrets_of(endpoint)
    if not secrets:
        _log.error("The webhook endpoint %s has no secret", endpoint.id)
        lost = _("The secret of the webhook endpoint is lost. Press Repair on the connection.")
        connections.degrade(endpoint.connection_id, lost)
        return Answer(503, "not ready")
    if not signature:
        # Nobody pretends anything: counted as no forgery.
        return Answer(400, "no signature")
    try:
        is_genuine = any(client.verify(body, signature, secret, TOLERANCE_SECONDS) for secret in secrets)
        event = json.loads(body) if is_genuine else None
    except (ValueError, RecursionError):
        return Answer(400, "not an event")
    if not is_genuine:
        db.session.execute(
            update(WebhookEndpoint)
            .where(WebhookEndpoint.id == endpoint.id)
            .values(failures=WebhookEndpoint.failures + 1)
        )
        return Answer(400, "bad signature")
    if not events.is_event(event):
        return Answer(400, "not an event")
    store(endpoint, event)
    return Answer(200, "ok")


def store(endpoint: Any, event: Mapping[str, Any]) -> bool:
    """Keep the event once, and ask for what it concerns; whether it was new. Does not commit."""
    wanted = events.tasks_of(event)
    is_ours = bool(event.get("livemode")) == endpoint.livemode and event.get("account") in (None, endpoint.account_id)
    if not is_ours:
        _log.error("An event of another mode or account came to endpoint %s", endpoint.id)
    object_type, object_id = wanted[0] if wanted else ("", "")
    created, now = _created(event), clock.real_now()
    if created is not None and created > clock.now() + _CLOCKS_MAY_DIFFER:
        _log.warning("Event %s is dated later than now: a clock is wrong", event["id"])
    row = {
        "connection_id": endpoint.connection_id,
        "endpoint_id": endpoint.id,
        "event_id": event["id"],
        "type": event["type"],
        "object_type": object_type,
        "object_id": object_id,
        "livemode": bool(event.get("livemode")),
        "api_version": _version(event),
        "created": created,
        "received_at": now,
        "created_at": now,
        "updated_at": now,
        "status": "queued" if wanted and is_ours else "ignored",
    }
    if db.session.connection().execute(prepared(_insert_event), row).scalar() is None:
        return False
    if is_ours and wanted:
        wishes = [tasks.want(endpoint.connection_id, *task) for task in wanted]
        if any(wish.needs_worker for wish in wishes):
            tasks.wake()
    return True


def _created(event: Mapping[str, Any]) -> datetime | None:
    """When it happened, as the body says; None for what is no time."""
    value = event.get("created")
    try:
        return facts.moment(value) if isinstance(value, int) else None
    except (ValueError, OverflowError, OSError):
        return None


def _version(event: Mapping[str, Any]) -> str:
    value = event.get("api_version")
    return value[:40] if isinstance(value, str) and value.isascii() and value.isprintable() else ""


def _insert_event() -> Any:
    statement = insert(_EVENTS).on_conflict_do_nothing(index_elements=["connection_id", "event_id"])
    return statement.returning(_EVENTS.c.id)
