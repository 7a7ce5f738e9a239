"""What stands in a field of the type ``Items``: a list of objects, each with an id and the properties of a form."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from flask_babel.speaklater import LazyString
from wtforms import Field

from lms.extend.fields import Items

ID = re.compile(r"[a-z0-9]{1,16}")
Entry = dict[str, Any]


def of(stored: Any) -> list[Entry]:
    """The entries of a stored list, each with an id; none for what is no list.

    Entries without an id (a default, or what somebody wrote by hand) get one that is always the same, so that the panel
    and the operation that follows it mean the same entry.
    """
    listed = stored if isinstance(stored, list | tuple) else ()
    found = [{name: _said(value) for name, value in each.items()} for each in listed if isinstance(each, Mapping)]
    taken = {each["id"] for each in found if is_id(each.get("id"))}
    seen: set[str] = set()
    number = 0
    for each in found:
        if not is_id(each.get("id")) or each["id"] in seen:
            number += 1
            while f"i{number}" in taken:
                number += 1
            each["id"] = f"i{number}"
        seen.add(each["id"])
    return found


def _said(value: Any) -> Any:
    """Words of a default wait for the reader's language."""
    return str(value) if isinstance(value, LazyString) else value


def is_id(value: Any) -> bool:
    """Whether it can name an entry."""
    return isinstance(value, str) and ID.fullmatch(value) is not None


def whole(stored: Any, defaults: Mapping[str, Any]) -> list[Entry]:
    """The entries as a template gets them: what is not stored has its default."""
    return [{**defaults, **each} for each in of(stored)]


def path(field: str, entry: str, name: str) -> str:
    """How a property of an entry is named wherever the property of a block is: ``steps.k3x9.title``."""
    return f"{field}.{entry}.{name}"


def parted(name: str) -> tuple[str, str, str] | None:
    """Field, entry and property; None for the name of a block's own property."""
    parts = name.split(".")
    return (parts[0], parts[1], parts[2]) if len(parts) == 3 else None


def value_at(props: Mapping[str, Any], name: str) -> Any:
    """The value of a property, a block's own or an entry's; None where there is none."""
    parts = parted(name)
    if parts is None:
        return props.get(name)
    field, entry, below = parts
    return next((each.get(below) for each in of(props.get(field)) if each["id"] == entry), None)


def places(fields: Sequence[Field], props: Mapping[str, Any]) -> Iterator[tuple[str, Field, Any]]:
    """(Name, field, value) of all properties, then those of all entries, as far as they are stored."""
    for field in fields:
        yield field.name, field, props.get(field.name)
        if isinstance(field, Items):
            below = tuple(field.form())
            for each in of(props.get(field.name)):
                for one in below:
                    yield path(field.name, each["id"], one.name), one, each.get(one.name)
