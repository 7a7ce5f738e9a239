"""The blocks that sell, whoever takes the money: one offer with its button, and a product's offers side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from lms.access import services as access
from lms.access.services import NextStep
from lms.commerce import offers as prices
from lms.commerce import providers
from lms.commerce.offer_view import OfferView
from lms.commerce.orders import product_paths
from lms.commerce.subscriptions import subscriptions_of
from lms.extend import Block, BlockForm, RenderContext, fields

MONTH, YEAR = "month", "year"


def _search_offers(words: str) -> list[tuple[str, str]]:
    """What is sold and has all the words in its name."""
    wanted = words.casefold().split()
    named = [(each.public_id, _in_words(each)) for each in prices.active_offers()]
    return [(key, name) for key, name in named if all(word in name.casefold() for word in wanted)]


def _offer_in_words(public_id: str) -> str | None:
    """None for what is no longer sold: it stays chosen, because a page must not change where an offer ended."""
    return next((_in_words(each) for each in prices.active_offers() if each.public_id == public_id), None)


def _in_words(offer: OfferView) -> str:
    return f"{offer.product_name}, {offer.label}"


class BuyForm(BlockForm):
    """Which offer is sold, and the words around it."""

    title = fields.PlainText(_l("Title"), default="", max_length=80, inline=True)
    offer = fields.Search(_l("Offer"), search=_search_offers, find=_offer_in_words)


class PricingForm(BlockForm):
    """Whose offers stand side by side, and the words above."""

    title = fields.PlainText(_l("Title"), default="", max_length=80, inline=True)
    product = fields.ProductRef(_l("Product"))


@dataclass(frozen=True, slots=True)
class Choice:
    """An offer as one person sees it: what the button says and where it leads; ``own``: the plan they are on."""

    offer: OfferView
    label: str
    href: str
    own: bool = False


@dataclass(frozen=True, slots=True)
class Shown:
    """What a block draws. ``number`` tells the blocks of a page apart; ``note`` is for editors: why visitors see
    nothing. ``begin`` is where an owner goes on, "" for everybody else."""

    number: int
    choices: tuple[Choice, ...] = ()
    begin: str = ""
    note: str = ""

    @property
    def has_switch(self) -> bool:
        """Whether there is something to switch between: prices a month, and prices a year."""
        return {MONTH, YEAR} <= {period(each.offer) for each in self.choices}


def period(offer: OfferView) -> str:
    """month or year for what the switch shows and hides; "" for what always stands there."""
    is_switched = offer.is_subscription and offer.interval_count == 1 and offer.interval in (MONTH, YEAR)
    return offer.interval if is_switched else ""


def load_buy(props_of_all: Sequence[Mapping[str, Any]], ctx: RenderContext) -> list[Shown | None]:
    """One query for what is sold, whatever the number of blocks; one for what the person holds."""
    sold = {each.public_id: each for each in prices.active_offers()}
    wanted = [sold.get(str(props.get("offer") or "")) for props in props_of_all]
    return _shown([(each,) if each else () for each in wanted], ctx, _("Choose an offer that is sold."))


def load_pricing(props_of_all: Sequence[Mapping[str, Any]], ctx: RenderContext) -> list[Shown | None]:
    """Three queries for the products and their offers, whatever the number of blocks; one for what the person holds."""
    known = access.products_by_slug({str(props.get("product") or "") for props in props_of_all} - {""})
    found = prices.offers_of_products([each.id for each in known.values()])
    of_each = [known.get(str(props.get("product") or "")) for props in props_of_all]
    offered = [found.get(each.id, ()) if each is not None else () for each in of_each]
    return _shown(offered, ctx, _("Choose a product that has a price."))


def _shown(offered: list[tuple[OfferView, ...]], ctx: RenderContext, missing: str) -> list[Shown | None]:
    """Each block's offers as this person sees them; None, and so nothing in the page, where nobody can buy."""
    standings = _standings({each.product_id for of_block in offered for each in of_block}, ctx)
    own = _own_plans(ctx)
    prices.note_changes((each for of_block in offered for each in of_block), ctx.now)
    drawn: list[Shown | None] = []
    for number, of_block in enumerate(offered, start=1):
        till = providers.till(_for_this_person(of_block, ctx))
        begin = next((standings[each.product_id][0] for each in of_block if standings[each.product_id][0]), "")
        # Whoever has it goes on, also where nobody can buy it at the moment.
        sold = of_block if begin else till.offers
        if not sold:
            reason = till.reason if of_block else missing
            drawn.append(Shown(number, note=reason) if ctx.editing else None)
            continue
        choices = tuple(_choice(each, *standings[each.product_id], own=each.id in own) for each in sold)
        drawn.append(Shown(number, choices, begin))
    return drawn


def _for_this_person(offered: tuple[OfferView, ...], ctx: RenderContext) -> tuple[OfferView, ...]:
    """Editors and previews see what some people only may buy as well: it is theirs to place."""
    if ctx.editing or ctx.state:
        return offered
    return prices.open_to(offered, ctx.person.id if ctx.person is not None else None, ctx.now)


def _standings(product_ids: set[int], ctx: RenderContext) -> dict[int, tuple[str, bool]]:
    """For each product where an owner begins ("" for everybody else), and whether the person had it once."""
    if ctx.person is None or ctx.state:
        return dict.fromkeys(product_ids, ("", False))
    decided = access.decide_products(ctx.person.id, product_ids, ctx.now)
    begins = product_paths([product_id for product_id, decision in decided.items() if decision.allowed])
    return {each: (begins.get(each, ""), decision.next_step is NextStep.RENEW) for each, decision in decided.items()}


def _own_plans(ctx: RenderContext) -> frozenset[int]:
    if ctx.person is None or ctx.state:
        return frozenset()
    return frozenset(each.offer.id for each in subscriptions_of(ctx.person.id) if each.is_running)


def _choice(offer: OfferView, begin: str, had_it: bool, *, own: bool) -> Choice:
    if begin:
        return Choice(offer, _("Go to course"), begin, own)
    return Choice(offer, _("Renew") if had_it else offer.button, offer.checkout_path, own)


buy = Block(
    name="buy",
    label=_l("Buy button"),
    description=_l("One price with its button; owners go on to the course instead."),
    form=BuyForm,
    template="commerce/blocks/buy.html",
    icon="tag",
    category="selling",
    example={"title": "", "offer": ""},
    load=load_buy,
    depends_on=("person",),
)

pricing = Block(
    name="pricing",
    label=_l("Pricing table"),
    description=_l("The prices of a product side by side, with a switch between months and years."),
    form=PricingForm,
    template="commerce/blocks/pricing.html",
    icon="squares-2x2",
    category="selling",
    example={"title": ""},
    load=load_pricing,
    depends_on=("person",),
)
