"""OAuth's addresses: the page on which an account agrees, and the two that a platform's server calls."""

from __future__ import annotations

from urllib.parse import urlencode

from flask import Blueprint, Response, jsonify, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from lms_stripe_simulator import oauth
from lms_stripe_simulator.accounts import Key, account, accounts, authenticate, create_account
from lms_stripe_simulator.api import key_text
from lms_stripe_simulator.oauth import OAuthError
from lms_stripe_simulator.pages.common import state
from lms_stripe_simulator.problem import ApiError

blueprint = Blueprint("connect", __name__, template_folder="templates", url_prefix="/oauth")
NEW = "new"


@blueprint.errorhandler(OAuthError)
def _refused(error: OAuthError) -> tuple[Response, int]:
    return jsonify({"error": error.error, "error_description": error.description}), error.status


@blueprint.get("/authorize")
def ask() -> str | tuple[str, int]:
    """Ask which account to connect."""
    given = request.args.to_dict()
    try:
        wanted = oauth.asked(state(), given)
    except OAuthError as error:
        return render_template("simulator/authorize.html", wanted=None, error=error.description), error.status
    others = [found for found in accounts(state()) if found["id"] != wanted.platform]
    business = account(state(), wanted.platform)["name"]
    return render_template("simulator/authorize.html", wanted=wanted, business=business, accounts=others, error=None)


@blueprint.post("/authorize")
def answer() -> AnyResponse:
    """Go back to the platform with a code, or with the refusal."""
    with state().change():
        wanted = oauth.asked(state(), request.args.to_dict())
        chosen = request.form.get("account", NEW)
        if request.form.get("action") != "connect":
            told = {"error": "access_denied", "error_description": "The user denied your request"}
        else:
            if chosen == NEW:
                chosen = create_account(state(), request.form.get("name", "").strip() or "New account")
            told = {"code": oauth.agree(state(), wanted, str(account(state(), chosen)["id"])), "scope": wanted.scope}
    if wanted.state is not None:
        told["state"] = wanted.state
    joint = "&" if "?" in wanted.redirect_uri else "?"
    return redirect(f"{wanted.redirect_uri}{joint}{urlencode(told)}", 303)


@blueprint.post("/token")
def token() -> Response:
    """Exchange a code or a refresh token for access."""
    with state().change():
        return jsonify(oauth.exchange(state(), _platform_key(), request.form.to_dict()))


@blueprint.post("/deauthorize")
def deauthorize() -> Response:
    """End a platform's access."""
    client, user = request.form.get("client_id", ""), request.form.get("stripe_user_id", "")
    with state().change():
        return jsonify(oauth.deauthorize(state(), _platform_key(), client, user))


def _platform_key() -> Key:
    try:
        return authenticate(state(), request.form.get("client_secret") or key_text())
    except ApiError as error:
        raise OAuthError("invalid_client", error.message, 401) from error
