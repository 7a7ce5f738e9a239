"""The page of staff with sales by month: plots, and the same as a table."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from flask import request
from flask_babel import format_date, get_locale
from flask_babel import gettext as _

from lms.base import clock
from lms.base.money import Money
from lms.commerce import charts, sales
from lms.commerce.charts import Chart
from lms.commerce.policies import MANAGE
from lms.commerce.sales import Sales
from lms.commerce.views import blueprint
from lms.host import config
from lms.web import render, requires
from lms.web.site import site_view

_MONTHS = 12


@dataclass(frozen=True, slots=True)
class Row:
    """A month of the table: amounts by currency, in words."""

    name: str
    revenue: tuple[str, ...]
    active: int
    ended: int
    churn: str
    failed: int


@blueprint.get("/admin/sales")
@requires(MANAGE)
def sales_page() -> Any:
    """Twelve months up to this one, or to the one that is asked for."""
    zone, now = site_view().timezone, clock.now()
    today = now.astimezone(ZoneInfo(zone)).date()
    last = min(_month(request.args.get("until", "")) or today, today)
    # A site that is for trying out has no other money than play money.
    shows_test = not config.current().is_production
    wanted = sales.months(last, _MONTHS, zone)
    found = sales.sales(wanted, now, test=shows_test)
    earlier, later = sales.months(wanted[0].first, 2, zone)[0].first, sales.months(last, _MONTHS, zone)[-1].end
    return render(
        "commerce/admin/sales.html",
        charts=_charts(found),
        currencies=list(found.revenue),
        rows=_rows(found)[::-1],
        begin=wanted[0].first,
        last=wanted[-1].first,
        earlier=f"/admin/sales?until={earlier:%Y-%m}",
        later="/admin/sales" if later < now else None,
        shows_test=shows_test,
    )


def _month(text: str) -> date | None:
    try:
        day = date.fromisoformat(f"{text}-01")
    except ValueError:
        return None
    return day if 1971 <= day.year < 9999 else None


def _charts(found: Sales) -> list[Chart]:
    names = [_name(month.first) for month in found.months]
    made = [
        charts.chart(
            _("Revenue, %(currency)s", currency=currency.upper()),
            amounts,
            [_money(amount, currency) for amount in amounts],
            names,
            (_money(max(*amounts, 0), currency), _money(max(*amounts, 0) // 2, currency)),
            _("%(amount)s in twelve months, %(last)s in the last one.", amount=_money(sum(amounts), currency),
              last=_money(amounts[-1], currency)),
        )
        for currency, amounts in found.revenue.items()
    ]  # fmt: skip
    shares = [found.churn(index) or 0.0 for index in range(len(found.months))]
    most = max(shares)
    return [
        *made,
        _counts(_("Active subscriptions"), found.active, names, _("%(now)s at the end, %(then)s a year before.",
                now=found.active[-1], then=found.active[0])),
        charts.chart(
            _("Churn"), shares, [_share(share) for share in shares], names,
            (_share(most), _share(most / 2)) if most else ("", ""),
            _("%(count)s subscriptions ended in twelve months.", count=sum(found.ended)),
        ),
        _counts(_("Failed payments"), found.failed, names, _("%(count)s in twelve months.", count=sum(found.failed))),
    ]  # fmt: skip


def _counts(name: str, values: tuple[int, ...], names: list[str], sentence: str) -> Chart:
    most = max(values)
    half = str(most // 2) if most and most % 2 == 0 else ""
    return charts.chart(
        name, values, [str(value) for value in values], names, (str(most) if most else "", half), sentence
    )


def _rows(found: Sales) -> list[Row]:
    return [
        Row(
            name=_name(month.first),
            revenue=tuple(_money(amounts[index], currency) for currency, amounts in found.revenue.items()),
            active=found.active[index],
            ended=found.ended[index],
            churn=_share(share) if (share := found.churn(index)) is not None else "",
            failed=found.failed[index],
        )
        for index, month in enumerate(found.months)
    ]


def _name(first: date) -> str:
    return str(format_date(first, "MMM y"))


def _money(amount: int, currency: str) -> str:
    return Money(currency, amount).format(str(get_locale() or "en"), short=True)


def _share(share: float) -> str:
    return f"{share * 100:.1f} %"
