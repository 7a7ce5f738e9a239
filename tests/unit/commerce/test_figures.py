"""What came in during a time."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from lms.base.money import Money
from lms.commerce import services as commerce
from lms.commerce.services import Figures, RefundFact
from lms.db import commit


def of_last_hour(shop: Any, **options: Any) -> Figures:
    return commerce.figures(shop.now - timedelta(hours=1), shop.now + timedelta(seconds=1), **options)


def test_nothing_sold_is_nothing(both_databases: str, shop: Any) -> None:
    shop.order()
    assert of_last_hour(shop) == Figures(0, ())


def test_paid_orders_are_counted_and_money_is_added_by_currency(both_databases: str, shop: Any) -> None:
    shop.paid(shop.order())
    shop.paid(shop.order(shop.offer(kind="one_time", amount=700, currency="usd"), shop.person()))
    shop.paid(shop.order(shop.monthly, shop.person()))
    commit()
    assert of_last_hour(shop) == Figures(3, (Money("eur", 5800), Money("usd", 700)))


def test_a_renewal_is_revenue_but_no_order(shop: Any) -> None:
    order = shop.paid(shop.order(shop.monthly))
    shop.paid(order, provider_ref="renewal")
    assert of_last_hour(shop) == Figures(1, (Money("eur", 1800),))


def test_what_went_back_is_taken_off_and_what_failed_to_is_not(shop: Any) -> None:
    order = shop.paid(shop.order())
    for ref, amount, state in (("a", 1000, "succeeded"), ("b", 500, "pending"), ("c", 900, "failed")):
        fact = RefundFact(
            provider="bank", payment_ref=f"pay-{order.number}", provider_ref=ref, amount=amount, state=state
        )
        commerce.record_refund(fact)
    assert of_last_hour(shop).revenue == (Money("eur", 3400),)


def test_what_was_paid_at_another_time_does_not_count(shop: Any) -> None:
    shop.paid(shop.order(), paid_at=shop.now - timedelta(hours=2))
    assert of_last_hour(shop) == Figures(0, ())


def test_play_money_counts_only_where_it_is_asked_for(shop: Any) -> None:
    shop.paid(shop.order(), test=True)
    assert of_last_hour(shop) == Figures(0, ())
    assert of_last_hour(shop, test=True) == Figures(1, (Money("eur", 4900),))


def test_the_figures_cost_three_queries_however_much_was_sold(shop: Any, queries: Any) -> None:
    for _number in range(5):
        shop.paid(shop.order(person=shop.person()))
    commit()
    with queries.at_most(3):
        of_last_hour(shop)
