"""Pages of the owner: the customer portal of a connection, and what students may do there."""

from __future__ import annotations

from typing import Any

from flask import request
from flask_babel import gettext as _

from lms.api import db
from lms.api.problem import Problem
from lms.api.web import flash, redirect, render, requires
from lms_stripe import connections, portal, presses
from lms_stripe.blueprint import blueprint
from lms_stripe.connections import Connection
from lms_stripe.portal_settings import ChoicesForm
from lms_stripe.settings import CAPABILITY, mode_words

BACK = "/admin/settings/stripe#portal"


@blueprint.post("/connections/<int:connection_id>/portal")
@requires(CAPABILITY, writes=True)
def switch_portal(connection_id: int) -> Any:
    """Activate Customer Portal, or switch it off."""
    row = connections.get(connection_id)
    to = "off" if request.form.get("to") == "off" else "on"
    try:
        if to == "off":
            portal.switch_off(row)
            flash(_("The customer portal is off. Its links are hidden."), "success")
        else:
            portal.activate(row)
            connections.change(row.id, integration_version=connections.INTEGRATION_VERSION)
            flash(_("The customer portal is active."), "success")
    except Problem as problem:
        presses.refuse(problem)
        return redirect(BACK)
    presses.record("stripe.portal_switched", row, {"to": to})
    return redirect(BACK)


@blueprint.get("/connections/<int:connection_id>/portal")
@requires(CAPABILITY)
def ask_choices(connection_id: int) -> Any:
    """What students may do in the portal."""
    row = connections.get(connection_id)
    return _page(row, ChoicesForm.of(portal.choices_of(row.id)))


@blueprint.post("/connections/<int:connection_id>/portal/choices")
@requires(CAPABILITY, writes=True)
def keep_choices(connection_id: int) -> Any:
    """Keep it, and tell Stripe."""
    row = connections.get(connection_id)
    form = ChoicesForm()
    if not form.validate():
        return _page(row, form), 422
    choices = form.choices()
    try:
        portal.choose(row, choices)
    except Problem as problem:
        db.rollback()
        return _page(row, form, problem), max(problem.status, 422)
    presses.record("stripe.portal_choices", row, choices.as_stored())
    flash(_("Students find it like this from their next visit on."), "success")
    return redirect(BACK)


@blueprint.post("/connections/<int:connection_id>/portal/source")
@requires(CAPABILITY, writes=True)
def switch_source(connection_id: int) -> Any:
    """Leave the choices to the account's own Dashboard, or take them back."""
    row = connections.get(connection_id)
    to = "dashboard" if request.form.get("to") == "dashboard" else "own"
    try:
        if to == "dashboard":
            portal.use_dashboards_own(row)
            flash(_("What students may do there is decided in Stripe’s Dashboard now."), "success")
        else:
            portal.choose(row, portal.choices_of(row.id))
            flash(_("What students may do there is decided here again."), "success")
    except Problem as problem:
        presses.refuse(problem)
        return redirect(BACK)
    presses.record("stripe.portal_source", row, {"to": to})
    return redirect(BACK)


def _page(row: Connection, form: ChoicesForm, problem: Problem | None = None) -> str:
    return render("stripe/portal.html", connection=row, mode_words=mode_words(row.mode), form=form, problem=problem)
