"""Prices that were made at a payment provider, which an offer can be tied to. What they are only the provider knows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from flask_babel import gettext as _

from lms.base.problem import Unavailable
from lms.commerce import words
from lms.commerce.offer_view import FREE, OfferView
from lms.commerce.providers import payment_providers
from lms.db import commit
from lms.extend import PriceList, PriceLists, ProviderPrice
from lms.host import guard, registry


@dataclass(frozen=True, slots=True)
class Shelf:
    """A list of prices, and whose it is."""

    provider: str
    list: PriceList

    @property
    def field(self) -> str:
        """The name of the field of a form in which one of them is picked."""
        return f"price_at_{self.provider}_{self.list.name}"

    def price(self, reference: str) -> ProviderPrice | None:
        """The price of the list with this reference."""
        return next((each for each in self.list.prices if each.reference == reference), None)


def shelves(offer: OfferView | None) -> tuple[Shelf, ...]:
    """What the offer, or for None a new one, can be tied to; from our database only.

    An offer that is there keeps its price, so of every list only those are left that cost as much, as often.
    """
    if offer is not None and offer.kind == FREE:
        return ()
    found = []
    for provider in _with_lists():
        lists = guard.call(
            registry.current().owner(provider), f"prices of {provider.name}", provider.price_lists, offer,
            default=(), check=_are_lists, problem_passes=False,
        )  # fmt: skip
        found += [Shelf(provider.name, _fitting(each, offer)) for each in lists]
    return tuple(found)


def fits(price: ProviderPrice, offer: OfferView) -> bool:
    """Whether the price is the offer's: as much, in the same currency, as often."""
    rhythm = (offer.interval, offer.interval_count) if offer.is_subscription else ("", 0)
    return (price.amount, price.currency, price.interval, price.interval_count) == (
        offer.amount,
        offer.currency,
        *rhythm,
    )


def in_words(price: ProviderPrice) -> str:
    """The price as staff choose it: "€9 a month, Founders"."""
    charged = words.format_money(price.amount, price.currency, short=True)
    rhythm = words.every(price.interval, price.interval_count) if price.interval else _("once")
    return ", ".join(part for part in (f"{charged} {rhythm}", price.note) if part)


def keep(offer: OfferView, picked: Mapping[str, str], beside: tuple[Shelf, ...]) -> None:
    """Tie the offer to what was picked in the fields of the lists, and let go of what was not. Does not commit.

    Raises ``Problem``: the price is gone, or is another offer's.
    """
    for shelf in beside:
        reference = picked.get(shelf.field, shelf.list.picked)
        if reference == shelf.list.picked:
            continue
        provider = next(each for each in _with_lists() if each.name == shelf.provider)
        done = guard.call(
            registry.current().owner(provider), f"a price of {provider.name}", _pick, provider, offer,
            shelf.list.name, reference, default=False,
        )  # fmt: skip
        if not done:
            raise Unavailable(_("The price could not be picked."), next_step=_("Try again, or leave it to this site."))


def read() -> None:
    """Have every provider read its prices. Commits; no transaction may be needed after it.

    Raises ``Problem`` where one of them does not answer.
    """
    commit()
    for provider in _with_lists():
        done = guard.call(
            registry.current().owner(provider), f"reading prices of {provider.name}", _read, provider,
            default=False, outside=True,
        )  # fmt: skip
        if not done:
            raise Unavailable(_("The prices could not be read."), next_step=_("Try again in a minute."))


def _pick(provider: Any, offer: OfferView, name: str, reference: str) -> bool:
    provider.pick(offer, name, reference)
    return True


def _read(provider: Any) -> bool:
    provider.read_prices()
    return True


def _with_lists() -> list[Any]:
    return [each for each in payment_providers() if isinstance(each, PriceLists)]


def _are_lists(answer: Any) -> tuple[PriceList, ...]:
    found = tuple(answer)
    if all(isinstance(each, PriceList) for each in found):
        return found
    raise guard.WrongAnswer("Expected were objects of lms.extend.PriceList.")


def _fitting(found: PriceList, offer: OfferView | None) -> PriceList:
    if offer is None:
        return found
    kept = tuple(each for each in found.prices if each.reference == found.picked or fits(each, offer))
    return replace(found, prices=kept)
