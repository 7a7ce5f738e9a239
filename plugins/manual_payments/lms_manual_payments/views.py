"""Pages of the buyer: to whom the invoice goes, the invoice, and its place on the Billing page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, abort
from markupsafe import Markup

from lms.api import commerce, db
from lms.api.problem import Problem
from lms.api.web import current_person, flash, public, rate_limit, redirect, render, sign_in_address
from lms_manual_payments import invoices, issuing, provider
from lms_manual_payments.forms import BillingForm

blueprint = Blueprint("manual_payments", __name__, template_folder="templates")
MANAGE = "commerce.manage"
_LETTERS_A_DAY = 10


@blueprint.get("/orders/<number>")
@public
def billing(number: str) -> Any:
    """To whom the invoice goes; the invoice itself once it is there."""
    order, person = _own_order(number), current_person()
    if order is None:
        return redirect(sign_in_address())
    known = invoices.of_order(order.id)
    if known is not None:
        return redirect(known.path)
    if order.state is not commerce.OrderState.OPEN:
        return redirect(order.path)
    last = invoices.last_buyer(person.id) if person is not None else None
    name, address, tax_number = last or (person.name if person is not None else "", "", "")
    return _billing_page(order, BillingForm(data={"name": name, "address": address, "tax_number": tax_number}))


@blueprint.post("/orders/<number>")
@public
def issue(number: str) -> Any:
    """Make the invoice."""
    order, person = _own_order(number), current_person()
    if order is None:
        return redirect(sign_in_address())
    form = BillingForm()
    if not form.validate():
        return _billing_page(order, form), 422
    email = person.email if person is not None else order.guest_email
    if person is None:
        # The invoice goes to an address that anybody may have typed.
        rate_limit("manual_payments.guest", email.casefold(), _LETTERS_A_DAY, 24 * 60 * 60)
    buyer = issuing.Buyer(form.name.data, email, form.address.data, form.tax_number.data)
    try:
        return redirect(issuing.issue(order, buyer).path)
    except commerce.AlreadyOwned as owned:
        flash(owned.sentence, "info")
        return redirect(owned.path)
    except Problem as problem:
        db.rollback()
        return _billing_page(order, form, problem), problem.status


@blueprint.get("/invoices/<number>")
@public
def invoice(number: str) -> Any:
    """The invoice, for its buyer and for staff; to print, too."""
    found, person = invoices.by_number(number), current_person()
    order = commerce.find_order(found.order_id) if found is not None else None
    is_mine = order is not None and commerce.is_buyer(order)
    if person is None and not is_mine:
        return redirect(sign_in_address())
    if found is None or not (is_mine or (person is not None and person.can(MANAGE))):
        abort(404)
    return render(
        "manual_payments/invoice.html",
        invoice=found,
        refunds=invoices.refunds_of(found.id) if found.refunded else (),
        begin=commerce.after_purchase_path(found.order_id) if is_mine and found.state == "paid" else "",
        is_mine=is_mine,
    )


def billing_slot(context: Mapping[str, Any]) -> Markup:
    """The person's invoices on the Billing page; nothing for people without one."""
    found = invoices.of_person(context["person"].id)
    return Markup(render("manual_payments/billing_list.html", invoices=found)) if found else Markup("")  # noqa: S704


def order_slot(context: Mapping[str, Any]) -> Markup:
    """The invoice on the page of its order."""
    order = context["order"]
    found = invoices.of_order(order.id) if order.provider == provider.NAME else None
    return Markup(render("manual_payments/order_line.html", invoice=found)) if found else Markup("")  # noqa: S704


def _billing_page(order: Any, form: BillingForm, problem: Problem | None = None) -> str:
    return render("manual_payments/billing.html", order=order, form=form, problem=problem)


def _own_order(number: str) -> commerce.OrderView | None:
    """The reader's order; None for somebody who has to sign in first, whether or not there is such an order."""
    order = commerce.order_by_number(number)
    if order is not None and order.provider == provider.NAME and commerce.is_buyer(order):
        return order
    if current_person() is not None:
        abort(404)
    return None
