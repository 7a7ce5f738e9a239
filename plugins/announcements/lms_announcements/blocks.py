"""The block for pages: what is announced to everybody now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms.validators import NumberRange

from lms.api.content import ResolvedLink, link_context, resolve
from lms.extend import Block, BlockForm, RenderContext, fields
from lms_announcements import settings, showing
from lms_announcements.models import Where
from lms_announcements.services import AnnouncementView


class LatestForm(BlockForm):
    """A heading, and how many are listed."""

    title = fields.PlainText(_l("Title"), default=_l("News"), max_length=80, inline=True)
    count = fields.Number(
        _l("How many at most"), default=3, validators=[NumberRange(1, 20, _l("Write a number from 1 to 20."))]
    )


@dataclass(frozen=True, slots=True)
class Listed:
    """What one block lists: each with where its link leads."""

    entries: tuple[tuple[AnnouncementView, ResolvedLink | None], ...]
    shows_dates: bool


def load(props_of_all: Sequence[Mapping[str, Any]], ctx: RenderContext) -> Sequence[Listed]:
    """From memory, for all blocks of the page at once."""
    shown = [(each, resolve(each.link, link_context())) for each in showing.current(Where.SITE, ctx.now)]
    return [Listed(tuple(shown[: props["count"]]), settings.shows_dates()) for props in props_of_all]


latest = Block(
    name="latest",
    label=_l("Announcements"),
    form=LatestForm,
    template="announcements/blocks/latest.html",
    icon="megaphone",
    category="content",
    example={"title": "News", "count": 3},
    load=load,
    depends_on=("time",),
)
