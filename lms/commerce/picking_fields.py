"""The fields of an offer's form in which prices that are there at a provider are picked: one for each of its lists."""

from __future__ import annotations

from collections.abc import Sequence
from types import new_class
from typing import Any, TypeVar, cast

from flask_babel import gettext as _
from wtforms import SelectField
from wtforms.fields.choices import SelectChoice

from lms.commerce import picking
from lms.commerce.offer_view import CHARGED_AGAIN, FREE
from lms.commerce.picking import Shelf
from lms.extend import ProviderPrice
from lms.web import Form


class PickingForm(Form):
    """A form with such fields; ``with_shelves`` makes one. By itself it has none."""

    shelves: tuple[Shelf, ...] = ()

    def picked(self) -> dict[str, str]:
        """By field what was picked there: a reference, or "" for none. What is free has no price anywhere."""
        if "kind" in self and self["kind"].data == FREE:
            return {}
        return {shelf.field: self[shelf.field].data or "" for shelf in self.shelves if shelf.field in self}

    @property
    def picked_price(self) -> ProviderPrice | None:
        """What was picked, the first where there are several; None for nothing."""
        return next(iter(self._picked_prices().values()), None)

    def _picked_prices(self) -> dict[str, ProviderPrice]:
        chosen = self.picked()
        found = {shelf.field: shelf.price(chosen.get(shelf.field, "")) for shelf in self.shelves}
        return {field: price for field, price in found.items() if price is not None}

    def validate(self, extra_validators: Any = None) -> bool:
        """As usual; and what was picked is the price of one and the same offer."""
        is_valid = bool(super().validate(extra_validators))
        kind = self["kind"].data if "kind" in self else None
        for field, price in self._picked_prices().items():
            sentence = self._objection(price, kind)
            if sentence:
                self[field].errors = [*self[field].errors, sentence]
                is_valid = False
        return is_valid

    def _objection(self, price: ProviderPrice, kind: str | None) -> str:
        if kind in CHARGED_AGAIN and not price.interval:
            return _("This price is paid once. Choose “Paid once” as the kind.")
        if kind is not None and kind not in CHARGED_AGAIN and price.interval:
            return _("This price is charged again and again. Choose “Subscription” or “Instalments” as the kind.")
        first = self.picked_price
        if first is not None and _terms(price) != _terms(first):
            return _("The prices differ. Those of one offer cost the same, as often, in every mode.")
        return ""


_F = TypeVar("_F", bound=PickingForm)


def with_shelves(form: type[_F], shelves: Sequence[Shelf]) -> type[_F]:
    """The form with a field for each list in which something can be picked."""
    fields: dict[str, Any] = {
        shelf.field: SelectField(
            shelf.list.title, choices=_choices(shelf), default=shelf.list.picked, validate_choice=True
        )
        for shelf in shelves
        if not shelf.list.reason
    }
    body = {"shelves": tuple(shelves), **fields}
    return cast("type[_F]", new_class(form.__name__, (form,), exec_body=lambda names: names.update(body)))


def _choices(shelf: Shelf) -> list[SelectChoice]:
    """The prices under the names of their products, as groups of a list."""
    prices = sorted(shelf.list.prices, key=lambda each: (each.product.casefold(), each.product, each.amount))
    return [
        SelectChoice("", _("A price that this site makes by itself")),
        *(SelectChoice(each.reference, picking.in_words(each), optgroup=each.product or _("Other")) for each in prices),
    ]


def _terms(price: ProviderPrice) -> tuple[int, str, str, int]:
    return price.amount, price.currency, price.interval, price.interval_count
