"""The owner's page about what was looked over, and what was not as we knew it."""

from __future__ import annotations

from typing import Any

from flask import abort, request
from flask_babel import gettext as _

from lms.api.web import flash, redirect, render, requires, row_number
from lms_stripe import connections, drift, presses
from lms_stripe.blueprint import blueprint
from lms_stripe.settings import CAPABILITY, mode_words

_A_PAGE = 50


@blueprint.get("/connections/<int:connection_id>/drift")
@requires(CAPABILITY)
def show_drift(connection_id: int) -> Any:
    """The last look at each question, and every object that differed."""
    row = connections.get(connection_id)
    found = drift.lines(row, before=request.args.get("before", type=row_number), limit=_A_PAGE + 1)
    shown = found[:_A_PAGE]
    return render(
        "stripe/drift.html",
        connection=row,
        mode_words=mode_words(row.mode),
        lines=shown,
        older=f"?before={shown[-1].id}" if len(found) > len(shown) else None,
        runs=drift.last_runs(connection_id),
        names={
            "replay": _("Events that did not arrive"),
            "due": _("Subscriptions whose access ends within a day"),
            "checkouts": _("Checkouts that nobody told us about"),
            "everything": _("All subscriptions at Stripe beside ours"),
            "money": _("Payments, refunds and disputes at Stripe beside ours"),
        },
    )


@blueprint.post("/connections/<int:connection_id>/look-over")
@requires(CAPABILITY)
def look_over(connection_id: int) -> Any:
    """Look everything over as soon as a worker has time."""
    row = connections.get(connection_id)
    drift.begin(row.id)
    presses.record("stripe.looked_over", row, {})
    flash(_("Everything is looked over now. What differs is here in a moment, and read again by itself."), "success")
    return redirect(f"/ext/stripe/connections/{row.id}/drift")


@blueprint.post("/connections/<int:connection_id>/drift/<int:line_id>")
@requires(CAPABILITY)
def read_again(connection_id: int, line_id: int) -> Any:
    """Read one object at Stripe again."""
    try:
        drift.read_again(line_id)
    except LookupError:
        abort(404)
    flash(_("It is read again in a moment."), "success")
    return redirect(f"/ext/stripe/connections/{connection_id}/drift")
