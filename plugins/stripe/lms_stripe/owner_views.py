"""Pages of the owner: the key, the checklist, and everything about a connection that has a button."""

from __future__ import annotations

from typing import Any

from flask import request
from flask_babel import gettext as _
from flask_babel import ngettext

from lms.api import db
from lms.api.problem import Problem
from lms.api.web import flash, redirect, render, requires
from lms_stripe import connect, connections, detours, endpoints, going_live, leaving, polling, presses, reconcile, tax
from lms_stripe.blueprint import blueprint
from lms_stripe.connections import Connection
from lms_stripe.settings import CAPABILITY, KeyForm, SigningSecretForm, mode_words

SETTINGS = "/admin/settings/stripe"


@blueprint.get("/connect")
@requires(CAPABILITY)
def key() -> Any:
    """The page on which a key is pasted."""
    return render("stripe/connect.html", form=KeyForm())


@blueprint.post("/connect")
@requires(CAPABILITY, writes=True)
def connect_key() -> Any:
    """Take the key and run the checklist."""
    form = KeyForm()
    if not form.validate_on_submit():
        return render("stripe/connect.html", form=form), 422
    try:
        wants_simulator = "simulator" in request.form and connect.is_simulator_offered()
        given = connect.simulator_key() if wants_simulator else (form.secret_key.data or "").strip()
        made = connect.begin(given, actor_id=presses.person_id())
    except Problem as problem:
        db.rollback()
        form.secret_key.errors = [problem.sentence]
        return render("stripe/connect.html", form=form), max(problem.status, 422)
    return redirect(f"/ext/stripe/connections/{made.id}")


@blueprint.get("/connections/<int:connection_id>")
@requires(CAPABILITY)
def checklist(connection_id: int) -> Any:
    """The steps of connecting, and where they stopped."""
    row = connections.get(connection_id)
    lines = connect.checklist(row)
    done_count = sum(line.state == "done" for line in lines)
    return render(
        "stripe/checklist.html",
        connection=row,
        lines=lines,
        mode_words=mode_words(row.mode),
        done=done_count,
        has_event=connect.has_event(row.id),
        dashboard=_dashboard(row),
    )


@blueprint.post("/connections/<int:connection_id>/continue")
@requires(CAPABILITY, writes=True)
def proceed(connection_id: int) -> Any:
    """Try again from the step that failed; also repairs endpoint and portal of a connection in use."""
    row = connections.get(connection_id)
    connect.proceed(row)
    return redirect(f"/ext/stripe/connections/{connection_id}")


@blueprint.get("/connections/<int:connection_id>/sell")
@requires(CAPABILITY)
def ask_sell(connection_id: int) -> Any:
    """What has to be right before new orders go to this connection."""
    row = connections.get(connection_id)
    return render(
        "stripe/going_live.html",
        connection=row,
        mode_words=mode_words(row.mode),
        checks=going_live.checks(row),
        may_sell=going_live.can_sell(row),
        selling=connections.selling(),
    )


@blueprint.post("/connections/<int:connection_id>/sell")
@requires(CAPABILITY, writes=True)
def sell(connection_id: int) -> Any:
    """New orders go to this connection from now on."""
    row = connections.get(connection_id)
    if not row.is_usable or not going_live.can_sell(row):
        return redirect(f"/ext/stripe/connections/{row.id}/sell")
    connections.sell_with(row.id)
    presses.record("stripe.selling_moved", row, {"mode": row.mode})
    flash(_("New orders go to %(account)s now.", account=row.account_name), "success")
    return redirect(SETTINGS)


@blueprint.post("/connections/<int:connection_id>/stop")
@requires(CAPABILITY, writes=True)
def stop(connection_id: int) -> Any:
    """Nobody can buy from now on; the connection goes on telling."""
    row = connections.get(connection_id)
    connections.stop_selling()
    presses.record("stripe.selling_stopped", row, {"mode": row.mode})
    flash(_("Nothing is sold through Stripe now. Subscriptions that run go on."), "success")
    return redirect(SETTINGS)


@blueprint.post("/connections/<int:connection_id>/<any(moved, copy):answer>")
@requires(CAPABILITY, writes=True)
def say_where(connection_id: int, answer: str) -> Any:
    """This site has moved, or it is a copy of one that goes on elsewhere."""
    row = connections.get(connection_id)
    if not connections.moved_from(row):
        return redirect(SETTINGS)
    try:
        if answer == "copy":
            leaving.declare_copy(row, actor_id=presses.person_id())
            flash(_("This site is a copy now, and not connected. The other site goes on as before."), "success")
        else:
            leaving.declare_moved(row, actor_id=presses.person_id())
            connect.proceed(connections.get(connection_id))
            flash(_("Stripe tells this address from now on."), "success")
    except Problem as problem:
        presses.refuse(problem)
    return redirect(SETTINGS)


