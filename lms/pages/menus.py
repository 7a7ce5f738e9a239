"""Menus of the site: entries in the places that the theme has for them.

They are stored as settings, so they stand in memory, every change is one audit row, and kept pages turn over. A link is
stored by what it means: a page keeps its entry through a new address, and an entry is there only for whom its link is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _

from lms.base.ids import short_id
from lms.base.problem import NotFound, Problem
from lms.content import catalog, linkjson, links
from lms.settings import services as settings
from lms.themes import appearance
from lms.themes import catalog as themes
from lms.web.site import site_view

SECTION = "menus"
HEADER, FOOTER = "header", "footer"
MOST_ENTRIES = 30
LONGEST_LABEL = 60

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry as a template draws it."""

    label: str
    href: str
    new_tab: bool = False
    rel: str = ""


class EntryRefused(Problem):
    """The entry cannot be as somebody wants it; ``field`` names what is wrong: label or address."""

    status = 422

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.field = field


def places() -> dict[str, str]:
    """The places that the active theme has for menus, with their words."""
    return themes.menus(appearance.active().themes)


def stored(place: str) -> list[Json]:
    """The entries of a place: ``{"id", "label", "link"}``; until one is saved, those of older settings of the site."""
    kept = settings.get(SECTION, place)
    if isinstance(kept, list):
        return [dict(entry) for entry in kept]
    site = site_view()
    older = {HEADER: site.menu, FOOTER: site.footer}.get(place, [])
    return [
        {"id": f"{place}{number:04d}", "label": entry["label"], "link": {"kind": "url", "href": entry["href"]}}
        for number, entry in enumerate(older)
    ]


def shown(place: str) -> list[Entry]:
    """The entries of a place for whoever looks; those whose link is not theirs are left out."""
    found = []
    ctx = links.of_request()
    for entry in stored(place):
        target = links.resolve(entry.get("link"), ctx, unavailable="hide")
        if target is not None and target.href:
            found.append(Entry(str(entry.get("label", "")), target.href, target.new_tab, target.rel))
    return found


def add(place: str, label: str, link: Mapping[str, Any], *, actor_id: int | None, seen: str) -> None:
    """Put an entry at the end. Raises ``EntryRefused``, ``NotFound`` and ``settings.ChangedMeanwhile``."""
    entries = stored(place)
    if len(entries) >= MOST_ENTRIES:
        raise EntryRefused("label", _("A menu has at most %(limit)s entries.", limit=MOST_ENTRIES))
    label = " ".join(label.split())
    if not label or len(label) > LONGEST_LABEL:
        raise EntryRefused(
            "label", _("Write what the entry says, in at most %(limit)s characters.", limit=LONGEST_LABEL)
        )
    said: list[str] = []
    linkjson.check(dict(link), "link", catalog.current(), lambda _path, words: said.append(words))
    if said or not link:
        raise EntryRefused("address", said[0] if said else _("Choose where it leads."))
    _save(place, [*entries, {"id": short_id(), "label": label, "link": dict(link)}], actor_id, seen)


def remove(place: str, identity: str, *, actor_id: int | None, seen: str) -> None:
    """Take an entry away; what it leads to stays. Raises as ``add`` does."""
    entries = stored(place)
    del entries[_index(entries, identity)]
    _save(place, entries, actor_id, seen)


def move(place: str, identity: str, to: int, *, actor_id: int | None, seen: str) -> None:
    """Put an entry at the place ``to`` (from 0; beyond an end means that end). Raises as ``add`` does."""
    entries = stored(place)
    entry = entries.pop(_index(entries, identity))
    entries.insert(min(max(to, 0), len(entries)), entry)
    _save(place, entries, actor_id, seen)


def position(place: str, identity: str) -> int:
    """Where an entry stands, from 0. Raises ``NotFound``."""
    return _index(stored(place), identity)


def _index(entries: Sequence[Json], identity: str) -> int:
    found = next((index for index, entry in enumerate(entries) if entry.get("id") == identity), None)
    if found is None:
        raise NotFound(_("This entry is not there any more."), next_step=_("Open the menus again."))
    return found


def _save(place: str, entries: list[Json], actor_id: int | None, seen: str) -> None:
    if place not in places():
        raise NotFound(_("The theme has no such menu."))
    settings.save(SECTION, {place: entries}, actor_id=actor_id, seen=seen)
