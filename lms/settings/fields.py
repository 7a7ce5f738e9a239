"""What a section's form says about its settings: names, defaults, kinds."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any
from weakref import WeakKeyDictionary

from flask_wtf import FlaskForm
from wtforms import BooleanField, DecimalField, Field, IntegerField

from lms.extend import SettingsPage
from lms.extend.fields import Secret, StructuredField
from lms.host import registry

_forms: WeakKeyDictionary[type, Mapping[str, Field]] = WeakKeyDictionary()
_NOT_ENVIRONMENT = re.compile(r"[^A-Z0-9]+")


class UnknownSetting(LookupError):
    """The section's form has no such field: a typing mistake, not a setting that silently never applies."""


def page(section: str) -> SettingsPage | None:
    """The page of the section, None where no active plugin has one."""
    return next((item for item in registry.current().items(SettingsPage) if item.name == section), None)


def of_form(form: type[FlaskForm] | None) -> Mapping[str, Field]:
    """The stored fields of a form, by name; empty for None."""
    if form is None:
        return {}
    if form not in _forms:
        drawn = form(formdata=None, meta={"csrf": False})
        _forms[form] = MappingProxyType({name: field for name, field in drawn._fields.items() if _is_stored(field)})
    return _forms[form]


def of_section(section: str) -> Mapping[str, Field] | None:
    """The stored fields of a section; None where no page with a form is registered."""
    found = page(section)
    return None if found is None or found.form is None else of_form(found.form)


def _is_stored(field: Field) -> bool:
    return field.type not in {"CSRFTokenField", "SubmitField"}


def is_secret(field: Field | None) -> bool:
    """Whether the field's value is sealed."""
    return isinstance(field, Secret)


def environment_name(section: str, name: str) -> str:
    """The variable that wins over the stored value: ``LMS_STRIPE_COUPONS``."""
    return "LMS_" + _NOT_ENVIRONMENT.sub("_", f"{section}_{name}".upper())


def from_environment(section: str, name: str, field: Field | None) -> Any:
    """The variable's value as the field would have it; None where the variable is not set."""
    text = os.environ.get(environment_name(section, name))
    if text is None:
        return None
    if isinstance(field, BooleanField):
        return text.strip().lower() in {"1", "true", "yes", "on"}
    if isinstance(field, IntegerField):
        return int(text)
    if isinstance(field, DecimalField | StructuredField):
        return json.loads(text)
    return text
