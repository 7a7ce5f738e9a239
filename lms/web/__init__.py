"""Floor 4, the web layer: who may see what, transactions, policy, layout, limits, pages for guests from memory."""

from flask import flash

from lms.web.access import public, requires, signed_in
from lms.web.forms import Form
from lms.web.limits import TooMany, forgive, give_back, rate_limit
from lms.web.page import redirect, render, render_first, site_url
from lms.web.person import COOKIE, CurrentPerson, current_person
from lms.web.routing import row_number
from lms.web.slots import slot

__all__ = [
    "COOKIE",
    "CurrentPerson",
    "Form",
    "TooMany",
    "current_person",
    "flash",
    "forgive",
    "give_back",
    "public",
    "rate_limit",
    "redirect",
    "render",
    "render_first",
    "requires",
    "row_number",
    "signed_in",
    "site_url",
    "slot",
]
