"""Sales by month, against rows made by hand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from lms import db
from lms.commerce import charts, sales
from lms.commerce import services as commerce
from lms.commerce.services import RefundFact
from lms.settings import services as settings
from lms.testing.queries import Queries

if TYPE_CHECKING:
    from tests.unit.commerce.conftest import Shop

ATHENS = "Europe/Athens"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def shown(last: str = "2026-05-15", count: int = 3, now: str = "2026-05-15 12:00", **options: Any) -> sales.Sales:
    wanted = sales.months(date.fromisoformat(last), count, ATHENS)
    return sales.sales(wanted, at(now), **options)


def test_months_begin_at_midnight_of_the_zone_also_when_clocks_change() -> None:
    march, april, may = sales.months(date(2026, 5, 15), 3, ATHENS)
    assert (march.first, march.begin) == (date(2026, 3, 1), at("2026-02-28 22:00"))
    # Summer time began on 29 March.
    assert (april.begin, may.begin, may.end) == (at("2026-03-31 21:00"), at("2026-04-30 21:00"), at("2026-05-31 21:00"))
    assert [month.first for month in sales.months(date(2026, 1, 31), 2, "UTC")] == [date(2025, 12, 1), date(2026, 1, 1)]


def test_money_is_added_by_month_and_currency_and_play_money_is_left_out(both_databases: str, shop: Shop) -> None:
    yen = shop.offer(kind="one_time", amount=5000, currency="jpy")
    for offer, when, test in (
        (shop.once, "2026-02-28 21:59", False),  # February in Athens
        (shop.once, "2026-02-28 22:00", False),  # March there
        (shop.once, "2026-03-31 21:00", False),  # April
        (shop.once, "2026-04-30 20:59", False),  # April
        (shop.once, "2026-04-02 10:00", True),  # no money
        (yen, "2026-05-01 10:00", False),
    ):
        shop.paid(shop.order(offer, shop.person()), paid_at=at(when), test=test)
    db.commit()
    assert shown().revenue == {"eur": (4900, 9800, 0), "jpy": (0, 0, 5000)}
    assert shown(test=True).revenue["eur"] == (4900, 14700, 0)


def test_what_went_back_is_taken_off_the_month_in_which_it_was_paid(shop: Shop) -> None:
    order = shop.paid(shop.order(), paid_at=at("2026-03-10 10:00"))
    for ref, amount, state in (("a", 900, "succeeded"), ("b", 500, "pending"), ("c", 700, "failed")):
        commerce.record_refund(
            RefundFact(
                provider="bank", payment_ref=f"pay-{order.number}", provider_ref=ref, amount=amount, state=state
            )
        )  # fmt: skip
    db.commit()
    assert shown().revenue == {"eur": (3500, 0, 0)}


def test_subscriptions_run_from_their_beginning_to_their_end(both_databases: str, shop: Shop) -> None:
    # (began, ended, test): March begins with three, of whom one leaves; one joins in April, one leaves in May.
    for began, ended, test in (
        ("2025-12-01", "2026-02-27", False),
        ("2026-01-01", None, False),
        ("2026-01-02", "2026-03-31 20:59", False),
        ("2026-02-28 21:59", "2026-05-02", False),
        ("2026-04-20", None, False),
        ("2026-01-01", None, True),
    ):
        order = shop.paid(shop.order(shop.monthly, shop.person()), test=test)
        state = "ended" if ended else "active"
        shop.subscribed(order, state, started_at=at(began), ended_at=at(ended) if ended else None, test=test)
    # Its first payment never came: it neither ran nor left.
    never = shop.order(shop.monthly, shop.person())
    shop.subscribed(never, "ended", started_at=at("2026-03-02"), ended_at=at("2026-03-03"))
    db.commit()
    found = shown()
    assert (found.begun_with, found.active, found.ended) == ((3, 2, 3), (2, 3, 2), (1, 0, 1))
    assert [found.churn(index) for index in range(3)] == [1 / 3, 0.0, 1 / 3]
    assert shown(test=True).active == (3, 4, 3)
    assert sales.sales(sales.months(date(2020, 1, 1), 1, "UTC"), at("2026-05-15")).churn(0) is None


def test_failed_charges_are_counted_once_for_each_unpaid_time(shop: Shop) -> None:
    order = shop.paid(shop.order(shop.monthly))
    shop.subscribed(order)
    for _attempt in range(3):
        shop.subscribed(order, "past_due", past_due_since=at("2026-03-05"))
    shop.subscribed(order)
    shop.subscribed(order, "past_due", past_due_since=at("2026-04-05"))
    test = shop.paid(shop.order(shop.monthly, shop.person()), test=True)
    shop.subscribed(test, "past_due", past_due_since=at("2026-04-05"), test=True)
    db.commit()
    assert (shown().failed, shown(test=True).failed) == ((1, 1, 0), (1, 2, 0))


def test_an_order_that_fails_counts_when_it_fails(shop: Shop) -> None:
    order = shop.order()
    for _told in range(2):
        commerce.record_order_state(order.id, "failed")
    db.commit()
    today = shop.now.date()
    assert sales.sales(sales.months(today, 1, "UTC"), shop.now).failed == (1,)


@given(st.lists(st.integers(min_value=0, max_value=10**9), min_size=1, max_size=24))
def test_bars_stay_inside_and_the_largest_reaches_the_top(values: list[int]) -> None:
    names = [str(index) for index in range(len(values))]
    made = charts.chart("x", values, names, names, ("", ""), "")
    assert len(made.bars) == len(values)
    for bar, value in zip(made.bars, values, strict=True):
        assert 0 <= bar.x <= charts.WIDTH + 0.2 - bar.width
        assert abs(bar.y + bar.height - charts.HEIGHT) <= 0.2
        assert bar.height <= charts.HEIGHT
        assert bar.height > 0 or value <= max(values) / 1000
    if max(values):
        assert max(bar.height for bar in made.bars) == charts.HEIGHT


def test_the_page_draws_plots_with_a_table_of_the_same_numbers(
    shop: Shop, sign_in: Callable[..., FlaskClient], queries: Queries
) -> None:
    settings.save("site", {"timezone": ATHENS}, actor_id=None)
    shop.paid(shop.order(), paid_at=shop.now)
    yen = shop.offer(kind="one_time", amount=5000, currency="jpy")
    shop.paid(shop.order(yen, shop.person()), paid_at=shop.now)
    shop.subscribed(shop.paid(shop.order(shop.monthly, shop.person())))
    staff = sign_in(shop.person("creator"))
    db.commit()
    page = staff.get("/admin/sales").get_data(as_text=True)
    for part in ("Revenue, EUR", "Revenue, JPY", "€58 in twelve months", "¥5,000", "Active subscriptions", "Churn"):
        assert part in page, part
    assert page.count("<rect") == 5 * 12
    assert page.count('<th scope="row">') == 12
    assert "style=" not in page
    year_before = staff.get("/admin/sales?until=2020-05").get_data(as_text=True)
    assert ("May 2020" in year_before, "This year" in year_before) == (True, True)
    assert staff.get("/admin/sales?until=never").status_code == 200
    with queries.counted() as few:
        staff.get("/admin/sales")
    few = list(few)
    for number in range(20):
        shop.paid(shop.order(person=shop.person()), paid_at=shop.now - timedelta(days=17 * number))
    db.commit()
    with queries.at_most(len(few)):
        staff.get("/admin/sales")


@pytest.mark.parametrize("role", ["editor", "student"])
def test_who_does_not_sell_sees_no_figures(shop: Shop, sign_in: Callable[..., FlaskClient], role: str) -> None:
    browser = sign_in(shop.person(role))
    assert browser.get("/admin/sales").status_code == 403
