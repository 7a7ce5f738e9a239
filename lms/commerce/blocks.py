"""The block that shows people their own subscription."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _l
from markupsafe import Markup

from lms.commerce import services
from lms.commerce.services import SubscriptionView
from lms.extend import Block, BlockForm, RenderContext, fields
from lms.web import slot


class SubscriptionForm(BlockForm):
    """The words around."""

    title = fields.PlainText(_l("Title"), default="Your subscription", max_length=80, inline=True)


@dataclass(frozen=True, slots=True)
class Shown:
    """What one person sees in the block, as of ``now`` (domain time, UTC): each subscription that runs, and what its
    provider adds about it."""

    subscriptions: tuple[tuple[SubscriptionView, Markup], ...]
    now: datetime


def load(props_of_all: Sequence[Mapping[str, Any]], ctx: RenderContext) -> Sequence[Shown | None]:
    """One query for all blocks of the page; nothing for guests and for people without a subscription."""
    if ctx.person is None:
        return [None] * len(props_of_all)
    running = tuple(
        (each, slot("commerce.subscription.facts", subscription=each))
        for each in services.subscriptions_of(ctx.person.id)
        if each.is_running
    )
    shown = Shown(running, ctx.now) if running else None
    return [shown] * len(props_of_all)


subscription = Block(
    name="subscription",
    label=_l("Your subscription"),
    description=_l("The person’s own subscription with its next charge; nothing for everybody else."),
    form=SubscriptionForm,
    template="commerce/blocks/subscription.html",
    icon="banknotes",
    category="selling",
    example={"title": "Your subscription"},
    load=load,
    depends_on=("person",),
)
