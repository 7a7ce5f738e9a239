"""The one blueprint that all views of the room are on."""

from flask import Blueprint

blueprint = Blueprint("accounts", __name__, template_folder="templates")