@blueprint.post("/connections/<int:connection_id>/test")
@requires(CAPABILITY, writes=True)
def send_test(connection_id: int) -> Any:
    """A harmless event, along the way that payments are told."""
    row = connections.get(connection_id)
    try:
        endpoints.send_test(row)
        detours.look(row)
        if row.delivery == "polling":
            polling.poll(row)
        flash(_("Asked Stripe for a test event. It arrives in a few seconds."), "success")
    except Problem as problem:
        presses.refuse(problem)
    return redirect(f"{SETTINGS}#connection-{row.id}")


@blueprint.post("/connections/<int:connection_id>/sync")
@requires(CAPABILITY, writes=True)
def sync_now(connection_id: int) -> Any:
    """Read at Stripe what happened since the last time, instead of waiting to be told."""
    row = connections.get(connection_id)
    if connections.moved_from(row) or not row.is_usable:
        return redirect(SETTINGS)
    runs = [reconcile.ask(row, kind) for kind in ("replay", "due", "checkouts")]
    error = next((run.error for run in runs if run.error), "")
    if error:
        flash(error, "error")
    else:
        new = runs[0].drifted
        flash(ngettext("%(num)s new event was found.", "%(num)s new events were found.", new), "success")
    return redirect(f"{SETTINGS}#connection-{row.id}")


@blueprint.get("/connections/<int:connection_id>/secret")
@requires(CAPABILITY)
def ask_secret(connection_id: int) -> Any:
    """The form for a signing secret that was rolled in Stripe."""
    return render("stripe/secret.html", connection=connections.get(connection_id), form=SigningSecretForm())


@blueprint.post("/connections/<int:connection_id>/secret")
@requires(CAPABILITY, writes=True)
def keep_secret(connection_id: int) -> Any:
    """Take the new secret; the one before counts for a day more."""
    row = connections.get(connection_id)
    form = SigningSecretForm()
    try:
        endpoints.keep_secret(row, (form.signing_secret.data or "").strip())
    except Problem as problem:
        db.rollback()
        form.signing_secret.errors = [f"{problem.sentence} {problem.next_step}"]
        return render("stripe/secret.html", connection=row, form=form), 422
    presses.record("stripe.secret_rolled", row, {})
    flash(_("The new secret counts from now on, the old one for a day more."), "success")
    return redirect(f"{SETTINGS}#connection-{row.id}")


@blueprint.post("/connections/<int:connection_id>/tax")
@requires(CAPABILITY, writes=True)
def switch_tax(connection_id: int) -> Any:
    """Stripe's automatic tax at checkout, on or off."""
    row = connections.get(connection_id)
    to = "off" if request.form.get("to") == "off" else "on"
    try:
        if to == "off":
            tax.switch_off(row)
            flash(_("No tax is computed at checkout now."), "success")
        else:
            warns = tax.switch_on(row)
            flash(warns or _("Stripe computes the tax at checkout now."), "warning" if warns else "success")
    except Problem as problem:
        presses.refuse(problem)
        return redirect(f"{SETTINGS}#tax")
    presses.record("stripe.tax_switched", row, {"to": to})
    return redirect(f"{SETTINGS}#tax")


@blueprint.get("/connections/<int:connection_id>/disconnect")
@requires(CAPABILITY)
def ask_disconnect(connection_id: int) -> Any:
    """What would happen, in numbers, before anything does."""
    row = connections.get(connection_id)
    return render("stripe/disconnect.html", connection=row, consequences=leaving.consequences(row.id))


@blueprint.post("/connections/<int:connection_id>/disconnect")
@requires(CAPABILITY, writes=True)
def disconnect(connection_id: int) -> Any:
    """Stop using the account. Nobody's courses, customers or prices are touched."""
    left = leaving.disconnect(connections.get(connection_id), actor_id=presses.person_id())
    flash(_("Stripe is disconnected. %(left)s", left=left).strip(), "success")
    return redirect(SETTINGS)


def _dashboard(row: Connection) -> str:
    return "https://dashboard.stripe.com/apikeys" if row.livemode else "https://dashboard.stripe.com/test/apikeys"
