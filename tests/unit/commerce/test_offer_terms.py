"""Terms of offers that change: sales, free days, prices for owners, pages. Orders keep what was agreed."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from lms import db
from lms.access import services as access
from lms.base import clock
from lms.base.problem import Problem
from lms.commerce import checkout_links
from lms.commerce import services as commerce
from lms.commerce.services import NotForYou, OrderState, Wishes
from lms.host import state
from lms.settings import services as settings

if TYPE_CHECKING:
    from tests.unit.commerce.conftest import Shop

SignIn = Callable[..., FlaskClient]
DAY = timedelta(days=1)


def later(span: timedelta) -> None:
    state.set_clock_offset(clock.offset() + span)
    db.commit()
    state.refresh()


def test_an_order_takes_the_price_of_its_moment_and_keeps_it(shop: Shop) -> None:
    sale = {"sale_amount": 2900, "sale_from": shop.now + DAY, "sale_until": shop.now + 3 * DAY}
    commerce.change_offer(shop.once.id, **sale)
    early = shop.order()
    assert early.total == 4900
    now = shop.now + DAY
    reduced = commerce.place_order(shop.anna.id, shop.once.id, "bank", now)
    # One open order, for what the buyer has just read.
    assert (reduced.id, reduced.total, reduced.offer.amount) == (early.id, 2900, 2900)
    ben = shop.person()
    of_ben = commerce.place_order(ben.id, shop.once.id, "bank", now)
    commerce.change_offer(shop.once.id, sale_amount=None)
    paid = shop.paid(of_ben)
    assert (paid.state, paid.total, paid.offer.label) == (OrderState.PAID, 2900, "€29 once")
    assert commerce.place_order(shop.anna.id, shop.once.id, "bank", now).total == 4900


def test_a_subscription_that_began_on_sale_keeps_its_price(shop: Shop) -> None:
    commerce.change_offer(shop.monthly.id, sale_amount=500)
    order = shop.paid(shop.order(shop.monthly))
    shop.subscribed(order)
    commerce.change_offer(shop.monthly.id, sale_amount=None)
    (running,) = commerce.subscriptions_of(shop.anna.id)
    assert (running.offer.label, shop.monthly.label) == ("€5 a month", "€9 a month")


@pytest.mark.parametrize(
    ("terms", "words"),
    [
        ({"sale_amount": 4900}, "below the usual price"),
        ({"sale_amount": 0}, "below the usual price"),
        ({"sale_amount": 100, "sale_from": 2, "sale_until": 1}, "ends after it begins"),
        ({"open_to_id": 4711}, "not there any longer"),
        ({"success_page": "//evil.example"}, "starts with https://"),
        ({"cancel_page": "javascript:alert(1)"}, "starts with https://"),
        ({"promotion": "fixed", "promotion_code": ""}, "Write the code"),
        ({"promotion": "fixed", "promotion_code": "A B"}, "Write the code"),
    ],
)
def test_terms_that_fit_nobody_are_refused_and_nothing_changes(shop: Shop, terms: dict[str, Any], words: str) -> None:
    days = {name: shop.now + DAY * value for name, value in terms.items() if name in ("sale_from", "sale_until")}
    with pytest.raises(Problem, match=re.escape(words)):
        commerce.change_offer(shop.once.id, **{**terms, **days})
    assert commerce.find_offer(shop.once.id) == shop.once


def test_free_days_are_for_the_first_subscription_and_an_order_keeps_its_own(shop: Shop) -> None:
    offer = commerce.change_offer(shop.monthly.id, trial_days=7)
    first = shop.order(offer)
    commerce.change_offer(offer.id, trial_days=0)
    # What was agreed counts, also when the money of nothing comes after the change.
    paid = shop.paid(first, subtotal=0, total=0)
    assert (paid.state, paid.offer.trial_days) == (OrderState.PAID, 7)
    shop.subscribed(paid, "ended", ended_at=shop.now)
    offer = commerce.change_offer(offer.id, trial_days=7)
    assert shop.order(offer).offer.trial_days == 0
    assert shop.order(offer, shop.person()).offer.trial_days == 7
    (read,) = commerce.without_used_days(shop.anna.id, [offer])
    assert read.terms == "Next charge a month from today, cancel at any time."


def test_a_price_for_owners_is_theirs_alone(client: FlaskClient, sign_in: SignIn, shop: Shop) -> None:
    basics = access.create_product(slug="basics", name="Basics", items=[("course", shop.course_id)])
    other = access.create_product(slug="more", name="More", items=[("everything", None)])
    offer = commerce.create_offer(product_id=other.id, kind="one_time", amount=1900, open_to_id=basics.id)
    db.commit()
    with pytest.raises(NotForYou, match="people who have Basics"):
        shop.order(offer)
    db.session.rollback()
    assert commerce.open_to([offer, shop.once], None, shop.now) == (shop.once,)
    # Whoever does not own it is led to what they would have to get; a guest signs in first.
    assert client.get(offer.checkout_path).location.startswith("/login")
    assert sign_in(shop.anna).get(offer.checkout_path).location == "/courses/letters"
    access.set_grant(person_id=shop.anna.id, product_id=basics.id, source="manual", source_ref="t", state="active")
    db.commit()
    assert shop.order(offer).total == 1900


def test_where_buyers_go_is_the_links_then_the_offers_then_the_sites(site: Any, shop: Shop) -> None:
    settings.save("checkout", {"success_page": "/thanks", "cancel_page": ""}, actor_id=None)
    db.commit()
    state.refresh()
    plain = checkout_links.wishes(shop.once, {})
    assert plain == Wishes("", "/thanks", "")
    offer = commerce.change_offer(shop.once.id, success_page="/hello", cancel_page="https://example.org/x")
    assert checkout_links.wishes(offer, {}) == Wishes("", "/hello", "https://example.org/x")
    link = checkout_links.address(offer, promotion_code="SPRING20", success_page="/from-link")
    said = dict(part.split("=") for part in link.partition("?")[2].split("&"))
    assert checkout_links.wishes(offer, said) == Wishes("SPRING20", "/from-link", "https://example.org/x")
    # Nobody but us says where people go.
    assert checkout_links.wishes(offer, {"to": '["https://evil.example",""].x'}).success_page == "/hello"
    order = commerce.place_order(shop.anna.id, offer.id, "bank", shop.now, wishes=checkout_links.wishes(offer, said))
    assert checkout_links.back(order) == "https://example.org/x"
    commerce.change_offer(offer.id, success_page="")
    assert commerce.after_purchase_path(shop.paid(order).id) == "/from-link"


@pytest.mark.parametrize(
    ("promotion", "link", "wanted"),
    [
        ("default", "SPRING20", "SPRING20"),
        ("customer_enters", "SPRING20", "SPRING20"),
        ("none", "SPRING20", ""),
        ("fixed", "SPRING20", "OURS"),
        ("fixed", "", "OURS"),
        ("default", "no code <b>", ""),
    ],
)
def test_which_code_an_order_carries(shop: Shop, promotion: str, link: str, wanted: str) -> None:
    offer = commerce.change_offer(shop.once.id, promotion=promotion, promotion_code="OURS")
    assert checkout_links.wishes(offer, {"promo": link}).promotion_code == wanted


def test_visitors_read_both_prices_until_the_sale_ends_on_pages_from_memory(client: FlaskClient, shop: Shop) -> None:
    commerce.change_offer(shop.once.id, sale_amount=2900, sale_until=shop.now + DAY)
    db.session.execute(text("UPDATE courses_course SET status='published'"))
    db.commit()
    state.refresh()

    def page() -> str:
        return client.get("/courses/letters").get_data(as_text=True)

    first = page()
    assert ("€29" in first, '<s class="usual">' in first, "Until " in first) == (True, True, True)
    assert page() == first
    later(DAY)
    after = page()
    assert ("€29" in after, '<s class="usual">' in after, "€49" in after) == (False, False, True)


def test_a_button_that_is_placed_by_hand_is_not_on_course_pages(client: FlaskClient, shop: Shop) -> None:
    commerce.change_offer(shop.once.id, show_button=False)
    db.session.execute(text("UPDATE courses_course SET status='published'"))
    db.commit()
    state.refresh()
    html = client.get("/courses/letters").get_data(as_text=True)
    assert shop.once.checkout_path not in html
    assert shop.monthly.checkout_path in html
    # Decided once, no default moves it.
    assert commerce.settle_button(shop.once.id, True) is False
    assert commerce.settle_button(shop.monthly.id, False) is True
    assert commerce.settle_button(shop.monthly.id, True) is False


def test_the_creator_makes_instalments_and_changes_a_sale(sign_in: SignIn, shop: Shop) -> None:
    creator = shop.person("creator")
    db.commit()
    browser, page = sign_in(creator), f"/admin/products/{shop.product_id}"

    def send(path: str, **form: Any) -> Any:
        html = browser.get(f"{page}/offers/new").get_data(as_text=True)
        found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', html)
        assert found
        return browser.post(path, data={"csrf_token": found[1], **form})

    new = {"kind": "instalments", "price": "19", "currency": "eur", "interval": "month"}
    assert "from 2 to 60" in send(f"{page}/offers", **new).get_data(as_text=True)
    assert send(f"{page}/offers", **new, instalments="3").status_code == 303
    offer = commerce.offers_of_product(shop.product_id)[-1]
    assert (offer.kind, offer.instalments, offer.amount) == ("instalments", 3, 1900)
    assert offer.terms == "3 payments, €57 in all, then yours to keep."
    edit = f"{page}/offers/{offer.id}/edit"
    assert "below the usual price" in send(edit, sale_price="19").get_data(as_text=True)
    assert "ends on or after" in send(edit, sale_price="9", sale_first="2027-05-02", sale_last="2027-05-01").get_data(
        as_text=True
    )
    assert send(edit, sale_price="9,50", sale_last="2030-05-01", success_page="/thanks").status_code == 303
    changed = commerce.find_offer(offer.id)
    assert changed is not None
    assert (changed.sale_amount, changed.success_page, changed.price) == (950, "/thanks", "€9.50")
    assert changed.sale_until is not None
    assert changed.sale_until.isoformat() == "2030-05-02T00:00:00+00:00"
    assert "On sale until" in browser.get(page).get_data(as_text=True)


def test_the_terms_of_what_is_paid_once_are_changed_in_the_browser(sign_in: SignIn, shop: Shop) -> None:
    creator = shop.person("creator")
    db.commit()
    browser = sign_in(creator)
    edit = f"/admin/products/{shop.product_id}/offers/{shop.once.id}/edit"
    html = browser.get(edit).get_data(as_text=True)
    assert "Free days at the start" not in html
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', html)
    assert found
    assert browser.post(edit, data={"csrf_token": found[1], "button_text": "Join us"}).status_code == 303
    changed = commerce.find_offer(shop.once.id)
    assert changed is not None
    assert changed.button == "Join us"
