"""Receiving: verify, store, queue, 200. No call to Stripe, no work: an event is only a signal to read again."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import bindparam, select, update

from lms.api import clock, db
from lms_stripe import client, connections, endpoints, events, facts, tasks
from lms_stripe.models import ConnectionRow, Event, WebhookEndpoint
from lms_stripe.statements import insert, prepared

MOST_BYTES = 1024 * 1024
TOLERANCE_SECONDS = 300
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
    try:
        is_genuine = any(client.verify(body, signature, secret, TOLERANCE_SECONDS) for secret in secrets)
        event = json.loads(body) if is_genuine else None
    except ValueError:
        return Answer(400, "not an event")
    if event is None:
        db.session.execute(
            update(WebhookEndpoint)
            .where(WebhookEndpoint.id == endpoint.id)
            .values(failures=WebhookEndpoint.failures + 1)
        )
        return Answer(400, "bad signature")
    if not isinstance(event, dict) or not isinstance(event.get("id"), str) or not isinstance(event.get("type"), str):
        return Answer(400, "not an event")
    store(endpoint, event)
    return Answer(200, "ok")


def store(endpoint: Any, event: Mapping[str, Any]) -> bool:
    """Keep the event once, and ask for what it concerns; whether it was new. Does not commit."""
    wanted = events.tasks_of(event)
    is_ours = bool(event.get("livemode")) == endpoint.livemode and event.get("account") in {None, endpoint.account_id}
    if not is_ours:
        _log.error("An event of another mode or account came to endpoint %s", endpoint.id)
    object_type, object_id = wanted[0] if wanted else ("", "")
    created, now = event.get("created"), clock.real_now()
    row = {
        "connection_id": endpoint.connection_id,
        "endpoint_id": endpoint.id,
        "event_id": str(event["id"])[:255],
        "type": str(event["type"])[:120],
        "object_type": object_type,
        "object_id": object_id[:255],
        "livemode": bool(event.get("livemode")),
        "api_version": str(event.get("api_version") or "")[:40],
        "created": facts.moment(created) if isinstance(created, int) else None,
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


def _insert_event() -> Any:
    statement = insert(_EVENTS).on_conflict_do_nothing(index_elements=["connection_id", "event_id"])
    return statement.returning(_EVENTS.c.id)
