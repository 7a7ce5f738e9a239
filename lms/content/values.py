"""Values of a form that come from JSON instead of a form post: block properties and link arguments."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from flask_babel import gettext as _
from wtforms import BooleanField, DecimalField, Form, IntegerField, SelectField, StringField

Report = Callable[[str, str], None]
"""Takes a JSON path and a sentence."""


def defaults(form: type[Form]) -> dict[str, Any]:
    """What each field holds when nobody has said anything, words in the reader's language."""
    return {field.name: field.data for field in form()}


def check(form: type[Form], values: Mapping[str, Any], path: str, report: Report) -> None:
    """Report every value that the form does not know or would refuse. Missing ones have their default."""
    bound = form(data=dict(values))
    known = {field.name: field for field in bound}
    for name in values.keys() - known.keys():
        possible = ", ".join(known) or _("none")
        report(f"{path}.{name}", _("There is no property of this name. Possible: %(names)s.", names=possible))
    wrong = False
    for name, field in known.items():
        # InputRequired and Optional look at what was posted; here that is what stands in the JSON.
        field.raw_data = [values[name]] if values.get(name) is not None else []
        if name in values and (expected := _wrong_type(field, values[name])):
            wrong = True
            report(f"{path}.{name}", expected)
    if wrong or bound.validate():
        return
    for name, messages in bound.errors.items():
        if name in values or not _is_empty_default(bound[name].data):
            report(f"{path}.{name}", " ".join(str(message) for message in messages))
        else:
            report(f"{path}.{name}", _("This property is needed."))


def _is_empty_default(value: Any) -> bool:
    return value in (None, "", {}, [])


def _wrong_type(field: Any, value: Any) -> str:
    """What the value should have been; "" when its type fits."""
    if isinstance(field, BooleanField):
        return "" if isinstance(value, bool) else _("Write true or false.")
    if isinstance(field, IntegerField):
        fits = value is None or (isinstance(value, int) and not isinstance(value, bool))
        return "" if fits else _("Write a whole number, without quotation marks.")
    if isinstance(field, DecimalField):
        fits = isinstance(value, int | float) and not isinstance(value, bool)
        return "" if fits else _("Write a number, without quotation marks.")
    if isinstance(field, SelectField) and not field.validate_choice:
        # What could be chosen once stays when it is no longer there; the field's block says what becomes of it.
        return "" if isinstance(value, str) else _("Write words in quotation marks.")
    if isinstance(field, SelectField):
        choices = [choice[0] for choice in field.iter_choices()]
        # Compared with its type: True is no 1, and "2" is no 2.
        if any(type(value) is type(choice) and value == choice for choice in choices):
            return ""
        return _("Choose one of: %(choices)s.", choices=", ".join(json.dumps(choice) for choice in choices))
    if isinstance(field, StringField):
        return "" if isinstance(value, str) else _("Write words in quotation marks.")
    return ""
