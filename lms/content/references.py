"""Things of other rooms that blocks name: pages, courses, products. The rooms above say what there is."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from wtforms import Field

from lms.content import values
from lms.extend import Service
from lms.extend.fields import Reference, Search
from lms.host import guard, registry

KIND = "references"
MOST_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Referred:
    """A thing that a block names: its ``title``, and ``href``, where visitors meet it; "" where they do not."""

    stored: Any
    title: str
    href: str = ""


class References(Service):
    """All things of one kind; ``name`` is the kind of ``Reference`` that asks for them."""

    kind = KIND

    def search(self, words: str, limit: int) -> Sequence[Referred]:
        """Those whose title has the words, by title; the first ones for no words."""
        raise NotImplementedError

    def find(self, stored: Collection[Any]) -> Mapping[Any, Referred]:
        """By what documents store of them: those that are there. One query, whatever their number."""
        raise NotImplementedError


def _of_kind(kind: str) -> References | None:
    found: References | None = registry.current().service(KIND, kind)
    return found


def find(kind: str, stored: Collection[Any]) -> Mapping[Any, Referred]:
    """Those of the things that are there, whether visitors see them or not."""
    room = _of_kind(kind)
    return room.find(stored) if room is not None and stored else {}


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a field holds as people read it: ``title``, "" for nothing; ``trouble``: why visitors do not see it."""

    title: str = ""
    trouble: str = ""


class Named:
    """All that the references among these fields name, asked for once for each kind, when it is first wanted."""

    def __init__(self, held: Iterable[tuple[Field, Any]]) -> None:
        self._stored: dict[str, set[Any]] = {}
        for field, value in held:
            if isinstance(field, Reference) and values.names(field, value):
                self._stored.setdefault(field.kind, set()).add(value)
        self._found: dict[str, Mapping[Any, Referred]] = {}

    def get(self, field: Reference, value: Any) -> Referred | None:
        """What the field names with the value, if it is there."""
        if not values.names(field, value):
            return None
        if field.kind not in self._found:
            self._found[field.kind] = find(field.kind, self._stored.get(field.kind, ()))
        return self._found[field.kind].get(value)


def chosen(plugin: str, field: Search | Reference, value: Any, named: Named) -> Chosen:
    """What the field holds; ``plugin`` is whose block it belongs to, ``named`` knows all that is asked about."""
    if value in (None, ""):
        return Chosen()
    gone = _("It is not there any more. Visitors see nothing of it.")
    if isinstance(field, Search):
        shown = value if field.find is None else _label(plugin, field, value)
        return Chosen(str(value), gone) if shown is None else Chosen(str(shown))
    there = named.get(field, value)
    if there is None:
        return Chosen(str(value), gone)
    return Chosen(there.title, "" if there.href else _("It is not published. Visitors see nothing of it."))


def is_there(plugin: str, field: Search | Reference, value: Any) -> bool:
    """Whether the value can be chosen now."""
    if isinstance(field, Search):
        return field.find is None or _label(plugin, field, value) is not None
    return values.names(field, value) and value in find(field.kind, [value])


def _label(plugin: str, field: Search, value: Any) -> Any:
    return guard.call(plugin, f"find of {field.short_name}", field.find, str(value), default=None)


def search(plugin: str, field: Search | Reference, words: str) -> list[tuple[Any, str]]:
    """(Stored, shown) of what the words find, at most twenty."""
    if isinstance(field, Reference):
        room = _of_kind(field.kind)
        found = room.search(words, MOST_SHOWN) if room is not None else ()
        return [(each.stored, each.title) for each in found]
    answer: list[tuple[Any, str]] = guard.call(
        plugin, f"search of {field.short_name}", field.search, words, default=[], check=_pairs
    )
    return answer


def _pairs(answer: Any) -> list[tuple[str, str]]:
    """The answer of a plugin's search, as far as it is shown."""
    return [(str(stored), str(shown)) for stored, shown in list(answer)[:MOST_SHOWN]]
