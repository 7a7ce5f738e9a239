"""What plugins put into pages of the core: pieces at named places, entries of the admin's sidebar."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flask_babel import gettext as _
from markupsafe import Markup, escape

from lms.extend import NavItem, Slot
from lms.host import guard, registry
from lms.web.person import current_person

LONGEST_PIECE = 1_000_000
"""Characters that one piece of a page may have: more comes from a loop, and nobody can read it."""

_GHOST = Markup('<p class="piece-missing" role="note"><strong>{}</strong> {}</p>')


def slot(place: str, **context: Any) -> Markup:
    """What plugins put at a place; a piece that fails costs only itself, and editors see why."""
    return Markup("").join(_drawn(item, context) for item in registry.current().items(Slot) if item.place == place)


def _drawn(item: Slot, context: Mapping[str, Any]) -> Markup:
    piece = f"slot {item.name}"
    drawn = guard.call(item.plugin, piece, item.render, context, check=html, problem_passes=False)
    return ghost(item.plugin, piece) if drawn is None else drawn


def html(answer: Any) -> Markup:
    """A check for ``guard.call``: what a piece drew, as markup; plain words are escaped."""
    if not isinstance(answer, str) and not hasattr(answer, "__html__"):
        raise guard.WrongAnswer(f"It returned {type(answer).__name__}, expected was Markup.")
    drawn = escape(answer)
    if len(drawn) > LONGEST_PIECE:
        raise guard.WrongAnswer(f"It returned {len(drawn)} characters; a piece may have {LONGEST_PIECE}.")
    return drawn


def ghost(plugin: str, piece: str) -> Markup:
    """What stands where a piece failed: for editors a word about it, for everybody else nothing."""
    person = current_person()
    if person is None or not person.can("pages.edit"):
        return Markup("")
    said = _("%(plugin)s could not draw %(piece)s.", plugin=plugin, piece=piece)
    seen = _("Visitors see nothing here. %(reason)s", reason=guard.why(plugin, piece))
    return _GHOST.format(said, seen)


def admin_nav() -> list[tuple[str, list[NavItem]]]:
    """The sidebar's groups with the entries that this person may open."""
    person = current_person()
    groups: dict[str, list[NavItem]] = {"": [], "teach": [], "sell": [], "site": [], "system": []}
    for item in registry.current().items(NavItem):
        if person is not None and person.can(item.capability):
            groups.setdefault(item.group, []).append(replace(item, label=label(item)))
    return [(group, items) for group, items in groups.items() if items]


def label(item: Any) -> str:
    """The label of an item in the reader's language; its name where the plugin cannot say it."""
    words: str = guard.call(item.plugin, f"label of {item.name}", str, item.label, default=item.name)
    return words
