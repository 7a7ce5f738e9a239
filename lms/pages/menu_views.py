"""Admin → Menus: what stands in the head and the foot of the site."""

from __future__ import annotations

from typing import Any

from flask import request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, SelectField, StringField
from wtforms.fields.choices import SelectChoice

from lms.base.problem import NotFound
from lms.content import catalog, values, words
from lms.courses import services as courses
from lms.db import rollback
from lms.pages import menus, reading
from lms.pages.views import blueprint
from lms.settings import services as settings
from lms.web import Form, current_person, flash, redirect, requires
from lms.web import render as draw
from lms.web.slots import label

EDIT = "menus.edit"
_ADDRESS = "address"
_MOST = 200
_MEANWHILE = _l("Somebody else changed a menu meanwhile. Look at it below, then try again.")


class EntryForm(Form):
    """One more entry: what it says, and where it leads."""

    label = StringField(_l("Words"))
    target = SelectField(_l("Leads to"), validate_choice=False)
    address = StringField(
        _l("Address"),
        description=_l("For an address of your own: https://… or a path of this site, such as /courses."),
    )
    seen = HiddenField()

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.target.choices = [SelectChoice(value, shown, optgroup=group) for value, shown, group in _targets()]

    def link(self) -> dict[str, Any]:
        """The chosen target as a link; empty for none."""
        kind, _colon, name = str(self.target.data or "").partition(":")
        if kind == "page" and name.isdecimal():
            return {"kind": "page", "page": int(name)}
        if kind == "course":
            return {"kind": "dynamic", "source": "course", "key": "page", "args": {"course": name}}
        if kind == "link":
            source, _slash, key = name.partition("/")
            return {"kind": "dynamic", "source": source, "key": key, "args": {}}
        return {"kind": "url", "href": str(self.address.data or "").strip()}


def _targets() -> list[tuple[str, str, str]]:
    found = [(_ADDRESS, _("An address of your own"), _("Address"))]
    found += [(f"page:{page_id}", title, _("Pages")) for page_id, title in reading.titles()]
    found += [(f"course:{each.slug}", each.title, _("Courses")) for each in courses.list_published(limit=_MOST)]
    for key, item in catalog.current().links.items():
        missing: list[str] = []
        if item.form is not None:
            values.check(item.form, {}, "", lambda path, _words, missing=missing: missing.append(path))
        if not missing:
            found.append((f"link:{key}", f"{words.source_label(item)} › {label(item)}", _("Dynamic links")))
    return found


@blueprint.get("/admin/menus")
@requires(EDIT)
def menus_page() -> ResponseReturnValue:
    """All menus of the theme, each with its entries and the form for one more."""
    return _page()


@blueprint.post("/admin/menus/<place>")
@requires(EDIT)
def add_entry(place: str) -> ResponseReturnValue:
    """Put an entry at the end of a menu, or show its form again with what is wrong."""
    form = EntryForm(prefix=place)
    try:
        if not form.validate():
            return _page(place, form), 422
        menus.add(place, form.label.data or "", form.link(), actor_id=_actor(), seen=form.seen.data or "")
    except menus.EntryRefused as refusal:
        rollback()
        form[refusal.field].errors = [refusal.sentence]
        return _page(place, form), 422
    except settings.ChangedMeanwhile:
        rollback()
        form.label.errors = [_MEANWHILE]
        return _page(place, form), 409
    flash(_("The entry is in the menu."), "good")
    return redirect(f"/admin/menus#{place}")


@blueprint.post("/admin/menus/<place>/<identity>/<any(up, down, to, remove):act>")
@requires(EDIT)
def change_entry(place: str, identity: str, act: str) -> ResponseReturnValue:
    """Move an entry by one, or to a place where it was dropped, or take it away."""
    shared: dict[str, Any] = {"actor_id": _actor(), "seen": request.form.get("seen", "")}
    try:
        if act == "remove":
            menus.remove(place, identity, **shared)
            flash(_("The entry is gone. What it led to stays."), "good")
            return redirect(f"/admin/menus#{place}")
        menus.move(place, identity, _to(place, identity, act), **shared)
    except settings.ChangedMeanwhile:
        rollback()
        flash(_MEANWHILE, "bad")
        return redirect(f"/admin/menus#{place}")
    number, count = menus.position(place, identity) + 1, len(menus.stored(place))
    flash(_("The entry stands in place %(number)s of %(count)s now.", number=number, count=count), "good")
    # Back on the button that was pressed, so that whoever has no mouse presses it again; the ends have only one.
    way = {1: "down", count: "up"}.get(number, "down" if act == "down" else "up")
    return redirect(f"/admin/menus#{way}-{identity}")


def _to(place: str, identity: str, act: str) -> int:
    now = menus.position(place, identity)
    to = request.form.get("to", type=int) if act == "to" else now + {"up": -1, "down": 1}[act]
    if to is None:
        raise NotFound(_("There is no such place in the menu."))
    return to


def _actor() -> int | None:
    person = current_person()
    return person.id if person else None


def _page(wrong: str = "", form: EntryForm | None = None) -> str:
    seen = settings.version(menus.SECTION)
    pages = dict(reading.titles())
    shown = []
    for place, title in menus.places().items():
        one = form if form is not None and place == wrong else EntryForm(formdata=None, prefix=place)
        one.seen.data = seen
        shown.append((place, title, [_line(entry, pages) for entry in menus.stored(place)], one))
    return draw("admin/pages/menus.html", menus=shown, seen=seen)


def _line(entry: dict[str, Any], pages: dict[int, str]) -> dict[str, str]:
    link = entry.get("link") or {}
    leads = (
        pages.get(link.get("page", 0), _("A page that is gone")) if link.get("kind") == "page" else words.leads_to(link)
    )
    course = (link.get("args") or {}).get("course", "")
    return {
        "id": entry["id"], "label": entry["label"], "leads": f"{leads}: {course}" if course else leads,
        "seen": words.shown_to(link),
    }  # fmt: skip
