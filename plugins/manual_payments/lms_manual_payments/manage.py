"""Pages of staff: the list of invoices, and what is decided about one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import abort, request
from flask_babel import gettext as _

from lms.api import db
from lms.api.problem import Problem
from lms.api.web import current_person, flash, redirect, render, requires, row_number
from lms_manual_payments import bookkeeping, calendar_days, invoices, settings
from lms_manual_payments.forms import CancelForm, PaidForm, RefundForm
from lms_manual_payments.invoices import InvoiceView, State
from lms_manual_payments.views import MANAGE, blueprint

# The buyer's pages and these are one blueprint; whoever imports it from here has both.
__all__ = ["blueprint"]

LIST = "/ext/manual_payments/admin/invoices"
_A_PAGE = 50
_TABS: dict[str, tuple[State, ...]] = {
    "all": (),
    "open": (State.OPEN,),
    "overdue": (State.OVERDUE,),
    "paid": (State.PAID, State.HELD),
    "refunded": (State.REFUNDED,),
    "cancelled": (State.CANCELLED,),
}


@blueprint.get("/admin/invoices")
@requires(MANAGE)
def listing() -> Any:
    """All invoices, newest first."""
    tab, search = request.args.get("state", "all"), request.args.get("q", "").strip()[:100]
    if tab not in _TABS:
        abort(404)
    before = request.args.get("before", type=row_number)
    found = invoices.listed(states=_TABS[tab], search=search, before=before, limit=_A_PAGE + 1)
    shown = found[:_A_PAGE]
    return render(
        "manual_payments/admin/list.html",
        listed=shown,
        tab=tab,
        search=search,
        tabs=[
            ("all", _("All")),
            ("open", _("Open")),
            ("overdue", _("Overdue")),
            ("paid", _("Paid")),
            ("refunded", _("Refunded")),
            ("cancelled", _("Cancelled")),
        ],
        older=shown[-1].id if len(found) > len(shown) else None,
        is_set_up=settings.terms().is_complete,
        may_set_up=_may_set_up(),
    )


@blueprint.get("/admin/invoices/<number>")
@requires(MANAGE)
def show(number: str) -> Any:
    """One invoice, and what can be done about it."""
    return _page(_found(number))


@blueprint.post("/admin/invoices/<number>/paid")
@requires(MANAGE)
def mark_paid(number: str) -> Any:
    """The money has come."""
    found = _found(number)
    form = PaidForm(found.currency)
    if not form.validate():
        return _page(found, paid_form=form), 422

    def decide() -> str:
        made = bookkeeping.mark_paid(number, amount=form.minor(), paid_on=form.paid_on.data, actor_id=_actor())
        if made.state == State.HELD:
            return _("Another amount came than was agreed. The order is held: nothing is open yet.")
        return _("Invoice %(number)s is paid, and what it bought is open.", number=number)

    return _decided(found, decide, paid_form=form)


@blueprint.post("/admin/invoices/<number>/cancel")
@requires(MANAGE)
def cancel(number: str) -> Any:
    """No money is expected any longer."""
    found = _found(number)
    form = CancelForm()
    if not form.validate():
        return _page(found, cancel_form=form), 422

    def decide() -> str:
        bookkeeping.cancel(number, reason=form.reason.data, actor_id=_actor())
        return _("Invoice %(number)s is cancelled. Its buyer reads that nothing is owed.", number=number)

    return _decided(found, decide, cancel_form=form)


@blueprint.post("/admin/invoices/<number>/refund")
@requires(MANAGE)
def refund(number: str) -> Any:
    """Money was sent back."""
    found = _found(number)
    form = RefundForm(found.currency)
    if not form.validate():
        return _page(found, refund_form=form), 422

    def decide() -> str:
        made = bookkeeping.refund(
            number, amount=form.minor(), remaining=form.seen(), reason=form.reason.data, actor_id=_actor()
        )
        if made.state == State.REFUNDED:
            return _("All of invoice %(number)s is refunded, and the access has ended.", number=number)
        return _("A part of invoice %(number)s is refunded. The access stays.", number=number)

    return _decided(found, decide, refund_form=form)


def _decided(found: InvoiceView, decide: Callable[[], str], **forms: Any) -> Any:
    try:
        flash(decide(), "good")
    except Problem as problem:
        db.rollback()
        return _page(_found(found.number), problem=problem, **forms), problem.status
    return redirect(found.admin_path)


def _page(
    found: InvoiceView,
    *,
    paid_form: PaidForm | None = None,
    cancel_form: CancelForm | None = None,
    refund_form: RefundForm | None = None,
    problem: Problem | None = None,
) -> str:
    # A form that was not sent has values of its own, whatever another one sent under the same name.
    paid = {"amount": found.plain(found.amount), "paid_on": calendar_days.today()}
    back = {"amount": found.plain(found.remaining), "remaining": str(found.remaining)}
    return render(
        "manual_payments/admin/invoice.html",
        invoice=found,
        refunds=invoices.refunds_of(found.id),
        paid_form=paid_form or PaidForm(found.currency, formdata=None, data=paid),
        cancel_form=cancel_form or CancelForm(formdata=None),
        refund_form=refund_form or RefundForm(found.currency, formdata=None, data=back),
        problem=problem,
    )


def _found(number: str) -> InvoiceView:
    return invoices.by_number(number) or abort(404)


def _actor() -> int:
    person = current_person()
    assert person is not None  # noqa: S101  @requires lets nobody else in
    return person.id


def _may_set_up() -> bool:
    person = current_person()
    return person is not None and person.can(settings.CAPABILITY)
