"""Refunds that staff decide: kept first, then carried out by the provider, once however often anybody presses."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import func, select

from lms.audit import services as audit
from lms.base import clock
from lms.base.problem import Conflict, NotFound, Problem, Unavailable
from lms.commerce import payments
from lms.commerce.listing import WENT_BACK
from lms.commerce.models import Order, Payment, Refund, RefundRequest
from lms.commerce.orders import lock_order
from lms.commerce.providers import payment_providers
from lms.db import commit, rollback, session
from lms.extend import RefundAnswer, Refunding
from lms.extend import RefundRequest as Asked
from lms.host import guard, registry
from lms.jobs import services as jobs
from lms.jobs.leases import NotYet

SEND = "commerce.send_refund"
ASKED, DONE, REFUSED = "asked", "done", "refused"
# Whoever pressed carries it out at once; the job is for when that process dies.
_SAFETY_NET = timedelta(seconds=90)


@dataclass(frozen=True, slots=True)
class RefundView:
    """A refund that staff decided. ``amount`` in minor units of ``currency``; ``asked_at`` in UTC.

    ``state``: asked (nobody knows yet, it is tried again), done (the provider has it), refused. ``sentence`` says why.
    """

    id: int
    key: str
    payment_id: int
    amount: int
    currency: str
    reason: str
    ends_access: bool
    actor_id: int | None
    state: str
    sentence: str
    provider_ref: str
    asked_at: datetime


@dataclass(frozen=True, slots=True)
class Refundable:
    """What can go back of a payment. ``left`` in minor units of ``currency``; ``is_once``: access hangs on it."""

    payment_id: int
    order_id: int
    provider: str
    provider_ref: str
    amount: int
    left: int
    currency: str


def refundable(payment_id: int) -> Refundable:
    """How much of the payment is still here; what is being asked for counts as gone. Raises ``NotFound``."""
    row = session.get(Payment, payment_id)
    if row is None:
        raise NotFound(_("There is no such payment."))
    back = session.scalar(
        select(func.sum(Refund.amount)).where(Refund.payment_id == payment_id, Refund.state.in_(WENT_BACK))
    )
    asked = session.scalar(
        select(func.sum(RefundRequest.amount)).where(
            RefundRequest.payment_id == payment_id, RefundRequest.state == ASKED
        )
    )
    left = row.amount - int(back or 0) - int(asked or 0)
    return Refundable(row.id, row.order_id, row.provider, row.provider_ref, row.amount, max(left, 0), row.currency)


def can_refund(provider_name: str) -> bool:
    """Whether the payment's provider sends money back from here."""
    return _provider(provider_name) is not None


def ask(
    payment_id: int, *, amount: int, left: int, reason: str, ends_access: bool, actor_id: int, key: str
) -> RefundView:
    """Keep that ``amount`` minor units are to go back; the same ``key`` again is the same decision.

    ``left`` is what whoever decides saw as still there: raises ``Conflict`` when that has changed, for more than there
    is, and for a provider that sends nothing back from here; ``NotFound``. Carries nothing out: see ``carry_out``.
    """
    order = lock_order(refundable(payment_id).order_id)
    known = session.scalar(select(RefundRequest).where(RefundRequest.key == key))
    if known is not None:
        return _view(known)
    there = refundable(payment_id)
    if not can_refund(there.provider):
        raise Conflict(
            _("This provider sends no money back from here."), next_step=_("Refund it at the provider; it shows here.")
        )
    if left != there.left:
        raise Conflict(
            _("Some of it was refunded meanwhile, in another window or at the provider."),
            next_step=_("Look at what is left of it."),
        )
    if not 0 < amount <= there.left:
        raise Conflict(_("More cannot go back than has come."))
    row = RefundRequest(
        key=key, payment_id=payment_id, amount=amount, amount_left=left, reason=reason[:200], ends_access=ends_access,
        actor_id=actor_id, state=ASKED, asked_at=clock.now(),
    )  # fmt: skip
    session.add(row)
    session.flush()  # its id is in the job
    jobs.enqueue(SEND, {"request_id": row.id}, run_at=clock.real_now() + _SAFETY_NET)
    detail = {
        "amount": amount,
        "currency": there.currency,
        "reason": reason,
        "ends access": "yes" if ends_access else "",
    }
    audit.record("order.refund_asked", actor_id=actor_id, subject=f"order/{order.number}", detail=detail)
    return _view(row)


