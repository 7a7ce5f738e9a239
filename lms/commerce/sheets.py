"""Lists as files for spreadsheets (CSV, RFC 4180), read a piece at a time while they are sent."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from lms.base.money import Money
from lms.commerce import listing
from lms.commerce.listing import ListedOrder, ListedSubscription
from lms.db import rollback

A_CHUNK = 500
# A cell that begins like this is a formula to a spreadsheet (owasp.org/www-community/attacks/CSV_Injection).
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")

_ORDER_HEAD = (
    "number", "ordered at (UTC)", "paid at (UTC)", "state", "name", "e-mail", "product", "offer", "total", "refunded",
    "currency", "provider", "test",
)  # fmt: skip
_SUBSCRIPTION_HEAD = (
    "order", "reference", "started at (UTC)", "state", "name", "e-mail", "product", "offer", "next charge (UTC)",
    "ends on (UTC)", "provider", "test",
)  # fmt: skip


def orders(chunk: Callable[[int | None], Sequence[ListedOrder]]) -> Iterator[str]:
    """Lines of the file; ``chunk(before)`` reads the next orders. Amounts in the currency's main unit."""
    yield _line(_ORDER_HEAD)
    before: int | None = None
    while found := chunk(before):
        back = listing.refunded_of([each.order.id for each in found])
        # Sent before more is read: whoever downloads slowly holds no transaction.
        rollback()
        for each in found:
            yield _line(_order(each, back.get(each.order.id, 0)))
        before = found[-1].order.id


def subscriptions(chunk: Callable[[int | None], Sequence[ListedSubscription]]) -> Iterator[str]:
    """Lines of the file; ``chunk(before)`` reads the next subscriptions."""
    yield _line(_SUBSCRIPTION_HEAD)
    before: int | None = None
    while found := chunk(before):
        rollback()
        for each in found:
            yield _line(_subscription(each))
        before = found[-1].subscription.id


def _order(each: ListedOrder, back: int) -> Iterable[Any]:
    order = each.order
    return (
        order.number, _time(order.placed_at), _time(order.paid_at), order.state.value, each.person_name,
        each.person_email, order.offer.product_name, order.offer.label, _major(order.total, order.currency),
        _major(back, order.currency), order.currency.upper(), order.provider, "yes" if order.test else "no",
    )  # fmt: skip


def _subscription(each: ListedSubscription) -> Iterable[Any]:
    it = each.subscription
    return (
        each.order_number, it.provider_ref, _time(it.started_at), it.state.value, each.person_name, each.person_email,
        it.offer.product_name, it.offer.label, _time(it.next_charge), _time(it.ends_on), it.provider,
        "yes" if each.test else "no",
    )  # fmt: skip


def _line(cells: Iterable[Any]) -> str:
    text = io.StringIO()
    csv.writer(text).writerow([_safe(str(cell)) for cell in cells])
    return text.getvalue()


def _safe(cell: str) -> str:
    """The cell as words: an apostrophe in front of what a spreadsheet would compute."""
    return f"'{cell}" if cell.lstrip(" ").startswith(_FORMULA) else cell


def _time(at: datetime | None) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%S") if at else ""


def _major(amount: int, currency: str) -> str:
    return str(Money(currency, amount).major)
