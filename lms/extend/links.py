"""Dynamic links: links whose target depends on who clicks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from wtforms import Form

from lms.base.problem import Problem
from lms.extend.items import Item

STATES = ("unavailable", "guest", "purchased", "lapsed", "no_purchase")
ATTENTION = ("", "past_due", "ends", "trial_ends", "expires_soon")


@dataclass(slots=True)
class LinkContext:
    """Who clicks or looks, and when (domain time, UTC).

    ``person`` is None for a guest. ``memo`` lives as long as one page: ``once(key, make)`` asks the database once for
    any number of links. ``state`` is one of ``STATES`` in an editor's preview, where ``person`` is nobody real; else
    "". ``attention`` is then what the preview draws attention to, of ``ATTENTION``.
    """

    person: Any
    now: datetime
    page: str = "/"
    owner: Any = None
    return_to: str = ""
    memo: dict[Any, Any] = field(default_factory=dict)
    state: str = ""
    attention: str = ""

    def once(self, key: Any, make: Callable[[], Any]) -> Any:
        """``make()``, called the first time only."""
        if key not in self.memo:
            self.memo[key] = make()
        return self.memo[key]


class LinkRefused(Problem):
    """The click leads nowhere now: shown as a plain page with a way back."""

    status = 409


@dataclass(frozen=True, kw_only=True)
class DynamicLink(Item):
    """A link under ``<source>/<name>``; the source is the plugin's name unless ``source`` says otherwise.

    ``available(ctx)`` returns True, or a sentence that says why not; it reads the database only, and only through
    ``ctx.once`` where it would ask again for the next link of the page. ``fits(ctx, args)`` is for links that an
    argument narrows, to one product say: asked after ``available`` where the editor gave arguments, and answered like
    it. ``open(ctx, args)`` runs on the click, may call outside (commit first) and returns an address: a path of this
    site, or one on ``hosts()`` (origins). It raises ``LinkRefused`` or another ``Problem``. ``address(ctx, args)`` is
    for links that are equal for everybody: they write their own path into the page instead of ``/go/…``. ``states``
    are those in which it may be available: editors read them ("Shown to …") and see them in the preview. ``ready()``
    is asked while an editor chooses the link: True, or a sentence that says what keeps it from everybody; ``mended_at``
    is the path of the page where that is mended.
    """

    label: str
    help: str = ""
    source: str = ""
    source_label: str = ""
    form: type[Form] | None = None
    states: tuple[str, ...] = STATES
    available: Callable[[LinkContext], bool | str]
    fits: Callable[[LinkContext, Mapping[str, Any]], bool | str] | None = None
    open: Callable[[LinkContext, Mapping[str, Any]], str] | None = None
    address: Callable[[LinkContext, Mapping[str, Any]], str] | None = None
    hosts: Callable[[], tuple[str, ...]] = field(default=lambda: ())
    default_unavailable: str = "hide"
    ready: Callable[[], bool | str] | None = None
    mended_at: str = ""
    for_guests: bool = False

    @property
    def key(self) -> str:
        """``source/name``, as content stores it."""
        return f"{self.source or self.plugin}/{self.name}"
