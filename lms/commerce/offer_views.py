"""Pages of the creator: one offer, made and changed."""

from __future__ import annotations

from typing import Any

from flask import abort, request
from flask_babel import gettext as _

from lms.access import services as access
from lms.base import clock
from lms.base.problem import Problem
from lms.commerce import picking, services
from lms.commerce.offer_forms import ChangeOfferForm, OfferForm, OfferTermsForm
from lms.commerce.picking_fields import with_shelves
from lms.commerce.policies import MANAGE
from lms.commerce.services import OfferView
from lms.commerce.views import blueprint
from lms.db import rollback
from lms.web import current_person, flash, redirect, render, requires


@blueprint.get("/admin/products/<int:product_id>/offers/new")
@requires(MANAGE)
def new_offer(product_id: int) -> Any:
    """A form for another price of the product."""
    return _page(_product(product_id), _new_form(product_id))


@blueprint.post("/admin/products/<int:product_id>/offers")
@requires(MANAGE)
def add_offer(product_id: int) -> Any:
    """Another price for the product."""
    found = _product(product_id)
    form = _new_form(product_id)
    if not form.validate():
        return _page(found, form), 422
    try:
        made = services.create_offer(product_id=product_id, actor_id=_actor(), **form.terms())
        picking.keep(made, form.picked(), form.shelves)
    except Problem as problem:
        return _page(found, form, problem=problem), problem.status
    flash(_("The offer is there."), "good")
    return redirect(f"/admin/products/{product_id}")


@blueprint.route("/admin/products/<int:product_id>/offers/<int:offer_id>/edit", methods=["GET", "POST"])
@requires(MANAGE)
def edit_offer(product_id: int, offer_id: int) -> Any:
    """The terms of one offer that may change: for whoever orders from now on."""
    found, offer = _product(product_id), _offer(product_id, offer_id)
    form = _change_form(offer)
    if form.validate_on_submit():
        try:
            changed = services.change_offer(offer_id, actor_id=_actor(), **form.changeable())
            picking.keep(changed, form.picked(), form.shelves)
        except Problem as problem:
            return _page(found, form, offer, problem), problem.status
        flash(_("The offer is saved. What was ordered before keeps its terms."), "good")
        return redirect(f"/admin/products/{product_id}")
    return _page(found, form, offer), 422 if form.errors else 200


@blueprint.post("/admin/products/<int:product_id>/offers/prices")
@blueprint.post("/admin/products/<int:product_id>/offers/<int:offer_id>/prices")
@requires(MANAGE, writes=True)
def refresh_prices(product_id: int, offer_id: int | None = None) -> Any:
    """Have the providers read their prices, and show the form again as it was written so far."""
    found = _product(product_id)
    offer = _offer(product_id, offer_id) if offer_id is not None else None
    problem = None
    try:
        picking.read()
    except Problem as refused:
        rollback()
        problem = refused
    form = _change_form(offer) if offer is not None else _new_form(product_id)
    return _page(found, form, offer, problem, is_read=problem is None), problem.status if problem else 200


@blueprint.post("/admin/products/<int:product_id>/offers/<int:offer_id>")
@requires(MANAGE)
def switch_offer(product_id: int, offer_id: int) -> Any:
    """Sell an offer, or no longer; or give it another place among the product's."""
    _offer(product_id, offer_id)
    if request.form.get("move") in {"up", "down"}:
        services.move_offer(offer_id, -1 if request.form["move"] == "up" else 1, actor_id=_actor())
        return redirect(f"/admin/products/{product_id}")
    active = request.form.get("active") == "1"
    services.set_offer_active(offer_id, active, actor_id=_actor())
    words = _("The offer is sold again.") if active else _("The offer is no longer sold. What was bought stays.")
    flash(words, "good")
    return redirect(f"/admin/products/{product_id}")


def _actor() -> int:
    person = current_person()
    assert person is not None  # noqa: S101  @requires lets nobody else in
    return person.id


def _product(product_id: int) -> access.ProductView:
    return access.product(product_id) or abort(404)


def _offer(product_id: int, offer_id: int) -> OfferView:
    offer = services.find_offer(offer_id)
    if offer is None or offer.product_id != product_id:
        abort(404)
    return offer


def _new_form(product_id: int) -> OfferForm:
    return with_shelves(OfferForm, picking.shelves(None))(product_id=product_id)


def _change_form(offer: OfferView) -> ChangeOfferForm:
    return with_shelves(ChangeOfferForm, picking.shelves(offer))(offer=offer)


def _page(
    found: access.ProductView,
    form: OfferTermsForm,
    offer: OfferView | None = None,
    problem: Problem | None = None,
    *,
    is_read: bool = False,
) -> str:
    return render(
        "commerce/admin/offer.html",
        product=found,
        form=form,
        offer=offer,
        problem=problem,
        is_read=is_read,
        now=clock.now(),
    )
