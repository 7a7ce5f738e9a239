"""This month in numbers, beside the month before, for the overview."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import get_locale, get_timezone
from flask_babel import gettext as _

from lms.base.money import Money
from lms.commerce import services as commerce
from lms.host import config
from lms.learning import services as learning


@dataclass(frozen=True, slots=True)
class Number:
    """A number with its name and what it means."""

    label: Any
    value: str
    meaning: str


def numbers(now: datetime) -> tuple[Number, ...]:
    """Orders, new students and revenue since the month began where the reader is; ``now`` in domain time, UTC.

    A site that is for trying out counts what was paid in a provider's test mode too, since nothing else is paid there.
    """
    test = not config.current().is_production
    begin = _begin(now)
    before = _begin(begin - timedelta(hours=1))
    here, there = commerce.figures(begin, now, test=test), commerce.figures(before, begin, test=test)
    students, earlier = learning.new_students(begin, now), learning.new_students(before, begin)
    return (
        Number(_("Orders"), str(here.orders), _("%(count)s the month before", count=there.orders)),
        Number(_("New students"), str(students), _("%(count)s the month before", count=earlier)),
        *_revenue(here.revenue, there.revenue),
    )


def _begin(moment: datetime) -> datetime:
    """The first moment of its month where the reader is, in UTC."""
    # By its name: the zone that we get keeps the offset of the moment, which may not be that of the month's first.
    local = moment.astimezone(ZoneInfo(str(get_timezone())))
    return local.replace(day=1, hour=0, minute=0, second=0, microsecond=0, fold=0).astimezone(UTC)


def _revenue(here: tuple[Money, ...], there: tuple[Money, ...]) -> list[Number]:
    """One number for each currency of the two months."""
    now, earlier = {one.currency: one for one in here}, {one.currency: one for one in there}
    currencies = sorted(now.keys() | earlier.keys())
    return [
        Number(
            _("Revenue") if len(currencies) == 1 else _("Revenue, %(currency)s", currency=currency.upper()),
            _words(now.get(currency, Money(currency, 0))),
            _("%(amount)s the month before", amount=_words(earlier.get(currency, Money(currency, 0)))),
        )
        for currency in currencies
    ]


def _words(money: Money) -> str:
    return money.format(str(get_locale() or "en"), short=True)
