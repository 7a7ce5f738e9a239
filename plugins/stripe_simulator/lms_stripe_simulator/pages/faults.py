"""The page on which faults are set and taken away."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template, request
from werkzeug.wrappers import Response

from lms_stripe_simulator import steering
from lms_stripe_simulator.knobs import FOR_REQUESTS, FOR_WEBHOOKS, WEBHOOKS
from lms_stripe_simulator.pages.common import back

blueprint = Blueprint("faults", __name__, template_folder="templates")
WORDS = {
    "duplicate": "each event comes twice",
    "reorder": "events come in another order",
    "delay": "an event or an answer comes late",
    "drop": "an event never comes, or an answer is cut off after the work is done",
    "forged": "a copy with a wrong signature comes first",
    "429": "too many requests",
    "500": "an error at Stripe",
    "slow": "the answer takes its time",
}


@blueprint.get("/faults")
def show() -> str:
    """Show the faults that are set, and the forms for more."""
    return _page(None)


def _page(error: str | None) -> str:
    return render_template(
        "simulator/faults.html",
        faults=steering.control().api.knobs.described(),
        for_webhooks=[(name, f"{name}: {WORDS[name]}") for name in sorted(FOR_WEBHOOKS)],
        for_requests=[(name, f"{name}: {WORDS[name]}") for name in sorted(FOR_REQUESTS)],
        error=error,
        form=request.form,
    )


@blueprint.post("/faults")
def add() -> Response | tuple[str, int]:
    """Set a fault."""
    try:
        steering.control().api.knobs.add(_given())
    except ValueError as error:
        return _page(f"This fault cannot be set: {error}"), 422
    return back("/faults")


def _given() -> dict[str, Any]:
    form = {name: value.strip() for name, value in request.form.items() if value.strip()}
    given: dict[str, Any] = {"fault": form.get("fault", ""), "route": form.get("route", WEBHOOKS)}
    for name, kind in (("next", int), ("share", float), ("seconds", float), ("seed", int)):
        if name in form:
            given[name] = kind(form[name])
    return given | {name: True for name in ("stored", "after", "should_retry") if name in form}


@blueprint.post("/faults/clear")
def clear() -> Response:
    """Take all faults away."""
    steering.control().api.knobs.clear()
    return back("/faults")
