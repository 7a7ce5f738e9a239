"""Buying, as a browser does it: from the checkout page to the order, the bill and the course."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from lms import db
from lms.access import services as access
from lms.access.services import ProductView
from lms.accounts import services as accounts
from lms.accounts.services import PersonView
from lms.base import clock
from lms.base.problem import Unavailable
from lms.commerce import services as commerce
from lms.commerce.models import Order
from lms.commerce.services import OfferView, OrderView, RefundFact, SubscriptionFact
from lms.content import links
from lms.courses import services as courses
from lms.extend import LinkRefused, Service
from lms.host import registry
from lms.mail.models import Message
from lms.testing.queries import Queries
from lms.testing.sites import TestSite

SignIn = Callable[..., FlaskClient]


class Bank(Service):
    """A payment provider in a few lines: what a plugin has to bring, and nothing else."""

    kind = "payment_provider"
    name = "bank"
    label = "The bank around the corner"
    description = "You walk there and pay in cash."

    def __init__(self) -> None:
        self.started: list[OrderView] = []
        self.closed: str = ""
        self.out_of_order = False

    def can_sell(self, offer: OfferView) -> bool | str:
        return self.closed or offer.kind != "free"

    def start(self, order: OrderView, cancel_path: str) -> str:
        # Called between two transactions: what it reads has to be there for everybody.
        assert not db.session().in_transaction()
        if self.out_of_order:
            raise Unavailable("The bank does not answer.", next_step="Try again in a minute.")
        self.started.append(order)
        return f"https://bank.example/pay/{order.number}"


@pytest.fixture
def bank(site: TestSite) -> Bank:
    """The only provider besides our own for free offers."""
    made = Bank()
    registry.current()._services.setdefault("payment_provider", []).append(("bank", made))
    return made


class Envelope(Bank):
    """Another provider, which sells no subscriptions."""

    name = "envelope"
    label = "Cash in an envelope"
    description = "You send us the money by post."
    order = 200

    def can_sell(self, offer: OfferView) -> bool | str:
        return super().can_sell(offer) if offer.kind == "one_time" else "No envelope comes every month."


@pytest.fixture
def envelope(bank: Bank) -> Envelope:
    """A second provider, after the bank."""
    made = Envelope()
    registry.current()._services["payment_provider"].append(("envelope", made))
    return made


@pytest.fixture
def product(site: TestSite) -> ProductView:
    """One course."""
    course = courses.create_course(slug="letters", title="Letters that get answered", actor_id=None)
    made = access.create_product(slug="letters", name="Letters that get answered", items=[("course", course.id)])
    db.commit()
    return made


@pytest.fixture
def once(product: ProductView) -> OfferView:
    """€49 once."""
    return offer(product, kind="one_time", amount=4900)


@pytest.fixture
def monthly(product: ProductView, once: OfferView) -> OfferView:
    """€9 a month, shown second."""
    return offer(product, kind="subscription", amount=900, interval="month")


@pytest.fixture
def anna(site: TestSite) -> PersonView:
    """A student."""
    return person("anna@example.org", "student")


def offer(product: ProductView, **terms: Any) -> OfferView:
    made = commerce.create_offer(product_id=product.id, **terms)
    db.commit()
    return made


def person(email: str, *roles: str) -> PersonView:
    made = accounts.create_person(email=email, name=email.split("@")[0].title(), password_hash=None, roles=roles)
    db.commit()
    return made


def words(page: Any) -> str:
    """The page's text, without markup, on one line."""
    text = re.sub(r"<[^>]+>", " ", page.get_data(as_text=True))
    return " ".join(text.split())


def token(page: Any) -> str:
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page.get_data(as_text=True))
    assert found, words(page)
    return found[1]


def press(browser: FlaskClient, at: OfferView, chosen: OfferView | None = None, **more: str) -> Any:
    """Confirm on the checkout page, with the radio at ``chosen``."""
    page = browser.get(at.checkout_path)
    form = {"csrf_token": token(page), "offer": (chosen or at).public_id, **more}
    return browser.post(at.checkout_path, data=form)


def checked_way(page: Any) -> str | None:
    """Which of several ways to pay is chosen."""
    found = re.search(r'name="provider" value="(\w+)" checked', page.get_data(as_text=True))
    return found[1] if found else None


