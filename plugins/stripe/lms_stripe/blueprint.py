"""The one blueprint that all views of the plugin hang on."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("stripe", __name__, template_folder="templates")
