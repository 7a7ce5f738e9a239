"""Dynamic labels: words of a page that depend on who looks, or that change by themselves: a name, a price, a date."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from wtforms import Form

from lms.extend.items import Item
from lms.extend.links import STATES, LinkContext


@dataclass(frozen=True, kw_only=True)
class DynamicLabel(Item):
    """Words under ``<source>/<name>``; the source is the plugin's name unless ``source`` says otherwise.

    ``value(ctx, args)`` returns plain words, or None where there is nothing to say: then the words that the editor
    wrote for that case are printed. It reads the database only, and only through ``ctx.once`` where it would ask again
    for the next label of the page. ``form`` asks the editor for ``args``. ``depends_on`` is "person", "time" (then
    ``value`` says ``lms.api.web.good_until``), or nothing for words that are equal for all until the content version
    moves (``lms.api.content.bump_content_version``).

    In an editor's preview nobody is asked about a person: ``example`` is printed in ``states``.
    """

    label: str
    help: str = ""
    source: str = ""
    source_label: str = ""
    form: type[Form] | None = None
    states: tuple[str, ...] = STATES
    value: Callable[[LinkContext, Mapping[str, Any]], str | None]
    example: str = ""
    depends_on: tuple[str, ...] = ("person",)

    @property
    def key(self) -> str:
        """``source/name``, as content stores it."""
        return f"{self.source or self.plugin}/{self.name}"