def count_orders() -> int:
    db.rollback()
    return db.session.scalars(select(func.count()).select_from(Order)).one()


def pay(order: OrderView, **more: Any) -> None:
    fact = {"provider": "bank", "provider_ref": f"pay-{order.number}", "subtotal": order.total, "total": order.total}
    with db.writes():
        commerce.record_paid(order.id, **{**fact, "currency": order.currency, "paid_at": clock.now(), **more})


def give_back(order: OrderView, amount: int) -> None:
    with db.writes():
        commerce.record_refund(
            RefundFact(
                provider="bank", payment_ref=f"pay-{order.number}", provider_ref="back", amount=amount,
                state="succeeded",
            )
        )  # fmt: skip


def subscribe(order: OrderView, state: str = "active", **more: Any) -> None:
    fact: dict[str, Any] = {
        "order_id": order.id, "offer_id": order.offer.id, "person_id": order.person_id, "provider": "bank",
        "provider_ref": f"sub-{order.number}", "state": state, "started_at": clock.now(),
        "period_end": clock.now() + timedelta(days=30),
    }  # fmt: skip
    with db.writes():
        commerce.record_subscription(SubscriptionFact(**{**fact, **more}))


# -- the checkout page


def test_a_guest_signs_in_first_and_comes_back(client: FlaskClient, bank: Bank, once: OfferView) -> None:
    answer = client.get(once.checkout_path)
    assert (answer.status_code, answer.location) == (303, f"/login?next={once.checkout_path}")


def test_a_guest_cannot_post_an_order(client: FlaskClient, bank: Bank, once: OfferView) -> None:
    assert client.post(once.checkout_path, data={"offer": once.public_id}).status_code in (303, 400)
    assert count_orders() == 0


@pytest.mark.feature("B-05")
def test_the_page_shows_all_offers_with_the_addressed_one_chosen(
    sign_in: SignIn, bank: Bank, anna: PersonView, once: OfferView, monthly: OfferView
) -> None:
    page = sign_in(anna).get(monthly.checkout_path)
    html = page.get_data(as_text=True)
    assert re.search(rf'value="{monthly.public_id}" checked', html)
    assert re.search(rf'value="{once.public_id}">', html)
    for expected in (
        "€49 once", "Yours to keep.", "€9 a month", "Next charge a month from today, cancel at any time.",
        "You walk there and pay in cash.", "anna@example.org",
    ):  # fmt: skip
        assert expected in words(page)


@pytest.mark.feature("B-02")
def test_looking_writes_nothing_and_calls_no_provider(
    sign_in: SignIn, bank: Bank, anna: PersonView, once: OfferView
) -> None:
    sign_in(anna).get(once.checkout_path)
    assert (count_orders(), bank.started) == (0, [])


@pytest.mark.feature("B-02")
def test_confirming_leads_to_the_provider_with_one_open_order(
    both_databases: str, sign_in: SignIn, bank: Bank, anna: PersonView, once: OfferView
) -> None:
    answer = press(sign_in(anna), once)
    (order,) = bank.started
    assert (answer.status_code, answer.location) == (303, f"https://bank.example/pay/{order.number}")
    assert (order.offer.id, order.total, count_orders()) == (once.id, 4900, 1)


def test_the_radio_decides_what_is_bought(
    sign_in: SignIn, bank: Bank, anna: PersonView, once: OfferView, monthly: OfferView
) -> None:
    press(sign_in(anna), once, chosen=monthly)
    assert [order.offer.id for order in bank.started] == [monthly.id]


def test_pressing_again_and_again_goes_on_with_the_same_order(
    sign_in: SignIn, bank: Bank, anna: PersonView, once: OfferView
) -> None:
    browser = sign_in(anna)
    for _ in range(3):
        press(browser, once)
    assert (len({order.id for order in bank.started}), count_orders()) == (1, 1)


def test_a_price_sent_by_the_browser_means_nothing(
    sign_in: SignIn, bank: Bank, anna: PersonView, once: OfferView
) -> None:
    browser = sign_in(anna)
    form = {"csrf_token": token(browser.get(once.checkout_path)), "offer": once.public_id, "amount": "1", "total": "1"}
    browser.post(once.checkout_path, data=form)
    assert [order.total for order in bank.started] == [4900]


