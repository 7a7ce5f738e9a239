"""What a section's form says about its settings: names, defaults, kinds, and what the environment decides."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any
from weakref import WeakKeyDictionary

from flask_babel import force_locale
from flask_wtf import FlaskForm
from werkzeug.datastructures import MultiDict
from wtforms import BooleanField, Field

from lms.extend import SettingsPage
from lms.extend.fields import Secret, StructuredField
from lms.host import registry

_forms: WeakKeyDictionary[type, Mapping[str, Field]] = WeakKeyDictionary()
_NOT_ENVIRONMENT = re.compile(r"[^A-Z0-9]+")
_YES, _NO = frozenset({"1", "true", "yes", "on"}), frozenset({"0", "false", "no", "off", ""})


class UnknownSetting(LookupError):
    """The section's form has no such field: a typing mistake, not a setting that silently never applies."""


@dataclass(frozen=True, slots=True)
class Given:
    """What an environment variable says about a setting: its value, or why it cannot be used."""

    value: Any
    fault: str = ""


def page(section: str) -> SettingsPage | None:
    """The page of the section, None where no active plugin has one."""
    return next((item for item in registry.current().items(SettingsPage) if item.name == section), None)


def of_form(form: type[FlaskForm] | None) -> Mapping[str, Field]:
    """The stored fields of a form, by name; empty for None."""
    if form is None:
        return {}
    if form not in _forms:
        drawn = form(formdata=None, meta={"csrf": False})
        _forms[form] = MappingProxyType({name: field for name, field in drawn._fields.items() if is_stored(field)})
    return _forms[form]


def of_section(section: str) -> Mapping[str, Field] | None:
    """The stored fields of a section; None where no page with a form is registered."""
    found = page(section)
    return None if found is None or found.form is None else of_form(found.form)


def is_stored(field: Field) -> bool:
    """Whether the field's value is a setting, and no machinery of the form."""
    return field.type not in {"CSRFTokenField", "SubmitField"}


def is_secret(field: Field | None) -> bool:
    """Whether the field's value is sealed."""
    return isinstance(field, Secret)


def environment_name(section: str, name: str) -> str:
    """The variable that wins over the stored value: ``LMS_STRIPE_COUPONS``."""
    return "LMS_" + _NOT_ENVIRONMENT.sub("_", f"{section}_{name}".upper())


def from_environment(section: str, name: str, field: Field | None) -> Any:
    """The variable's value as the field would have it; None where it is not set, or cannot be used.

    One that cannot be used must not take every page down: then the stored value counts, and Health names it.
    """
    given = given_outside(section, name, field)
    return None if given is None else given.value


def given_outside(section: str, name: str, field: Field | None) -> Given | None:
    """What the variable says, None where it is not set."""
    text = os.environ.get(environment_name(section, name))
    if text is None:
        return None
    found = page(section)
    if field is None or found is None or found.form is None:
        return Given(text)
    return _read(found.form, name, text)


def faults_outside() -> dict[str, str]:
    """The variables that are set and cannot be used, with the reason."""
    faults = {}
    for item in registry.current().items(SettingsPage):
        for name, field in of_form(item.form).items():
            given = given_outside(item.name, name, field)
            if given is not None and given.fault:
                faults[environment_name(item.name, name)] = given.fault
    return faults


@lru_cache(maxsize=256)
def _read(form: type[FlaskForm], name: str, text: str) -> Given:
    field = of_form(form)[name]
    if isinstance(field, BooleanField):
        return _read_word(text)
    if isinstance(field, StructuredField):
        try:
            return Given(json.loads(text))
        except ValueError:
            return Given(None, "It is no JSON.")
    # In English whatever the site speaks: which language that is, may be what the variable says.
    with force_locale("en"):
        filled = form(formdata=MultiDict({name: text}), meta={"csrf": False})
        own = getattr(form, f"validate_{name}", None)
        if filled[name].validate(filled, (own,) if own else ()):
            return Given(filled[name].data)
        return Given(None, str(filled[name].errors[0]))


def _read_word(text: str) -> Given:
    word = text.strip().lower()
    if word not in _YES | _NO:
        return Given(None, "It can be on or off.")
    return Given(word in _YES)
