"""Pages of staff: what a person holds, who holds a product, and what is decided about one grant."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, abort, request
from flask_babel import gettext as _
from markupsafe import Markup

from lms.access import forms, services, staff, words
from lms.access.grants import GrantView
from lms.access.policies import MANAGE_PRODUCTS as MANAGE
from lms.access.products import ProductView
from lms.accounts import services as accounts
from lms.accounts.services import PersonView
from lms.base import clock
from lms.base.problem import Problem
from lms.db import rollback
from lms.web import Form, current_person, flash, redirect, render, requires, row_number

blueprint = Blueprint("access", __name__, template_folder="templates")
_A_PAGE = 50
# They stand on one page, so each has names of its own.
_FORMS: dict[str, type[forms.ReasonForm]] = {
    "extend": forms.UntilForm,
    "close": forms.ReasonForm,
    "reopen": forms.ReasonForm,
}


@blueprint.app_template_filter("grant_state")
def grant_state(grant: GrantView) -> str:
    """What a grant is now, for templates."""
    return words.state_words(grant, clock.now())


def person_button(context: Mapping[str, Any]) -> Markup:
    """On a person's page: the way to what they hold."""
    reader = current_person()
    if reader is None or not reader.can(MANAGE):
        return Markup("")
    return Markup(render("access/admin/person_button.html", found=context["found"]))  # noqa: S704  escaped there


@blueprint.get("/admin/people/<int:person_id>/access")
@requires(MANAGE)
def person_access(person_id: int) -> Any:
    """What a person holds or held, and why."""
    return render(
        "access/admin/person.html",
        found=_person(person_id),
        grants=services.grants_of(person_id),
        words=words,
    )


@blueprint.route("/admin/people/<int:person_id>/access/give", methods=["GET", "POST"])
@requires(MANAGE)
def give_to_person(person_id: int) -> Any:
    """Give one person a product."""
    found = _person(person_id)
    form = forms.GiveForm()
    form.product.choices = [(each.id, each.name) for each in services.products(limit=500)]
    back = f"/admin/people/{person_id}/access"
    return _given(form, back, _("Give %(name)s access", name=found.name), back, lambda: (person_id, form.product.data))


@blueprint.get("/admin/products/<int:product_id>/people")
@requires(MANAGE)
def product_people(product_id: int) -> Any:
    """Who holds or held a product."""
    found = staff.holders(product_id, before=request.args.get("before", type=row_number), limit=_A_PAGE + 1)
    shown = found[:_A_PAGE]
    return render(
        "access/admin/product.html",
        product=_product(product_id),
        holders=shown,
        older=f"?before={shown[-1].grant.id}" if len(found) > len(shown) else None,
        words=words,
    )


@blueprint.route("/admin/products/<int:product_id>/people/give", methods=["GET", "POST"])
@requires(MANAGE)
def give_product(product_id: int) -> Any:
    """Give a product to somebody by their address."""
    found = _product(product_id)
    form = forms.GiveByAddressForm()
    back = f"/admin/products/{product_id}/people"

    def whom() -> tuple[int, int]:
        person = accounts.by_email(form.email.data or "")
        if person is None:
            sentence = _("Nobody has an account with this address.")
            form.email.errors = [sentence]
            raise Problem(sentence, status=422)
        return person.id, product_id

    return _given(form, back, _("Give access to %(product)s", product=found.name), back, whom)


def _given(form: Any, back: str, title: str, done: str, whom: Callable[[], tuple[int, int]]) -> Any:
    problem = None
    if form.validate_on_submit():
        try:
            person_id, product_id = whom()
            made = staff.give(
                person_id,
                product_id,
                ends_at=form.ends_at(),
                reason=form.reason.data,
                actor_id=_actor(),
                key=form.key.data,
            )
        except Problem as refusal:
            problem = refusal
            rollback()
        else:
            flash(_("Access to %(product)s is given.", product=made.product_name), "good")
            return redirect(done)
    status = problem.status if problem else 422 if form.errors else 200
    return render("access/admin/give.html", form=form, title=title, back=back, problem=problem), status


@blueprint.get("/admin/access/<int:grant_id>")
@requires(MANAGE)
def grant(grant_id: int) -> Any:
    """One grant: what it is, its history, and what can be decided."""
    return _grant_page(staff.find(grant_id))


@blueprint.post("/admin/access/<int:grant_id>/<any(extend, close, reopen):decision>")
@requires(MANAGE)
def decide(grant_id: int, decision: str) -> Any:
    """Extend, close or open again."""
    found = staff.find(grant_id)
    form: Any = _FORMS[decision](prefix=decision)
    if not form.validate():
        return _grant_page(found, **{decision: form}), 422
    try:
        flash(_decided(found, decision, form), "good")
    except Problem as problem:
        rollback()
        return _grant_page(staff.find(grant_id), problem, **{decision: form}), problem.status
    return redirect(f"/admin/access/{grant_id}")


def _decided(found: GrantView, decision: str, form: Any) -> str:
    reason, actor_id = form.reason.data, _actor()
    if decision == "close":
        staff.close(found.id, reason=reason, actor_id=actor_id)
        return _("The access is closed.")
    if decision == "reopen":
        staff.reopen(found.id, reason=reason, actor_id=actor_id)
        return _("The access is open again.")
    made = staff.extend(found.id, ends_at=form.ends_at(), reason=reason, actor_id=actor_id, key=form.key.data)
    if made.id != found.id:
        return _("Access is given beside the order’s own, %(until)s.", until=words.until_words(made.ends_at))
    return _("Access goes on %(until)s.", until=words.until_words(made.ends_at))


def _grant_page(found: GrantView, problem: Problem | None = None, **sent: Form) -> str:
    history = services.history(found.id)
    return render(
        "access/admin/grant.html",
        grant=found,
        holder=_person(found.person_id),
        history=history[::-1],
        names=accounts.names_of(each.actor_id for each in history if each.actor_id is not None),
        words=words,
        problem=problem,
        **{name: sent.get(name) or kind(formdata=None, prefix=name) for name, kind in _FORMS.items()},
    )


def _person(person_id: int) -> PersonView:
    return accounts.person(person_id) or abort(404)


def _product(product_id: int) -> ProductView:
    return services.product(product_id) or abort(404)


def _actor() -> int:
    person = current_person()
    assert person is not None  # noqa: S101  @requires lets nobody else in
    return person.id
