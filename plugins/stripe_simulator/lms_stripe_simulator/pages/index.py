"""The simulator's front page, the list of test cards, and what it says about itself."""

from __future__ import annotations

from pathlib import Path

from flask import Blueprint, render_template, send_from_directory
from werkzeug.wrappers import Response

from lms_stripe_simulator import steering
from lms_stripe_simulator.accounts import accounts
from lms_stripe_simulator.billing.instruments import INSTRUMENTS
from lms_stripe_simulator.pages.common import state
from lms_stripe_simulator.state import Object

blueprint = Blueprint("index", __name__, template_folder="templates")
STATIC = Path(__file__).parent / "static"
NEWEST = 8
OWN_PAGES = (
    ("/", "Overview"),
    ("/clock", "Clock"),
    ("/cards", "Test cards"),
    ("/money", "Money"),
    ("/events", "Events"),
    ("/webhooks", "Webhooks"),
    ("/requests", "Requests"),
    ("/faults", "Faults"),
    ("/accounts", "Accounts and keys"),
)


@blueprint.get("/static/<name>")
def static(name: str) -> Response:
    """Return the stylesheet."""
    return send_from_directory(STATIC, name, max_age=60)


@blueprint.get("/")
def front() -> str:
    """Show what is going on: the clock, open sessions, endpoints, the newest events, and a key to begin with."""
    steer, found = steering.control(), steering.scopes(state())
    sessions = [s for scope in found for s in scope.each("checkout.session") if s["status"] == "open"]
    portals = [s for scope in found for s in scope.each("billing_portal.session")]
    return render_template(
        "simulator/index.html",
        account=accounts(state())[0],
        endpoints=steering.endpoints(state()),
        now=state().now(),
        pending=steer.delivery.pending(),
        waiting=[p for scope in found for p in scope.each("payment_intent") if p["status"] == "processing"],
        sessions=_newest(sessions),
        portals=_newest(portals),
        events=steering.recent_events(state())[:NEWEST],
        faults=steer.api.knobs.described(),
    )


def _newest(objects: list[Object]) -> list[Object]:
    return sorted(objects, key=lambda found: int(found["created"]), reverse=True)[:NEWEST]


@blueprint.get("/cards")
def cards() -> str:
    """List every test card and account, and what each does."""
    return render_template("simulator/cards.html", instruments=INSTRUMENTS)


@blueprint.get("/about")
def about() -> str:
    """Say what the simulator is."""
    return render_template("simulator/about.html")
