"""Where a file of the library stands: in pages, lessons and whatever else holds a document, published or not."""

from __future__ import annotations

from dataclasses import dataclass

from lms.content import services as content
from lms.editor import drafts
from lms.extend import DocumentOwner
from lms.host import guard, registry


@dataclass(frozen=True, slots=True)
class Place:
    """A thing whose document shows the file, and where it is edited. ``state``: published, or in a draft only."""

    title: str
    href: str
    is_published: bool


def of(key: str) -> list[Place]:
    """All places of the file, by title. Two queries, and one for each place."""
    published, drafted = content.owners_with(key), drafts.owners_with(key)
    owners = {owner.name: owner for owner in registry.current().items(DocumentOwner)}
    found = []
    for kind, owner_id in dict.fromkeys([*published, *drafted]):
        owner = owners.get(kind)
        if owner is None:
            continue
        place = guard.call(
            owner.plugin, f"document {kind}", _place, owner, owner_id, published.get((kind, owner_id), False)
        )
        found += [place] if place else []
    return sorted(found, key=lambda place: place.title)


def _place(owner: DocumentOwner, owner_id: int, is_published: bool) -> Place | None:
    thing = owner.find(owner_id)
    return Place(str(owner.title(thing)), owner.edit_path(thing), is_published) if thing is not None else None
