"""Placing orders: one per wish, none for what is owned."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select

from lms import db
from lms.access import services as access
from lms.base.problem import NotFound, Problem
from lms.commerce import services as commerce
from lms.commerce.models import Order
from lms.commerce.services import AlreadyOwned, OrderState, PaymentOnItsWay
from lms.testing.sites import TestSite

if TYPE_CHECKING:
    from tests.unit.commerce.conftest import Shop


def count_orders() -> int:
    return db.session.scalars(select(func.count()).select_from(Order)).one()


def test_an_order_says_what_is_bought_for_how_much(both_databases: str, shop: Shop) -> None:
    order = shop.order()
    assert (order.offer, order.total, order.currency) == (shop.once, 4900, "eur")
    assert (order.state, order.person_id, order.provider) == (OrderState.OPEN, shop.anna.id, "bank")
    assert commerce.order_by_number(order.number) == order


def test_an_open_order_is_used_again(shop: Shop) -> None:
    assert shop.order().id == shop.order().id


def test_another_offer_person_or_provider_is_another_order(shop: Shop) -> None:
    first = shop.order()
    others = [
        shop.order(shop.monthly),
        shop.order(person=shop.person()),
        commerce.place_order(shop.anna.id, shop.once.id, "cash", shop.now),
    ]
    assert len({first.id, *(order.id for order in others)}) == 4


@pytest.mark.parametrize("state", ["failed", "expired"])
def test_after_a_failure_a_new_order_is_made(shop: Shop, state: str) -> None:
    first = shop.order()
    commerce.record_order_state(first.id, state)
    assert shop.order().id != first.id


def test_eight_presses_of_buy_at_once_make_one_order(both_databases: str, site: TestSite, shop: Shop) -> None:
    ready, ids, errors = threading.Barrier(8), [], []

    def press() -> None:
        try:
            with site.app.app_context():
                ready.wait(timeout=20)
                with db.writes():
                    ids.append(shop.order().id)
        except Exception as error:  # a thread's exception is lost unless it is carried out
            errors.append(error)

    threads = [threading.Thread(target=press) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    db.rollback()
    assert errors == []
    assert (len(ids), len(set(ids)), count_orders()) == (8, 1, 1)


def test_two_people_with_two_offers_each_at_once_do_not_wait_for_each_other_for_ever(
    both_databases: str, site: TestSite, shop: Shop
) -> None:
    people = [shop.anna, shop.person()]
    db.commit()
    jobs = [(person, offer) for person in people for offer in (shop.once, shop.monthly)] * 2
    ready, errors = threading.Barrier(len(jobs)), []

    def buy(person: object, offer: object) -> None:
        try:
            with site.app.app_context():
                ready.wait(timeout=20)
                with db.writes():
                    order = shop.order(offer, person)  # type: ignore[arg-type]
                with db.writes():
                    shop.paid(order)
        except AlreadyOwned:
            pass  # the other offer of the product was paid first
        except Exception as error:  # a thread's exception is lost unless it is carried out
            errors.append(error)

    threads = [threading.Thread(target=buy, args=job) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert errors == []
    assert not any(thread.is_alive() for thread in threads)


def test_what_is_owned_leads_into_the_course(shop: Shop) -> None:
    shop.paid(shop.order())
    with pytest.raises(AlreadyOwned) as refused:
        shop.order(shop.monthly)
    assert refused.value.path == "/learn/letters"


@pytest.mark.parametrize("state", ["past_due", "suspended"])
def test_an_unpaid_subscription_leads_to_billing_instead_of_a_second_one(shop: Shop, state: str) -> None:
    order = shop.order(shop.monthly)
    shop.paid(order)
    shop.subscribed(order, state, past_due_since=shop.now - timedelta(days=30))
    with pytest.raises(AlreadyOwned) as refused:
        shop.order(shop.monthly)
    assert refused.value.path == "/account/billing"


@pytest.mark.parametrize("paid", [None, 100])
def test_money_on_its_way_or_held_is_not_asked_for_again(shop: Shop, paid: int | None) -> None:
    order = shop.order()
    if paid is None:
        commerce.record_order_state(order.id, "awaiting")
    else:
        shop.paid(order, subtotal=paid, total=paid)
    with pytest.raises(PaymentOnItsWay) as refused:
        shop.order(shop.monthly)
    assert refused.value.path == order.path


def test_after_the_end_it_can_be_bought_again(shop: Shop) -> None:
    order = shop.order(shop.monthly)
    shop.paid(order)
    shop.subscribed(order, "ended", ended_at=shop.now)
    assert shop.order(shop.monthly).id != order.id


def test_an_offer_that_is_not_sold_cannot_be_ordered(shop: Shop) -> None:
    commerce.set_offer_active(shop.once.id, False)
    with pytest.raises(NotFound):
        shop.order()
    assert count_orders() == 0


def test_orders_are_listed_by_key_and_state(both_databases: str, shop: Shop) -> None:
    orders = [shop.order(person=shop.person()) for _ in range(5)]
    shop.paid(orders[1])
    page = commerce.list_orders(limit=2)
    older = commerce.list_orders(limit=3, before=page[-1].order.id)
    assert [each.order.id for each in (*page, *older)] == [order.id for order in reversed(orders)]
    assert [each.order.id for each in commerce.list_orders(wanted=commerce.Wanted(states=(OrderState.PAID,)))] == [
        orders[1].id
    ]


def test_people_see_orders_that_were_carried_out_only(shop: Shop) -> None:
    shop.order(shop.monthly)
    paid = shop.paid(shop.order())
    assert [order.id for order in commerce.orders_of(shop.anna.id)] == [paid.id]


@pytest.mark.parametrize(
    "terms",
    [
        {"kind": "one_time", "amount": 0},
        {"kind": "one_time", "amount": -1},
        {"kind": "free", "amount": 100},
        {"kind": "one_time", "amount": 100, "currency": "xxx1"},
        {"kind": "subscription", "amount": 100},
        {"kind": "subscription", "amount": 100, "interval": "fortnight"},
        {"kind": "subscription", "amount": 100, "interval": "month", "interval_count": 0},
        {"kind": "one_time", "amount": 100, "access_days": 0},
        {"kind": "one_time", "amount": 100, "grace_days": -1},
    ],
)
def test_terms_that_fit_nobody_are_refused(shop: Shop, terms: dict[str, object]) -> None:
    with pytest.raises(Problem):
        shop.offer(**terms)


def test_offers_of_a_course_are_its_own_before_those_for_everything(shop: Shop) -> None:
    everything = access.create_product(slug="all", name="All", items=[("everything", None)])
    from_everything = shop.offer(product_id=everything.id, kind="subscription", amount=1900, interval="month")
    found = commerce.offers_for_course(shop.course_id)
    assert [offer.id for offer in found] == [shop.once.id, shop.monthly.id, from_everything.id]
