"""Making the generic settings page out of a section's form."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask import request
from flask_babel import gettext as _
from flask_wtf import FlaskForm
from wtforms import BooleanField, Field, FieldList, FormField, SelectField
from wtforms.validators import Optional

from lms.base.problem import Problem
from lms.extend import SettingsPage
from lms.extend.fields import Secret, StructuredField
from lms.settings import fields
from lms.settings import services as settings

VERSION = "settings_version"
"""The form's field that says what the page was drawn from, so that nobody overwrites what they have not seen."""
_OURS = frozenset({"csrf_token", VERSION})


class ForeignKeys(Problem):
    """The form holds something that is no setting of the section, or one that is decided elsewhere."""

    status = 422


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


def refuse_foreign_keys(page: SettingsPage, form: FlaskForm) -> None:
    """Raises ``ForeignKeys`` for a sent name that the section's form does not offer."""
    fixed = settings.fixed(page.name)
    for key in request.form:
        name = key.partition("-")[0] if isinstance(form._fields.get(key.partition("-")[0]), _NESTED) else key
        if name in fixed:
            raise ForeignKeys(
                _("%(name)s is set by %(variable)s outside this page, so it cannot be changed here.",
                  name=name, variable=settings.environment_name(page.name, name)),
                next_step=_("Nothing was saved. Reload the page."),
            )  # fmt: skip
        if name not in form and name not in _OURS:
            raise ForeignKeys(
                _("These settings have no field %(name)s.", name=key),
                next_step=_("Nothing was saved. Reload the page."),
            )


_NESTED = (FieldList, FormField)


def to_save(page: SettingsPage, form: FlaskForm) -> dict[str, Any]:
    """What a valid form asks to store."""
    fixed = settings.fixed(page.name)
    return {field.short_name: field.data for field in form if fields.is_stored(field) and field.short_name not in fixed}


def theirs(page: SettingsPage, form: FlaskForm) -> dict[str, str]:
    """In words, what is stored where the sent form says something else; of secrets, that there is one."""
    stored = settings.values(page.name)
    found = {}
    for name in to_save(page, form):
        field = form[name]
        if isinstance(field, Secret):
            if field.data and settings.secret_last4(page.name, name):
                found[name] = _("a secret that ends in %(end)s", end=settings.secret_last4(page.name, name))
        elif stored.get(name) != field.data:
            found[name] = _in_words(field, stored.get(name))
    return found


def _in_words(field: Field, value: Any) -> str:
    if isinstance(field, BooleanField):
        return _("on") if value else _("off")
    if isinstance(field, SelectField):
        choices: Iterable[Any] = field.iter_choices()
        return next((str(choice[1]) for choice in choices if choice[0] == value), str(value))
    return str(value) if value not in (None, "") else _("nothing")


def secrets(page: SettingsPage, form: FlaskForm | None) -> dict[str, str]:
    """The end of each stored secret, by field name; "" where none is stored."""
    found = form or ()
    return {
        field.short_name: settings.secret_last4(page.name, field.short_name)
        for field in found
        if isinstance(field, Secret)
    }


def bind_action(page: SettingsPage, name: str, form: type[FlaskForm], *, sent: bool) -> FlaskForm:
    """The form of an action; ids carry the action's name, since a page holds several forms."""
    bound = form() if sent else form(formdata=None)
    for field in bound:
        field.id = f"{name}-{field.short_name}"
        field.label.field_id = field.id
    return bound
