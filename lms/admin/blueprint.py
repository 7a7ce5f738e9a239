"""The one blueprint that the room's views hang on."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("admin", __name__, template_folder="templates")
