"""The pages of staff about orders and subscriptions: lists, files, and one order's story."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from flask.testing import FlaskClient

from lms import db
from lms.access import services as access
from lms.accounts import services as accounts
from lms.audit import services as audit
from lms.commerce import listing, sheets
from lms.commerce import services as commerce
from lms.commerce.listing import Wanted
from lms.commerce.models import Consent
from lms.commerce.services import RefundFact
from lms.settings import services as settings
from lms.testing.queries import Queries

if TYPE_CHECKING:
    from tests.unit.commerce.conftest import Shop

SignIn = Callable[..., FlaskClient]


@pytest.fixture
def staff(shop: Shop, sign_in: SignIn) -> FlaskClient:
    """The browser of somebody who sells."""
    made = shop.person("creator")
    db.commit()
    return sign_in(made)


def words(answer: Any) -> str:
    assert answer.status_code == 200
    return str(answer.get_data(as_text=True))


def numbers(wanted: Wanted) -> list[int]:
    """The orders of a list, by their place in the test."""
    return [each.order.id for each in listing.list_orders(wanted=wanted)]


def test_an_order_is_found_by_what_staff_know_of_it(both_databases: str, shop: Shop) -> None:
    first = shop.paid(shop.order(), provider_ref="pi_3Xy")
    berta = shop.person()
    second = shop.order(shop.monthly, berta)
    shop.subscribed(shop.paid(second, test=True), provider_ref="sub_9")
    third = shop.order(shop.once, shop.person())
    commerce.record_order_state(third.id, "failed")
    shop.now += timedelta(days=40)
    fourth = shop.order(shop.once, shop.person())
    refund = {"provider": "bank", "payment_ref": "pi_3Xy", "provider_ref": "re_1", "amount": 100, "state": "pending"}
    commerce.record_refund(RefundFact(**refund))
    db.commit()
    cases: list[tuple[Wanted, list[Any]]] = [
        (Wanted(), [fourth, third, second, first]),
        (Wanted(search=second.number), [second]),
        (Wanted(search=berta.name.upper()), [second]),
        (Wanted(search="anna-2@EXAMPLE"), [second]),
        (Wanted(search="pi_3Xy"), [first]),
        (Wanted(search="sub_9"), [second]),
        (Wanted(search="100%_"), []),
        (Wanted(search="cs_1", known=(third.id,)), [third]),
        (Wanted(states=("failed",)), [third]),
        (Wanted(refunded=True), [first]),
        (Wanted(test=True), [second]),
        (Wanted(test=False, states=("paid",)), [first]),
        (Wanted(product_id=shop.product_id, since=shop.now), [fourth]),
        (Wanted(until=shop.now), [third, second, first]),
        (Wanted(product_id=shop.product_id + 1), []),
        (Wanted(provider="bank", states=("paid",)), [second, first]),
        (Wanted(provider="elsewhere"), []),
    ]
    for wanted, expected in cases:
        assert numbers(wanted) == [order.id for order in expected], wanted
        assert listing.count_orders(wanted) == len(expected), wanted
    assert [each.order_number for each in listing.list_subscriptions(wanted=Wanted(search="sub_9"))] == [second.number]
    assert listing.count_subscriptions(Wanted(test=False)) == 0
    assert listing.count_subscriptions(Wanted(test=True, states=("active",), product_id=shop.product_id)) == 1


def test_staff_search_filter_and_page_through_the_list(staff: FlaskClient, shop: Shop) -> None:
    for _number in range(52):
        shop.order(person=shop.person())
    newest = shop.order(shop.monthly, shop.person())
    db.commit()
    page = words(staff.get("/admin/orders?provider=bank&mode=live"))
    assert "50 of 53 orders" in page
    assert 'href="/admin/orders?provider=bank&amp;mode=live&amp;before=4"' in page
    older = words(staff.get("/admin/orders?provider=bank&mode=live&before=4"))
    assert newest.number not in older
    assert older.count("/admin/orders/20") == 3
    assert "No such orders" in words(staff.get("/admin/orders?q=nobody"))
    # What cannot be meant is as if it were not there.
    assert "53 orders" in words(staff.get("/admin/orders?from=yesterday&to=0001-01-01&product=x&before=y"))
    day = shop.now.astimezone(UTC).date()
    assert "53 orders" in words(staff.get(f"/admin/orders?from={day}&to={day}"))
    assert "No such orders" in words(staff.get(f"/admin/orders?to={day - timedelta(days=1)}"))


def test_the_list_of_subscriptions_says_what_comes_next(staff: FlaskClient, shop: Shop) -> None:
    shop.subscribed(shop.paid(shop.order(shop.monthly)))
    leaving = shop.person()
    shop.subscribed(shop.paid(shop.order(shop.monthly, leaving)), cancel_at=shop.now + timedelta(days=9))
    shop.subscribed(shop.paid(shop.order(shop.monthly, shop.person())), "past_due", past_due_since=shop.now)
    shop.subscribed(shop.order(shop.monthly, shop.person()), "pending")
    db.commit()
    page = words(staff.get("/admin/subscriptions"))
    assert "3 of 3 subscriptions" in page
    assert ("Running" in page, "Cancelled" in page, "Unpaid" in page) == (True, True, True)
    assert "1 of 1 subscription" in words(staff.get("/admin/subscriptions?state=unpaid"))
    assert leaving.name in words(staff.get(f"/admin/subscriptions?q={leaving.email}"))
    assert staff.get("/admin/subscriptions?state=lost").status_code == 404


def test_the_list_is_a_file_that_no_spreadsheet_computes(
    staff: FlaskClient, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sheets, "A_CHUNK", 2)
    evil = accounts.create_person(
        email="x@example.org", name='=HYPERLINK("http://e.example","\r\nx")', password_hash=None
    )
    yen = shop.offer(kind="one_time", amount=5000, currency="jpy")
    orders = [shop.order(person=evil), *(shop.order(person=shop.person()) for _ in range(3))]
    shop.paid(shop.order(yen, shop.person()))
    db.commit()
    answer = staff.get("/admin/orders.csv", buffered=True)
    assert answer.headers["Content-Disposition"] == 'attachment; filename="orders.csv"'
    assert answer.mimetype == "text/csv"
    rows = list(csv.DictReader(io.StringIO(words(answer), newline="")))
    assert [row["number"] for row in rows[1:]] == [order.number for order in reversed(orders)]
    assert rows[-1]["name"] == "'" + evil.name
    assert (rows[0]["total"], rows[0]["currency"], rows[0]["state"]) == ("5000", "JPY", "paid")
    assert (rows[1]["total"], rows[1]["refunded"], rows[1]["test"]) == ("49.00", "0.00", "no")
    # The file holds what the list is narrowed to.
    assert len(words(staff.get("/admin/orders.csv?state=paid", buffered=True)).splitlines()) == 2


@pytest.mark.parametrize("cell", ["=1", "+1", "-1", "@x", "\tx", "\rx", " =1", "＝1"])
def test_a_cell_that_would_be_a_formula_becomes_words(cell: str) -> None:
    (row,) = csv.reader(io.StringIO(sheets._line([cell]), newline=""))
    assert row == ["'" + cell]


def test_subscriptions_are_a_file_too(staff: FlaskClient, shop: Shop) -> None:
    order = shop.order(shop.monthly)
    shop.subscribed(shop.paid(order))
    db.commit()
    (row,) = csv.DictReader(io.StringIO(words(staff.get("/admin/subscriptions.csv", buffered=True)), newline=""))
    assert (row["order"], row["state"], row["test"]) == (order.number, "active", "no")


def test_one_page_tells_an_orders_whole_story(staff: FlaskClient, shop: Shop, site: Any, clock: Any) -> None:
    order = shop.paid(shop.order(shop.monthly))
    shop.subscribed(order)
    db.commit()
    site.jobs.run_due()
    shop.paid(order, provider_ref="renewal-1", paid_at=shop.now + timedelta(days=30))
    shop.subscribed(order, "past_due", past_due_since=shop.now + timedelta(days=60))
    refund = {"provider": "bank", "payment_ref": "renewal-1", "provider_ref": "r-1", "amount": 300, "state": "pending"}
    commerce.record_refund(RefundFact(**refund))
    (grant,) = access.grants_of(order.person_id)
    admin = shop.person("creator")
    access.revoke_grant(grant.id, reason="Shared the password", actor_id=admin.id)
    audit.record("order.looked_at", actor_id=admin.id, subject=f"order/{order.number}", detail={"why": "asked"})
    db.commit()
    page = words(staff.get(f"/admin/orders/{order.number}"))
    for part in (
        "Ordered", "Letters, €9 a month", "Paid, €9.00", "Renewed, €9.00", "€3.00 on the way back", "A charge failed",
        "Access to Letters", "Shared the password", f"by {admin.name}", "Mail “Your receipt for Letters”", "sent",
        "Order looked at", "why: asked", "renewal-1",
    ):  # fmt: skip
        assert part in page, part
    # Newest first.
    assert page.index("A charge failed") < page.index("Renewed, €9.00") < page.index("Paid, €9.00")
    assert staff.get("/admin/orders/2020-0001").status_code == 404


def test_a_story_costs_the_same_however_much_there_is_to_tell(staff: FlaskClient, shop: Shop, queries: Queries) -> None:
    order = shop.paid(shop.order(shop.monthly))
    shop.subscribed(order)
    audit.record("order.looked_at", actor_id=order.person_id, subject=f"order/{order.number}")
    db.commit()
    path = f"/admin/orders/{order.number}"
    staff.get(path)
    with queries.counted() as few:
        staff.get(path)
    few = list(few)
    for number in range(12):
        shop.paid(order, provider_ref=f"renewal-{number}")
        shop.subscribed(order, period_end=shop.now + timedelta(days=31 + number))
        audit.record("order.looked_at", actor_id=order.person_id, subject=f"order/{order.number}")
    db.commit()
    with queries.at_most(len(few)):
        page = words(staff.get(path))
    assert page.count("Renewed") == 12


@pytest.mark.parametrize(
    "path", ["/admin/orders", "/admin/subscriptions", "/admin/orders.csv", "/admin/orders/2026-0001"]
)
@pytest.mark.parametrize(("role", "status"), [("editor", 403), ("student", 403)])
def test_who_does_not_sell_reads_nothing(sign_in: SignIn, shop: Shop, path: str, role: str, status: int) -> None:
    person = shop.person(role)
    db.commit()
    assert sign_in(person).get(path).status_code == status


def test_the_lists_cost_the_same_with_many_rows(staff: FlaskClient, shop: Shop, queries: Queries) -> None:
    for path in ("/admin/orders", "/admin/subscriptions"):
        staff.get(path)
        with queries.counted() as few:
            staff.get(path)
        few = list(few)
        for _number in range(15):
            shop.subscribed(shop.paid(shop.order(shop.monthly, shop.person())))
        db.commit()
        with queries.at_most(len(few)):
            assert staff.get(path).status_code == 200


def test_a_day_of_the_filter_is_a_day_of_the_sites_zone(staff: FlaskClient, shop: Shop) -> None:
    shop.now = datetime(2026, 5, 3, 23, 30, tzinfo=UTC)  # the fourth in Athens
    order = shop.order()
    settings.save("site", {"timezone": "Europe/Athens"}, actor_id=None)
    db.commit()
    assert order.number in words(staff.get("/admin/orders?from=2026-05-04&to=2026-05-04"))
    assert order.number not in words(staff.get("/admin/orders?to=2026-05-03"))


def test_a_guests_order_is_found_told_and_refunded_like_any_other(
    both_databases: str, staff: FlaskClient, shop: Shop, site: Any, letters: Callable[[], list[Any]]
) -> None:
    order = commerce.place_guest_order("guest@example.org", shop.once.id, "bank", shop.now, browser="secret")
    shop.paid(order)
    db.session.add(
        Consent(order_id=order.id, kind="withdrawal", words="I want it now", document="terms", version="3", at=shop.now)
    )
    monthly = commerce.place_guest_order("guest@example.org", shop.monthly.id, "bank", shop.now, browser="other")
    shop.subscribed(shop.paid(monthly), person_id=None)
    db.commit()
    listed = words(staff.get("/admin/orders?q=GUEST@example"))
    assert ("2 of 2 orders" in listed, "guest@example.org" in listed) == (True, True)
    assert "1 of 1 subscription" in words(staff.get("/admin/subscriptions?q=guest@"))
    page = words(staff.get(f"/admin/orders/{order.number}"))
    for part in ("guest@example.org", "Gave up the right of withdrawal", "“I want it now” terms 3", "Paid, €49.00"):
        assert part in page, part
    rows = list(csv.DictReader(io.StringIO(words(staff.get("/admin/orders.csv", buffered=True)), newline="")))
    assert {row["e-mail"] for row in rows} == {"guest@example.org"}
    refund = {"provider": "bank", "payment_ref": f"pay-{order.number}", "provider_ref": "r", "state": "succeeded"}
    commerce.record_refund(RefundFact(amount=4900, **refund))
    shop.subscribed(monthly, "past_due", person_id=None)
    db.commit()
    site.jobs.run_due()
    told = [(letter["To"], letter["Subject"]) for letter in letters()]
    assert ("guest@example.org", "€49.00 go back to you") in told
    assert ("guest@example.org", "Your payment for Letters did not go through") in told
    assert "€49.00 went back" in words(staff.get(f"/admin/orders/{order.number}"))
