"""Pages of the creator: products with their offers."""

from __future__ import annotations

from typing import Any

from flask import abort, request
from flask_babel import gettext as _

from lms.access import services as access
from lms.base import clock
from lms.base.problem import Problem
from lms.commerce import services
from lms.commerce.forms import ProductForm
from lms.commerce.policies import MANAGE
from lms.commerce.views import blueprint
from lms.courses import services as courses
from lms.web import current_person, flash, redirect, render, requires, row_number

# The buyer's pages and these are one blueprint; whoever imports it from here has both.
__all__ = ["blueprint"]

_A_PAGE = 50


def _actor() -> int:
    person = current_person()
    assert person is not None  # noqa: S101  @requires lets nobody else in
    return person.id


@blueprint.get("/admin/products")
@requires(MANAGE)
def products() -> Any:
    """All products with what they cost."""
    after = request.args.get("after", 0, type=row_number)
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
            return _product_page(found, form, problem), problem.status
        flash(_("“%(name)s” is saved.", name=form.name.data), "good")
        return redirect(f"/admin/products/{product_id}")
    return _product_page(found, form), 422 if form.errors else 200


def _product_form(**values: Any) -> ProductForm:
    form = ProductForm(data=values)
    form.courses.choices = [(course.id, course.title) for course in courses.list_all(limit=500)]
    return form


def _product_page(found: access.ProductView, form: ProductForm, problem: Problem | None = None) -> str:
    offered = services.offers_of_product(found.id, with_inactive=True)
    return render(
        "commerce/admin/product.html",
        product=found,
        form=form,
        offers=[(offer, services.can_sell(offer)) for offer in offered],
        names=access.product_names({each.open_to_id for each in offered if each.open_to_id is not None}),
        now=clock.now(),
        problem=problem,
    )
