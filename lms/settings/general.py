"""The section General: what every page says about the site."""

from __future__ import annotations

import re
from functools import cache
from zoneinfo import available_timezones

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import SelectField, ValidationError
from wtforms.validators import DataRequired

from lms.base.text import slugify
from lms.extend import SettingsPage
from lms.extend.fields import Choice, PlainText, StructuredField

# Languages whose words are there; the two differ in how dates and numbers are written.
LANGUAGES = (("en", "English"), ("en-GB", "English (United Kingdom)"))


@cache
def _timezones() -> tuple[tuple[str, str], ...]:
    """The zones that this machine knows."""
    places = sorted(name for name in available_timezones() if re.match(r"[A-Z][a-z]+/", name) and "Etc" not in name)
    return tuple((name, name.replace("_", " ")) for name in ("UTC", *places))


class MenuField(StructuredField):
    """A list of ``{"label", "href"}``; menus are edited elsewhere."""


class GeneralForm(FlaskForm):
    """Settings of the whole site."""

    name = PlainText(
        _l("Name"),
        default="Stoa",
        max_length=60,
        validators=[DataRequired(_l("The site needs a name."))],
        description=_l("Stands at the top of every page and in every mail."),
    )
    tagline = PlainText(_l("Tagline"), default="", max_length=160, description=_l("One line for search engines."))
    home_page = PlainText(
        _l("Home page"),
        default="home",
        max_length=80,
        description=_l("The address of the page that visitors see first, such as home."),
    )
    registration = Choice(
        _l("New accounts"),
        choices=(("open", _l("Anybody can register")), ("closed", _l("Only people who are invited"))),
        description=_l("People who have an account can always sign in."),
    )
    language = Choice(_l("Language"), choices=LANGUAGES, description=_l("How words, dates and amounts are written."))
    timezone = SelectField(
        _l("Time zone"),
        choices=_timezones,
        default="UTC",
        description=_l("For dates shown to visitors. People can choose their own."),
    )
    menu = MenuField(_l("Menu"), default=list)
    footer = MenuField(_l("Footer"), default=list)

    def validate_home_page(self, field: PlainText) -> None:
        """Any page's address will do: pages come and go, and a missing one shows the catalogue."""
        if field.data and slugify(field.data) != field.data:
            raise ValidationError(_("An address has small letters, digits and hyphens only, such as about-us."))


page = SettingsPage(
    name="site",
    label=_l("General"),
    order=0,
    form=GeneralForm,
    help=_l("What every page says about this site."),
)