def test_a_form_without_its_token_orders_nothing(
    sign_in: SignIn, bank: Bank, anna: PersonView, once: OfferView
) -> None:
    assert sign_in(anna).post(once.checkout_path, data={"offer": once.public_id}).status_code == 400
    assert count_orders() == 0


@pytest.mark.parametrize("which", ["unknown", "inactive", "archived"])
def test_an_offer_that_is_not_sold_is_a_plain_404(
    sign_in: SignIn, bank: Bank, anna: PersonView, once: OfferView, which: str
) -> None:
    path = once.checkout_path
    if which == "unknown":
        path = "/checkout/nowhere"
    elif which == "inactive":
        commerce.set_offer_active(once.id, False)
    else:
        access.archive_product(once.product_id)
    db.commit()
    assert sign_in(anna).get(path).status_code == 404


def test_an_offer_of_another_product_cannot_be_slipped_in(
    sign_in: SignIn, bank: Bank, anna: PersonView, once: OfferView
) -> None:
    other = access.create_product(slug="other", name="Other", items=[("everything", None)])
    cheap = offer(other, kind="one_time", amount=1)
    assert press(sign_in(anna), once, chosen=cheap).status_code == 404
    assert count_orders() == 0


def test_a_provider_that_does_not_answer_is_a_sentence_on_the_page(
    sign_in: SignIn, bank: Bank, anna: PersonView, once: OfferView
) -> None:
    bank.out_of_order = True
    browser = sign_in(anna)
    answer = press(browser, once)
    assert answer.status_code == 503
    assert "The bank does not answer." in words(answer)
    assert "Try again in a minute." in words(answer)
    bank.out_of_order = False
    assert press(browser, once).status_code == 303
    assert count_orders() == 1


@pytest.mark.parametrize("connected", [False, True])
def test_without_a_provider_a_student_reads_that_it_is_not_on_sale_yet(
    sign_in: SignIn, site: TestSite, anna: PersonView, once: OfferView, connected: bool, request: pytest.FixtureRequest
) -> None:
    if connected:
        request.getfixturevalue("bank").closed = "The till is closed."
    page = sign_in(anna).get(once.checkout_path)
    assert "Letters that get answered is not on sale yet." in words(page)
    assert "/admin/settings" not in page.get_data(as_text=True)
    assert "till" not in words(page)


def test_without_a_provider_staff_read_why_and_where_to_mend_it(sign_in: SignIn, bank: Bank, once: OfferView) -> None:
    bank.closed = "The till is closed."
    page = sign_in(person("owner@example.org", "owner")).get(once.checkout_path)
    assert "The till is closed." in words(page)
    assert 'href="/admin/settings"' in page.get_data(as_text=True)


def test_a_form_sent_after_the_till_closed_orders_nothing(
    sign_in: SignIn, bank: Bank, anna: PersonView, once: OfferView
) -> None:
    browser = sign_in(anna)
    form = {"csrf_token": token(browser.get(once.checkout_path)), "offer": once.public_id}
    bank.closed = "The till is closed."
    assert browser.post(once.checkout_path, data=form).status_code == 409
    assert count_orders() == 0


@pytest.mark.feature("B-20")
def test_who_has_it_is_led_into_the_course_without_a_second_order(
    sign_in: SignIn, bank: Bank, anna: PersonView, once: OfferView, monthly: OfferView
) -> None:
    browser = sign_in(anna)
    form = {"csrf_token": token(browser.get(once.checkout_path)), "offer": monthly.public_id}
    press(browser, once)
    pay(bank.started[0])
    for answer in (browser.get(once.checkout_path), browser.post(once.checkout_path, data=form)):
        assert (answer.status_code, answer.location) == (303, "/learn/letters")
    assert count_orders() == 1


def test_a_free_offer_opens_at_once_and_costs_nothing(sign_in: SignIn, anna: PersonView, product: ProductView) -> None:
    free = offer(product, kind="free")
    answer = press(sign_in(anna), free)
    assert (answer.status_code, answer.location) == (303, "/learn/letters")
    assert access.decide_product(anna.id, product.id, clock.now()).allowed


