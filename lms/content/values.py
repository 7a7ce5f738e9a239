"""Values of a form that come from JSON instead of a form post: block properties and link arguments."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext
from wtforms import BooleanField, DecimalField, Form, IntegerField, SelectField, StringField

from lms.content import entries
from lms.extend.fields import Items, Reference, Search

LONGEST_WORD = 200
"""Characters of what a search may store."""
_LARGEST = 2**31 - 1
"""Of the numbers that a database gives."""

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
        if isinstance(field, Items) and values.get(name) is not None:
            _check_entries(field, values[name], f"{path}.{name}", report)
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


def _check_entries(field: Items, value: Any, path: str, report: Report) -> None:
    """Report what is wrong with a list: how many there are, and what is in them."""
    if not isinstance(value, list):
        return report(path, _("This is a list in brackets."))
    if len(value) > field.most:
        said = ngettext("At most one fits in here.", "At most %(num)s fit in here.", field.most)
        report(path, said)
    if len(value) < field.least:
        said = ngettext("At least one has to stay.", "At least %(num)s have to stay.", field.least)
        report(path, said)
    seen: set[str] = set()
    for index, each in enumerate(value[: field.most]):
        at = f"{path}[{index}]"
        if not isinstance(each, Mapping):
            report(at, _("This is an object in braces."))
            continue
        identity = each.get("id")
        if identity is not None and not entries.is_id(identity):
            report(f"{at}.id", _("An id has up to 16 small letters and digits."))
        elif identity in seen:
            report(f"{at}.id", _("Another one in this list has this id too."))
        elif identity is not None:
            seen.add(identity)
        check(field.form, {name: one for name, one in each.items() if name != "id"}, at, report)
    return None


def _is_empty_default(value: Any) -> bool:
    return value in (None, "", {}, [], ())


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
    return _wrong_name(field, value)


def _wrong_name(field: Any, value: Any) -> str:
    """The same for what names a thing. Whether the thing is there is asked when somebody chooses it: a page that
    somebody deletes must not keep others from saving theirs."""
    if isinstance(field, Search) and not (isinstance(value, str) and len(value) <= LONGEST_WORD):
        return _("Write at most %(limit)s characters in quotation marks.", limit=LONGEST_WORD)
    if isinstance(field, Reference) and value is not None and not names(field, value):
        if field.stored is int:
            return _("Write its number, without quotation marks.")
        return _("Write its short name in quotation marks.")
    return ""


def names(field: Reference, value: Any) -> bool:
    """Whether the value could name a thing of the field's kind."""
    if field.stored is int:
        return isinstance(value, int) and not isinstance(value, bool) and 0 < value <= _LARGEST
    return isinstance(value, str) and len(value) <= LONGEST_WORD
