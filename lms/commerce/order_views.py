"""Pages of staff: the lists of orders and subscriptions, as pages and as files, and one order's story."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from flask import Response, abort, request, stream_with_context
from flask_babel import gettext as _

from lms.commerce import listing, records, refunds, services, sheets, story
from lms.commerce.facts import OrderState, SubscriptionState
from lms.commerce.listing import Wanted
from lms.commerce.policies import MANAGE
from lms.commerce.views import blueprint, state_words
from lms.web import current_person, flash, redirect, render, requires, row_number
from lms.web.site import site_view

A_PAGE = 50
_ORDER_TABS: dict[str, tuple[str, ...]] = {
    "all": (),
    "paid": (OrderState.PAID,),
    "awaiting": (OrderState.AWAITING,),
    "held": (OrderState.HELD,),
    "failed": (OrderState.FAILED,),
    "refunded": (),
}
_SUBSCRIPTION_TABS: dict[str, tuple[str, ...]] = {
    "all": (),
    "running": (SubscriptionState.ACTIVE, SubscriptionState.TRIALING),
    "unpaid": (SubscriptionState.PAST_DUE, SubscriptionState.SUSPENDED),
    "ended": (SubscriptionState.ENDED,),
}
# What a list's address may carry besides its page.
_FILTERS = ("q", "state", "product", "provider", "mode", "from", "to")


@blueprint.get("/admin/orders")
@requires(MANAGE)
def orders() -> Any:
    """All orders, newest first, narrowed to what is looked for."""
    tab, wanted = _tab(_ORDER_TABS), _wanted(_ORDER_TABS)
    found = listing.list_orders(wanted=wanted, before=_before(), limit=A_PAGE + 1)
    shown = found[:A_PAGE]
    return render(
        "commerce/admin/orders.html",
        listed=shown,
        count=listing.count_orders(wanted),
        refunded=listing.refunded_of([each.order.id for each in shown]),
        older=_address(before=shown[-1].order.id) if len(found) > len(shown) else None,
        tabs=[
            (name, words, _address(state=name if name != "all" else None))
            for name, words in (
                ("all", _("All")),
                ("paid", state_words(OrderState.PAID)),
                ("awaiting", _("On their way")),
                ("held", state_words(OrderState.HELD)),
                ("failed", state_words(OrderState.FAILED)),
                ("refunded", _("Refunded")),
            )
        ],
        tab=tab,
        **_tools(),
    )


@blueprint.get("/admin/subscriptions")
@requires(MANAGE)
def subscriptions() -> Any:
    """All subscriptions that began, newest first, narrowed to what is looked for."""
    tab, wanted = _tab(_SUBSCRIPTION_TABS), _wanted(_SUBSCRIPTION_TABS)
    found = listing.list_subscriptions(wanted=wanted, before=_before(), limit=A_PAGE + 1)
    shown = found[:A_PAGE]
    return render(
        "commerce/admin/subscriptions.html",
        listed=shown,
        count=listing.count_subscriptions(wanted),
        older=_address(before=shown[-1].subscription.id) if len(found) > len(shown) else None,
        tabs=[
            (name, words, _address(state=name if name != "all" else None))
            for name, words in (
                ("all", _("All")),
                ("running", _("Running")),
                ("unpaid", _("Unpaid")),
                ("ended", _("Ended")),
            )
        ],
        tab=tab,
        **_tools(),
    )


@blueprint.get("/admin/orders.csv")
@requires(MANAGE)
def orders_csv() -> Response:
    """The list as a file, whole, read while it is sent."""
    wanted = _wanted(_ORDER_TABS)
    return _file("orders.csv", sheets.orders(lambda before: _all_orders(wanted, before)))


@blueprint.get("/admin/subscriptions.csv")
@requires(MANAGE)
def subscriptions_csv() -> Response:
    """The list as a file, whole, read while it is sent."""
    wanted = _wanted(_SUBSCRIPTION_TABS)
    return _file("subscriptions.csv", sheets.subscriptions(lambda before: _all_subscriptions(wanted, before)))


@blueprint.get("/admin/orders/<number>")
@requires(MANAGE)
def order_story(number: str) -> Any:
    """All that is known about one order."""
    found = services.order_by_number(number) or abort(404)
    return render(
        "commerce/admin/order.html", story=story.story_of(found), can_refund=refunds.can_refund(found.provider)
    )


@blueprint.post("/admin/orders/<number>/release")
@requires(MANAGE)
def release(number: str) -> Any:
    """Open what a held order bought, though another amount came."""
    found = services.order_by_number(number) or abort(404)
    services.release_order(found.id, actor_id=actor())
    flash(_("Order %(number)s is paid, and what it bought is open.", number=number), "good")
    return redirect(f"/admin/orders/{number}")


def actor() -> int:
    """Who is at work here."""
    person = current_person()
    assert person is not None  # noqa: S101  @requires lets nobody else in
    return person.id


def _all_orders(wanted: Wanted, before: int | None) -> Sequence[listing.ListedOrder]:
    return listing.list_orders(wanted=wanted, before=before, limit=sheets.A_CHUNK)


def _all_subscriptions(wanted: Wanted, before: int | None) -> Sequence[listing.ListedSubscription]:
    return listing.list_subscriptions(wanted=wanted, before=before, limit=sheets.A_CHUNK)


def _file(name: str, lines: Iterator[str]) -> Response:
    response = Response(stream_with_context(lines), mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Cache-Control"] = "no-store"
    return response


def _tab(tabs: dict[str, Any]) -> str:
    tab = request.args.get("state", "all")
    if tab not in tabs:
        abort(404)
    return tab


def _before() -> int | None:
    return request.args.get("before", type=row_number)


def _wanted(tabs: dict[str, tuple[str, ...]]) -> Wanted:
    """What the address asks for. A date that is none, or a product that is no number, is as if it were not there."""
    tab, search = _tab(tabs), request.args.get("q", "").strip()[:100]
    until = _day("to")
    return Wanted(
        search=search,
        known=records.orders_with(search),
        states=tabs[tab],
        refunded=tab == "refunded",
        product_id=request.args.get("product", type=row_number),
        provider=request.args.get("provider", "")[:80],
        test={"test": True, "live": False}.get(request.args.get("mode", "")),
        since=_midnight(_day("from")),
        until=_midnight(until + timedelta(days=1)) if until else None,
    )


def _day(name: str) -> date | None:
    try:
        day = date.fromisoformat(request.args.get(name, ""))
    except ValueError:
        return None
    return day if 1970 <= day.year < 9999 else None


def _midnight(day: date | None) -> datetime | None:
    """When the day begins in the site's zone, in UTC."""
    if day is None:
        return None
    return datetime.combine(day, time(), ZoneInfo(site_view().timezone)).astimezone(UTC)


def _address(**changes: Any) -> str:
    kept = {name: request.args[name] for name in _FILTERS if request.args.get(name)}
    kept = {name: value for name, value in {**kept, **changes}.items() if value is not None}
    return f"{request.path}?{urlencode(kept)}" if kept else request.path


def _tools() -> dict[str, Any]:
    """What stands above both lists."""
    used = {name for name in _FILTERS if request.args.get(name)}
    return {
        "search": request.args.get("q", "")[:100],
        "chosen": {name: request.args.get(name, "") for name in _FILTERS},
        "is_narrowed": bool(used - {"q", "state"}),
        "is_searched": bool(used),
        "products": listing.product_names(),
        "providers": listing.known_providers(),
        "file": _address().replace(request.path, f"{request.path}.csv", 1),
    }
