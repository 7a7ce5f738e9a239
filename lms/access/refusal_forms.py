"""What a creator writes for people who may not enter: three cases, each with the same four fields."""

from __future__ import annotations

from types import new_class
from typing import Any, cast

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import Field
from wtforms.fields.choices import SelectChoice

from lms.access import products, refusals
from lms.access.refusals import Context, Words
from lms.base.urls import is_https_address, is_safe_path
from lms.extend.fields import Choice, Lines, PlainText, Toggle
from lms.web import Form

_MOST_PRODUCTS = 500
TITLES = {
    Context.GUEST: _l("Guests"),
    Context.NO_ACCESS: _l("No access"),
    Context.NOT_OPEN: _l("Not yet open"),
}
HELP = {
    Context.GUEST: _l("Somebody who is not signed in opens a lesson that is not free."),
    Context.NO_ACCESS: _l("Somebody is signed in and does not have it, or had it."),
    Context.NOT_OPEN: _l("Somebody has it, and it opens later. The date stands below your words."),
}


class WordsForm(Form):
    """Twelve fields, named after case and part: ``guest_text``, ``no_access_page``."""

    contexts = tuple(Context)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        found = products.products(limit=_MOST_PRODUCTS)
        for context in Context:
            field: Any = self[f"{context}_product"]
            known = [
                SelectChoice(str(each.id), each.name) for each in found if each.active or field.data == str(each.id)
            ]
            field.choices = [SelectChoice("", _("What opens the course")), *known]

    def parts(self, context: Context) -> list[Field]:
        """The fields of one case, in their order."""
        return [self[name] for name in (f"{context}_{part}" for part in _PARTS) if name in self]

    def words(self, context: Context) -> Words:
        """What stands there for one case."""
        chosen = str(self[f"{context}_product"].data or "")
        return Words(
            text=str(self[f"{context}_text"].data or "").strip(),
            sign_in=bool(self[f"{context}_sign_in"].data),
            page=str(self[f"{context}_page"].data or "").strip(),
            product_id=int(chosen) if chosen.isdecimal() else None,
        )

    def validate(self, extra_validators: Any = None) -> bool:
        """As usual; and the pages are places to send people to."""
        is_valid = bool(super().validate(extra_validators))
        for context in Context:
            field, page = self[f"{context}_page"], self.words(context).page
            if page and not (is_safe_path(page) or is_https_address(page)):
                sentence = _("Write a page of this site, such as /welcome, or an address that starts with https://.")
                field.errors = [*field.errors, sentence]
                is_valid = False
        return is_valid


class OwnWordsForm(WordsForm):
    """The same for a product or a course, where each case may be left to those further away."""

    def said(self) -> dict[Context, Words]:
        """The cases with words of their own."""
        return {context: self.words(context) for context in Context if self[f"{context}_own"].data}


_PARTS = ("own", "text", "sign_in", "page", "product")


def _fields(context: Context, *, own: bool) -> dict[str, Any]:
    is_guest = context is Context.GUEST
    made: dict[str, Any] = {f"{context}_own": Toggle(_l("Words of its own"))} if own else {}
    made[f"{context}_text"] = Lines(
        _l("Words"),
        default="",
        max_length=refusals.LONGEST_TEXT,
        description=_l("Empty: the usual words. An empty line begins a new paragraph."),
        render_kw={"rows": 3},
    )
    made[f"{context}_sign_in"] = Toggle(
        _l("Offer to sign in") if is_guest else _l("Offer to sign in with another account"), default=is_guest
    )
    made[f"{context}_page"] = PlainText(
        _l("Page to lead to"),
        default="",
        max_length=300,
        description=_l("A page of this site, such as /welcome, or an https:// address. Empty: the course’s page."),
    )
    made[f"{context}_product"] = Choice(
        _l("Product to offer"), choices=(("", _l("What opens the course")),), validate_choice=True
    )
    return made


def _made(name: str, base: type[Any], *, own: bool) -> type[Any]:
    body = {key: field for context in Context for key, field in _fields(context, own=own).items()}
    return cast("type[Any]", new_class(name, (base,), exec_body=lambda names: names.update(body)))


SiteWordsForm: type[WordsForm] = _made("SiteWordsForm", WordsForm, own=False)
ThingWordsForm: type[OwnWordsForm] = _made("ThingWordsForm", OwnWordsForm, own=True)


def stored(said: dict[Context, Words], else_said: dict[Context, Words]) -> dict[str, Any]:
    """The data of a form: what is said, and where nothing is, what is read there now, to begin with."""
    data: dict[str, Any] = {}
    for context in Context:
        words = said.get(context, else_said[context])
        data |= {
            f"{context}_own": context in said,
            f"{context}_text": words.text,
            f"{context}_sign_in": words.sign_in,
            f"{context}_page": words.page,
            f"{context}_product": str(words.product_id or ""),
        }
    return data
