"""In which language and zone a page speaks: the person's, else the site's."""

from __future__ import annotations

from flask import Flask
from flask_babel import Babel

from lms.web.person import current_person
from lms.web.site import site_view


def _locale() -> str:
    person = current_person()
    tag = (person.locale if person else "") or site_view().language
    # Babel writes en_GB, HTML and people's settings en-GB.
    return tag.replace("-", "_")


def _timezone() -> str:
    person = current_person()
    return (person.timezone if person else "") or site_view().timezone


def init_app(app: Flask) -> None:
    """Guests all get the site's language, so that their pages can be shared."""
    Babel(app, locale_selector=_locale, timezone_selector=_timezone)
    app.jinja_env.add_extension("jinja2.ext.i18n")
