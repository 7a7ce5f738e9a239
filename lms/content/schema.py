"""What the properties of a block look like as JSON: a JSON Schema made from its form."""

from __future__ import annotations

from typing import Any

from wtforms import BooleanField, DecimalField, Form, IntegerField, SelectField, StringField
from wtforms.validators import NumberRange

from lms.content import entries, values
from lms.extend import Block
from lms.extend.fields import Conditions, Items, Link, Media, Reference, RichText, Search

Json = dict[str, Any]

_LINK: Json = {"$ref": "lms:document:1#/$defs/link"}
_MEDIA: Json = {
    "type": "object",
    "required": ["key"],
    "additionalProperties": False,
    "properties": {"key": {"type": "string"}, "alt": {"type": "string"}, "decorative": {"type": "boolean"}},
}
_RULE: Json = {
    "type": "object",
    "required": ["rule"],
    "properties": {"rule": {"type": "string"}, "args": {"type": "object"}, "not": {"type": "boolean"}},
}


def of_block(block: Block) -> Json:
    """The schema of a block as documents store it, its slots included."""
    properties: Json = {
        "id": {"type": "string", "pattern": "^[a-z0-9]{8,16}$"},
        "type": {"const": block.full_name},
        "v": {"type": "integer", "minimum": 1, "maximum": block.version},
        "props": {"type": "object", "additionalProperties": False, "properties": of_props(block)},
    }
    if block.slots:
        properties["slots"] = {
            "type": "object",
            "additionalProperties": False,
            "properties": {name: _slot(slot.allow, slot.max) for name, slot in block.slots.items()},
        }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"lms:block:{block.full_name}:{block.version}",
        "title": str(block.label),
        "description": str(block.description),
        "type": "object",
        "required": ["id", "type", "v", "props"],
        "properties": properties,
    }


def of_props(block: Block) -> dict[str, Json]:
    """Property → its schema, with label and default."""
    return _of_form(block.form)


def _of_form(form: type[Form]) -> dict[str, Json]:
    defaults = values.defaults(form)
    found = {}
    for field in form():
        schema = {"title": str(field.label.text), **_of_field(field)}
        if field.description:
            schema["description"] = str(field.description)
        if defaults[field.name] is not None:
            schema["default"] = _plain(defaults[field.name])
        found[field.name] = schema
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    return value if value is None or isinstance(value, bool | int | float) else str(value)


def _of_field(field: Any) -> Json:
    if isinstance(field, Link):
        return dict(_LINK)
    if isinstance(field, Media):
        return dict(_MEDIA)
    if isinstance(field, Items):
        return _entries(field)
    if isinstance(field, Reference):
        return {"type": ["integer" if field.stored is int else "string", "null"]}
    if isinstance(field, Search):
        return {"type": "string", "maxLength": values.LONGEST_WORD}
    if isinstance(field, Conditions):
        return {"type": "array", "items": _RULE}
    if isinstance(field, BooleanField):
        return {"type": "boolean"}
    if isinstance(field, IntegerField | DecimalField):
        return {"type": "integer" if isinstance(field, IntegerField) else "number", **_range(field)}
    if isinstance(field, SelectField):
        return {"enum": [choice[0] for choice in field.iter_choices()]} if field.validate_choice else {"type": "string"}
    if isinstance(field, RichText):
        return {"type": "string", "contentMediaType": "text/html"}
    if isinstance(field, StringField):
        longest = getattr(field, "max_length", None)
        return {"type": "string", **({"maxLength": longest} if longest else {})}
    return {}


def _entries(field: Items) -> Json:
    properties = {"id": {"type": "string", "pattern": f"^{entries.ID.pattern}$"}, **_of_form(field.form)}
    one = {"type": "object", "additionalProperties": False, "properties": properties}
    least = {"minItems": field.least} if field.least else {}
    return {"type": "array", "items": one, "maxItems": field.most, **least}


def _range(field: Any) -> Json:
    limits = next((each for each in field.validators if isinstance(each, NumberRange)), None)
    found = {"minimum": limits.min, "maximum": limits.max} if limits else {}
    return {name: limit for name, limit in found.items() if limit is not None}


def _slot(allow: tuple[str, ...], most: int | None) -> Json:
    items = {} if "*" in allow else {"properties": {"type": {"enum": list(allow)}}}
    return {"type": "array", "items": items, **({"maxItems": most} if most else {})}
