"""The creator's pages about coupons: what there is at Stripe, a new one, its codes."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from flask import abort, request
from flask_babel import gettext as _

from lms.api import access, clock, commerce, db
from lms.api.problem import Problem
from lms.api.web import flash, redirect, render, requires
from lms_stripe import catalog, connections, coupon_words, coupon_writing, coupons, presses, records, sync
from lms_stripe.blueprint import blueprint
from lms_stripe.connections import Connection
from lms_stripe.coupon_forms import CodeForm, CouponForm
from lms_stripe.coupon_models import Coupon
from lms_stripe.failures import PermissionMissing, StripeFailure
from lms_stripe.settings import CAPABILITY, mode_words


@blueprint.get("/connections/<int:connection_id>/coupons")
@requires(CAPABILITY)
def show_coupons(connection_id: int) -> Any:
    """All coupons with their codes, as last read."""
    row = connections.get(connection_id)
    return render(
        "stripe/coupons.html",
        **_about(row),
        listed=coupons.listed(row.id),
        read_at=coupons.read_at(row.id),
        why_not=coupons.why_not(row.id),
        names=_product_names(row),
    )


@blueprint.post("/connections/<int:connection_id>/coupons/read")
@requires(CAPABILITY, writes=True)
def read_coupons(connection_id: int) -> Any:
    """Read them at Stripe now."""
    row = _usable(connection_id)
    if not sync.now(row.id, coupons.ALL, coupons.EVERYTHING):
        flash(_("Stripe does not answer right now. What is listed may be old; try again in a minute."), "error")
    elif not coupons.why_not(row.id):
        flash(_("The coupons were read just now."), "success")
    return redirect(_path(row))


@blueprint.get("/connections/<int:connection_id>/coupons/new")
@requires(CAPABILITY)
def new_coupon(connection_id: int) -> Any:
    """The form for a coupon."""
    row = _usable(connection_id)
    return render("stripe/coupon_new.html", **_about(row), form=_coupon_form(row))


@blueprint.post("/connections/<int:connection_id>/coupons/new")
@requires(CAPABILITY, writes=True)
def make_coupon(connection_id: int) -> Any:
    """Make it, and its first code."""
    row = _usable(connection_id)
    form = _coupon_form(row)
    if not form.validate():
        return render("stripe/coupon_new.html", **_about(row), form=form), 422
    params, code = form.coupon_params(catalog.products_at_stripe(row.id)), form.code_params()
    key = str(form.key.data)
    try:
        # Asked first, so that no coupon is left without the code that it was made for.
        is_new = coupons.is_unknown(row.id, key)
        if code["code"] and is_new and coupon_writing.is_taken(row, code["code"]):
            raise coupon_writing.CodeTaken(code["code"])
        made = coupon_writing.make_coupon(row, key, params)
        if code["code"]:
            coupon_writing.make_code(row, key, made, code)
    except Problem as problem:
        return _refused("stripe/coupon_new.html", row, form, problem)
    presses.record("stripe.coupon_made", row, {"coupon": made, "code": code["code"]})
    flash(_("The coupon is there. Buyers can use it from now on."), "success")
    return redirect(_path(row))


@blueprint.get("/connections/<int:connection_id>/coupons/<int:coupon_id>")
@requires(CAPABILITY)
def show_coupon(connection_id: int, coupon_id: int) -> Any:
    """One coupon and its codes."""
    row = connections.get(connection_id)
    return _coupon_page(row, _coupon(row, coupon_id), _code_form(row))


@blueprint.post("/connections/<int:connection_id>/coupons/<int:coupon_id>/codes")
@requires(CAPABILITY, writes=True)
def make_code(connection_id: int, coupon_id: int) -> Any:
    """Another code for the coupon."""
    row = _usable(connection_id)
    coupon = _coupon(row, coupon_id)
    form = _code_form(row)
    if not form.validate():
        return _coupon_page(row, coupon, form), 422
    params = form.code_params()
    try:
        coupon_writing.make_code(row, str(form.key.data), coupon.stripe_id, params)
    except Problem as problem:
        db.rollback()
        _say(form, problem)
        return _coupon_page(row, _coupon(row, coupon_id), form), max(problem.status, 422)
    presses.record("stripe.code_made", row, {"coupon": coupon.stripe_id, "code": params["code"]})
    flash(_("The code %(code)s counts from now on.", code=params["code"]), "success")
    return redirect(f"{_path(row)}/{coupon_id}")


@blueprint.post("/connections/<int:connection_id>/codes/<int:code_id>")
@requires(CAPABILITY, writes=True)
def switch_code(connection_id: int, code_id: int) -> Any:
    """Let a code count, or no longer."""
    row = _usable(connection_id)
    code = coupons.find_code(row.id, code_id) or abort(404)
    is_on, name = request.form.get("to") == "on", code.code
    try:
        coupon_writing.switch_code(row, code, active=is_on)
    except Problem as problem:
        presses.refuse(problem)
        return redirect(_path(row))
    presses.record("stripe.code_switched", row, {"code": name, "to": "on" if is_on else "off"})
    words = _("The code %(code)s counts again.", code=name) if is_on else _("The code %(code)s is off.", code=name)
    flash(words, "success")
    return redirect(_path(row))


@blueprint.post("/connections/<int:connection_id>/coupons/<int:coupon_id>/delete")
@requires(CAPABILITY, writes=True)
def delete_coupon(connection_id: int, coupon_id: int) -> Any:
    """Nobody gets the coupon any longer; who has it keeps it."""
    row = _usable(connection_id)
    coupon = _coupon(row, coupon_id)
    stripe_id = coupon.stripe_id
    try:
        coupon_writing.delete_coupon(row, coupon)
    except Problem as problem:
        presses.refuse(problem)
        return redirect(f"{_path(row)}/{coupon_id}")
    presses.record("stripe.coupon_deleted", row, {"coupon": stripe_id})
    flash(_("The coupon is deleted. Whoever has it keeps it."), "success")
    return redirect(_path(row))


def _path(row: Connection) -> str:
    return f"/ext/stripe/connections/{row.id}/coupons"


def _usable(connection_id: int) -> Connection:
    """The connection, where something may be changed at Stripe: not that of a copied site, and not one given up."""
    row = connections.get(connection_id)
    if not row.is_usable or connections.moved_from(row):
        abort(404)
    return row


def _coupon(row: Connection, coupon_id: int) -> Coupon:
    return coupons.find(row.id, coupon_id) or abort(404)


def _about(row: Connection) -> dict[str, Any]:
    return {
        "connection": row,
        "mode_words": mode_words(row.mode),
        "base": _path(row),
        "may_write": row.is_usable and not connections.moved_from(row),
        "words": coupon_words,
        "now": clock.now(),
    }


def _at_stripe(row: Connection, coupon: Coupon) -> str:
    """Stripe's own page about the coupon; "" for the simulator's. Its id has no beginning that tells what it is."""
    if connections.is_simulated(row):
        return ""
    mode = "" if row.livemode else "/test"
    return f"{records.DASHBOARD}/{row.account_id}{mode}/coupons/{quote(coupon.stripe_id, safe='')}"


def _coupon_page(row: Connection, coupon: Coupon, form: CodeForm) -> str:
    codes = next((codes for each, codes in coupons.listed(row.id) if each.id == coupon.id), [])
    names = _product_names(row)
    return render(
        "stripe/coupon.html",
        **_about(row),
        coupon=coupon,
        codes=codes,
        form=form,
        names=names,
        at_stripe=_at_stripe(row, coupon),
    )


def _product_names(row: Connection) -> dict[str, str]:
    """Our products by the ids of theirs."""
    at_stripe = catalog.products_at_stripe(row.id)
    return {each: name for key, name in _products(at_stripe).items() for each in at_stripe[key]}


def _products(at_stripe: dict[int, tuple[str, ...]]) -> dict[int, str]:
    return {each.id: each.name for each in access.products(limit=500) if each.id in at_stripe}


def _currencies(row: Connection) -> list[str]:
    """That of the account, and those of what is sold."""
    used = sorted({offer.currency for offer in commerce.active_offers() if offer.kind in catalog.SELLABLE})
    return list(dict.fromkeys([*([row.currency] if row.currency else []), *used])) or ["eur"]


def _coupon_form(row: Connection) -> CouponForm:
    return CouponForm(currencies_used=_currencies(row), products=_products(catalog.products_at_stripe(row.id)))


def _code_form(row: Connection) -> CodeForm:
    return CodeForm(currencies_used=_currencies(row))


def _refused(template: str, row: Connection, form: CodeForm, problem: Problem) -> Any:
    db.rollback()
    _say(form, problem)
    return render(template, **_about(row), form=form), max(problem.status, 422)


def _say(form: CodeForm, problem: Problem) -> None:
    """At the code what is about the code, else above everything, in Stripe's own words too: no student sees them."""
    if isinstance(problem, coupon_writing.CodeTaken):
        form.code.errors = [f"{problem.sentence} {problem.next_step}"]
        return
    said = [problem.sentence, problem.detail if isinstance(problem, StripeFailure) else "", problem.next_step]
    if isinstance(problem, PermissionMissing):
        said.append(_("In Stripe, set Coupons and Promotion Codes to Write for this key."))
    form.form_errors = [" ".join(part for part in said if part)]
