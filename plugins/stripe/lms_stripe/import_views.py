"""The owner's page of the import: look, read what was found, confirm a rule for each thing, and only then import."""

from __future__ import annotations

from typing import Any

from flask import abort, request
from flask_babel import gettext as _
from sqlalchemy import func, select

from lms.api import access, commerce, db, jobs
from lms.api.problem import Problem
from lms.api.web import flash, redirect, render, requires, row_number
from lms_stripe import connections, import_look, import_run, presses, records
from lms_stripe.blueprint import blueprint
from lms_stripe.connections import Connection
from lms_stripe.failures import StripeFailure
from lms_stripe.models import Import, ImportLine
from lms_stripe.settings import CAPABILITY, mode_words

LOOK, RUN = "stripe.import_look", "stripe.import_run"
_MOST_PRICES, _A_PAGE = 200, 50


def look(import_id: int) -> None:
    """The job: look at the account. A failure of Stripe's is written down, and passes: it is tried again."""
    try:
        import_look.look(import_id)
    except StripeFailure as failure:
        db.rollback()
        db.session.get_one(Import, import_id).error = f"{failure.sentence} {failure.detail}".strip()
        db.commit()
        raise


def run(import_id: int, actor_id: int | None = None) -> None:
    """The job: carry out what was confirmed."""
    import_run.run(import_id, actor_id)


@blueprint.get("/connections/<int:connection_id>/import")
@requires(CAPABILITY)
def show_import(connection_id: int) -> Any:
    """What was found, what is proposed, and what became of it."""
    return _page(connections.get(connection_id))


@blueprint.post("/connections/<int:connection_id>/import/look")
@requires(CAPABILITY)
def begin_look(connection_id: int) -> Any:
    """Look at the account as soon as a worker has time."""
    row = connections.get(connection_id)
    made = import_look.begin(row)
    jobs.enqueue(LOOK, {"import_id": made.id}, key=f"{LOOK}.{made.id}")
    flash(_("The account is looked at now. Nothing is changed."), "success")
    return redirect(_path(row))


@blueprint.post("/connections/<int:connection_id>/import/rules")
@requires(CAPABILITY)
def confirm_rules(connection_id: int) -> Any:
    """Keep the rules, and import where that was pressed."""
    row = connections.get(connection_id)
    found = import_look.of(row.id) or abort(404)
    wanted = {
        int(name.removeprefix("price-")): value
        for name, value in request.form.items()
        if name.startswith("price-") and name.removeprefix("price-").isdecimal()
    }
    try:
        import_run.decide(
            found,
            wanted,
            request.form.get("people", ""),
            invites=request.form.get("invites") == "1",
            actor_id=presses.person_id(),
        )
    except Problem as problem:
        presses.refuse(problem)
        return _page(connections.get(connection_id)), problem.status
    if request.form.get("do") == "import":
        actor_id = presses.person_id()
        jobs.enqueue(RUN, {"import_id": found.id, "actor_id": actor_id}, key=f"{RUN}.{found.id}")
        flash(_("The import runs. Nothing is charged by it."), "success")
    else:
        flash(_("The rules are kept. Nothing is imported yet."), "success")
    return redirect(_path(row))


def _path(row: Connection) -> str:
    return f"/ext/stripe/connections/{row.id}/import"


def _page(connection: Connection) -> str:
    found = import_look.of(connection.id)
    before = request.args.get("before", type=row_number)
    prices, lines = (_prices(found), _lines(found, before)) if found is not None else ([], [])
    shown = lines[:_A_PAGE]
    offers = commerce.active_offers()
    running = _running(found) if found is not None else {}
    return render(
        "stripe/import.html",
        connection=connection,
        mode_words=mode_words(connection.mode),
        found=found,
        counts=import_run.counts(found.id) if found is not None else None,
        prices=[(line, import_look.equal_offers(line, offers), running.get(line.stripe_id, 0)) for line in prices],
        offers={offer.id: offer for offer in offers},
        products=access.products(limit=200),
        lines=shown,
        older=f"?before={shown[-1].id}" if len(lines) > len(shown) else None,
        who_words={
            "known": _("is linked here already"),
            "match": _("a confirmed account has this address"),
            "unproven": _("an account has this address, not confirmed: never matched"),
            "unknown": _("nobody here has this address"),
            "nameless": _("no e-mail address"),
        },
        dashboard=lambda stripe_id: records.dashboard(connection, stripe_id),
    )


def _prices(found: Import) -> list[ImportLine]:
    query = select(ImportLine).filter_by(import_id=found.id, kind=import_look.PRICE).order_by(ImportLine.id)
    return list(db.session.scalars(query.limit(_MOST_PRICES)))


def _lines(found: Import, before: int | None) -> list[ImportLine]:
    query = select(ImportLine).filter_by(import_id=found.id, kind=import_look.SUBSCRIPTION)
    if before is not None:
        query = query.where(ImportLine.id < before)
    return list(db.session.scalars(query.order_by(ImportLine.id.desc()).limit(_A_PAGE + 1)))


def _running(found: Import) -> dict[str, int]:
    """How many subscriptions run on each price."""
    query = select(ImportLine.price_id, func.count()).filter_by(import_id=found.id, kind=import_look.SUBSCRIPTION)
    return {row[0]: row[1] for row in db.session.execute(query.group_by(ImportLine.price_id))}