@pytest.mark.parametrize("offers", [1, 12])
def test_the_page_costs_the_same_however_many_offers_there_are(
    sign_in: SignIn, bank: Bank, anna: PersonView, product: ProductView, once: OfferView, queries: Queries, offers: int
) -> None:
    for _ in range(offers):
        offer(product, kind="one_time", amount=5000)
    browser = sign_in(anna)
    browser.get(once.checkout_path)
    with queries.at_most(12):
        assert browser.get(once.checkout_path).status_code == 200


# -- several ways to pay


def test_one_way_to_pay_is_no_choice(sign_in: SignIn, bank: Bank, anna: PersonView, once: OfferView) -> None:
    page = sign_in(anna).get(once.checkout_path)
    assert 'name="provider"' not in page.get_data(as_text=True)
    assert "You walk there and pay in cash." in words(page)


def test_several_ways_to_pay_are_shown_with_a_sentence_each_in_their_order(
    sign_in: SignIn, envelope: Envelope, anna: PersonView, once: OfferView, monthly: OfferView
) -> None:
    page = sign_in(anna).get(once.checkout_path)
    text = words(page)
    assert "How would you like to pay?" in text
    assert text.index("The bank around the corner") < text.index("Cash in an envelope")
    assert "You send us the money by post. Not for €9 a month." in text
    assert checked_way(page) == "bank"


def test_the_chosen_provider_gets_the_order(
    sign_in: SignIn, bank: Bank, envelope: Envelope, anna: PersonView, once: OfferView
) -> None:
    press(sign_in(anna), once, provider="envelope")
    assert (bank.started, [order.provider for order in envelope.started]) == ([], ["envelope"])


def test_the_last_choice_is_remembered(
    sign_in: SignIn, envelope: Envelope, anna: PersonView, once: OfferView, monthly: OfferView
) -> None:
    press(sign_in(anna), once, provider="envelope")
    assert checked_way(sign_in(anna).get(once.checkout_path)) == "envelope"
    # It does not sell this one.
    assert checked_way(sign_in(anna).get(monthly.checkout_path)) == "bank"
    assert checked_way(sign_in(person("bert@example.org", "student")).get(once.checkout_path)) == "bank"


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        ("envelope", "No envelope comes every month."),
        ("gone", "This way to pay is not offered any longer."),
        ("free", "This provider is for free offers."),
    ],
)
def test_a_way_that_does_not_fit_the_offer_is_a_sentence_and_orders_nothing(
    sign_in: SignIn, envelope: Envelope, anna: PersonView, once: OfferView, monthly: OfferView, wanted: str,
    sentence: str,
) -> None:  # fmt: skip
    answer = press(sign_in(anna), once, chosen=monthly, provider=wanted)
    assert answer.status_code == 409
    assert f"{sentence} Choose another way to pay." in words(answer)
    assert re.search(rf'value="{monthly.public_id}" checked', answer.get_data(as_text=True))
    assert count_orders() == 0


def test_a_free_offer_beside_others_needs_no_way_to_pay(
    sign_in: SignIn, envelope: Envelope, anna: PersonView, once: OfferView, product: ProductView
) -> None:
    free = offer(product, kind="free")
    assert press(sign_in(anna), once, chosen=free, provider="envelope").location == "/learn/letters"
    assert envelope.started == []


def test_a_provider_that_does_not_answer_stays_chosen(
    sign_in: SignIn, envelope: Envelope, anna: PersonView, once: OfferView
) -> None:
    envelope.out_of_order = True
    answer = press(sign_in(anna), once, provider="envelope")
    assert (answer.status_code, checked_way(answer)) == (503, "envelope")


@pytest.mark.parametrize("offers", [1, 12])
def test_several_ways_cost_the_same_however_many_offers_there_are(
    sign_in: SignIn, envelope: Envelope, anna: PersonView, product: ProductView, once: OfferView, queries: Queries,
    offers: int,
) -> None:  # fmt: skip
    for _ in range(offers):
        offer(product, kind="one_time", amount=5000)
    browser = sign_in(anna)
    browser.get(once.checkout_path)
    with queries.at_most(12):
        assert browser.get(once.checkout_path).status_code == 200


