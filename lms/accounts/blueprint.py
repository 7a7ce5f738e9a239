"""The one blueprint that all views of the room are on, and the menu of the account's own pages."""

from __future__ import annotations

from typing import Any

from flask import Blueprint
from flask_babel import lazy_gettext as _l

blueprint = Blueprint("accounts", __name__, template_folder="templates")

ACCOUNT_MENU: tuple[dict[str, Any], ...] = (
    {"label": _l("My courses"), "href": "/account"},
    {"label": _l("Billing"), "href": "/account/billing"},
    {"label": _l("Profile"), "href": "/account/profile"},
)
"""The pages that belong to the person who is signed in, whichever room draws them."""


@blueprint.app_context_processor
def account_menu() -> dict[str, Any]:
    """``account_menu`` in every template."""
    return {"account_menu": ACCOUNT_MENU}
