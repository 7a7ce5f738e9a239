"""Fields of blocks and settings: WTForms fields that know how the editor and the store treat them.

Every field of a block takes ``refresh=True``: when its value changes, the options are drawn again, by a form that was
made with the new values, so that other fields can offer what goes with it. What no longer fits there is let go of in
the same step.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, ClassVar

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, Field, Form, IntegerField, PasswordField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length

COLOURS: Mapping[str, Any] = {
    "accent": _l("Accent"),
    "ink": _l("Text"),
    "ochre": _l("Ochre"),
    "clay": _l("Clay"),
    "olive": _l("Olive"),
    "aegean": _l("Aegean blue"),
    "slate": _l("Slate"),
    "rose": _l("Rose"),
    "paper": _l("Paper"),
    "soot": _l("Soot"),
}
"""The colours that a ``Colour`` offers, and what people call them. Every theme has them, each with its own value."""


class _Refreshing:
    """What all fields share."""

    refresh = False

    def __init__(self, *args: Any, refresh: bool = False, **options: Any) -> None:
        self.refresh = refresh
        super().__init__(*args, **options)


class PlainText(_Refreshing, StringField):
    """Words without markup, at most ``max_length`` characters; ``inline`` lets people type on the canvas."""

    def __init__(self, label: Any = "", *, max_length: int = 400, inline: bool = False, **options: Any) -> None:
        self.inline = inline
        self.max_length = max_length
        options["validators"] = [*options.get("validators", ()), Length(max=max_length)]
        super().__init__(label, **options)


class Lines(_Refreshing, TextAreaField):
    """Words without markup in several lines, at most ``max_length`` characters."""

    def __init__(self, label: Any = "", *, max_length: int = 4000, **options: Any) -> None:
        self.max_length = max_length
        options["validators"] = [*options.get("validators", ()), Length(max=max_length)]
        super().__init__(label, **options)


class RichText(_Refreshing, TextAreaField):
    """Formatted words, cleaned on every write."""

    def __init__(self, label: Any = "", *, inline: bool = True, **options: Any) -> None:
        self.inline = inline
        super().__init__(label, **options)


class Number(_Refreshing, IntegerField):
    """A whole number."""


class Choice(_Refreshing, SelectField):
    """One of a few words: ``choices`` are (stored, shown) pairs."""

    def __init__(self, label: Any = "", choices: Sequence[tuple[Any, Any]] = (), **options: Any) -> None:
        options.setdefault("default", choices[0][0] if choices else None)
        super().__init__(label, choices=[SelectChoice(value, shown) for value, shown in choices], **options)


class Colour(Choice):
    """A colour of the theme, stored as its name: ``clay``, or ``""`` for what the block has by itself.

    ``colours`` are those to choose from, of ``COLOURS``; ``none`` is what people read for ``""``. In a template it is
    ``var(--{{ p.colour }})`` where SVG takes a colour, or an attribute that the plugin's stylesheet goes by.
    """

    def __init__(
        self, label: Any = "", colours: Sequence[str] = tuple(COLOURS), *, none: Any = _l("As usual"), **options: Any
    ) -> None:
        options.setdefault("default", "")
        super().__init__(label, [("", none), *((name, COLOURS[name]) for name in colours)], **options)


class Toggle(_Refreshing, BooleanField):
    """On or off."""


class Secret(PasswordField):
    """A secret of a settings page: sealed before it is stored, shown as its last four characters only."""


class StructuredField(_Refreshing, Field):
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


Found = Sequence[tuple[str, Any]]
"""What a search found: (stored, shown) pairs, the best first."""


class Search(StructuredField):
    """One of many things, found by typing: a word, stored as ``search`` returned it, ``""`` for none.

    ``search(words)`` returns (stored, shown) pairs, the best first, and something to begin with for no words; the first
    twenty are shown. ``find(stored)`` returns what to show for it, None where it is gone: without it people read what
    is stored, and anything can be stored. Both read the database only. ``none`` is what people read for no choice.
    """

    def __init__(
        self,
        label: Any = "",
        *,
        search: Callable[[str], Found],
        find: Callable[[str], Any] | None = None,
        none: Any = _l("None"),
        **options: Any,
    ) -> None:
        self.search = search
        self.find = find
        self.none = none
        options.setdefault("default", "")
        super().__init__(label, **options)


class Reference(StructuredField):
    """Something of this site, found by typing and stored by what never changes of it; None for none.

    A template asks ``ref(name)`` for it: its ``title`` and ``href``, or None where visitors cannot see it, because it
    is gone or not published. ``none`` is what people read for no choice. It is the base of the three below.
    """

    kind: ClassVar[str] = ""
    stored: ClassVar[type] = int

    def __init__(self, label: Any = "", *, none: Any = _l("None"), **options: Any) -> None:
        self.none = none
        super().__init__(label, **options)


class PageRef(Reference):
    """A page of the site, stored by its number."""

    kind = "page"


class CourseRef(Reference):
    """A course, stored by its number."""

    kind = "course"


class ProductRef(Reference):
    """A product, stored by its short name, as ``lms.api.access`` takes it. ``href`` leads to where it is sold."""

    kind = "product"
    stored = str


class Items(StructuredField):
    """A list of things that are alike, each with the fields of ``form``: people add, remove and reorder them.

    Stored as objects by the names of those fields, each with an ``id`` of its own. ``item`` is what people call one
    ("Step"); at least ``least`` and at most ``most`` of them stand in it. A template names a field of one of them
    ``steps.<id>.title`` where it names a field: ``inline("steps." ~ each.id ~ ".title")``. Everything but formatted
    text, conditions, secrets and other ``Items`` can stand in it: for what holds more, put blocks into a slot.
    """

    def __init__(
        self, label: Any = "", *, form: type[Form], item: Any = "", least: int = 0, most: int = 30, **options: Any
    ) -> None:
        _check_items(form)  # type: ignore[arg-type]  # classes are hashable
        self.form = form
        self.item = item
        self.least = least
        self.most = most
        options.setdefault("default", ())
        super().__init__(label, **options)


@lru_cache(maxsize=256)
def _check_items(form: type[Form]) -> None:
    """Raises ``TypeError`` for what cannot stand in ``Items``."""
    for field in form():
        if isinstance(field, RichText | Conditions | Secret | Items):
            raise TypeError(f"{form.__name__}.{field.name}: Items cannot hold a field of the type {field.type}.")
        if field.name == "id":
            raise TypeError(f"{form.__name__}.id: this name is taken; Items give each of their things an id.")
