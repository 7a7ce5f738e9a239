"""Making the generic settings page out of a section's form."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from flask_wtf import FlaskForm
from wtforms.validators import Optional

from lms.extend import SettingsPage
from lms.extend.fields import Secret, StructuredField
from lms.settings import services as settings


def bind(page: SettingsPage) -> FlaskForm | None:
    """The section's form: as it was sent, else with what is stored. None for a section without values."""
    if page.form is None:
        return None
    return prepare(page, page.form(data=settings.values(page.name)))


def prepare(page: SettingsPage, form: FlaskForm) -> FlaskForm:
    """Take out what is edited elsewhere, close what the environment decides."""
    for field in list(form):
        if isinstance(field, StructuredField):
            # Its value is no text; it is edited elsewhere, and must not be emptied from here.
            del form[field.short_name]
        elif isinstance(field, Secret) and settings.secret_last4(page.name, field.short_name):
            field.validators = [Optional()]
    for name in settings.fixed(page.name):
        if name in form:
            _fix(page, form[name])
    return form


def _fix(page: SettingsPage, field: Any) -> None:
    field.validators = []
    field.render_kw = {**(field.render_kw or {}), "disabled": True}
    if not isinstance(field, Secret):
        field.data = settings.get(page.name, field.short_name)
    variable = settings.environment_name(page.name, field.short_name)
    field.description = _("Set by %(variable)s outside this page.", variable=variable)


def to_save(page: SettingsPage, form: FlaskForm) -> dict[str, Any]:
    """What a valid form asks to store."""
    fixed = settings.fixed(page.name)
    return {
        field.short_name: field.data
        for field in form
        if field.type not in {"CSRFTokenField", "SubmitField"} and field.short_name not in fixed
    }


def secrets(page: SettingsPage, form: FlaskForm | None) -> dict[str, str]:
    """The end of each stored secret, by field name; "" where none is stored."""
    fields = form or ()
    return {
        field.short_name: settings.secret_last4(page.name, field.short_name)
        for field in fields
        if isinstance(field, Secret)
    }


def bind_action(page: SettingsPage, name: str, form: type[FlaskForm], *, sent: bool) -> FlaskForm:
    """The form of an action; ids carry the action's name, since a page holds several forms."""
    bound = form() if sent else form(formdata=None)
    for field in bound:
        field.id = f"{name}-{field.short_name}"
        field.label.field_id = field.id
    return bound
