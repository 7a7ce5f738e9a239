"""Pages of the creator: products with their offers, and the list of orders."""

from __future__ import annotations

from typing import Any

from flask import abort, request
from flask_babel import gettext as _

from lms.access import services as access
from lms.base.problem import Problem
from lms.commerce import services
from lms.commerce.facts import OrderState
from lms.commerce.forms import OfferForm, ProductForm
from lms.commerce.policies import MANAGE
from lms.commerce.views import blueprint
from lms.courses import services as courses
from lms.web import current_person, flash, redirect, render, requires

# The buyer's pages and these are one blueprint; whoever imports it from here has both.
__all__ = ["blueprint"]

_A_PAGE = 50
_STATES: dict[str, tuple[OrderState, ...]] = {
    "all": (),
    "paid": (OrderState.PAID,),
    "awaiting": (OrderState.AWAITING,),
    "held": (OrderState.HELD,),
    "failed": (OrderState.FAILED,),
}


def _actor() -> int:
    person = current_person()
    assert person is not None  # noqa: S101  @requires lets nobody else in
    return person.id


@blueprint.get("/admin/products")
@requires(MANAGE)
def products() -> Any:
    """All products with what they cost."""
    after = request.args.get("after", 0, type=int)
    found = access.products(after_id=after, limit=_A_PAGE + 1)
    shown = found[:_A_PAGE]
    prices = services.offers_of_products([product.id for product in shown])
    return render(
        "commerce/admin/products.html",
        products=[(product, prices.get(product.id, ())) for product in shown],
        newer=shown[-1].id if len(found) > len(shown) else None,
    )


@blueprint.route("/admin/products/new", methods=["GET", "POST"])
@requires(MANAGE)
def new_product() -> Any:
    """A form for a product."""
    form = _product_form()
    if form.validate_on_submit():
        try:
            made = access.create_product(slug="", name=form.name.data or "", items=form.items(), actor_id=_actor())
        except Problem as problem:
            return render("commerce/admin/new_product.html", form=form, problem=problem), problem.status
        flash(_("“%(name)s” is there. Now give it a price.", name=made.name), "good")
        return redirect(f"/admin/products/{made.id}")
    return render("commerce/admin/new_product.html", form=form, problem=None), 422 if form.errors else 200


@blueprint.route("/admin/products/<int:product_id>", methods=["GET", "POST"])
@requires(MANAGE)
def product(product_id: int) -> Any:
    """One product: its name, what it opens, what it costs."""
    found = access.product(product_id) or abort(404)
    form = _product_form(name=found.name, everything=found.everything, courses=list(found.course_ids))
    if form.validate_on_submit():
        try:
            access.change_product(product_id, name=form.name.data or "", items=form.items(), actor_id=_actor())
        except Problem as problem:
            return _product_page(found, form, OfferForm(formdata=None), problem), problem.status
        flash(_("“%(name)s” is saved.", name=form.name.data), "good")
        return redirect(f"/admin/products/{product_id}")
    return _product_page(found, form, OfferForm(formdata=None)), 422 if form.errors else 200


@blueprint.post("/admin/products/<int:product_id>/offers")
@requires(MANAGE)
def add_offer(product_id: int) -> Any:
    """Another price for the product."""
    found = access.product(product_id) or abort(404)
    form = OfferForm()
    if form.validate():
        try:
            services.create_offer(product_id=product_id, actor_id=_actor(), **form.terms())
        except Problem as problem:
            return _product_page(found, _filled(found), form, problem), problem.status
        flash(_("The offer is on the course page now."), "good")
        return redirect(f"/admin/products/{product_id}")
    return _product_page(found, _filled(found), form), 422


@blueprint.post("/admin/products/<int:product_id>/offers/<int:offer_id>")
@requires(MANAGE)
def switch_offer(product_id: int, offer_id: int) -> Any:
    """Sell an offer, or no longer."""
    offer = services.find_offer(offer_id)
    if offer is None or offer.product_id != product_id:
        abort(404)
    active = request.form.get("active") == "1"
    services.set_offer_active(offer_id, active, actor_id=_actor())
    words = _("The offer is sold again.") if active else _("The offer is no longer sold. What was bought stays.")
    flash(words, "good")
    return redirect(f"/admin/products/{product_id}")


@blueprint.get("/admin/orders")
@requires(MANAGE)
def orders() -> Any:
    """All orders, newest first."""
    state = request.args.get("state", "all")
    wanted = _STATES.get(state)
    if wanted is None:
        abort(404)
    found = services.list_orders(before=request.args.get("before", type=int), states=wanted, limit=_A_PAGE + 1)
    shown = found[:_A_PAGE]
    return render(
        "commerce/admin/orders.html",
        listed=shown,
        state=state,
        states=[
            ("all", _("All")),
            ("paid", _("Paid")),
            ("awaiting", _("On their way")),
            ("held", _("Held")),
            ("failed", _("Failed")),
        ],
        older=shown[-1].order.id if len(found) > len(shown) else None,
    )


@blueprint.post("/admin/orders/<number>/release")
@requires(MANAGE)
def release(number: str) -> Any:
    """Open what a held order bought."""
    found = services.order_by_number(number) or abort(404)
    services.release_order(found.id, actor_id=_actor())
    flash(_("Order %(number)s is paid, and what it bought is open.", number=number), "good")
    return redirect("/admin/orders")


def _product_form(**values: Any) -> ProductForm:
    form = ProductForm(data=values)
    form.courses.choices = [(course.id, course.title) for course in courses.list_all(limit=500)]
    return form


def _filled(found: access.ProductView) -> ProductForm:
    """The product's own form beside the one that was sent."""
    form = ProductForm(
        formdata=None, data={"name": found.name, "everything": found.everything, "courses": list(found.course_ids)}
    )
    form.courses.choices = [(course.id, course.title) for course in courses.list_all(limit=500)]
    return form


def _product_page(
    found: access.ProductView, form: ProductForm, offer_form: OfferForm, problem: Problem | None = None
) -> str:
    return render(
        "commerce/admin/product.html",
        product=found,
        form=form,
        offer_form=offer_form,
        offers=[
            (offer, services.can_sell(offer)) for offer in services.offers_of_product(found.id, with_inactive=True)
        ],
        problem=problem,
    )
