"""Fields of blocks and settings: WTForms fields that know how the editor and the store treat them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from wtforms import BooleanField, Field, IntegerField, PasswordField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length


class PlainText(StringField):
    """Words without markup, at most ``max_length`` characters; ``inline`` lets people type on the canvas."""

    def __init__(self, label: Any = "", *, max_length: int = 400, inline: bool = False, **options: Any) -> None:
        self.inline = inline
        self.max_length = max_length
        options["validators"] = [*options.get("validators", ()), Length(max=max_length)]
        super().__init__(label, **options)


class Lines(TextAreaField):
    """Words without markup in several lines, at most ``max_length`` characters."""

    def __init__(self, label: Any = "", *, max_length: int = 4000, **options: Any) -> None:
        self.max_length = max_length
        options["validators"] = [*options.get("validators", ()), Length(max=max_length)]
        super().__init__(label, **options)


class RichText(TextAreaField):
    """Formatted words, cleaned on every write."""

    def __init__(self, label: Any = "", *, inline: bool = True, **options: Any) -> None:
        self.inline = inline
        super().__init__(label, **options)


class Number(IntegerField):
    """A whole number."""


class Choice(SelectField):
    """One of a few words: ``choices`` are (stored, shown) pairs."""

    def __init__(self, label: Any = "", choices: Sequence[tuple[Any, Any]] = (), **options: Any) -> None:
        options.setdefault("default", choices[0][0] if choices else None)
        super().__init__(label, choices=[SelectChoice(value, shown) for value, shown in choices], **options)


class Toggle(BooleanField):
    """On or off."""


class Secret(PasswordField):
    """A secret of a settings page: sealed before it is stored, shown as its last four characters only."""


class StructuredField(Field):
    """A field whose value is JSON, not text; it comes from documents, not from form posts."""

    def process_formdata(self, valuelist: list[Any]) -> None:
        if valuelist:
            self.data = valuelist[0]

    def _value(self) -> str:
        return ""


class Link(StructuredField):
    """A link as content stores it (see ``lms.content.links``). ``hides_block``: no link for this person, no block."""

    def __init__(self, label: Any = "", *, hides_block: bool = False, **options: Any) -> None:
        self.hides_block = hides_block
        super().__init__(label, **options)


class Conditions(StructuredField):
    """Conditions, as a block's common settings have them: the block is drawn for whom all of them hold."""


class Media(StructuredField):
    """A picture or file of the media library: ``{"key": …, "alt": …}``.

    ``kind`` is what can be chosen: "picture", "video" or "captions".
    """

    def __init__(self, label: Any = "", *, kind: str = "picture", **options: Any) -> None:
        self.kind = kind
        super().__init__(label, **options)
