"""The document that an address of the editor names, and whether the person may work on it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from lms.accounts.models import Person
from lms.base import clock
from lms.base.problem import Forbidden, NotFound
from lms.content.render import Rendered
from lms.db import session
from lms.editor.situation import only_words
from lms.extend import DocumentOwner, RenderContext
from lms.host import mount, registry
from lms.web import current_person

_ENTER = "admin.enter"
_FUNCTIONS = ("find", "title", "public_url", "may", "page", "published", "list_path")


@dataclass(frozen=True, slots=True)
class Opened:
    """A thing that holds a document, and how its kind treats it."""

    owner: DocumentOwner
    thing: Any
    id: int
    page: Callable[[Any, RenderContext], str]

    @property
    def kind(self) -> str:
        return self.owner.name

    @property
    def title(self) -> str:
        return str(self.owner.title(self.thing))

    @property
    def path(self) -> str:
        """Where visitors meet it."""
        return self.owner.public_url(self.thing)

    @property
    def address(self) -> str:
        """Where the editor works on it; the canvas and the rest lie below."""
        return f"/admin/editor/{self.kind}/{self.id}"

    @property
    def back(self) -> str:
        """The admin page that leads to it."""
        return self.owner.list_path(self.thing) if self.owner.list_path else "/admin"

    def may(self, act: str) -> bool:
        """Whether the person may "edit", "design" or "publish" it."""
        return bool(self.owner.may(current_person(), self.thing, act))

    def draw(self, rendered: Rendered) -> str:
        """The themed page around the document."""
        return str(self.page(rendered, self.context()))

    def context(self, **more: Any) -> RenderContext:
        """For drawing its document; ``more`` as ``RenderContext`` takes it."""
        more.setdefault("person", current_person())
        return RenderContext(now=clock.now(), path=self.path, owner=self.thing, **more)


def find(kind: str, owner_id: int, *, act: str = "edit") -> Opened:
    """Raises ``NotFound`` for what cannot be edited here, ``Forbidden`` for who may not ``act``."""
    owners = registry.current().items(DocumentOwner)
    owner = next((_contained(one) for one in owners if one.name == kind), None)
    thing = owner.find(owner_id) if owner else None
    found = Opened(owner, thing, owner_id, owner.page) if owner and owner.page and thing is not None else None
    # Who has no business here learns nothing, not even what exists.
    if found is None or not (_is_staff() or found.may("edit")):
        raise NotFound(_("There is no such page to edit."), next_step=_("Somebody may have deleted it."))
    if not found.may(act):
        said = {"publish": _("Your account may not publish this."), "design": only_words()}
        who = _("Ask an owner of the site for the right role.")
        raise Forbidden(said.get(act, _("Your account may not edit this.")), next_step=who)
    return found


def _is_staff() -> bool:
    person = current_person()
    return person is not None and person.can(_ENTER)


def _contained(owner: DocumentOwner) -> DocumentOwner:
    """What a plugin says of its own documents, so that its failure costs the one that is open, and no other."""
    if registry.current().plugins[owner.plugin].builtin:
        return owner
    functions = {name: getattr(owner, name) for name in _FUNCTIONS}
    return replace(
        owner,
        **{
            name: mount.contained(owner.plugin, f"{name} of {owner.name}", function)
            for name, function in functions.items()
            if function is not None
        },
    )


def names(ids: Iterable[int | None]) -> dict[int, str]:
    """Person id → name. One query, none for nobody."""
    wanted = {one for one in ids if one is not None}
    if not wanted:
        return {}
    return dict(session.execute(select(Person.id, Person.name).where(Person.id.in_(wanted))).all())
