"""Conditions: questions about who looks, and when, that decide whether a block is shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from wtforms import Form

from lms.extend.items import Item
from lms.extend.links import STATES, LinkContext


@dataclass(frozen=True, kw_only=True)
class Condition(Item):
    """A condition under ``<source>/<name>``; the source is the plugin's name unless ``source`` says otherwise.

    ``holds(ctx, args)`` says whether it holds for who looks; None where that cannot be said (what it asks about is
    gone): then the block is hidden, also where the editor turned the condition round. It reads the database only, and
    only through ``ctx.once`` where it would ask again for the next block of the page. ``form`` asks the editor for
    ``args``. ``depends_on`` is "person", or "time" for one that is equal for all who look at that moment: then
    ``holds`` says ``lms.api.web.good_until`` for the next moment at which its answer may change.

    In an editor's preview nobody is asked about a person: it holds in ``states``, and where ``attention`` names some
    (of ``lms.extend.ATTENTION``) only when one of these is drawn attention to. Editors read both ("Shown to …").
    """

    label: str
    help: str = ""
    source: str = ""
    source_label: str = ""
    form: type[Form] | None = None
    states: tuple[str, ...] = STATES
    attention: tuple[str, ...] = ()
    holds: Callable[[LinkContext, Mapping[str, Any]], bool | None]
    depends_on: tuple[str, ...] = ("person",)

    @property
    def key(self) -> str:
        """``source/name``, as content stores it."""
        return f"{self.source or self.plugin}/{self.name}"
