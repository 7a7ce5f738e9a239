"""The overview's numbers: this month, where the reader is, for who may see money."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from lms import db
from lms.admin import month
from lms.base import clock
from lms.commerce import services as commerce
from lms.commerce.models import Order, Payment
from lms.learning import services as learning
from lms.learning.models import Enrolment
from lms.settings import services as settings
from lms.testing.sites import TestSite


@pytest.fixture
def sell(site: TestSite, make: Any) -> Any:
    """``sell(4900, at=…)`` sells a course for the amount to somebody new, who begins it then."""

    def sold(amount: int, *, at: datetime, currency: str = "eur") -> None:
        course, person = make.course(), make.person()
        offer = make.offer(make.product(course), amount=amount, currency=currency)
        order = commerce.place_order(person.id, offer.id, "bank", at)
        commerce.record_paid(
            order.id, provider="bank", provider_ref=f"pay-{order.id}", subtotal=amount, total=amount, currency=currency,
            paid_at=at,
        )  # fmt: skip
        learning.enrol(person.id, course.id, at)
        db.session.execute(update(Enrolment).where(Enrolment.person_id == person.id).values(started_at=at))
        db.commit()

    return sold


def numbers(page: str) -> dict[str, tuple[str, str]]:
    found = re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd><dd class=\"meaning\">(.*?)</dd>", page)
    return {label: (value, meaning) for label, value, meaning in found}


def test_this_month_stands_beside_the_month_before(site: TestSite, sell: Any, as_role: Any) -> None:
    now = clock.now()
    last_month = now.replace(day=1, hour=12) - timedelta(days=3)
    sell(4900, at=now)
    sell(900, at=now)
    sell(2000, at=last_month)
    assert numbers(as_role("owner").get("/admin").text) == {
        "Orders": ("2", "1 the month before"),
        "New students": ("2", "1 the month before"),
        "Revenue": ("€58", "€20 the month before"),
    }


def test_each_currency_has_its_own_revenue(site: TestSite, sell: Any, as_role: Any) -> None:
    sell(4900, at=clock.now())
    sell(700, at=clock.now(), currency="usd")
    shown = numbers(as_role("creator").get("/admin").text)
    assert (shown["Revenue, EUR"][0], shown["Revenue, USD"][0]) == ("€49", "$7")


def test_before_the_first_sale_there_is_no_revenue_to_show(site: TestSite, as_role: Any) -> None:
    assert numbers(as_role("owner").get("/admin").text).keys() == {"Orders", "New students"}


def test_who_may_not_see_money_sees_none(site: TestSite, sell: Any, as_role: Any) -> None:
    sell(4900, at=clock.now())
    page = as_role("editor").get("/admin").text
    assert "This month" not in page
    assert "€49" not in page


@pytest.mark.parametrize(
    ("zone", "moment", "begin"),
    [
        ("UTC", datetime(2026, 3, 31, 23, 30, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC)),
        ("Europe/Berlin", datetime(2026, 3, 31, 23, 30, tzinfo=UTC), datetime(2026, 3, 31, 22, tzinfo=UTC)),
        ("America/New_York", datetime(2026, 4, 1, 3, 30, tzinfo=UTC), datetime(2026, 3, 1, 5, tzinfo=UTC)),
    ],
    ids=["utc", "berlin", "new york"],
)
def test_a_month_begins_where_the_reader_is(site: TestSite, zone: str, moment: datetime, begin: datetime) -> None:
    settings.save("site", {"timezone": zone}, actor_id=None)
    db.commit()
    with site.app.test_request_context():
        assert month._begin(moment) == begin


def test_play_money_is_no_revenue_in_production(site: TestSite, sell: Any, as_role: Any) -> None:
    sell(4900, at=clock.now())
    site.app.config["LMS"] = replace(site.config, env="production")
    owner = as_role("owner")
    assert numbers(owner.get("/admin").text)["Revenue"][0] == "€49"
    for table in (Order, Payment):
        db.session.execute(update(table).values(test=True))
    db.commit()
    assert "Revenue" not in numbers(owner.get("/admin").text)