# -- the order's page


def test_only_the_buyer_reads_an_order(sign_in: SignIn, bank: Bank, anna: PersonView, once: OfferView) -> None:
    press(sign_in(anna), once)
    path = bank.started[0].path
    assert sign_in(anna).get(path).status_code == 200
    for stranger in (person("bert@example.org", "student"), person("owner@example.org", "owner")):
        assert sign_in(stranger).get(path).status_code == 404


def test_an_order_that_does_not_exist_is_a_404(sign_in: SignIn, anna: PersonView) -> None:
    assert sign_in(anna).get("/account/orders/2026-0001").status_code == 404


@pytest.mark.parametrize(
    ("fact", "sentence", "offered"),
    [
        (None, "This order is not paid yet.", "Go on to payment"),
        ("awaiting", "Your payment is on its way.", "Back to the course"),
        ("failed", "Your payment did not arrive.", "Try again"),
        ("expired", "The time to pay this order is over.", "Order again"),
        ("held", "We are looking at your payment.", "Back to the course"),
        ("sent back", "Your money went back to you.", "Order again"),
        ("paid", "Paid", "Go to the course"),
    ],
)
def test_an_order_says_how_it_stands_and_what_next(
    sign_in: SignIn, bank: Bank, anna: PersonView, once: OfferView, fact: str | None, sentence: str, offered: str
) -> None:
    browser = sign_in(anna)
    press(browser, once)
    order = bank.started[0]
    if fact == "paid":
        pay(order)
    elif fact in ("held", "sent back"):
        pay(order, subtotal=1, total=1)
        if fact == "sent back":
            give_back(order, 1)
    elif fact is not None:
        with db.writes():
            commerce.record_order_state(order.id, fact)
    page = browser.get(order.path)
    assert sentence in words(page)
    assert offered in words(page)


# -- the billing page


def test_the_billing_page_is_quiet_before_the_first_purchase(sign_in: SignIn, anna: PersonView) -> None:
    assert "Nothing bought yet" in words(sign_in(anna).get("/account/billing"))


def test_a_subscription_says_its_plan_and_next_charge(
    sign_in: SignIn, bank: Bank, anna: PersonView, monthly: OfferView
) -> None:
    browser = sign_in(anna)
    press(browser, monthly)
    pay(bank.started[0])
    subscribe(bank.started[0])
    page = words(browser.get("/account/billing"))
    assert "Plan €9 a month" in page
    assert "Next charge" in page
    assert "Ends on" not in page


def test_a_planned_end_is_said_instead_of_a_charge(
    sign_in: SignIn, bank: Bank, anna: PersonView, monthly: OfferView
) -> None:
    browser = sign_in(anna)
    press(browser, monthly)
    pay(bank.started[0])
    subscribe(bank.started[0], cancel_at=clock.now() + timedelta(days=30))
    page = words(browser.get("/account/billing"))
    assert "Ends on" in page
    assert "Next charge" not in page


def test_a_failed_charge_says_until_when_everything_stays_open(
    sign_in: SignIn, bank: Bank, anna: PersonView, monthly: OfferView
) -> None:
    browser = sign_in(anna)
    press(browser, monthly)
    pay(bank.started[0])
    subscribe(bank.started[0], "past_due", past_due_since=clock.now())
    page = words(browser.get("/account/billing"))
    assert "did not go through" in page
    assert "Everything stays open until" in page
    assert "Unpaid" in page


@pytest.mark.feature("B-11")
@pytest.mark.parametrize(
    ("fact", "sentence"),
    [("awaiting", "is on its way."), ("failed", "did not arrive.")],
)
def test_a_delayed_payment_is_told_on_the_billing_page_and_once_by_mail(
    sign_in: SignIn, bank: Bank, anna: PersonView, once: OfferView, fact: str, sentence: str
) -> None:
    browser = sign_in(anna)
    press(browser, once)
    for _ in range(2):
        with db.writes():
            commerce.record_order_state(bank.started[0].id, fact)
    assert f"Your payment for Letters that get answered {sentence}" in words(browser.get("/account/billing"))
    letters = db.session.scalars(
        select(Message.recipient).where(Message.key.startswith(f"commerce.order_{fact}"))
    ).all()
    assert letters == ["anna@example.org"]


