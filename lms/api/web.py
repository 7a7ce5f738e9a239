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
    signed_in,
    site_url,
)

__all__ = [
    "CurrentPerson",
    "Form",
    "TooMany",
    "current_person",
    "flash",
    "public",
    "rate_limit",
    "redirect",
    "render",
    "requires",
    "signed_in",
    "site_url",
]
