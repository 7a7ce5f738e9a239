"""Making something at Stripe exactly once, whatever breaks in between.

The SDK's own idempotency key covers its own retries, not a second click or a crash. So the key is stored first, then
sent: the same operation with the same parameters sends the same key again; changed parameters begin a new attempt.
Stripe replays a key for 24 hours at least (docs.stripe.com/api/idempotent_requests); after 20 we no longer rely on it.
One at a time: the row is leased, nobody holds a lock while Stripe thinks.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select, update

from lms.api import db
from lms.api.clock import real_now
from lms.api.ids import new_token
from lms.api.problem import Unavailable
from lms_stripe import client
from lms_stripe.failures import StripeFailure
from lms_stripe.models import Operation
from lms_stripe.statements import insert_ignoring

_LEASE = timedelta(seconds=60)
_KEY_LASTS = timedelta(hours=20)
_PATIENCE_SECONDS = 20.0
_LOOK_EVERY_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Made:
    """What came of it: the id at Stripe, and the object itself for whoever made it just now."""

    stripe_id: str
    value: dict[str, Any] | None = None


def params_hash(params: Mapping[str, Any]) -> str:
    """The same for the same parameters, in whatever order."""
    return hashlib.sha256(json.dumps(params, sort_keys=True, default=str).encode()).hexdigest()


def result(connection_id: int, op: str, business_key: str) -> str | None:
    """The id of what was made, None when nothing was yet."""
    newest = _of(connection_id, op, business_key).where(Operation.state == "succeeded")
    row: Operation | None = db.session.scalar(newest)
    return row.stripe_id if row is not None else None


@dataclass(frozen=True, slots=True)
class _Claim:
    """The newest attempt: finished, ours to send (it has a ``token``), or somebody else's for now."""

    id: int
    idempotency_key: str
    made: str | None
    token: str
    is_stale: bool
    """An earlier attempt may have left something behind at Stripe."""


def make(
    connection_id: int,
    op: str,
    business_key: str,
    params: Mapping[str, Any],
    send: Callable[[Mapping[str, Any], str], Any],
    find: Callable[[], str | None] | None = None,
) -> Made:
    """Make it, or return what was made before with the same parameters. Commits; no transaction is open afterwards.

    ``send(params, key)`` calls Stripe. ``find()`` looks there for something that an attempt of unknown outcome may have
    left behind. Raises ``StripeFailure``, and ``Unavailable`` when somebody else is at it for too long.
    """
    db.commit()
    digest = params_hash(params)
    give_up = time.monotonic() + _PATIENCE_SECONDS
    while True:
        claim = _claim(connection_id, op, business_key, digest)
        if claim.made is not None:
            return Made(claim.made)
        if claim.token:
            return _run(claim, params, send, find if claim.is_stale else None)
        if time.monotonic() > give_up:
            raise Unavailable(_("This is being done in another window. Try again in a minute."))
        time.sleep(_LOOK_EVERY_SECONDS)


def _of(connection_id: int, op: str, business_key: str) -> Any:
    query = select(Operation).filter_by(connection_id=connection_id, op=op, business_key=business_key)
    return query.order_by(Operation.attempt.desc()).limit(1).execution_options(populate_existing=True)


def _claim(connection_id: int, op: str, business_key: str, digest: str) -> _Claim:
    """Lease the newest attempt, or a new one where that one cannot be sent again. Commits."""
    is_stale = False
    row = db.session.scalar(_of(connection_id, op, business_key).with_for_update())
    if row is None or _needs_new_attempt(row, digest):
        is_stale = row is not None and row.state in {"pending", "unknown"}
        attempt = row.attempt + 1 if row is not None else 1
        row = _begin(connection_id, op, business_key, attempt, digest)
    made = row.stripe_id if row.state == "succeeded" and row.params_hash == digest else None
    now = real_now()
    token = ""
    if row.state != "succeeded" and (row.lease_until is None or row.lease_until < now):
        token = new_token(16)
        row.lease_until, row.lease_token = now + _LEASE, token
        row.state, row.first_sent_at = "pending", row.first_sent_at or now
    claim = _Claim(row.id, row.idempotency_key, made, token, is_stale)
    db.commit()
    return claim