def test_others_see_nothing_of_it(sign_in: SignIn, bank: Bank, anna: PersonView, once: OfferView) -> None:
    press(sign_in(anna), once)
    pay(bank.started[0])
    page = words(sign_in(person("bert@example.org", "student")).get("/account/billing"))
    assert "Letters" not in page


@pytest.mark.parametrize("orders", [1, 30])
def test_the_billing_page_costs_the_same_however_much_was_bought(
    sign_in: SignIn, bank: Bank, anna: PersonView, once: OfferView, queries: Queries, orders: int
) -> None:
    for number in range(orders):
        with db.writes():
            order = commerce.place_order(anna.id, once.id, f"bank-{number}", clock.now())
            commerce.record_order_state(order.id, "failed")
    browser = sign_in(anna)
    browser.get("/account/billing")
    with queries.at_most(3):
        page = browser.get("/account/billing")
    assert page.get_data(as_text=True).count("Try again") == 1


def test_older_orders_are_behind_a_link(sign_in: SignIn, bank: Bank, anna: PersonView, once: OfferView) -> None:
    for number in range(25):
        with db.writes():
            order = commerce.place_order(anna.id, once.id, f"bank-{number}", clock.now())
            commerce.record_order_state(order.id, "failed")
    browser = sign_in(anna)
    first = browser.get("/account/billing").get_data(as_text=True)
    older = re.search(r'href="\?before=(\d+)"', first)
    assert older
    second = browser.get(f"/account/billing?before={older[1]}").get_data(as_text=True)
    numbers = re.compile(r"/account/orders/([\d-]+)")
    assert (len(numbers.findall(first)), len(numbers.findall(second))) == (20, 5)


# -- the dynamic link


def test_the_buy_link_leads_to_checkout_and_then_into_the_course(
    sign_in: SignIn, bank: Bank, anna: PersonView, once: OfferView
) -> None:
    item = next(link for link in registry.current().plugins["commerce"].dynamic_links() if link.name == "buy")
    assert item.open is not None
    assert item.open(links.context(None), {"offer": once.public_id}) == once.checkout_path
    assert item.open(links.context(anna), {"product": "letters"}) == once.checkout_path
    press(sign_in(anna), once)
    pay(bank.started[0])
    assert item.open(links.context(anna), {"offer": once.public_id}) == "/learn/letters"


def test_the_buy_link_of_an_offer_that_is_gone_leads_nowhere(site: TestSite, once: OfferView) -> None:
    commerce.set_offer_active(once.id, False)
    item = next(link for link in registry.current().plugins["commerce"].dynamic_links() if link.name == "buy")
    assert item.open is not None
    with pytest.raises(LinkRefused):
        item.open(links.context(None), {"offer": once.public_id})
    assert item.available(links.context(None)) == "Nothing is for sale."


# -- a charge that failed


@pytest.mark.feature("B-12")
def test_a_failed_charge_is_told_on_every_page_with_what_to_do_until_it_is_paid(
    sign_in: SignIn, bank: Bank, anna: PersonView, monthly: OfferView
) -> None:
    order = place(anna, monthly)
    pay(order)
    subscribe(order)
    browser = sign_in(anna)
    pages = ("/account", "/account/profile", "/courses")
    assert not [path for path in pages if "Settle the payment" in words(browser.get(path))]
    subscribe(order, "past_due", past_due_since=clock.now())
    for path in pages:
        assert "Your payment for Letters that get answered did not go through. Everything stays open until" in words(
            browser.get(path)
        ), path
    # Billing tells more about it, once.
    assert "did not go through. Everything" not in words(browser.get("/account/billing"))
    subscribe(order, "suspended", reason="unpaid")
    assert "Letters that get answered waits for your payment." in words(browser.get("/account"))
    subscribe(order, "suspended", reason="paused")
    assert "Settle the payment" not in words(browser.get("/account"))
    subscribe(order)
    assert "Settle the payment" not in words(browser.get("/account"))


def place(buyer: PersonView, chosen: OfferView) -> OrderView:
    with db.writes():
        return commerce.place_order(buyer.id, chosen.id, "bank", clock.now())
