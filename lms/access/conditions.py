"""Conditions about what the person holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import Form

from lms.access import services as access
from lms.access.decision import Decision, Reason
from lms.extend import Condition, LinkContext
from lms.extend.fields import Choice

_MOST_PRODUCTS = 200


class ProductForm(Form):
    """One product, or whichever."""

    product = Choice(_l("Product"), [("", _l("Any product"))], validate_choice=False)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        known = [(each.slug, each.name) for each in access.products(limit=_MOST_PRODUCTS)]
        self.product.choices = [*self.product.choices, *known]
        if self.product.data and self.product.data not in {slug for slug, _name in known}:
            self.product.choices = [*self.product.choices, (self.product.data, _l("A product that is gone"))]


def _decisions(ctx: LinkContext) -> Mapping[str, Decision]:
    """Product slug → the decision about it, for what the person ever held. One query for a page."""
    if ctx.person is None:
        return {}
    found: Mapping[str, Decision] = ctx.once(
        ("access.products", ctx.person.id), lambda: access.product_decisions(ctx.person.id, ctx.now)
    )
    return found


def _is_known(ctx: LinkContext, slug: str) -> bool:
    known: bool = ctx.once(("access.product", slug), lambda: access.product_by_slug(slug) is not None)
    return known


def _owns(ctx: LinkContext, args: Mapping[str, Any]) -> bool | None:
    found, slug = _decisions(ctx), str(args.get("product") or "")
    if not slug:
        return any(each.allowed for each in found.values())
    if slug in found:
        return found[slug].allowed
    return False if _is_known(ctx, slug) else None


def _lost(ctx: LinkContext, args: Mapping[str, Any]) -> bool | None:
    found, slug = _decisions(ctx), str(args.get("product") or "")
    if not slug:
        return bool(found) and not any(each.allowed for each in found.values()) and any(map(_has_ended, found.values()))
    if slug in found:
        return _has_ended(found[slug])
    return False if _is_known(ctx, slug) else None


def _has_ended(decision: Decision) -> bool:
    """Whether something was open and is not now; what opens only later was never open."""
    return not decision.allowed and decision.reason is not Reason.NOT_BEGUN


ALL = (
    Condition(
        name="owns",
        source="product",
        source_label=_l("Product"),
        label=_l("Has bought"),
        help=_l("Also who was given it, and who still has days of grace after a failed payment."),
        form=ProductForm,
        states=("purchased",),
        holds=_owns,
        order=10,
    ),
    Condition(
        name="lapsed",
        source="product",
        source_label=_l("Product"),
        label=_l("Had bought, and it has ended"),
        help=_l("Access has run out, was refunded, or rests because nothing is paid."),
        form=ProductForm,
        states=("lapsed",),
        holds=_lost,
        order=20,
    ),
)