def _needs_new_attempt(row: Operation, digest: str) -> bool:
    if row.lease_until is not None and row.lease_until >= real_now():
        return False
    if row.state == "failed" or row.params_hash != digest:
        return True
    if row.state == "unknown" and row.request_id:
        # Stripe answered, with a failure of its own, and would replay that answer under the same key.
        return True
    is_old = row.first_sent_at is not None and row.first_sent_at < real_now() - _KEY_LASTS
    return row.state in {"pending", "unknown"} and is_old


def _begin(connection_id: int, op: str, business_key: str, attempt: int, digest: str) -> Operation:
    values = {
        "connection_id": connection_id,
        "op": op,
        "business_key": business_key,
        "attempt": attempt,
        "params_hash": digest,
        "idempotency_key": f"stoa-{op}-{new_token(18)}",
    }
    # Two may arrive here together: one row, and the lease decides who sends.
    insert_ignoring(Operation, values, ("connection_id", "op", "business_key", "attempt"))
    row: Operation = db.session.scalars(_of(connection_id, op, business_key).with_for_update()).one()
    return row


def _run(
    claim: _Claim,
    params: Mapping[str, Any],
    send: Callable[[Mapping[str, Any], str], Any],
    find: Callable[[], str | None] | None,
) -> Made:
    try:
        with client.outside():
            found = find() if find is not None else None
            value = None if found else client.plain(send(params, claim.idempotency_key))
    except StripeFailure as failure:
        state = "failed" if failure.is_final else "unknown"
        _end(claim, state, error=failure.sentence, request_id=failure.request_id)
        raise
    stripe_id = found or str((value or {}).get("id"))
    _end(claim, "succeeded", stripe_id=stripe_id)
    return Made(stripe_id, value)


def _end(claim: _Claim, state: str, **values: Any) -> None:
    ours = (Operation.id == claim.id) & (Operation.lease_token == claim.token)
    db.session.execute(update(Operation).where(ours).values(state=state, lease_until=None, **values))
    db.commit()


def forget(connection_id: int, op: str, business_key: str) -> None:
    """Let the next ``make`` send a new request, because what was made is gone at Stripe. Does not commit."""
    query = update(Operation).filter_by(connection_id=connection_id, op=op, business_key=business_key)
    db.session.execute(query.where(Operation.state == "succeeded").values(state="failed"))


def forget_made(connection_id: int, stripe_id: str) -> None:
    """The same for what has this id at Stripe, whatever it was made for. Does not commit."""
    query = update(Operation).filter_by(connection_id=connection_id, stripe_id=stripe_id, state="succeeded")
    db.session.execute(query.values(state="failed"))


def note_step(connection_id: int, step: str, state: str, sentence: str = "") -> None:
    """Keep how a step of connecting went. Does not commit."""
    note(connection_id, f"connect.{step}", str(connection_id), state, sentence)


def note(connection_id: int, op: str, business_key: str, state: str, sentence: str = "") -> None:
    """Keep how something stands that is not ours to repeat. Does not commit."""
    key = {"connection_id": connection_id, "op": op, "business_key": business_key, "attempt": 1}
    insert_ignoring(Operation, key | {"params_hash": "", "idempotency_key": ""}, tuple(key))
    db.session.execute(update(Operation).filter_by(**key).values(state=state, error=sentence[:1000]))


def noted(connection_id: int, op: str, state: str) -> list[Operation]:
    """What stands in this state, oldest first."""
    query = select(Operation).filter_by(connection_id=connection_id, op=op, state=state)
    return list(db.session.scalars(query.order_by(Operation.id)))


def steps(connection_id: int) -> dict[str, Operation]:
    """How the steps of connecting went, by their names."""
    query = select(Operation).where(Operation.connection_id == connection_id, Operation.op.startswith("connect."))
    rows = db.session.scalars(query.execution_options(populate_existing=True)).all()
    return {row.op.removeprefix("connect."): row for row in rows}
