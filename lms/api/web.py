"""Pages and forms of a plugin."""

from lms.web import (
    CurrentPerson,
    Form,
    TooMany,
    current_person,
    flash,
    public,
    rate_limit,
    redirect,
    render,
    requires,
    row_number,
    signed_in,
    site_url,
)
from lms.web.access import sign_in_address
from lms.web.pagecache import good_until

__all__ = [
    "CurrentPerson",
    "Form",
    "TooMany",
    "current_person",
    "flash",
    "good_until",
    "public",
    "rate_limit",
    "redirect",
    "render",
    "requires",
    "row_number",
    "sign_in_address",
    "signed_in",
    "site_url",
]
