"""Sales by month: what came in, who subscribes, who left, what failed. Play money is left out unless asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, case, func, or_, select

from lms.commerce.facts import SubscriptionState
from lms.commerce.listing import WENT_BACK
from lms.commerce.models import FailedCharge, Order, Payment, Refund, Subscription
from lms.db import session


@dataclass(frozen=True, slots=True)
class Month:
    """A month of the site's calendar: its first day, and when it begins and ends (UTC; the end is the next one's)."""

    first: date
    begin: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Sales:
    """One value for each month, in their order.

    ``revenue``: by currency, minor units, what was paid in the month less what went back of it since. ``active``:
    subscriptions that had begun and not ended at the month's end (or now). ``begun_with``: the same at its beginning.
    ``ended``: subscriptions that ended in it. ``failed``: charges that failed in it, whether or not they came later.
    """

    months: tuple[Month, ...]
    revenue: dict[str, tuple[int, ...]]
    active: tuple[int, ...]
    begun_with: tuple[int, ...]
    ended: tuple[int, ...]
    failed: tuple[int, ...]

    def churn(self, index: int) -> float | None:
        """Of those who subscribed as the month began, the share that ended in it; None where nobody did."""
        return self.ended[index] / self.begun_with[index] if self.begun_with[index] else None


def months(last: date, count: int, zone: str) -> tuple[Month, ...]:
    """``count`` months of the zone's calendar, up to the one that holds ``last``."""
    firsts = [_shifted(last, -back) for back in range(count - 1, -2, -1)]
    begins = [datetime.combine(first, time(), ZoneInfo(zone)).astimezone(UTC) for first in firsts]
    return tuple(Month(firsts[i], begins[i], begins[i + 1]) for i in range(count))


def sales(wanted: Sequence[Month], now: datetime, *, test: bool = False) -> Sales:
    """The figures of the months up to ``now`` (domain time, UTC). Five queries. ``test`` counts play money too."""
    begin, end = wanted[0].begin, wanted[-1].end
    live = [] if test else [Payment.test.is_(False)]
    spot = _spot(Payment.paid_at, wanted)
    in_time = (Payment.paid_at >= begin, Payment.paid_at < end, *live)
    paid = select(Payment.currency, spot, func.sum(Payment.amount)).where(*in_time).group_by(Payment.currency, spot)
    back = (
        select(Payment.currency, spot, func.sum(Refund.amount))
        .join(Refund, Refund.payment_id == Payment.id)
        .where(*in_time, Refund.state.in_(WENT_BACK))
        .group_by(Payment.currency, spot)
    )
    revenue: dict[str, list[int]] = {}
    for sign, query in ((1, paid), (-1, back)):
        for currency, index, amount in session.execute(query):
            # PostgreSQL sums whole numbers into decimals.
            revenue.setdefault(currency, [0] * len(wanted))[index] += sign * int(amount)
    active, begun_with, ended = _subscriptions(wanted, now, test)
    return Sales(
        months=tuple(wanted),
        revenue={currency: tuple(revenue[currency]) for currency in sorted(revenue)},
        active=active,
        begun_with=begun_with,
        ended=ended,
        failed=_counted(FailedCharge.failed_at, wanted, [] if test else [FailedCharge.test.is_(False)]),
    )


def _subscriptions(
    wanted: Sequence[Month], now: datetime, test: bool
) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
    # One that never began, since its first payment did not arrive, neither runs nor ends.
    began: list[Any] = [
        Subscription.started_at.is_not(None),
        Subscription.state != SubscriptionState.PENDING,
        or_(Subscription.order_id.is_(None), Order.paid_at.is_not(None)),
    ]
    if not test:
        began.append(Subscription.test.is_(False))
    moments = [*(month.begin for month in wanted), *(min(month.end, now) for month in wanted)]
    runs = [func.sum(case((_runs_at(moment), 1), else_=0)) for moment in moments]
    query = select(*runs).select_from(Subscription).outerjoin(Order, Order.id == Subscription.order_id).where(*began)
    counts = tuple(int(count or 0) for count in session.execute(query).one())
    spot = _spot(Subscription.ended_at, wanted)
    left = (
        select(spot, func.count())
        .select_from(Subscription)
        .outerjoin(Order, Order.id == Subscription.order_id)
        .where(*began, Subscription.ended_at >= wanted[0].begin, Subscription.ended_at < wanted[-1].end)
        .group_by(spot)
    )
    by_month: dict[int, int] = dict(session.execute(left).all())
    ended = tuple(by_month.get(index, 0) for index in range(len(wanted)))
    return counts[len(wanted) :], counts[: len(wanted)], ended


def _runs_at(moment: datetime) -> ColumnElement[bool]:
    is_over = (Subscription.ended_at.is_not(None)) & (Subscription.ended_at < moment)
    return (Subscription.started_at < moment) & ~is_over


def _counted(at: Any, wanted: Sequence[Month], parts: list[Any]) -> tuple[int, ...]:
    spot = _spot(at, wanted)
    query = select(spot, func.count()).where(at >= wanted[0].begin, at < wanted[-1].end, *parts).group_by(spot)
    found: dict[int, int] = dict(session.execute(query).all())
    return tuple(found.get(index, 0) for index in range(len(wanted)))


def _spot(at: Any, wanted: Sequence[Month]) -> Any:
    """Which of the months a moment lies in: its index, worked out by the database."""
    return case(*((at < month.end, index) for index, month in enumerate(wanted)), else_=len(wanted)).label("spot")


def _shifted(day: date, by: int) -> date:
    """The first day of the month ``by`` months from the day's."""
    number = day.year * 12 + day.month - 1 + by
    return date(number // 12, number % 12 + 1, 1)
