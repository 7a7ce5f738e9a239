"""Pages of the creator: what people read who may not enter, of a product and of a course; and the site's settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import abort, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from lms.access import products, refusals
from lms.access.policies import EDIT_ANY_COURSE, MANAGE_PRODUCTS
from lms.access.refusal_forms import HELP, TITLES, SiteWordsForm, ThingWordsForm, stored
from lms.access.refusals import Context, Found, Level
from lms.access.views import blueprint
from lms.courses import services as courses
from lms.extend import SettingsPage
from lms.web import current_person, flash, redirect, render, requires


@blueprint.route("/admin/products/<int:product_id>/locked", methods=["GET", "POST"])
@requires(MANAGE_PRODUCTS)
def product_words(product_id: int) -> Any:
    """What people read who may not enter what the product opens."""
    found = products.product(product_id) or abort(404)
    trail = [(_("Products"), "/admin/products"), (found.name, f"/admin/products/{product_id}")]
    return _page("commerce/products", trail, f"/admin/products/{product_id}", product_id=product_id)


@blueprint.route("/admin/courses/<int:course_id>/locked", methods=["GET", "POST"])
@requires(EDIT_ANY_COURSE)
def course_words(course_id: int) -> Any:
    """What people read who may not enter the course."""
    try:
        found = courses.course(course_id)
    except LookupError:
        abort(404)
    trail = [(_("Courses"), "/admin/courses"), (found.title, f"/admin/courses/{course_id}")]
    return _page("courses/courses", trail, f"/admin/courses/{course_id}", course_id=course_id)


def _page(
    current: str,
    trail: list[tuple[str, str]],
    back: str,
    *,
    product_id: int | None = None,
    course_id: int | None = None,
) -> Any:
    """The form, drawn, looked at or saved."""
    said = refusals.own(product_id=product_id, course_id=course_id)
    beyond = {
        # A product's words lie between the course's and the site's.
        context: refusals.nearest(context, course_id=course_id, is_own_left_out=True)
        for context in Context
    }
    form = ThingWordsForm(data=stored(said, {context: found.words for context, found in beyond.items()}))
    is_looking = request.form.get("do") == "look"
    if form.validate_on_submit() and not is_looking:
        person = current_person()
        actor_id = person.id if person else None
        refusals.keep(form.said(), product_id=product_id, course_id=course_id, actor_id=actor_id)
        flash(_("The words are saved. People read them from now on."), "good")
        return redirect(back)
    level = Level.PRODUCT if product_id is not None else Level.COURSE
    own = {context: Found(context, words, level) for context, words in form.said().items()}
    page = render(
        "access/admin/locked.html",
        current=current,
        trail=trail,
        back=back,
        form=form,
        # What people would read if this were saved.
        previews={**beyond, **own},
        level=level,
        **_names(),
    )
    return page, 422 if form.errors else 200


def _names() -> dict[str, Any]:
    found = products.products(limit=500)
    return {
        "titles": TITLES,
        "help": HELP,
        "products": {each.id: each.name for each in found},
        "level_words": {
            Level.SITE: _("From the site’s settings."),
            Level.PRODUCT: _("From the product."),
            Level.COURSE: _("From the course."),
        },
    }


def _context() -> Mapping[str, Any]:
    shown = {context: Found(context, refusals.of_site(context), Level.SITE) for context in Context}
    return {"previews": shown, **_names()}


page = SettingsPage(
    name=refusals.SECTION,
    label=_l("Locked lessons"),
    order=30,
    form=SiteWordsForm,
    capability=MANAGE_PRODUCTS,
    help=_l("What people read who may not enter. A product and a course may say something of their own."),
    template="access/admin/locked_settings.html",
    context=_context,
)
