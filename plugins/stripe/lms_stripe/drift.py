"""What differed when things were looked over again, for the owner, and whether it agrees now."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, func, or_, select

from lms.api import clock, commerce, db, jobs
from lms_stripe import connections, polling, reconcile, records, tasks
from lms_stripe.connections import Connection
from lms_stripe.models import Drift, Payment, ReconcileRun, Subscription, SyncTask

_RECENT, _SOON = timedelta(days=7), timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Line:
    """An object that was not as we knew it. ``state``: agrees (read since), waits, or failed (``error`` says why)."""

    id: int
    object_type: str
    object_id: str
    found_at: datetime
    differences: Mapping[str, list[str]]
    state: str
    error: str
    order_number: str
    href: str


_OPEN = or_(SyncTask.id.is_(None), SyncTask.done < Drift.wanted)


def _joined(*columns: Any) -> Any:
    same = and_(
        SyncTask.connection_id == Drift.connection_id,
        SyncTask.object_type == Drift.object_type,
        SyncTask.object_id == Drift.object_id,
    )
    return select(*columns).select_from(Drift).outerjoin(SyncTask, same)


def lines(connection: Connection, *, before: int | None = None, limit: int = 50) -> list[Line]:
    """What differed, newest first, older than the line ``before``. Two queries at most beside the orders' numbers."""
    query = _joined(Drift, SyncTask, Subscription.order_id).outerjoin(
        Subscription,
        and_(Subscription.connection_id == Drift.connection_id, Subscription.stripe_id == Drift.object_id),
    )
    query = query.where(Drift.connection_id == connection.id)
    if before is not None:
        query = query.where(Drift.id < before)
    found = db.session.execute(query.order_by(Drift.id.desc()).limit(limit)).all()
    paid_for = _orders_paid({row.object_id for row, _task, _order_id in found if row.object_type == "payment"})
    orders = {row.id: order_id or paid_for.get(row.object_id) for row, _task, order_id in found}
    numbers = commerce.order_numbers({order_id for order_id in orders.values() if order_id is not None})
    return [
        Line(
            row.id,
            row.object_type,
            row.object_id,
            row.created_at,
            row.differences,
            _state(row, task),
            task.last_error if task is not None else "",
            numbers.get(orders[row.id] or 0, ""),
            records.dashboard(connection, row.object_id),
        )
        for row, task, _order_id in found
    ]


def _orders_paid(ids: Collection[str]) -> dict[str, int | None]:
    """The order of each payment, by the id of its invoice and that of its PaymentIntent. One query, if any."""
    query = select(Payment.invoice_id, Payment.payment_intent_id, Payment.order_id)
    query = query.where(or_(Payment.invoice_id.in_(ids), Payment.payment_intent_id.in_(ids)))
    return {one: order_id for *both, order_id in (db.session.execute(query) if ids else ()) for one in both if one}


def _state(row: Drift, task: SyncTask | None) -> str:
    if task is not None and task.done >= row.wanted:
        return "agrees"
    return "failed" if task is not None and (task.dead_at is not None or task.last_error) else "waits"


def unsettled(connection_id: int) -> int:
    """How many objects that differed in the last week could not be read, or wait for too long."""
    now = clock.real_now()
    is_late = or_(SyncTask.last_error != "", Drift.created_at < now - _SOON)
    query = _joined(func.count(func.distinct(Drift.object_id)))
    query = query.where(Drift.connection_id == connection_id, Drift.created_at > now - _RECENT, _OPEN, is_late)
    return db.session.scalar(query) or 0


def last_runs(connection_id: int) -> list[ReconcileRun]:
    """The newest run of each kind, in the order in which they are asked. One query."""
    newest = (
        select(func.max(ReconcileRun.id)).where(ReconcileRun.connection_id == connection_id).group_by(ReconcileRun.kind)
    )
    found = db.session.scalars(select(ReconcileRun).where(ReconcileRun.id.in_(newest)))
    order = list(reconcile.QUESTIONS)
    return sorted(found, key=lambda run: order.index(run.kind) if run.kind in order else len(order))


def read_again(line_id: int) -> None:
    """Ask for the object of the line again, now. Does not commit. Raises ``LookupError``."""
    row = db.session.get(Drift, line_id)
    if row is None:
        raise LookupError(f"no drift {line_id}")
    tasks.want(row.connection_id, row.object_type, row.object_id)
    tasks.wake()


def look_over(connection_id: int) -> None:
    """The job: ask all questions of one connection."""
    connection = connections.get(connection_id)
    if connection.is_usable and not connections.moved_from(connection):
        for kind in reconcile.QUESTIONS:
            reconcile.ask(connection, kind)


def begin(connection_id: int) -> None:
    """Look everything over as soon as a worker has time. Does not commit."""
    jobs.enqueue(polling.LOOK_OVER, {"connection_id": connection_id}, key=str(connection_id))
