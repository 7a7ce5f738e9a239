"""Accounts, their keys with chosen permissions, their portal defaults, and who is connected by OAuth."""

from __future__ import annotations

from flask import Blueprint, render_template, request
from werkzeug.exceptions import BadRequest, NotFound
from werkzeug.wrappers import Response

from lms_stripe_simulator import oauth, steering
from lms_stripe_simulator.accounts import account, accounts, create_account, create_key, rename, revoke_key
from lms_stripe_simulator.pages.common import back, state
from lms_stripe_simulator.resources.account import account_object
from lms_stripe_simulator.resources.portal import default_configuration
from lms_stripe_simulator.routing import OPERATIONS
from lms_stripe_simulator.scope import Scope

blueprint = Blueprint("accounts", __name__, template_folder="templates")
MODES = ("test", "live")
LEVELS = (("write", "Write"), ("read", "Read"), ("none", "None"))


def permissions() -> list[str]:
    """Return the names of all resources that a restricted key may or may not open."""
    return sorted({found.permission.partition(":")[0] for found in OPERATIONS})


@blueprint.get("/accounts")
def show() -> str:
    """Show accounts with their keys, and the form for a key."""
    found = accounts(state())
    return render_template(
        "simulator/accounts.html",
        accounts=found,
        permissions=permissions(),
        levels=LEVELS,
        client_id=oauth.client_id,
        connected=lambda platform, mode: oauth.connected(state(), platform, mode),
        portals={(a["id"], mode): _default(a["id"], mode) for a in found for mode in MODES},
        base_url=state().base_url,
    )


def _default(identifier: str, mode: str) -> str | None:
    configurations = Scope(state(), identifier, mode == "live").each("billing_portal.configuration")
    return next((c["id"] for c in configurations if c["is_default"]), None)


def _known(identifier: str) -> str:
    try:
        return str(account(state(), identifier)["id"])
    except LookupError as error:
        raise NotFound("There is no such account.") from error


@blueprint.post("/accounts")
def create() -> Response:
    """Make another account."""
    name, country = request.form.get("name", "").strip(), request.form.get("country", "DE").strip().upper()
    currency = request.form.get("currency", "eur").strip().lower()
    if not name or len(country) != 2 or len(currency) != 3:
        raise BadRequest("Give a name, a country of two letters and a currency of three.")
    with state().change():
        create_account(state(), name, country, currency)
    return back("/accounts")


@blueprint.post("/accounts/<identifier>/name")
def change_name(identifier: str) -> Response:
    """Give an account another name; the site hears ``account.updated``."""
    name = request.form.get("name", "").strip()
    if not name:
        raise BadRequest("Enter a name.")
    with state().change():
        rename(state(), _known(identifier), name)
        for live in (False, True):
            scope = Scope(state(), identifier, live)
            scope.emit("account.updated", account_object(scope))
    steering.control().delivery.settle()
    return back("/accounts")


@blueprint.post("/accounts/<identifier>/portal")
def save_portal(identifier: str) -> Response:
    """Save the default configuration of the portal, as the Dashboard does."""
    with state().change():
        default_configuration(Scope(state(), _known(identifier), request.form.get("mode") == "live"), state().base_url)
    return back("/accounts")


@blueprint.post("/accounts/<identifier>/keys")
def make_key(identifier: str) -> Response:
    """Make a key; a restricted one with what was chosen for each resource."""
    mode, kind = request.form.get("mode", "test"), request.form.get("kind", "restricted")
    if mode not in MODES or kind not in ("restricted", "secret"):
        raise BadRequest("Choose a mode and a kind.")
    deny = []
    for name in permissions() if kind == "restricted" else []:
        level = request.form.get(name, "write")
        deny += {"read": [f"{name}:write"], "none": [f"{name}:read", f"{name}:write"]}.get(level, [])
    with state().change():
        create_key(state(), _known(identifier), kind, mode, tuple(deny))
    return back("/accounts")


@blueprint.post("/keys/<key>/revoke")
def revoke(key: str) -> Response:
    """Revoke a key."""
    with state().change():
        if not revoke_key(state(), key):
            raise NotFound("There is no such key.")
    return back("/accounts")


@blueprint.post("/accounts/<identifier>/disconnect")
def disconnect(identifier: str) -> Response:
    """End a platform's access, as the connected account's owner does."""
    platform, mode = request.form.get("platform", ""), request.form.get("mode", "test")
    if identifier not in oauth.connected(state(), _known(platform), mode):
        raise NotFound("This account is not connected.")
    with state().change():
        oauth.revoke(state(), platform, mode, identifier)
    steering.control().delivery.settle()
    return back("/accounts")
