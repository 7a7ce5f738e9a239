"""The block that leads students to their own portal: a card with a title, a picture behind it and a button."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms.validators import ValidationError

from lms.api import media
from lms.api.content import ResolvedLink, link_context_of, resolve
from lms.extend import Block, BlockForm, Group, RenderContext, fields
from lms_stripe import connections, returning


class PortalCardForm(BlockForm):
    """Words, a picture, and where the portal's Return leads."""

    title = fields.PlainText(_l("Title"), default="Your subscription", max_length=80, inline=True)
    subtitle = fields.PlainText(
        _l("Subtitle"),
        default="Change your card, read your invoices, cancel.",
        max_length=200,
        inline=True,
    )
    label = fields.PlainText(_l("Button"), default="Manage subscription", max_length=40, inline=True)
    return_page = fields.PlainText(
        _l("Return page"),
        max_length=500,
        description=_l("A page of this site or an https:// address. Empty: the page of this block."),
    )
    background = fields.Media(_l("Background picture"))

    class Meta:
        groups = (Group("Main Options", "title", "subtitle", "label", "return_page"), Group("Background", "background"))

    def validate_return_page(self, field: fields.PlainText) -> None:
        """Refuses everything else, with a word on how to write it."""
        if field.data and not returning.is_allowed(field.data):
            raise ValidationError(returning.HOW_TO_WRITE)


@dataclass(frozen=True, slots=True)
class Shown:
    """What is drawn: the person's own link (None in an editor's view without one), and the picture behind."""

    link: ResolvedLink | None
    picture: Any
    warns: bool
    """Nothing is connected: the editor is told, visitors see nothing."""


def load(props_of_all: Sequence[Mapping[str, Any]], ctx: RenderContext) -> list[Shown | None]:
    """One query for the pictures of all such blocks, and what one link asks for all of their links.

    None, and so nothing in the page, for whoever has no portal.
    """
    link_context = link_context_of(ctx)
    found = [resolve(_link(props), link_context, unavailable="hide") for props in props_of_all]
    drawn = [link is not None or ctx.editing for link in found]
    keys = [_picture_key(props) if is_drawn else "" for props, is_drawn in zip(props_of_all, drawn, strict=True)]
    pictures = media.views(sorted(set(filter(None, keys)))) if any(keys) else {}
    warns = ctx.editing and connections.selling() is None
    return [
        Shown(link, pictures.get(key), warns) if is_drawn else None
        for link, key, is_drawn in zip(found, keys, drawn, strict=True)
    ]


def _picture_key(props: Mapping[str, Any]) -> str:
    return str((props.get("background") or {}).get("key") or "")


def _link(props: Mapping[str, Any]) -> dict[str, Any]:
    page = str(props.get("return_page") or "")
    args = {"return_page": page} if page else {}
    return {"kind": "dynamic", "source": "stripe", "key": "customer-portal", "args": args}


portal_card = Block(
    name="portal-card",
    label=_l("Customer portal"),
    form=PortalCardForm,
    template="stripe/blocks/portal_card.html",
    icon="credit-card",
    category="selling",
    example={"title": "Your subscription", "label": "Manage subscription"},
    load=load,
    depends_on=("person",),
)

ALL = (portal_card,)
