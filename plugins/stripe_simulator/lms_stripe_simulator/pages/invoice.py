"""The hosted invoice page, where an open invoice can be paid, and its PDF."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, render_template, request
from werkzeug.wrappers import Response

from lms_stripe_simulator.billing import invoices
from lms_stripe_simulator.billing.checkout import AUTHENTICATING
from lms_stripe_simulator.billing.instruments import create_method
from lms_stripe_simulator.billing.periods import date_in_words
from lms_stripe_simulator.money import words
from lms_stripe_simulator.pages.checkout import authentication
from lms_stripe_simulator.pages.common import business, by_secret, chosen_instrument, state
from lms_stripe_simulator.pages.pdf import one_page
from lms_stripe_simulator.scope import Scope
from lms_stripe_simulator.state import Object

blueprint = Blueprint("invoice", __name__, template_folder="templates")
Answer = str | Response | tuple[str, int]


@blueprint.get("/i/<secret>")
def show(secret: str) -> Answer:
    """Show an invoice."""
    scope, invoice = by_secret("invoice", secret)
    scope.living_by(invoice["customer"])
    return _page(scope, invoice)


@blueprint.post("/i/<secret>")
def pay(secret: str) -> Answer:
    """Pay an open invoice."""
    with state().change():
        scope, invoice = by_secret("invoice", secret)
        scope.living_by(invoice["customer"])
        if invoice["status"] != "open":
            return redirect(request.path, 303)
        found, problem = chosen_instrument()
        if found is None:
            return _page(scope, invoice, number_error=problem), 422
        step = request.form.get("authentication")
        if step == "failed":
            return _page(scope, invoice, declined="Your bank could not confirm that it is you."), 402
        if found.behaviour in AUTHENTICATING and step != "confirmed":
            return authentication(scope, found, invoice["amount_remaining"], invoice["currency"])
        method = create_method(scope, found, email=invoice["customer_email"], customer=invoice["customer"])
        result = invoices.collect(scope, invoice, method, on_session=True, authenticated=True)
        if result == "failed":
            return _page(scope, scope.known(invoice["id"], "invoice"), declined="Your card was declined."), 402
        return redirect(request.path, 303)


@blueprint.get("/i/<secret>/pdf")
def pdf(secret: str) -> Response:
    """Return the invoice as a PDF."""
    scope, invoice = by_secret("invoice", secret)
    currency = invoice["currency"]
    lines = [
        f"Invoice {invoice['number']}",
        "",
        f"From {business(scope)}",
        f"To {invoice['customer_name'] or invoice['customer_email'] or 'the buyer'}",
        f"Date {date_in_words(invoice['created'])}",
        "",
        *(f"{line['description']}    {words(line['amount'], currency)}" for line in invoice["lines"]["data"]),
        "",
        f"Total    {words(invoice['total'], currency)}",
        f"Status    {invoice['status']}",
        "",
        "Simulator: no money moved.",
    ]
    headers = {"Content-Disposition": f'inline; filename="{invoice["number"]}.pdf"'}
    return Response(one_page(lines), mimetype="application/pdf", headers=headers)


def _page(scope: Scope, invoice: Object, **errors: Any) -> str:
    return render_template(
        "simulator/invoice.html",
        invoice=invoice,
        business=business(scope),
        number=request.form.get("number", "4242 4242 4242 4242"),
        chosen=request.form.get("method", "typed"),
        errors=errors,
    )
