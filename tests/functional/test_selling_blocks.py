"""Blocks that sell: what each kind of visitor sees, and that all of them lead to one checkout."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from lms import db
from lms.base import clock
from lms.commerce import links
from lms.commerce import services as commerce
from lms.commerce.offer_view import OfferView
from lms.content import document
from lms.extend import LinkContext, LinkRefused, Service
from lms.host import registry
from lms.testing.makers import Makers
from lms.testing.queries import Queries
from lms.testing.sites import TestSite

SignIn = Callable[..., FlaskClient]


class Bank(Service):
    """A payment provider that sells everything, until it closes."""

    kind = "payment_provider"
    name = "bank"
    label = "The bank around the corner"
    description = "You walk there and pay in cash."
    closed = ""

    def can_sell(self, offer: OfferView) -> bool | str:
        return self.closed or offer.kind != "free"

    def start(self, order: Any, cancel_path: str) -> str:
        return f"https://bank.example/pay/{order.number}"


@pytest.fixture
def bank(site: TestSite) -> Bank:
    made = Bank()
    registry.current()._services.setdefault("payment_provider", []).append(("bank", made))
    return made


class Stand:
    """A product with three offers, a page with its pricing table, and one with a buy block for the yearly price."""

    def __init__(self, make: Makers) -> None:
        self.course = make.course(lessons=1, sections=1)
        self.product = make.product(self.course)
        self.once = make.offer(self.product, amount=19900)
        self.monthly = make.offer(self.product, kind="subscription", amount=900)
        self.yearly = make.offer(self.product, kind="subscription", amount=9000, interval="year")
        self.table = make.page(block("pricing", title="Choose how to pay", product=self.product.slug))
        self.button = make.page(block("buy", title="A year of letters", offer=self.yearly.public_id))


def block(name: str, **props: Any) -> dict[str, Any]:
    return document.new_block(f"commerce/{name}", props)


@pytest.fixture
def stand(bank: Bank, make: Makers) -> Stand:
    return Stand(make)


def shown(browser: FlaskClient, page: Any) -> str:
    return browser.get(f"/{page.slug}").get_data(as_text=True)


def links_of(html: str) -> list[tuple[str, str]]:
    return re.findall(r'<a class="button [a-z]+" href="([^"]+)">([^<]+)</a>', html)


@pytest.mark.feature("SO-10")
def test_a_buy_block_and_a_pricing_table_lead_to_the_same_checkout(sign_in: SignIn, stand: Stand, make: Makers) -> None:
    browser = sign_in(make.person())
    table = links_of(shown(browser, stand.table))
    assert table == [
        (stand.once.checkout_path, "Buy this course"),
        (stand.monthly.checkout_path, "Subscribe"),
        (stand.yearly.checkout_path, "Subscribe"),
    ]
    assert links_of(shown(browser, stand.button)) == [table[2]]
    page = browser.get(table[2][0]).get_data(as_text=True)
    assert re.search(rf'value="{stand.yearly.public_id}" checked', page)


def test_the_table_switches_between_months_and_years_and_leaves_the_rest(
    client: FlaskClient, stand: Stand, make: Makers
) -> None:
    html = shown(client, stand.table)
    assert "Choose how to pay" in html
    assert re.findall(r'<div class="(offer[^"]*)">', html) == ["offer", "offer monthly", "offer yearly"]
    assert html.count('type="radio"') == 2
    commerce.set_offer_active(stand.yearly.id, False)
    db.commit()
    # Nothing to switch to: no switch, and nothing that a rule could hide.
    html = shown(client, stand.table)
    assert 'type="radio"' not in html
    assert "monthly" not in html


@pytest.mark.feature("B-20")
def test_an_owner_goes_to_the_course_and_sees_the_own_plan(sign_in: SignIn, stand: Stand, make: Makers) -> None:
    person = make.person()
    order = commerce.place_order(person.id, stand.monthly.id, "bank", clock.now())
    now = clock.now()
    commerce.record_paid(
        order.id, provider="bank", provider_ref="pay-1", subtotal=900, total=900, currency="eur", paid_at=now
    )
    commerce.record_subscription(
        commerce.SubscriptionFact(
            order_id=order.id, offer_id=stand.monthly.id, person_id=person.id, provider="bank", provider_ref="sub-1",
            state="active", started_at=now, period_end=now + timedelta(days=30),
        ),
        now=now,
    )  # fmt: skip
    db.commit()
    browser = sign_in(person)
    html = shown(browser, stand.table)
    begin = commerce.product_path(stand.product.id)
    assert links_of(html) == [(begin, "Go to course")]
    assert html.count("Your plan") == 1
    assert links_of(shown(browser, stand.button)) == [(begin, "Go to course")]


@pytest.mark.feature("B-20")
def test_whoever_had_it_once_renews(sign_in: SignIn, stand: Stand, make: Makers) -> None:
    person, now = make.person(), clock.now()
    make.grant(person, stand.product, starts_at=now - timedelta(days=40), ends_at=now - timedelta(days=10))
    html = shown(sign_in(person), stand.button)
    assert links_of(html) == [(stand.yearly.checkout_path, "Renew")]


def test_nothing_is_shown_that_nobody_can_buy(client: FlaskClient, bank: Bank, stand: Stand) -> None:
    bank.closed = "The bank is closed."
    for page in (stand.table, stand.button):
        html = shown(client, page)
        assert "Choose how to pay" not in html
        assert "A year of letters" not in html
        assert "The bank is closed." not in html


def test_a_table_of_a_product_that_went_costs_nobody_the_page(client: FlaskClient, bank: Bank, make: Makers) -> None:
    # An archived product must not keep an editor from saving the page either.
    page = make.page(block("pricing", title="Gone", product="nothing"), block("buy", title="Gone", offer="nothing"))
    answer = client.get(f"/{page.slug}")
    assert answer.status_code == 200
    assert "Gone" not in answer.get_data(as_text=True)


def test_the_first_plan_is_the_primary_one_on_both_sides_of_the_switch(
    client: FlaskClient, stand: Stand, make: Makers
) -> None:
    commerce.move_offer(stand.once.id, 1)
    commerce.move_offer(stand.once.id, 1)
    db.commit()
    html = shown(client, stand.table)
    assert re.findall(r'class="button (\w+)" href="/checkout', html) == ["primary", "primary", "second"]


def test_any_number_of_offers_costs_the_table_the_same_queries(client: FlaskClient, stand: Stand, make: Makers) -> None:
    shown(client, stand.table)
    with Queries().counted() as few:
        shown(client, stand.table)
    for number in range(8):
        make.offer(stand.product, amount=1000 + number)
    shown(client, stand.table)
    with Queries().counted() as many:
        assert shown(client, stand.table).count('class="offer') == 11
    assert len(many) == len(few)


def test_the_link_to_prices_leads_everybody_to_the_page_that_says_them(stand: Stand) -> None:
    link = links.pricing
    ctx = LinkContext(person=None, now=clock.now())
    assert link.open is not None
    assert link.open(ctx, {"product": stand.product.slug}) == commerce.sales_path(stand.product.id)
    with pytest.raises(LinkRefused):
        link.open(ctx, {"product": "nothing"})
