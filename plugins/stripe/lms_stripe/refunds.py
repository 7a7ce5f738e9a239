"""Money that staff send back: made at Stripe once, with a kept key, and told to commerce at once."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from sqlalchemy import or_, select

from lms.api import commerce, db
from lms.api.problem import Conflict, Unavailable
from lms.extend import RefundAnswer, RefundRequest
from lms_stripe import client, connections, facts, operations, sync
from lms_stripe.connections import Connection
from lms_stripe.failures import Busy, KeyRefused, PermissionMissing, StripeFailure
from lms_stripe.models import Payment

PROVIDER = "stripe"


def refund(request: RefundRequest) -> RefundAnswer:
    """See ``lms.extend.Refunding``. Commits."""
    row = db.session.scalar(
        select(Payment).where(
            or_(Payment.invoice_id == request.payment_ref, Payment.payment_intent_id == request.payment_ref)
        )
    )
    if row is None or not (row.payment_intent_id or row.charge_id):
        raise Conflict(_("This payment was not made with Stripe."), next_step=_("Press Sync now, then try again."))
    connection = connections.get(row.connection_id)
    paid = {"payment_intent": row.payment_intent_id} if row.payment_intent_id else {"charge": row.charge_id}
    if not connection.is_usable:
        raise Conflict(
            _("The Stripe account of this payment is not connected any longer."),
            next_step=_("Connect it again, or refund it in Stripe."),
        )
    try:
        made = _make(connection, paid, request)
    except StripeFailure as failure:
        raise _for_staff(failure) from failure
    reading = facts.read_refund(made)
    commerce.record_refund(
        commerce.RefundFact(
            provider=PROVIDER,
            payment_ref=request.payment_ref,
            provider_ref=reading.stripe_id,
            amount=reading.amount,
            state=reading.state,
        )
    )
    db.commit()
    # For our own rows; what it says of the refund is the same fact again.
    sync.payment(connection.id, str(row.payment_intent_id or row.charge_id))
    return RefundAnswer(provider_ref=reading.stripe_id, state=reading.state)


def _make(connection: Connection, paid: dict[str, Any], request: RefundRequest) -> dict[str, Any]:
    """The refund as Stripe has it. Raises ``StripeFailure``."""
    stripe = connections.client_of(connection)
    marks = {"site_id": connection.site_id, "order": str(request.order_id), "refund": request.key}
    params = {**paid, "amount": request.amount, "metadata": marks}

    def find() -> str | None:
        for entry in stripe.v1.refunds.list({**paid, "limit": 100}).auto_paging_iter():  # type: ignore[typeddict-item]
            if (entry.metadata.to_dict() if entry.metadata else {}).get("refund") == request.key:
                return entry.id
        return None

    made = operations.make(
        connection.id,
        "refund.create",
        request.key,
        params,
        lambda given, key: stripe.v1.refunds.create(given, {"idempotency_key": key}),  # type: ignore[arg-type]
        find,
    )
    if made.value is not None:
        return made.value
    with client.outside():
        return client.plain(stripe.v1.refunds.retrieve(made.stripe_id))


def _for_staff(failure: StripeFailure) -> Conflict | Unavailable:
    if isinstance(failure, Busy) or not failure.is_final:
        return Unavailable(_("Stripe does not answer right now."))
    if isinstance(failure, KeyRefused | PermissionMissing):
        return Conflict(
            _("Stripe’s key may not send money back."),
            next_step=_("Give it the permission to write Charges and Refunds in Stripe, then try again."),
        )
    return Conflict(_("Stripe refused: %(why)s", why=failure.detail))
