"""A link in a form that people send: one line of text, stored as documents store links.

It takes an address (``/courses``, ``https://…``) or the name of a dynamic link (``stripe/customer-portal``), and
suggests those that there are.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from wtforms import StringField, ValidationError

from lms.content import catalog, linkjson, values
from lms.web.slots import label


class LinkField(StringField):
    """``data`` is a link as ``lms.api.content.resolve`` takes it, None for none."""

    def process_formdata(self, valuelist: list[Any]) -> None:
        written = str(valuelist[0]).strip() if valuelist else ""
        # What was stored stays as it is, with its options, and also while the plugin it needs is off.
        if written != _to_text(self.object_data):
            self.data = _from_text(written) if written else None

    def _value(self) -> str:
        return _to_text(self.data)

    def pre_validate(self, form: Any) -> None:
        """Refuse what a document would refuse, with the same words."""
        said: list[str] = []
        linkjson.check(self.data, self.short_name, catalog.current(), lambda _path, words: said.append(words))
        if said:
            raise ValidationError(said[0])

    def suggestions(self) -> Iterator[tuple[str, str]]:
        """Names and labels of the dynamic links that need no options."""
        for key, item in catalog.current().links.items():
            missing: list[str] = []
            if item.form is not None:
                values.check(item.form, {}, "", lambda path, _words, missing=missing: missing.append(path))
            if not missing:
                yield key, label(item)


def _to_text(link: Any) -> str:
    if not link:
        return ""
    return f"{link['source']}/{link['key']}" if link.get("kind") == "dynamic" else str(link.get("href", ""))


def _from_text(written: str) -> dict[str, Any]:
    if written in catalog.current().links:
        source, _slash, key = written.partition("/")
        return {"kind": "dynamic", "source": source, "key": key, "args": {}}
    return {"kind": "url", "href": written}