def carry_out(request_id: int) -> RefundView:
    """Have the provider do what was decided, unless that is settled. Commits; no transaction is open meanwhile.

    A provider that does not answer leaves it ``asked``, with a sentence: the same again asks with the same key.
    """
    row = _row(request_id)
    there = refundable(row.payment_id)
    provider = _provider(there.provider)
    if row.state != ASKED:
        return _view(row)
    if provider is None:
        return _note(request_id, _("The provider is switched off. This goes on when it is back."))
    asked = Asked(
        key=row.key,
        order_id=there.order_id,
        payment_ref=there.provider_ref,
        amount=row.amount,
        currency=there.currency,
        left=row.amount_left,
        reason=row.reason,
        actor_id=row.actor_id or 0,
    )
    commit()
    try:
        answer: RefundAnswer | None = guard.call(
            registry.current().owner(provider), f"refund of {there.provider}", provider.refund, asked,
            outside=True, check=guard.of(RefundAnswer),
        )  # fmt: skip
    except Unavailable as problem:
        rollback()
        return _note(request_id, problem.sentence)
    except Problem as problem:
        rollback()
        return _refuse(request_id, f"{problem.sentence} {problem.next_step}".strip())
    if answer is None:
        rollback()
        return _note(request_id, _("The payment provider does not work at the moment."))
    return _close(request_id, answer)


def send(request_id: int) -> None:
    """The job: carry out what its process could not. Raises ``NotYet`` while the provider does not answer."""
    made = carry_out(request_id)
    commit()
    if made.state == ASKED:
        raise NotYet(made.sentence)


def requests_of(payment_ids: list[int]) -> tuple[RefundView, ...]:
    """What staff decided about the payments, oldest first. One query, none for no payments."""
    query = select(RefundRequest, Payment.currency).join(Payment, Payment.id == RefundRequest.payment_id)
    found = session.execute(query.where(RefundRequest.payment_id.in_(payment_ids)).order_by(RefundRequest.id))
    return tuple(_view(row, currency) for row, currency in found) if payment_ids else ()


def late(before: datetime) -> tuple[int, str, str]:
    """Refunds that were decided before the moment (real time) and not carried out: how many; the oldest one's order,
    and why it waits."""
    waits = RefundRequest.state == ASKED, RefundRequest.created_at < before
    query = (
        select(Order.number, RefundRequest.sentence)
        .join(Payment, Payment.order_id == Order.id)
        .join(RefundRequest, RefundRequest.payment_id == Payment.id)
        .where(*waits)
    )
    oldest = session.execute(query.order_by(RefundRequest.id).limit(1)).one_or_none()
    if oldest is None:
        return 0, "", ""
    count = session.scalar(select(func.count()).select_from(RefundRequest).where(*waits)) or 0
    return count, oldest.number, oldest.sentence


def find(request_id: int) -> RefundView:
    """The refund that was decided. Raises ``NotFound``."""
    return _view(_row(request_id))


def _provider(name: str) -> Any:
    return next((one for one in payment_providers() if one.name == name and isinstance(one, Refunding)), None)


def _row(request_id: int) -> RefundRequest:
    query = select(RefundRequest).where(RefundRequest.id == request_id).execution_options(populate_existing=True)
    row = session.scalar(query)
    if row is None:
        raise NotFound(_("There is no such refund."))
    return row


def _held(request_id: int) -> tuple[Order, RefundRequest]:
    """The order first, then its request, as facts do."""
    order_id = refundable(_row(request_id).payment_id).order_id
    return lock_order(order_id), _row(request_id)


def _note(request_id: int, sentence: str) -> RefundView:
    _order, row = _held(request_id)
    if row.state == ASKED:
        row.sentence = sentence[:500]
    return _settled(row)


def _refuse(request_id: int, sentence: str) -> RefundView:
    order, row = _held(request_id)
    if row.state == ASKED:
        row.state, row.sentence = REFUSED, sentence[:500]
        audit.record(
            "order.refund_refused", actor_id=row.actor_id, subject=f"order/{order.number}", detail={"why": sentence}
        )
    return _settled(row)


def _close(request_id: int, answer: RefundAnswer) -> RefundView:
    order, row = _held(request_id)
    if row.state == ASKED:
        row.state, row.sentence, row.provider_ref = DONE, "", answer.provider_ref
        session.flush()  # what follows for access reads it
        payments.apply_money(order)
    return _settled(row)


def _settled(row: RefundRequest) -> RefundView:
    view = _view(row)
    commit()
    return view


def _view(row: RefundRequest, currency: str | None = None) -> RefundView:
    currency = currency or session.scalars(select(Payment.currency).where(Payment.id == row.payment_id)).one()
    return RefundView(
        row.id, row.key, row.payment_id, row.amount, currency, row.reason, row.ends_access, row.actor_id, row.state,
        row.sentence, row.provider_ref, row.asked_at,
    )  # fmt: skip
