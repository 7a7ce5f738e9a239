"""Which plugins the list shows: by state, category and words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from flask_babel import gettext as _

from lms.admin import plugin_words
from lms.host.catalog import PluginView, State

_GROUPS = {
    "active": {State.ACTIVE},
    "waiting": {State.PAUSED, State.NEEDS_UPGRADE},
    "off": {State.FOUND, State.INACTIVE},
    "missing": {State.MISSING},
}


@dataclass(frozen=True, slots=True)
class Choice:
    """One filter: ``name`` in the address, words, how many it shows."""

    name: str
    words: str
    count: int


@dataclass(frozen=True, slots=True)
class Chosen:
    """What the list shows, and what it could show."""

    shelves: tuple[tuple[str, tuple[PluginView, ...]], ...]
    states: tuple[Choice, ...]
    categories: tuple[str, ...]
    state: str
    category: str
    q: str
    total: int


def chosen(views: Iterable[PluginView], asked: Mapping[str, str]) -> Chosen:
    """The plugins that ``asked`` (state, category, q) lets through, by category; what nobody knows lets all through."""
    everything = sorted(views, key=lambda view: (view.title.casefold(), view.name))
    state, category, q = asked.get("state", ""), asked.get("category", ""), asked.get("q", "").strip()[:100]
    found = [view for view in everything if _matches(view, category, q)]
    shown = [view for view in found if view.state in _GROUPS.get(state, State)]
    names = sorted({view.category for view in everything}, key=_by_words)
    return Chosen(
        shelves=tuple(
            (name, tuple(view for view in shown if view.category == name))
            for name in names
            if any(view.category == name for view in shown)
        ),
        states=tuple(_states(found)),
        categories=tuple(names),
        state=state if state in _GROUPS else "",
        category=category,
        q=q,
        total=len(everything),
    )


def _by_words(category: str) -> tuple[bool, str]:
    return category == "", plugin_words.category(category).casefold()


def _matches(view: PluginView, category: str, q: str) -> bool:
    text = f"{view.name} {view.title} {view.description}".casefold()
    return (not category or view.category == category) and all(word in text for word in q.casefold().split())


def _states(views: list[PluginView]) -> Iterable[Choice]:
    words = {"active": _("On"), "waiting": _("Paused or waiting"), "off": _("Off"), "missing": _("Not installed")}
    yield Choice("", _("All"), len(views))
    for name, states in _GROUPS.items():
        count = sum(view.state in states for view in views)
        if count or name in {"active", "off"}:
            yield Choice(name, words[name], count)
