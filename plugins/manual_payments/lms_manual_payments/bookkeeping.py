"""What becomes of an invoice: paid, cancelled, refunded. The core is told as facts, and decides what they open.

The invoice is held first and the order after it, always in this order, so that two of these never wait for each other.
"""

from __future__ import annotations

from datetime import date

from flask_babel import gettext as _
from sqlalchemy import select, update

from lms.api import audit, clock, commerce, db
from lms.api.problem import Conflict, NotFound
from lms_manual_payments import calendar_days, invoices
from lms_manual_payments.invoices import UNPAID, InvoiceView, State
from lms_manual_payments.models import Invoice, Refund


def mark_paid(number: str, *, amount: int, paid_on: date, actor_id: int | None) -> InvoiceView:
    """Keep that ``amount`` minor units came on the day ``paid_on``; what was bought opens now.

    Days of access count from now, not from ``paid_on``. Another amount than the invoice's holds the order. A cancelled
    invoice can still be paid: the money has come. The same again changes nothing. Raises ``Conflict`` for an invoice
    that was paid otherwise, ``NotFound``, ``ValueError`` for no amount.
    """
    if amount <= 0:
        raise ValueError("nothing was paid")
    row = _held(number)
    if row.paid_amount is not None:
        if (row.paid_amount, row.paid_on) == (amount, paid_on):
            return _view(row)
        raise Conflict(_("Invoice %(number)s is marked as paid already.", number=number))
    order = commerce.record_payment(
        commerce.PaymentFact(
            order_id=row.order_id,
            provider=invoices.PROVIDER,
            provider_ref=row.number,
            amount=amount,
            currency=row.currency,
            paid_at=clock.now(),
        )
    )
    row.state = State.HELD.value if order.state == commerce.OrderState.HELD else State.PAID.value
    row.paid_amount, row.paid_on, row.marked_on = amount, paid_on, calendar_days.today()
    row.cancelled_on, row.reason = None, ""
    detail = {"amount": amount, "agreed": row.amount, "currency": row.currency, "on": paid_on.isoformat()}
    _record("paid", row, detail, actor_id)
    return _view(row)


def cancel(number: str, *, reason: str, actor_id: int | None) -> InvoiceView:
    """Expect no money any longer; the buyer is told by the core. Raises ``Conflict`` unless it is unpaid."""
    row = _held(number)
    if row.state not in UNPAID:
        raise Conflict(_("Only an invoice that is not paid can be cancelled."))
    commerce.record_order_state(row.order_id, "failed", reason or "cancelled")
    return _close(row, reason, actor_id)


def refund(
    number: str, *, amount: int, remaining: int | None, reason: str, actor_id: int | None, key: str | None = None
) -> InvoiceView:
    """Keep that ``amount`` minor units were sent back: all that came ends the access, a part does not.

    ``remaining`` is what the sender saw as still here: raises ``Conflict`` if that has changed meanwhile, so that no
    form counts twice, and for more than there is. None: ``key`` names the decision, and the same again changes nothing.
    """
    row = _held(number)
    if key is not None and invoices.refund_by_key(key) is not None:
        return _view(row)
    here = (row.paid_amount or 0) - row.refunded
    if remaining is not None and remaining != here:
        raise Conflict(
            _("Invoice %(number)s was refunded meanwhile.", number=number), next_step=_("Look at what is left of it.")
        )
    if not 0 < amount <= here:
        raise Conflict(_("More cannot go back than has come."))
    position = len(invoices.refunds_of(row.id)) + 1
    today = calendar_days.today()
    db.session.add(
        Refund(invoice_id=row.id, position=position, amount=amount, reason=reason, refunded_on=today, key=key)
    )
    row.refunded += amount
    if row.refunded == row.paid_amount:
        row.state = State.REFUNDED.value
    commerce.record_refund(
        commerce.RefundFact(
            provider=invoices.PROVIDER,
            payment_ref=row.number,
            provider_ref=f"{row.number}/{position}",
            amount=amount,
            state="succeeded",
        )
    )
    _record("refunded", row, {"amount": amount, "currency": row.currency, "reason": reason}, actor_id)
    return _view(row)


def follow_payment(event: commerce.OrderPaid) -> None:
    """An order is paid. A held one was released; and what was bought otherwise needs no transfer any longer."""
    db.session.execute(
        update(Invoice).where(Invoice.order_id == event.order_id, Invoice.state == State.HELD).values(state=State.PAID)
    )
    order = commerce.find_order(event.order_id)
    # What other guests ordered has as little of a person as this; nothing of it is known to be the same buyer's.
    if order is None or event.person_id is None:
        return
    others = select(Invoice).where(
        Invoice.person_id == event.person_id,
        Invoice.product_id == order.offer.product_id,
        Invoice.order_id != event.order_id,
        Invoice.state.in_(UNPAID),
    )
    for row in db.session.scalars(others.order_by(Invoice.id).with_for_update()):
        # Nobody has to be told that a payment did not arrive.
        commerce.record_order_state(row.order_id, "expired", "bought_otherwise")
        _close(row, _("Bought with order %(number)s.", number=order.number), None)


def follow_claim(event: commerce.OrderClaimed) -> None:
    """A guest's order belongs to a person: so does its invoice."""
    mine = update(Invoice).where(Invoice.order_id == event.order_id, Invoice.person_id.is_(None))
    db.session.execute(mine.values(person_id=event.person_id))


def _close(row: Invoice, reason: str, actor_id: int | None) -> InvoiceView:
    row.state, row.reason, row.cancelled_on = State.CANCELLED.value, reason[:300], calendar_days.today()
    _record("cancelled", row, {"reason": reason}, actor_id)
    return _view(row)


def _held(number: str) -> Invoice:
    query = select(Invoice).where(Invoice.number == number).with_for_update()
    row = db.session.scalar(query.execution_options(populate_existing=True))
    if row is None:
        raise NotFound(_("There is no invoice %(number)s.", number=number))
    return row


def _record(action: str, row: Invoice, detail: dict[str, object], actor_id: int | None) -> None:
    told = {"order": row.order_number, **detail}
    audit.record(f"manual_payments.{action}", actor_id=actor_id, subject=f"invoice/{row.number}", detail=told)


def _view(row: Invoice) -> InvoiceView:
    db.session.flush()  # the view reads what was changed
    view = invoices.of_order(row.order_id)
    assert view is not None  # noqa: S101  its row is held
    return view
