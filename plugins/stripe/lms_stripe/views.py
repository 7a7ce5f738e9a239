"""The plugin's addresses: the hook, the pages on the way back from Stripe, and connecting."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, abort, request
from flask_babel import gettext as _
from markupsafe import Markup
from sqlalchemy import select

from lms.api import access, audit, clock, commerce, db
from lms.api.problem import NotFound, Problem
from lms.api.web import current_person, flash, public, redirect, render, requires, signed_in
from lms_stripe import connect, connections, inbox, links, portal, returning, simulator_clock, sync
from lms_stripe.connections import Connection
from lms_stripe.models import Checkout
from lms_stripe.settings import CAPABILITY, KeyForm, mode_words

blueprint = Blueprint("stripe", __name__, template_folder="templates")
SETTINGS = "/admin/settings/stripe"


@blueprint.post("/hook/<token>")
@public(csrf=False)
def hook(token: str) -> Response:
    """Where Stripe tells what happened."""
    if (request.content_length or 0) > inbox.MOST_BYTES:
        abort(413)
    answer = inbox.receive(token, request.get_data(cache=False), request.headers.get("Stripe-Signature"))
    # Also what a refused delivery leaves behind: the web layer forgets it for 4xx.
    db.commit()
    response = Response(answer.words, answer.status, mimetype="text/plain")
    if answer.status == 503:
        response.headers["Retry-After"] = "60"
    return response


@blueprint.get("/done")
@signed_in(writes=True)
def done() -> Any:
    """Back from the checkout page: read what came of it, then go on. The id alone shows nothing to anybody else."""
    row = db.session.scalar(
        select(Checkout).where(
            Checkout.session_id == request.args.get("session_id", ""), Checkout.person_id == _person_id()
        )
    )
    if row is None:
        raise NotFound(
            _("This payment is not one of yours"), next_step=_("Sign in with the account that you bought with.")
        )
    if not _is_through(row):
        sync.checkout(row.connection_id, str(row.session_id))
        db.session.refresh(row)
    if row.status in {"fulfilled", "duplicate"}:
        return redirect(commerce.after_purchase_path(row.order_id))
    order = commerce.find_order(row.order_id)
    if order is None:
        abort(404)
    if row.status == "expired":
        flash(_("This checkout has expired. Nothing was charged."), "info")
        return redirect(order.offer.checkout_path)
    return redirect(order.path)


def _is_through(row: Checkout) -> bool:
    """Whether nothing is left to read. A worker may have read the session, and its subscription not yet."""
    if row.status != "fulfilled":
        return row.status in {"failed", "expired"}
    order = commerce.find_order(row.order_id)
    return order is not None and access.decide_product(row.person_id, order.offer.product_id, clock.now()).allowed


@blueprint.get("/return")
@public(writes=True)
def back() -> Any:
    """Back from the portal: read the person's customer anew, so that the next page is right before any webhook."""
    target = returning.target_of(request.args.get("to"))
    person = current_person()
    if person is not None:
        own = links.own_customers(links.context_of(person))
        db.commit()
        if own:
            sync.customer(*own[0])
        else:
            simulator_clock.follow()
    return redirect(target)


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
        made = connect.begin(given, actor_id=_person_id())
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


@blueprint.post("/connections/<int:connection_id>/portal")
@requires(CAPABILITY, writes=True)
def switch_portal(connection_id: int) -> Any:
    """Activate Customer Portal, or switch it off."""
    row = connections.get(connection_id)
    try:
        if request.form.get("to") == "off":
            portal.switch_off(row)
            flash(_("The customer portal is off. Its links are hidden."), "success")
        else:
            portal.activate(row)
            connections.change(row.id, integration_version=connections.INTEGRATION_VERSION)
            flash(_("The customer portal is active."), "success")
    except Problem as problem:
        db.rollback()
        flash(problem.sentence, "error")
        return redirect(f"{SETTINGS}#portal")
    _record("stripe.portal_switched", row, {"to": request.form.get("to", "on")})
    return redirect(f"{SETTINGS}#portal")


@blueprint.post("/connections/<int:connection_id>/sell")
@requires(CAPABILITY, writes=True)
def sell(connection_id: int) -> Any:
    """New orders go to this connection from now on."""
    row = connections.get(connection_id)
    if not row.is_usable:
        raise NotFound(_("This connection is not ready."))
    connections.sell_with(row.id)
    _record("stripe.selling_moved", row, {"mode": row.mode})
    flash(_("New orders go to %(account)s now.", account=row.account_name), "success")
    return redirect(SETTINGS)


@blueprint.get("/connections/<int:connection_id>/disconnect")
@requires(CAPABILITY)
def ask_disconnect(connection_id: int) -> Any:
    """What would happen, in numbers, before anything does."""
    row = connections.get(connection_id)
    return render("stripe/disconnect.html", connection=row, consequences=connect.consequences(row.id))


@blueprint.post("/connections/<int:connection_id>/disconnect")
@requires(CAPABILITY, writes=True)
def disconnect(connection_id: int) -> Any:
    """Stop using the account. Nobody's courses, customers or prices are touched."""
    left = connect.disconnect(connections.get(connection_id), actor_id=_person_id())
    flash(_("Stripe is disconnected. %(left)s", left=left).strip(), "success")
    return redirect(SETTINGS)


def billing_slot(_context: Any) -> Markup:
    """The portal's button on the Billing page; nothing for people without a portal."""
    return Markup(render("stripe/billing.html"))  # noqa: S704  a template's own text


def _dashboard(row: Connection) -> str:
    return "https://dashboard.stripe.com/apikeys" if row.livemode else "https://dashboard.stripe.com/test/apikeys"


def _record(action: str, row: Connection, detail: dict[str, Any]) -> None:
    audit.record(action, actor_id=_person_id(), subject=f"stripe/{row.account_id}", detail=detail)


def _person_id() -> int:
    person = current_person()
    assert person is not None  # noqa: S101  these views let nobody else in
    return person.id
