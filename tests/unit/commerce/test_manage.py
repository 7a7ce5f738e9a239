"""The creator's pages: products, offers, orders."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from flask.testing import FlaskClient

from lms import db
from lms.access import services as access
from lms.accounts.services import PersonView
from lms.commerce import services as commerce
from lms.commerce.services import OrderState
from lms.host import state
from lms.testing.queries import Queries

if TYPE_CHECKING:
    from tests.unit.commerce.conftest import Shop

SignIn = Callable[..., FlaskClient]


@pytest.fixture
def creator(shop: Shop) -> PersonView:
    """Somebody who sells."""
    made = shop.person("creator")
    db.commit()
    return made


def send(browser: FlaskClient, page: str, to: str = "", **form: Any) -> Any:
    """Post a form with the token of ``page``."""
    html = browser.get(page).get_data(as_text=True)
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', html)
    assert found
    return browser.post(to or page, data={"csrf_token": found[1], **form})


PAGES = ("/admin/products", "/admin/products/new", "/admin/products/1", "/admin/orders")


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize(("role", "status"), [("owner", 200), ("creator", 200), ("editor", 403), ("student", 403)])
def test_whoever_sells_may_open_the_page(sign_in: SignIn, shop: Shop, path: str, role: str, status: int) -> None:
    person = shop.person(role)
    db.commit()
    assert sign_in(person).get(path).status_code == status


@pytest.mark.parametrize("path", PAGES)
def test_a_guest_signs_in_first(client: FlaskClient, shop: Shop, path: str) -> None:
    assert client.get(path).location == f"/login?next={path}"


def test_a_product_is_made_and_gets_a_price(sign_in: SignIn, shop: Shop, creator: PersonView) -> None:
    browser = sign_in(creator)
    made = send(browser, "/admin/products/new", name="Plain contracts", courses=[shop.course_id])
    assert made.status_code == 303
    version = state.content_version()
    added = send(
        browser, made.location, f"{made.location}/offers", kind="subscription", price="9,50", currency="eur",
        interval="month",
    )  # fmt: skip
    assert added.status_code == 303
    product = access.product_by_slug("plain-contracts")
    assert product is not None
    (offer,) = commerce.offers_of_product(product.id)
    assert (offer.amount, offer.currency, offer.interval, offer.grace_days) == (950, "eur", "month", 7)
    state.refresh()
    assert state.content_version() > version


@pytest.mark.parametrize(
    ("price", "currency", "words"),
    [
        ("", "eur", "Write the price as a number"),
        ("free", "eur", "Write the price as a number"),
        ("NaN", "eur", "Write the price as a number"),
        ("0", "eur", "Write a price above zero"),
        ("-5", "eur", "Write a price above zero"),
        ("1000000000", "eur", "Write a price above zero"),
        ("9.999", "eur", "This currency has 2 decimals."),
        ("1e999999", "eur", "Write the price as a number"),
        ("1e30", "eur", "not out of all proportion"),
        ("-1e3", "eur", "Write a price above zero"),
        ("0.5", "jpy", "This currency has 0 decimals."),
    ],
)
def test_a_price_that_cannot_be_is_shown_again_with_a_sentence(
    sign_in: SignIn, shop: Shop, creator: PersonView, price: str, currency: str, words: str
) -> None:
    page = f"/admin/products/{shop.product_id}"
    answer = send(
        sign_in(creator), page, f"{page}/offers", kind="one_time", price=price, currency=currency, interval="month"
    )
    assert answer.status_code == 422
    assert words in answer.get_data(as_text=True)
    assert len(commerce.offers_of_product(shop.product_id)) == 2


def test_a_price_with_no_decimals_is_charged_as_written(sign_in: SignIn, shop: Shop, creator: PersonView) -> None:
    page = f"/admin/products/{shop.product_id}"
    send(sign_in(creator), page, f"{page}/offers", kind="one_time", price="5000", currency="jpy", interval="month")
    assert commerce.offers_of_product(shop.product_id)[-1].amount == 5000


def test_a_product_without_courses_is_refused(sign_in: SignIn, shop: Shop, creator: PersonView) -> None:
    answer = send(sign_in(creator), "/admin/products/new", name="Nothing")
    assert answer.status_code == 422
    assert "Choose at least one course" in answer.get_data(as_text=True)


def test_an_offer_moves_up_and_the_course_page_follows(sign_in: SignIn, shop: Shop, creator: PersonView) -> None:
    browser, page = sign_in(creator), f"/admin/products/{shop.product_id}"
    free = shop.offer(kind="free")
    db.commit()

    def order() -> list[int]:
        return [offer.id for offer in commerce.offers_for_course(shop.course_id)]

    assert order() == [shop.once.id, shop.monthly.id, free.id]
    assert send(browser, page, f"{page}/offers/{free.id}", move="up").status_code == 303
    assert order() == [shop.once.id, free.id, shop.monthly.id]
    send(browser, page, f"{page}/offers/{shop.once.id}", move="up")
    send(browser, page, f"{page}/offers/{shop.monthly.id}", move="down")
    assert order() == [shop.once.id, free.id, shop.monthly.id], "at the ends nothing changes"
    send(browser, page, f"{page}/offers/{shop.once.id}", move="down")
    assert order() == [free.id, shop.once.id, shop.monthly.id]


def test_an_offer_is_taken_off_and_put_back(sign_in: SignIn, shop: Shop, creator: PersonView) -> None:
    browser, page = sign_in(creator), f"/admin/products/{shop.product_id}"
    send(browser, page, f"{page}/offers/{shop.once.id}", active="0")
    assert [offer.id for offer in commerce.offers_for_course(shop.course_id)] == [shop.monthly.id]
    send(browser, page, f"{page}/offers/{shop.once.id}", active="1")
    assert len(commerce.offers_for_course(shop.course_id)) == 2


def test_a_held_order_is_accepted_from_the_list(sign_in: SignIn, shop: Shop, creator: PersonView) -> None:
    order = shop.order()
    shop.paid(order, subtotal=1, total=1)
    db.commit()
    browser = sign_in(creator)
    assert "Another amount came" in browser.get("/admin/orders?state=held").get_data(as_text=True)
    send(browser, "/admin/orders", f"/admin/orders/{order.number}/release")
    db.rollback()
    found = commerce.order_by_number(order.number)
    assert found is not None
    assert (found.state, shop.door().allowed) == (OrderState.PAID, True)


def test_a_state_that_there_is_not_is_a_404(sign_in: SignIn, creator: PersonView) -> None:
    assert sign_in(creator).get("/admin/orders?state=lost").status_code == 404


@pytest.mark.parametrize("path", ["/admin/orders", "/admin/products"])
def test_lists_cost_the_same_however_long_they_are(
    sign_in: SignIn, shop: Shop, creator: PersonView, queries: Queries, path: str
) -> None:
    browser = sign_in(creator)
    browser.get(path)
    with queries.counted() as few:
        browser.get(path)
    few = list(few)
    for number in range(12):
        shop.order(person=shop.person())
        product = access.create_product(slug=f"p{number}", name=f"P {number}", items=[("everything", None)])
        shop.offer(product_id=product.id, kind="one_time", amount=100)
    db.commit()
    with queries.at_most(len(few)):
        assert browser.get(path).status_code == 200
