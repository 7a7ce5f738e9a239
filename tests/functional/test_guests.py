"""Buying without an account, as browsers do it: checkout, payment, and how it becomes somebody's."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select, update

from lms import db
from lms.access import services as access
from lms.accounts import services as accounts
from lms.accounts.models import Person, SignIn
from lms.base import clock
from lms.commerce import consents
from lms.commerce import services as commerce
from lms.commerce.models import Claim, Order
from lms.commerce.services import OfferView, OrderView
from lms.extend import Service
from lms.host import registry
from lms.settings import services as settings
from lms.testing.makers import Makers
from lms.testing.sites import TestSite

GUEST = "bruno@example.org"
PASSWORD = "eleven quiet herons"
SignIn_ = Callable[..., FlaskClient]
Letters = Callable[[], list[Any]]


class Bank(Service):
    """A provider that takes money from everybody, elsewhere."""

    kind = "payment_provider"
    name = "bank"
    label = "The bank around the corner"
    description = "You walk there and pay in cash."
    guests = True

    def can_sell(self, offer: OfferView) -> bool | str:
        return offer.kind != "free"

    def takes_guests(self, offer: OfferView) -> bool:
        return self.guests

    def start(self, order: OrderView, cancel_path: str) -> str:
        return f"https://bank.example/pay/{order.number}"


@pytest.fixture
def bank(site: TestSite) -> Bank:
    made = Bank()
    registry.current()._services.setdefault("payment_provider", []).append(("bank", made))
    return made


@pytest.fixture
def offer(bank: Bank, make: Makers) -> OfferView:
    return make.offer(make.product(make.course(slug="letters", lessons=2, sections=1), name="Letters"))


def words(page: Any) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page.get_data(as_text=True)).split())


def fill(browser: FlaskClient, path: str, to: str = "", **fields: str) -> Any:
    """Send the form of the page, with its token, and all hidden fields."""
    page = browser.get(path).get_data(as_text=True)
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page))
    return browser.post(to or path, data={**hidden, **fields})


def buy(browser: FlaskClient, offer: OfferView, email: str = GUEST, **more: str) -> Any:
    return fill(browser, offer.checkout_path, offer=offer.public_id, email=email, **more)


def newest() -> OrderView:
    db.rollback()
    found = commerce.find_order(db.session.scalars(select(func.max(Order.id))).one())
    assert found is not None
    return found


def pay(order: OrderView) -> OrderView:
    with db.writes():
        return commerce.record_paid(
            order.id, provider="bank", provider_ref=f"pay-{order.number}", subtotal=order.total, total=order.total,
            currency=order.currency, paid_at=clock.now(),
        )  # fmt: skip


def bought(browser: FlaskClient, offer: OfferView, email: str = GUEST) -> OrderView:
    """Through the checkout, and paid."""
    assert buy(browser, offer, email).location.startswith("https://bank.example/")
    return pay(newest())


def link(site: TestSite, letters: Letters, which: int = -1) -> str:
    """The path of the newest mailed link."""
    site.jobs.run_due()
    found = [re.search(r"/claim/[\w-]{43}", letter.get_body(("plain",)).get_content()) for letter in letters()]
    return [match[0] for match in found if match][which]


def is_open(email: str, offer: OfferView) -> bool:
    db.rollback()
    person = accounts.by_email(email)
    return person is not None and access.decide_product(person.id, offer.product_id, clock.now()).allowed


def signed_in_as(browser: FlaskClient) -> str:
    page = browser.get("/account/profile")
    found = re.search(r"[\w.]+@example\.org", page.get_data(as_text=True)) if page.status_code == 200 else None
    return found[0] if found else ""


# -- the same browser


def test_a_guest_pays_chooses_a_password_and_is_in(client: FlaskClient, offer: OfferView, letters: Letters) -> None:
    page = client.get(offer.checkout_path)
    assert "E-mail" in words(page)
    assert "I have an account: sign in" in words(page)
    assert page.headers["Cache-Control"] == "private, no-store"
    answer = buy(client, offer)
    cookie = next(each for each in answer.headers.getlist("Set-Cookie") if each.startswith("lms_claim="))
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    order = newest()
    assert (order.person_id, order.guest_email) == (None, GUEST)
    # Nothing to claim before the money is there.
    assert "Find what you bought" in words(client.get("/claim"))
    pay(order)
    assert "is paid for. Choose a password for bruno@example.org" in words(client.get("/claim"))
    assert fill(client, "/claim", name="Bruno", password="short").status_code == 422
    answer = fill(client, "/claim", name="Bruno", password=PASSWORD)
    assert (answer.status_code, answer.location) == (303, "/learn/letters")
    assert signed_in_as(client) == GUEST
    assert is_open(GUEST, offer)
    assert client.get("/learn/letters/lesson-2").status_code == 200
    made = accounts.by_email(GUEST)
    assert made is not None
    assert not made.verified
    # Nothing of the guest is left in the browser, and a second press finds the purchase done.
    assert client.get_cookie("lms_claim") is None
    assert client.post("/claim", data={}).status_code in (303, 400)
    assert db.session.scalars(select(func.count()).select_from(Person).where(Person.email == GUEST)).one() == 1


def test_two_tabs_make_one_order_and_one_account(client: FlaskClient, offer: OfferView) -> None:
    assert buy(client, offer).location == buy(client, offer).location
    pay(newest())
    first = client.get("/claim").get_data(as_text=True)
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', first))
    again = {**hidden, "name": "Bruno", "password": PASSWORD}
    assert client.post("/claim", data=again).location == "/learn/letters"
    assert client.post("/claim", data=again).status_code in (303, 400)
    assert is_open(GUEST, offer)


def test_another_browser_sees_nothing_of_it(client: FlaskClient, site: TestSite, offer: OfferView) -> None:
    order = bought(client, offer)
    other = site.client()
    for path in ("/claim", f"/claim?order={order.number}"):
        page = words(other.get(path))
        assert GUEST not in page
        assert "Find what you bought" in page
    stolen = site.client()
    for guess in ("x" * 43, order.number, "", "' OR 1=1 --"):
        stolen.set_cookie("lms_claim", guess, domain=site.config.host)
        assert GUEST not in words(stolen.get("/claim"))
    assert other.get(f"/account/orders/{order.number}").status_code == 303


def test_the_cookie_of_the_signed_in_person_s_own_browser_adds_it_to_their_account(
    client: FlaskClient, offer: OfferView, make: Makers, sign_in: SignIn_, letters: Letters, site: TestSite
) -> None:
    bought(client, offer)
    carla = make.person(email="carla@example.org")
    sign_in(carla, client)
    assert "You are signed in as carla@example.org" in words(client.get("/claim"))
    assert not is_open("carla@example.org", offer)
    assert fill(client, "/claim").location == "/learn/letters"
    assert is_open("carla@example.org", offer)
    site.jobs.run_due()
    told = [letter for letter in letters() if letter["To"] == GUEST]
    assert "was added to an account" in told[-1]["Subject"]


# -- an address that has an account


@pytest.mark.feature("TA-13")
def test_pitfall_19_an_address_with_an_account_is_never_attached_and_nobody_is_logged_in(
    client: FlaskClient, site: TestSite, offer: OfferView, make: Makers, sign_in: SignIn_, letters: Letters
) -> None:
    make.person(email=GUEST, password=PASSWORD)
    bought(client, offer)
    page = client.get("/claim")
    assert "has an account here: sign in" in words(page)
    assert 'name="password"' not in page.get_data(as_text=True)
    # A form of before, or made by hand, changes nothing either.
    answer = fill(client, "/claim", name="Mallory", password=PASSWORD)
    assert answer.status_code == 409
    assert signed_in_as(client) == ""
    assert not is_open(GUEST, offer)
    # Nor for somebody who is signed in otherwise.
    mallory = sign_in(make.person(email="mallory@example.org"), client)
    assert "belongs to another account" in words(mallory.get("/claim"))
    assert fill(mallory, "/claim").status_code == 409
    assert not is_open("mallory@example.org", offer)


def test_its_owner_signs_in_and_confirms(client: FlaskClient, offer: OfferView, make: Makers, sign_in: SignIn_) -> None:
    owner = make.person(email=GUEST)
    bought(client, offer)
    sign_in(owner, client)
    assert "was paid for with your address" in words(client.get("/claim"))
    assert not is_open(GUEST, offer)
    assert fill(client, "/claim").location == "/learn/letters"
    assert is_open(GUEST, offer)


def test_or_the_owner_finds_it_under_billing_from_any_browser(
    client: FlaskClient, site: TestSite, offer: OfferView, make: Makers, sign_in: SignIn_
) -> None:
    owner = make.person(email=GUEST)
    bought(client, offer)
    elsewhere = sign_in(owner)
    assert "Letters waits for you." in words(elsewhere.get("/account/billing"))
    assert fill(elsewhere, "/claim").location == "/learn/letters"
    assert is_open(GUEST, offer)
    unverified = sign_in(make.person(email="eve@example.org", verified=False))
    bought(site.client(), offer, "eve@example.org")
    assert "waits for you" not in words(unverified.get("/account/billing"))
    assert "Find what you bought" in words(unverified.get("/claim"))


def test_or_opens_the_mailed_link_and_confirms_without_being_logged_in(
    client: FlaskClient, site: TestSite, offer: OfferView, make: Makers, letters: Letters
) -> None:
    make.person(email=GUEST)
    bought(client, offer)
    phone, path = site.client(), link(site, letters)
    page = phone.get(path)
    assert "has an account here. Add it to that account" in words(page)
    assert page.headers["Cache-Control"] == "private, no-store"
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert not is_open(GUEST, offer)
    assert fill(phone, path).location == "/login?next=/learn/letters"
    assert is_open(GUEST, offer)
    assert signed_in_as(phone) == ""


# -- the mailed link


def test_a_link_makes_a_confirmed_account_in_any_browser_once(
    client: FlaskClient, site: TestSite, offer: OfferView, letters: Letters
) -> None:
    bought(client, offer)
    phone, path = site.client(), link(site, letters)
    for _ in range(2):  # a mail program looks first
        assert phone.get(path).status_code == 200
    assert fill(phone, path, name="Bruno", password=PASSWORD).location == "/learn/letters"
    made = accounts.by_email(GUEST)
    assert made is not None
    assert made.verified
    assert signed_in_as(phone) == GUEST
    used = site.client().get(path)
    assert used.status_code == 410
    assert "was used already" in words(used)
    assert used.headers["Cache-Control"] == "private, no-store"


@pytest.mark.feature("TA-13")
def test_the_owner_of_the_mailbox_gets_the_account_that_a_stranger_made_with_the_address(
    client: FlaskClient, site: TestSite, offer: OfferView, make: Makers, sign_in: SignIn_, letters: Letters
) -> None:
    stranger = sign_in(make.person(email=GUEST, password="the stranger's own words", verified=False))
    bought(client, offer)
    phone, path = site.client(), link(site, letters)
    assert "never confirmed it" in words(phone.get(path))
    assert fill(phone, path, password=PASSWORD).location == "/login?next=/learn/letters"
    assert is_open(GUEST, offer)
    assert signed_in_as(stranger) == ""
    db.rollback()
    assert db.session.scalars(select(func.count()).select_from(SignIn).where(SignIn.ended_at.is_(None))).one() == 0


def test_a_dead_link_says_why_and_a_new_one_can_be_asked_for(
    client: FlaskClient, site: TestSite, offer: OfferView, letters: Letters
) -> None:
    bought(client, offer)
    old = link(site, letters)
    db.session.execute(update(Claim).values(link_until=clock.real_now()))
    phone = site.client()
    page = phone.get(old)
    assert page.status_code == 410
    assert "has expired" in words(page)
    sent = fill(phone, old, to="/claim/send", email=GUEST.upper())
    assert sent.status_code == 200
    new = link(site, letters)
    assert new != old
    assert phone.get(old).status_code == 404
    assert phone.get(new).status_code == 200


def test_nobody_learns_from_asking_for_a_link_whether_something_waits(
    client: FlaskClient, site: TestSite, offer: OfferView, make: Makers, letters: Letters
) -> None:
    bought(client, offer)
    make.person(email="carla@example.org")
    other = site.client()
    answers = [
        words(fill(other, "/claim", to="/claim/send", email=each)).replace(each, "…")
        for each in (GUEST, "carla@example.org", "nobody@example.org")
    ]
    assert len(set(answers)) == 1
    assert fill(other, "/claim", to="/claim/send", email="nobody").status_code == 422
    site.jobs.run_due()
    assert {letter["To"] for letter in letters()} == {GUEST}


def test_checkout_answers_the_same_for_every_address(site: TestSite, offer: OfferView, make: Makers) -> None:
    owner = make.person(email="carla@example.org")
    make.grant(owner, access.product(offer.product_id))
    answers = [buy(site.client(), offer, each) for each in ("carla@example.org", "nobody@example.org")]
    assert {answer.status_code for answer in answers} == {303}
    assert all(answer.location.startswith("https://bank.example/pay/") for answer in answers)


# -- what goes otherwise than planned


def test_money_on_its_way_and_money_that_does_not_come(client: FlaskClient, offer: OfferView) -> None:
    buy(client, offer)
    order = newest()
    with db.writes():
        commerce.record_order_state(order.id, "awaiting")
    assert "Your payment is on its way" in words(client.get("/claim"))
    assert buy(client, offer).location == "/claim"
    with db.writes():
        commerce.record_order_state(order.id, "failed")
    assert "did not arrive" in words(client.get("/claim"))
    assert buy(client, offer).location.startswith("https://bank.example/")
    assert newest().id != order.id


def test_a_guest_who_buys_twice_claims_both_at_once(
    client: FlaskClient, offer: OfferView, make: Makers, bank: Bank
) -> None:
    bought(client, offer)
    assert buy(client, offer).location == "/claim"
    other = make.offer(make.product(make.course(lessons=1, sections=1), name="Numbers"))
    bought(client, other)
    assert "With it goes:" in words(client.get("/claim"))
    fill(client, "/claim", name="Bruno", password=PASSWORD)
    assert is_open(GUEST, offer)
    assert is_open(GUEST, other)


def test_whoever_had_it_is_told_that_it_was_paid_for_twice(
    client: FlaskClient, offer: OfferView, make: Makers, sign_in: SignIn_
) -> None:
    owner = make.person(email=GUEST)
    make.grant(owner, access.product(offer.product_id))
    bought(client, offer)
    sign_in(owner, client)
    fill(client, "/claim")
    assert "have paid for it twice" in words(client.get("/account"))


def test_forms_without_a_token_change_nothing(client: FlaskClient, offer: OfferView) -> None:
    bought(client, offer)
    for path in ("/claim", "/claim/send", offer.checkout_path):
        assert client.post(path, data={"email": GUEST, "name": "Bruno", "password": PASSWORD}).status_code == 400
    assert accounts.by_email(GUEST) is None


def test_guests_sign_in_where_the_creator_or_the_provider_wants_it(
    client: FlaskClient, offer: OfferView, bank: Bank, make: Makers
) -> None:
    free = make.offer(make.product(), kind="free", amount=0)
    assert client.get(free.checkout_path).location == f"/login?next={free.checkout_path}"
    bank.guests = False
    assert client.get(offer.checkout_path).location == f"/login?next={offer.checkout_path}"
    bank.guests = True
    settings.save("checkout", {"guests": False}, actor_id=None)
    db.commit()
    assert client.get(offer.checkout_path).location == f"/login?next={offer.checkout_path}"
    assert client.post(offer.checkout_path, data={}).status_code in (303, 400)


# -- what buyers agree to


@pytest.fixture
def asked(site: TestSite) -> None:
    """The creator asks for both."""
    values = {
        "ask_terms": True, "terms_page": "/terms", "terms_version": "2026-05",
        "ask_withdrawal": True, "withdrawal_page": "https://example.org/rights", "withdrawal_version": "3",
    }  # fmt: skip
    settings.save("checkout", values, actor_id=None)
    db.commit()


def test_consent_is_asked_for_missed_at_its_box_and_kept_with_the_order(
    client: FlaskClient, offer: OfferView, asked: None, make: Makers, sign_in: SignIn_
) -> None:
    refused = buy(client, offer, agree_terms="y")
    assert refused.status_code == 422
    assert "Agree that the course opens at once" in words(refused)
    assert "Agree to the terms to go on" not in words(refused)
    assert 'aria-invalid="true"' in refused.get_data(as_text=True)
    assert db.session.scalars(select(func.count()).select_from(Order)).one() == 0
    assert buy(client, offer, agree_terms="y", agree_withdrawal="y").status_code == 303
    kept = consents.of_order(newest().id)
    assert [(each.kind, each.document, each.version) for each in kept] == [
        ("terms", "/terms", "2026-05"),
        ("withdrawal", "https://example.org/rights", "3"),
    ]
    # Later words do not change what was agreed to; the buyer and staff read it in the order.
    settings.save("checkout", {"terms_version": "2027-01"}, actor_id=None)
    pay(newest())
    fill(client, "/claim", name="Bruno", password=PASSWORD)
    shown = words(client.get(f"/account/orders/{newest().number}"))
    assert "version 2026-05" in shown
    assert "I lose my right of withdrawal" in shown
    staff = sign_in(make.person(role="owner"))
    assert "/terms, version 2026-05" in words(staff.get(f"/admin/orders/{newest().number}"))


def test_what_is_free_asks_for_nothing(asked: None, make: Makers, sign_in: SignIn_, bank: Bank) -> None:
    free = make.offer(make.product(), kind="free", amount=0)
    anna = sign_in(make.person())
    assert fill(anna, free.checkout_path, offer=free.public_id).status_code == 303
    assert consents.of_order(newest().id) == ()


def test_the_settings_want_a_document_and_a_version(make: Makers, sign_in: SignIn_, site: TestSite) -> None:
    owner = sign_in(make.person(role="owner"))
    page = fill(owner, "/admin/settings/checkout", guests="y", ask_terms="y", terms_page="javascript:alert(1)")
    assert page.status_code == 422
    assert "an address that starts with https://" in words(page)
    assert "Name the version" in words(page)
