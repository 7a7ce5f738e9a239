"""The letters of commerce: each once for its fact, in the person's language and money, with links that lead right."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from email.message import EmailMessage
from typing import TYPE_CHECKING, Any

import pytest

from lms import db
from lms.access import services as access
from lms.accounts import services as accounts
from lms.base import clock as base_clock
from lms.commerce import services as commerce
from lms.commerce import trials
from lms.commerce.providers import FreeOfCharge
from lms.commerce.services import RefundFact
from lms.mail import services as mail

if TYPE_CHECKING:
    from tests.unit.commerce.conftest import Shop


@pytest.fixture
def post(shop: Shop, site: Any, letters: Callable[[], list[EmailMessage]]) -> Callable[[], list[EmailMessage]]:
    """``post()``: commit, send, and what was sent since the last time."""
    seen = 0

    def sent() -> list[EmailMessage]:
        nonlocal seen
        db.commit()
        site.jobs.run_due()
        new = letters()[seen:]
        seen += len(new)
        return new

    return sent


def text(letter: EmailMessage) -> str:
    part = letter.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


def html(letter: EmailMessage) -> str:
    part = letter.get_body(("html",))
    assert part is not None
    return str(part.get_content())


def links(letter: EmailMessage) -> set[str]:
    """Every address in the HTML, which are the same as in the text."""
    found = set(re.findall(r'href="([^"]+)"', html(letter)))
    assert {link for link in found if link not in text(letter) and link.strip("/") not in text(letter)} == set()
    return found


def subscribe(shop: Shop, **more: Any) -> Any:
    order = shop.paid(shop.order(shop.monthly))
    return order, shop.subscribed(order, **more)


def test_each_charge_has_one_receipt(shop: Shop, post: Any) -> None:
    order, _subscription = subscribe(shop)
    (first,) = post()
    assert first["Subject"] == "Your receipt for Letters"
    for _told in range(2):
        shop.paid(order, provider_ref="renewal", paid_at=shop.now + timedelta(days=30))
    (renewal,) = post()
    assert "we have received €9.00 for Letters (€9 a month). Thank you." in text(renewal)
    assert f"http://localhost/account/orders/{order.number}" in links(renewal)
    # What costs nothing has no receipt, and neither has what was paid before the order stood here.
    shop.paid(order, provider_ref="gift", subtotal=0, total=0, paid_at=shop.now + timedelta(days=60))
    shop.paid(order, provider_ref="old", paid_at=shop.now - timedelta(days=60))
    assert post() == []


def test_a_failed_charge_is_told_once_for_each_unpaid_time(shop: Shop, post: Any) -> None:
    order, _subscription = subscribe(shop)
    post()
    for attempt in range(3):
        shop.subscribed(order, "past_due", past_due_since=shop.now, period_end=shop.now + timedelta(days=attempt))
    (letter,) = post()
    assert letter["Subject"] == "Your payment for Letters did not go through"
    assert "€9 for Letters (€9 a month) could not be charged" in text(letter)
    assert "Everything stays open until" in text(letter)
    # Without a provider's own link, Billing shows what to do.
    assert "http://localhost/account/billing" in links(letter)
    shop.subscribed(order)
    shop.subscribed(order, "past_due", past_due_since=shop.now + timedelta(days=31))
    assert [each["Subject"] for each in post()] == ["Your payment for Letters did not go through"]
    # The bank asks for a word: another letter, since there is another thing to do.
    since = shop.now + timedelta(days=31)
    shop.subscribed(order, "past_due", past_due_since=since, reason="action_required")
    (confirm,) = post()
    assert confirm["Subject"] == "Confirm your payment for Letters"
    # Suspended at last: it was told already.
    shop.subscribed(order, "suspended", reason="action_required")
    shop.subscribed(order, "suspended", reason="paused")
    assert post() == []


def test_a_pause_is_no_failed_charge(shop: Shop, post: Any) -> None:
    order, _subscription = subscribe(shop)
    post()
    shop.subscribed(order, "suspended", reason="paused")
    assert post() == []


def test_an_end_is_told_once_and_says_why(shop: Shop, post: Any) -> None:
    order, _subscription = subscribe(shop)
    post()
    for _told in range(2):
        shop.subscribed(order, "ended", ended_at=shop.now)
    (letter,) = post()
    assert letter["Subject"] == "Your subscription to Letters has ended"
    assert "because the payment stayed open" not in text(letter)
    assert f"http://localhost{shop.monthly.checkout_path}" in links(letter)
    unpaid = shop.paid(shop.order(shop.monthly, shop.person()))
    shop.subscribed(unpaid, "past_due")
    shop.subscribed(unpaid, "ended")
    assert "because the payment stayed open" in text(post()[-1])
    # One that never began has no end.
    never = shop.order(shop.monthly, shop.person())
    shop.subscribed(never, "pending")
    shop.subscribed(never, "ended")
    assert post() == []


def test_a_trials_end_is_told_three_days_ahead_once(shop: Shop, post: Any, clock: Any) -> None:
    trial = shop.offer(kind="subscription", amount=900, interval="month", trial_days=14)
    end = shop.now + timedelta(days=14)
    order = shop.paid(shop.order(trial), subtotal=0, total=0)
    shop.subscribed(order, "trialing", trial_end=end, period_end=end)
    leaving = shop.paid(shop.order(trial, shop.person()), subtotal=0, total=0)
    shop.subscribed(leaving, "trialing", trial_end=end, period_end=end, cancel_at=end)
    post()
    trials.remind()
    assert post() == []
    clock.advance(days=12)
    for _hour in range(2):
        trials.remind()
    (letter,) = post()
    assert (letter["Subject"], letter["To"]) == ("Your trial of Letters ends soon", shop.anna.email)
    assert "Then €9 a month is charged for the first time." in text(letter)
    clock.advance(days=5)
    trials.remind()
    assert post() == []


def test_every_trial_is_reminded_of_however_many_end(shop: Shop, post: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trials, "_AT_ONCE", 2)
    end = shop.now + timedelta(days=2)
    trial = shop.offer(kind="subscription", amount=900, interval="month", trial_days=2)
    for _person in range(5):
        order = shop.paid(shop.order(trial, shop.person()), subtotal=0, total=0)
        shop.subscribed(order, "trialing", trial_end=end, period_end=end)
    post()
    trials.remind()
    assert len({letter["To"] for letter in post()}) == 5


def test_money_that_goes_back_is_told_once_and_what_becomes_of_the_access(shop: Shop, post: Any) -> None:
    order = shop.paid(shop.order())
    post()
    for state in ("pending", "succeeded", "succeeded"):
        commerce.record_refund(
            RefundFact(
                provider="bank", payment_ref=f"pay-{order.number}", provider_ref="r1", amount=900, state=state
            )
        )  # fmt: skip
    (letter,) = post()
    assert letter["Subject"] == "€9.00 go back to you"
    assert "Your access to Letters stays as it is." in text(letter)
    rest = {"provider": "bank", "payment_ref": f"pay-{order.number}", "provider_ref": "r2", "state": "succeeded"}
    commerce.record_refund(RefundFact(amount=4000, **rest))
    assert "Your access to Letters has ended with it." in text(post()[0])
    commerce.record_refund(RefundFact(amount=100, **{**rest, "provider_ref": "r3", "state": "failed"}))
    assert post() == []


@pytest.mark.parametrize(
    ("locale", "currency", "amount", "words"),
    [
        ("en-GB", "jpy", 5000, "JP¥5,000"),
        ("en", "kwd", 49000, "KWD49.000"),
        ("de", "eur", 4900, "49,00\xa0€"),
        ("ja", "jpy", 5000, "￥5,000"),
    ],
)
def test_money_is_written_as_the_reader_writes_it(
    shop: Shop, post: Any, locale: str, currency: str, amount: int, words: str
) -> None:
    accounts.save_profile(shop.anna.id, name="Anna", locale=locale, timezone="")
    shop.paid(shop.order(shop.offer(kind="one_time", amount=amount, currency=currency)))
    (letter,) = post()
    assert words in text(letter)
    assert words in html(letter)


def test_a_letter_goes_to_its_person_only_and_names_nobody_else(shop: Shop, post: Any) -> None:
    berta = shop.person()
    for person in (shop.anna, berta):
        order = shop.paid(shop.order(shop.monthly, person))
        shop.subscribed(order)
        shop.subscribed(order, "past_due")
        shop.subscribed(order, "ended")
    sent = post()
    assert len(sent) == 6
    for letter in sent:
        other = berta if letter["To"] == shop.anna.email else shop.anna
        said = text(letter) + html(letter)
        assert (other.email in said, other.name in said) == (False, False)
        assert "None" not in said


def test_a_test_says_that_no_money_moved(shop: Shop, post: Any) -> None:
    order = shop.paid(shop.order(shop.monthly), test=True)
    shop.subscribed(order, test=True)
    shop.subscribed(order, "past_due", test=True)
    assert [("no money moved" in text(letter), "no money moved" in html(letter)) for letter in post()] == [
        (True, True)
    ] * 2


def test_a_providers_own_link_leads_through_go(shop: Shop, post: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FreeOfCharge, "links", {"pay": "shop/card"}, raising=False)
    monkeypatch.setattr(FreeOfCharge, "name", "bank")
    order, _subscription = subscribe(shop)
    shop.subscribed(order, "past_due")
    assert "http://localhost/go/shop/card" in links(post()[-1])


def test_the_letters_of_an_order_are_found_by_it(shop: Shop, post: Any) -> None:
    order, _subscription = subscribe(shop)
    shop.subscribed(order, "past_due")
    post()
    found = mail.letters_about(f"order/{order.number}")
    assert [(letter.subject, letter.state.value) for letter in found] == [
        ("Your receipt for Letters", "sent"),
        ("Your payment for Letters did not go through", "sent"),
    ]
    assert access.grants_of(shop.anna.id)[0].state.value == "grace"
    assert base_clock.now() >= shop.now
