"""Prices that were made at a provider: any provider may have them, and one that fails costs only its own list."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pytest
from flask.testing import FlaskClient

from lms import db
from lms.base.problem import Conflict
from lms.commerce import picking
from lms.commerce import services as commerce
from lms.extend import Plugin, PriceList, ProviderPrice, Service
from lms.testing.plugins import add_plugin
from lms.testing.sites import TestSite

if TYPE_CHECKING:
    from tests.unit.commerce.conftest import Shop

SignIn = Callable[..., FlaskClient]
BLUE = ProviderPrice(reference="blue", product="Envelopes", amount=4900, currency="eur", note="printed")
RED = ProviderPrice(
    reference="red", product="Envelopes", amount=900, currency="eur", interval="month", interval_count=1
)


@dataclass
class Printed(Service):
    """Envelopes with the amount printed on them."""

    kind = "payment_provider"
    name = "printed"
    label = "Envelope"
    description = "You send an envelope."

    prices: tuple[ProviderPrice, ...] = (BLUE, RED)
    picked: dict[int, str] = field(default_factory=dict)
    wrong: Any = None

    def can_sell(self, offer: Any) -> bool:
        return True

    def start(self, order: Any, cancel_path: str) -> str:
        return "/envelope"

    def price_lists(self, offer: Any) -> Iterable[PriceList]:
        if self.wrong is not None:
            return self.wrong()  # type: ignore[no-any-return]
        picked = self.picked.get(offer.id, "") if offer else ""
        return [PriceList(name="box", title="Printed envelopes", prices=self.prices, picked=picked)]

    def pick(self, offer: Any, name: str, reference: str) -> None:
        if reference == "red":
            raise Conflict("The red ones are gone.")
        self.picked[offer.id] = reference

    def read_prices(self) -> None:
        self.prices = (*self.prices, replace(BLUE, reference="white", note="new"))


@pytest.fixture
def printed(site: TestSite) -> Printed:
    provider = Printed()

    class Envelopes(Plugin):
        """Envelopes"""

        name = "envelopes"

        def services(self) -> tuple[Service, ...]:
            return (provider,)

    add_plugin(site.app, Envelopes())
    return provider


def send(browser: FlaskClient, page: str, to: str, **form: Any) -> Any:
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', browser.get(page).get_data(as_text=True))
    assert found
    return browser.post(to, data={"csrf_token": found[1], "interval": "month", "currency": "eur", **form})


@pytest.fixture
def creator(sign_in: SignIn, shop: Shop) -> FlaskClient:
    made = shop.person("creator")
    db.commit()
    return sign_in(made)


def test_any_provider_may_have_prices_to_pick_from(creator: FlaskClient, shop: Shop, printed: Printed) -> None:
    base = f"/admin/products/{shop.product_id}/offers"
    page = creator.get(f"{base}/new").get_data(as_text=True)
    assert ("€49 once, printed" in page, "€9 a month" in page) == (True, True)
    again = send(creator, f"{base}/new", f"{base}/prices", kind="one_time", button_text="Join").get_data(as_text=True)
    assert ('value="white"' in again, 'value="Join"' in again) == (True, True)
    assert send(creator, f"{base}/new", base, kind="one_time", price_at_printed_box="blue").status_code == 303
    offer = commerce.offers_of_product(shop.product_id)[-1]
    assert (offer.amount, printed.picked) == (4900, {offer.id: "blue"})
    edit = f"{base}/{offer.id}/edit"
    page = creator.get(edit).get_data(as_text=True)
    # Only what costs the same.
    assert ('value="white"' in page, 'value="red"' in page) == (True, False)
    assert send(creator, edit, edit, price_at_printed_box="").status_code == 303
    assert printed.picked == {offer.id: ""}


def test_a_provider_that_says_no_leaves_no_offer_behind(creator: FlaskClient, shop: Shop, printed: Printed) -> None:
    base = f"/admin/products/{shop.product_id}/offers"
    before = commerce.offers_of_product(shop.product_id)
    answer = send(creator, f"{base}/new", base, kind="subscription", price_at_printed_box="red")
    assert (answer.status_code, "The red ones are gone." in answer.get_data(as_text=True)) == (409, True)
    db.rollback()
    assert commerce.offers_of_product(shop.product_id) == before


@pytest.mark.parametrize("wrong", [lambda: 1 / 0, lambda: ["blue"], lambda: 7])
def test_a_list_that_fails_is_left_out_and_the_form_stays(
    site: TestSite, creator: FlaskClient, shop: Shop, printed: Printed, wrong: Any
) -> None:
    site.app.config["LMS"] = replace(site.app.config["LMS"], strict_plugins=False)
    printed.wrong = wrong
    base = f"/admin/products/{shop.product_id}/offers"
    page = creator.get(f"{base}/new")
    assert (page.status_code, "Printed envelopes" in page.get_data(as_text=True)) == (200, False)
    assert send(creator, f"{base}/new", base, kind="one_time", price="49").status_code == 303


def test_what_is_free_and_what_costs_something_else_fit_no_price(site: TestSite, shop: Shop, printed: Printed) -> None:
    free = shop.offer(kind="free")
    with site.app.test_request_context():
        assert picking.shelves(free) == ()
        assert [each.reference for each in picking.shelves(shop.monthly)[0].list.prices] == ["red"]
        quarterly = replace(shop.monthly, interval_count=3)
        assert picking.shelves(quarterly)[0].list.prices == ()
