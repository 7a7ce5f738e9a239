"""Floor 4, the web layer: who may see what, transactions, policy, layout, limits, pages for guests from memory."""

from flask import flash

from lms.web.access import public, requires, signed_in
from lms.web.forms import Form
from lms.web.limits import TooMany, forgive, give_back, rate_limit
from lms.web.page import redirect, render, site_url, slot
from lms.web.person import COOKIE, CurrentPerson, current_person

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
    "requires",
    "signed_in",
    "site_url",
    "slot",
]
