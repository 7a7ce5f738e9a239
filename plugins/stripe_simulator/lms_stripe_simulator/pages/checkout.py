"""The hosted checkout page."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, render_template, request
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from lms_stripe_simulator import rules
from lms_stripe_simulator.billing import checkout, discounts
from lms_stripe_simulator.money import words
from lms_stripe_simulator.pages.common import business, chosen_instrument, state
from lms_stripe_simulator.problem import ApiError
from lms_stripe_simulator.scope import Scope
from lms_stripe_simulator.state import Object

blueprint = Blueprint("checkout", __name__, template_folder="templates")
Answer = str | Response | tuple[str, int]


def _locate(identifier: str) -> tuple[Scope, Object]:
    row = state().row("SELECT account, livemode FROM object WHERE id = ? AND kind = 'checkout.session'", identifier)
    if row is None:
        raise NotFound("There is no such checkout.")
    scope = Scope(state(), row["account"], bool(row["livemode"]))
    return scope, scope.known(identifier, "checkout.session")


def success_address(session: Object) -> str:
    """Return where the buyer goes after paying."""
    return str(session["success_url"]).replace("{CHECKOUT_SESSION_ID}", session["id"])


@blueprint.get("/c/pay/<identifier>")
def show(identifier: str) -> Answer:
    """Show an open session's form, or why there is none."""
    scope, session = _locate(identifier)
    return _page(scope, session)


@blueprint.post("/c/pay/<identifier>")
def submit(identifier: str) -> Answer:
    """Apply a code, or pay."""
    with state().change():
        scope, session = _locate(identifier)
        if session["status"] != "open":
            return _page(scope, session)
        action = request.form.get("action", "pay")
        if action in ("apply", "remove"):
            return _change_code(scope, session, action)
        return _pay(scope, session)


def _change_code(scope: Scope, session: Object, action: str) -> Answer:
    if not session["allow_promotion_codes"]:
        return _page(scope, session, code_error="This checkout takes no codes."), 422
    if action == "remove":
        _discount(scope, session, [])
        return redirect(request.path, 303)
    typed = request.form.get("promotion_code", "")
    code = discounts.find_code(scope, typed) if typed.strip() else None
    if code is None:
        return _page(scope, session, code_error="This code is not valid.", typed_code=typed), 422
    found = checkout.totals(scope, session)
    refusal = discounts.refusal(
        scope, code, customer=session["customer"], subtotal=found.subtotal, currency=session["currency"]
    )
    if refusal:
        return _page(scope, session, code_error=refusal, typed_code=typed), 422
    _discount(scope, session, [{"coupon": code["promotion"]["coupon"], "promotion_code": code["id"]}])
    return redirect(request.path, 303)


def _discount(scope: Scope, session: Object, entries: list[Object]) -> None:
    scope.change(session, _discounts=entries)
    scope.change(session, **checkout.amounts(scope, session))


def _pay(scope: Scope, session: Object) -> Answer:
    email = _known_email(session) or request.form.get("email", "").strip()
    try:
        rules.email(email)
    except ApiError:
        return _page(scope, session, email_error="Enter an e-mail address, such as name@example.org."), 422
    found = None
    if checkout.needs_method(scope, session):
        found, problem = chosen_instrument()
        if found is None:
            return _page(scope, session, number_error=problem), 422
    step = request.form.get("authentication")
    if step == "failed" and found:
        outcome = checkout.fail_authentication(scope, session, found, email)
    else:
        outcome = checkout.submit(scope, session, found, email=email, authenticated=step == "confirmed")
    if outcome.result == "authenticate" and found:
        amount = words(session["amount_total"], session["currency"])
        return render_template(
            "simulator/authenticate.html", business=business(scope), amount=amount, method=found.name, email=email
        )
    if outcome.result == "declined":
        return _page(scope, session, declined=outcome.message), 402
    return redirect(success_address(session), 303)


def _known_email(session: Object) -> str | None:
    details = session["customer_details"] if session["customer"] else None
    return (details or {}).get("email")


def _page(scope: Scope, session: Object, **errors: Any) -> str:
    if session["status"] != "open":
        return render_template(
            "simulator/checkout_closed.html",
            session=session,
            business=business(scope),
            success=success_address(session),
        )
    found = checkout.totals(scope, session)
    recurring = [line for line in found.lines if line.price["recurring"]]
    details = session["customer_details"] or {}
    return render_template(
        "simulator/checkout.html",
        session=session,
        business=business(scope),
        lines=_lines(scope, found),
        totals=found,
        recurring=recurring[0].price if recurring else None,
        trial_end=checkout.trial_end(scope, session),
        needs_method=checkout.needs_method(scope, session),
        known_email=_known_email(session),
        email=request.form.get("email") or details.get("email") or session["customer_email"] or "",
        number=request.form.get("number", "4242 4242 4242 4242"),
        chosen=request.form.get("method", "typed"),
        code=_code(scope, session),
        button=_button(session, found, recurring, scope),
        errors=errors,
    )


def _lines(scope: Scope, found: checkout.Totals) -> list[dict[str, Any]]:
    return [
        {
            "name": scope.known(line.price["product"], "product")["name"],
            "price": line.price,
            "quantity": line.quantity,
            "amount": line.subtotal,
            "due": due,
        }
        for line, due in zip(found.lines, found.due, strict=True)
    ]


def _code(scope: Scope, session: Object) -> str | None:
    entries = checkout.entries(session)
    if not entries or not entries[0]["promotion_code"]:
        return None
    return str(scope.known(entries[0]["promotion_code"], "promotion_code")["code"])


def _button(session: Object, found: checkout.Totals, recurring: list[Any], scope: Scope) -> str:
    if checkout.trial_end(scope, session):
        return "Start trial"
    amount = words(found.total, session["currency"])
    if recurring:
        return f"Subscribe for {amount}"
    return f"Pay {amount}" if found.total else "Complete order"
