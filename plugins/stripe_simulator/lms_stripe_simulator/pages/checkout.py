"""The hosted checkout page."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, render_template, request
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from lms_stripe_simulator.billing import cart, checkout, discounts
from lms_stripe_simulator.billing.instruments import Instrument
from lms_stripe_simulator.money import words
from lms_stripe_simulator.pages import checkout_form
from lms_stripe_simulator.pages.common import business, chosen_instrument, state
from lms_stripe_simulator.scope import Scope
from lms_stripe_simulator.state import Object

blueprint = Blueprint("checkout", __name__, template_folder="templates")
Answer = str | Response | tuple[str, int]


def _locate(identifier: str) -> tuple[Scope, Object]:
    row = state().row("SELECT account, livemode FROM object WHERE id = ? AND kind = 'checkout.session'", identifier)
    if row is None:
        raise NotFound("There is no such checkout.")
    scope = Scope(state(), row["account"], bool(row["livemode"]))
    session = scope.known(identifier, "checkout.session")
    return scope.living_by(session["customer"]), session


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
    """Apply a code, work the tax out, or pay."""
    with state().change():
        scope, session = _locate(identifier)
        if session["status"] != "open":
            return _page(scope, session)
        action = request.form.get("action", "pay")
        if action in ("apply", "remove"):
            return _change_code(scope, session, action)
        if action == "tax":
            return _work_out_tax(scope, session)
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
    found = cart.totals(scope, session)
    refusal = discounts.refusal(
        scope, code, customer=session["customer"], subtotal=found.subtotal, currency=session["currency"]
    )
    if refusal:
        return _page(scope, session, code_error=refusal, typed_code=typed), 422
    _discount(scope, session, [{"coupon": code["promotion"]["coupon"], "promotion_code": code["id"]}])
    return redirect(request.path, 303)


def _discount(scope: Scope, session: Object, entries: list[Object]) -> None:
    scope.change(session, _discounts=entries)
    scope.change(session, **cart.amounts(scope, session))


def _work_out_tax(scope: Scope, session: Object) -> Answer:
    """Take the buyer's country, and show the page with its tax."""
    address = checkout_form.address_of(session, request.form)
    if address is None:
        return _page(scope, session, fields={"country": "Choose a country."}), 422
    scope.change(session, _address=address)
    scope.change(session, **cart.amounts(scope, session))
    return _page(scope, session)


def _pay(scope: Scope, session: Object) -> Answer:
    filled = checkout_form.read(session, request.form)
    if filled.errors:
        return _page(scope, session, fields=filled.errors), 422
    found = None
    if cart.needs_method(scope, session):
        found, problem = chosen_instrument()
        if found is None:
            return _page(scope, session, number_error=problem), 422
    step = request.form.get("authentication")
    if step == "failed" and found:
        outcome = checkout.fail_authentication(scope, session, found, filled.buyer)
    else:
        outcome = checkout.submit(scope, session, found, filled.buyer, authenticated=step == "confirmed")
    if outcome.result == "authenticate" and found:
        return authentication(scope, found, session["amount_total"], session["currency"])
    if outcome.result == "declined":
        return _page(scope, session, declined=outcome.message), 402
    return redirect(success_address(session), 303)


def authentication(scope: Scope, found: Instrument, amount: int | None, currency: str) -> str:
    """Return the bank's page; it sends back what the buyer had filled in, but no number."""
    again = {n: v for n, v in request.form.items() if n not in ("number", "expires", "security", "action", "method")}
    return render_template(
        "simulator/authenticate.html",
        business=business(scope),
        amount=words(amount, currency) if amount is not None else None,
        again=again | {"method": found.name},
    )


def _page(scope: Scope, session: Object, **errors: Any) -> str:
    if session["status"] != "open":
        return render_template(
            "simulator/checkout_closed.html",
            session=session,
            business=business(scope),
            success=success_address(session),
        )
    shown = _sums(scope, session) if session["mode"] != "setup" else {"lines": [], "button": "Save payment method"}
    details = session["customer_details"] or {}
    address = request.form if request.form else cart.buyers_address(scope, session) or {}
    return render_template(
        "simulator/checkout.html",
        session=session,
        business=business(scope),
        needs_method=cart.needs_method(scope, session),
        known_email=checkout_form.known_email(session),
        email=request.form.get("email") or details.get("email") or session["customer_email"] or "",
        form=request.form,
        address=address,
        asks=checkout_form.asks_address(session),
        countries=checkout_form.COUNTRIES,
        number=request.form.get("number", "4242 4242 4242 4242"),
        chosen=request.form.get("method", "typed"),
        code=_code(scope, session),
        errors=errors,
        wrong=errors.get("fields", {}),
        **({"totals": None, "recurring": None, "trial_end": None} | shown),
    )


def _sums(scope: Scope, session: Object) -> dict[str, Any]:
    """Return what the page says about money."""
    found = cart.totals(scope, session)
    recurring = [line for line in found.lines if line.price["recurring"]]
    trial_end = cart.trial_end(scope, session)
    return {
        "lines": _lines(scope, found),
        "totals": found,
        "taxes": _taxes(found),
        "recurring": recurring[0].price if recurring else None,
        "trial_end": trial_end,
        "button": _button(session, found, recurring=bool(recurring), trial=trial_end is not None),
    }


def _lines(scope: Scope, found: cart.Totals) -> list[dict[str, Any]]:
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


def _taxes(found: cart.Totals) -> list[dict[str, Any]]:
    """Return the tax lines: ``VAT, 19 %``, and whether the prices hold it already."""
    result: dict[str, dict[str, Any]] = {}
    for taxed in filter(None, found.tax.lines):
        name = f"{taxed.rate['display_name']}, {taxed.rate['percentage']:g} %"
        entry = result.setdefault(name, {"name": name, "amount": 0, "inclusive": taxed.inclusive})
        entry["amount"] += taxed.amount
    return list(result.values())


def _code(scope: Scope, session: Object) -> str | None:
    entries = cart.entries(session)
    if not entries or not entries[0]["promotion_code"]:
        return None
    return str(scope.known(entries[0]["promotion_code"], "promotion_code")["code"])


SUBMIT = {"book": "Book for", "donate": "Donate", "subscribe": "Subscribe for"}


def _button(session: Object, found: cart.Totals, *, recurring: bool, trial: bool) -> str:
    if trial:
        return "Start trial"
    amount = words(found.total, session["currency"])
    if not found.total:
        return "Subscribe" if recurring else "Complete order"
    return f"{SUBMIT.get(session['submit_type'], 'Subscribe for' if recurring else 'Pay')} {amount}"
