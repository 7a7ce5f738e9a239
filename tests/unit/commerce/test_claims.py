"""What guests order, and how it becomes somebody's: rules as tables, then the services, then races."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select, update

from lms import db
from lms.access import services as access
from lms.accounts import services as accounts
from lms.accounts.addresses import AddressInvalid
from lms.audit import services as audit
from lms.base import clock
from lms.base.problem import Conflict, NotFound, Problem
from lms.commerce import claim_links, claim_rules, claims
from lms.commerce import services as commerce
from lms.commerce.claim_links import ClaimLinkDead
from lms.commerce.claim_rules import Owner, Proof, Step
from lms.commerce.events import OrderClaimed
from lms.commerce.models import Claim, Order
from lms.commerce.orders import AlreadyOwned, OrderView, PaymentOnItsWay
from lms.extend import On
from lms.host import registry
from lms.mail.models import Message
from lms.testing.sites import TestSite

if TYPE_CHECKING:
    from tests.unit.commerce.conftest import Shop

VERIFIED, UNVERIFIED, BLOCKED = Owner(7, verified=True), Owner(7, verified=False), Owner(7, True, blocked=True)
HERE, THERE = "b" * 43, "c" * 43
GUEST = "bruno@example.org"


@pytest.mark.parametrize(
    ("proof", "owner", "signed_in", "step"),
    [
        (Proof.BROWSER, None, None, Step.REGISTER),
        (Proof.BROWSER, None, 9, Step.CONFIRM),
        (Proof.BROWSER, VERIFIED, None, Step.SIGN_IN),
        (Proof.BROWSER, UNVERIFIED, None, Step.SIGN_IN),
        (Proof.BROWSER, VERIFIED, 7, Step.CONFIRM),
        (Proof.BROWSER, UNVERIFIED, 7, Step.CONFIRM),
        (Proof.BROWSER, VERIFIED, 9, Step.OTHER_ACCOUNT),
        (Proof.BROWSER, UNVERIFIED, 9, Step.OTHER_ACCOUNT),
        (Proof.BROWSER, BLOCKED, None, Step.BLOCKED),
        (Proof.BROWSER, BLOCKED, 9, Step.BLOCKED),
        (Proof.LINK, None, None, Step.REGISTER),
        (Proof.LINK, None, 9, Step.CONFIRM),
        (Proof.LINK, VERIFIED, None, Step.GIVE),
        (Proof.LINK, VERIFIED, 7, Step.CONFIRM),
        (Proof.LINK, VERIFIED, 9, Step.GIVE),
        (Proof.LINK, UNVERIFIED, None, Step.NEW_PASSWORD),
        (Proof.LINK, UNVERIFIED, 7, Step.CONFIRM),
        (Proof.LINK, UNVERIFIED, 9, Step.NEW_PASSWORD),
        (Proof.LINK, BLOCKED, None, Step.BLOCKED),
        (Proof.ACCOUNT, VERIFIED, 7, Step.CONFIRM),
        (Proof.ACCOUNT, UNVERIFIED, 7, Step.NOTHING),
        (Proof.ACCOUNT, VERIFIED, 9, Step.NOTHING),
        (Proof.ACCOUNT, None, 9, Step.NOTHING),
        (Proof.ACCOUNT, VERIFIED, None, Step.NOTHING),
    ],
)
def test_who_may_do_what(proof: Proof, owner: Owner | None, signed_in: int | None, step: Step) -> None:
    assert claim_rules.step(proof, owner, signed_in) is step


def order(shop: Shop, offer: Any = None, *, email: str = GUEST, browser: str = HERE, provider: str = "bank") -> Any:
    return commerce.place_guest_order(email, (offer or shop.once).id, provider, shop.now, browser=browser)


def orders_in_all() -> int:
    return db.session.scalars(select(func.count()).select_from(Order)).one()


def letters(kind: str) -> list[str]:
    query = select(Message.recipient).where(Message.key.startswith(f"commerce.{kind}.")).order_by(Message.id)
    return list(db.session.scalars(query))


@pytest.fixture
def told(site: TestSite) -> list[OrderClaimed]:
    """What listeners hear of claims."""
    heard: list[OrderClaimed] = []
    registry.current()._add(On(OrderClaimed, heard.append, plugin="commerce"))
    return heard


# -- ordering


def test_a_guest_s_order_belongs_to_nobody_and_keeps_the_address_as_written(both_databases: str, shop: Shop) -> None:
    made = order(shop, email="Bruno@Example.org")
    assert (made.person_id, made.guest_email, made.path) == (None, "Bruno@example.org", "/claim")
    assert commerce.order_by_number(made.number) == made


def test_any_number_of_presses_in_one_browser_make_one_order(shop: Shop) -> None:
    first = order(shop)
    assert order(shop).id == first.id
    others = [
        order(shop, browser=THERE),
        order(shop, shop.monthly),
        order(shop, email="other@example.org"),
        order(shop, provider="cash"),
    ]
    assert len({first.id, *(each.id for each in others)}) == 5


def test_presses_at_once_make_one_order(both_databases: str, site: TestSite, shop: Shop) -> None:
    ready, ids = threading.Barrier(6), []

    def press() -> None:
        with site.app.app_context(), db.writes():
            ready.wait()
            ids.append(order(shop).id)

    threads = [threading.Thread(target=press) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(ids), len(set(ids)), orders_in_all()) == (6, 1, 1)


def test_ordering_asks_nobody_s_account(shop: Shop, queries: Any) -> None:
    accounts.create_person(email=GUEST, name="Bruno", password_hash=None)
    db.commit()
    with queries.counted() as known:
        order(shop)
    with queries.counted() as unknown:
        order(shop, email="nobody@example.org", browser=THERE)
    assert known == unknown
    assert not [sql for sql in known if "accounts_" in sql]


def test_what_cannot_be_ordered_says_why(shop: Shop) -> None:
    with pytest.raises(AddressInvalid):
        order(shop, email="bruno")
    with pytest.raises(Problem, match="needs an account"):
        order(shop, shop.offer(kind="free", amount=0))
    commerce.set_offer_active(shop.once.id, False)
    with pytest.raises(NotFound):
        order(shop)
    assert orders_in_all() == 0


def test_what_this_browser_has_paid_for_is_not_bought_again(shop: Shop) -> None:
    paid = shop.paid(order(shop))
    with pytest.raises(AlreadyOwned) as refusal:
        order(shop)
    assert refusal.value.path == "/claim"
    give_back(paid)
    assert order(shop).id != paid.id


@pytest.mark.parametrize("state", ["awaiting"])
def test_what_is_on_its_way_is_not_bought_again(shop: Shop, state: str) -> None:
    commerce.record_order_state(order(shop).id, state)
    with pytest.raises(PaymentOnItsWay):
        order(shop)


def give_back(paid: OrderView) -> None:
    commerce.record_refund(
        commerce.RefundFact(
            provider="bank", payment_ref=f"pay-{paid.number}", provider_ref="back", amount=paid.total,
            state="succeeded",
        )
    )  # fmt: skip


# -- the letters of a guest


def test_a_paid_order_waits_and_its_receipt_carries_a_link_once(shop: Shop) -> None:
    made = order(shop)
    for _ in range(2):
        shop.paid(made)
    assert letters("guest_paid") == [GUEST]
    assert letters("order_paid") == []
    assert [each.id for each in claims.of_browser(HERE)] == [made.id]
    assert claims.of_browser(THERE) == claims.of_browser("") == ()


def test_a_guest_is_told_that_the_money_is_on_its_way_or_did_not_arrive(shop: Shop) -> None:
    made = order(shop)
    commerce.record_order_state(made.id, "awaiting")
    commerce.record_order_state(made.id, "failed")
    assert (letters("order_awaiting"), letters("order_failed")) == ([GUEST], [GUEST])


# -- claiming


def test_claiming_opens_what_was_bought_and_tells_it(both_databases: str, shop: Shop, told: list[OrderClaimed]) -> None:
    made = shop.paid(order(shop))
    assert not shop.door().allowed
    given = claims.give([made], shop.anna.id, Proof.BROWSER)
    db.commit()
    assert [each.person_id for each in given.orders] == [shop.anna.id]
    assert (given.twice, shop.door().allowed) == ((), True)
    assert told == [OrderClaimed(made.id, shop.anna.id)]
    assert claims.of_browser(HERE) == ()
    assert letters("claimed_elsewhere") == [GUEST]


def test_a_subscription_waits_with_its_order_and_opens_with_it(shop: Shop) -> None:
    made = shop.paid(order(shop, shop.monthly))
    assert shop.subscribed(made).person_id is None
    claims.give([made], shop.anna.id, Proof.BROWSER)
    assert shop.door().allowed
    assert commerce.running_subscription(shop.anna.id) is not None
    # The provider tells the same again, late, without a person.
    assert shop.subscribed(made).person_id == shop.anna.id
    shop.subscribed(made, "ended", ended_at=shop.now)
    assert not shop.door(shop.now + timedelta(seconds=1)).allowed


def test_a_subscription_told_after_the_claim_is_the_person_s(shop: Shop) -> None:
    made = shop.paid(order(shop, shop.monthly))
    claims.give([made], shop.anna.id, Proof.BROWSER)
    assert not shop.door().allowed
    assert shop.subscribed(made).person_id == shop.anna.id
    assert shop.door().allowed


def test_money_that_went_back_before_the_claim_opens_nothing(shop: Shop) -> None:
    made = shop.paid(order(shop))
    give_back(made)
    claims.give([made], shop.anna.id, Proof.BROWSER)
    assert not shop.door().allowed
    assert access.grants_of(shop.anna.id) == ()


def test_nobody_claims_what_somebody_else_has(shop: Shop) -> None:
    made = shop.paid(order(shop))
    claims.give([made], shop.anna.id, Proof.BROWSER)
    assert claims.give([made], shop.anna.id, Proof.BROWSER).orders == ()
    with pytest.raises(Conflict, match="belongs to an account"):
        claims.give([made], shop.person().id, Proof.LINK)


def test_two_claims_at_once_leave_one_owner(both_databases: str, site: TestSite, shop: Shop) -> None:
    made = shop.paid(order(shop))
    people = [shop.person().id for _ in range(4)]
    db.commit()
    ready, won, lost = threading.Barrier(4), [], []

    def claim(person_id: int) -> None:
        with site.app.app_context():
            ready.wait()
            try:
                with db.writes():
                    claims.give([made], person_id, Proof.LINK)
                won.append(person_id)
            except Conflict:
                lost.append(person_id)

    threads = [threading.Thread(target=claim, args=(each,)) for each in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(won), len(lost)) == (1, 3)
    db.rollback()
    found = commerce.find_order(made.id)
    assert found is not None
    assert found.person_id == won[0]


def test_who_had_it_already_is_told_apart_and_staff_see_it(shop: Shop) -> None:
    shop.paid(shop.order())
    second = shop.paid(order(shop, shop.monthly))
    given = claims.give([second], shop.anna.id, Proof.ACCOUNT)
    assert [each.id for each in given.twice] == [second.id]
    actions = [entry.action for entry in audit.entries(subject=f"order/{second.number}")]
    assert "order.bought_twice" in actions


# -- links


def link_of(made: OrderView) -> str:
    return claim_links.issue(made.id).token


def test_a_link_opens_its_order_and_what_else_was_paid_for_with_the_address(shop: Shop) -> None:
    first, second = shop.paid(order(shop)), shop.paid(order(shop, browser=THERE))
    shop.paid(order(shop, email="other@example.org", browser=THERE))
    order(shop, shop.monthly, browser="d" * 43)
    assert {each.id for each in claims.of_link(link_of(first))} == {first.id, second.id}


def test_links_that_do_not_work_say_why(shop: Shop) -> None:
    made = shop.paid(order(shop))
    old, new = link_of(made), link_of(made)
    with pytest.raises(ClaimLinkDead, match="replaced"):
        claims.of_link(old)
    with pytest.raises(ClaimLinkDead, match="never ours"):
        claims.of_link("x" * 43)
    db.session.execute(update(Claim).values(link_until=clock.real_now()))
    with pytest.raises(ClaimLinkDead, match="expired"):
        claims.of_link(new)
    newest = link_of(made)
    claims.give([made], shop.anna.id, Proof.LINK)
    with pytest.raises(ClaimLinkDead, match="used already"):
        claims.of_link(newest)


def test_a_browser_counts_for_a_week_only(shop: Shop) -> None:
    made = shop.paid(order(shop))
    assert claims.is_of_browser(made.id, HERE)
    db.session.execute(update(Claim).values(browser_until=clock.real_now()))
    assert not claims.is_of_browser(made.id, HERE)
    assert claims.of_browser(HERE) == ()


def test_new_links_go_to_the_address_only_and_five_times_at_most(shop: Shop) -> None:
    shop.paid(order(shop))
    claims.send_links("stranger@example.org")
    assert letters("guest_link") == []
    for _ in range(8):
        claims.send_links(GUEST.upper())
    assert letters("guest_link") == [GUEST] * 4


@pytest.mark.feature("TA-13")
def test_an_account_finds_what_was_bought_with_its_address_once_that_is_confirmed(shop: Shop) -> None:
    made = shop.paid(order(shop))
    unverified = accounts.create_person(email=GUEST, name="Bruno", password_hash=None)
    assert claims.waiting_for(unverified) == ()
    assert claims.waiting_for(replace(shop.anna, verified=True)) == ()
    accounts.address_proved(unverified.id)
    bruno = accounts.person(unverified.id)
    assert [each.id for each in claims.waiting_for(bruno)] == [made.id]
