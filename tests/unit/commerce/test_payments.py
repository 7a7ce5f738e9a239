"""Facts about money: told twice, late, out of order or with another amount, they open what was bought once."""

from __future__ import annotations

from datetime import timedelta
from itertools import permutations
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select

from lms import db
from lms.access import services as access
from lms.access import staff
from lms.access.services import Reason
from lms.base import clock
from lms.base.problem import Conflict
from lms.commerce import services as commerce
from lms.commerce.models import Payment
from lms.commerce.services import OrderState, PaymentFact, RefundFact, UnknownOrder, UnknownPayment
from lms.mail.models import Message

if TYPE_CHECKING:
    from tests.unit.commerce.conftest import Shop


def letters() -> list[str]:
    """The kinds of letters that were written, without the number of the order."""
    keys = db.session.scalars(select(Message.key).where(Message.key.startswith("commerce.")).order_by(Message.id))
    return [key.split(".")[1] for key in keys]


def payments() -> int:
    return db.session.scalars(select(func.count()).select_from(Payment)).one()


def grants(shop: Shop) -> list[tuple[str, str]]:
    return [(grant.source_ref, grant.state.value) for grant in access.grants_of(shop.anna.id)]


def test_money_as_agreed_opens_the_course_for_good(both_databases: str, shop: Shop) -> None:
    order = shop.paid(shop.order())
    assert (order.state, order.paid_at, order.test) == (OrderState.PAID, shop.now, False)
    door = shop.door(shop.now + timedelta(days=3650))
    assert (door.allowed, door.until) == (True, None)
    assert letters() == ["order_paid"]


def test_before_the_money_nothing_is_open(shop: Shop) -> None:
    shop.order()
    assert shop.door().reason is Reason.NO_GRANT


def test_one_fact_told_three_times_is_one_grant_one_payment_one_letter(both_databases: str, shop: Shop) -> None:
    order = shop.order()
    for _ in range(3):
        shop.paid(order)
        db.commit()
    assert (grants(shop), payments(), letters()) == ([(order.number, "active")], 1, ["order_paid"])


def test_two_facts_about_one_order_are_two_payments_but_one_grant_and_one_letter(shop: Shop) -> None:
    order = shop.order()
    shop.paid(order, provider_ref="first")
    shop.paid(order, provider_ref="second")
    assert (grants(shop), payments(), letters()) == ([(order.number, "active")], 2, ["order_paid"])


@pytest.mark.parametrize(
    "came",
    [
        {"subtotal": 4899, "total": 4899},
        {"subtotal": 4901, "total": 4901},
        {"subtotal": 0, "total": 0},
        {"currency": "usd"},
    ],
)
def test_another_amount_is_kept_and_opens_nothing(both_databases: str, shop: Shop, came: dict[str, Any]) -> None:
    order = shop.paid(shop.order(), **came)
    assert (order.state, order.reason) == (OrderState.HELD, "amount_differs")
    assert (shop.door().allowed, grants(shop), payments(), letters()) == (False, [], 1, [])


@pytest.mark.parametrize(
    "came",
    [
        {"subtotal": 4900, "total": 0},
        {"subtotal": 4900, "total": 2450},
        {"subtotal": 4900, "total": 5831},
        {"currency": "EUR"},
    ],
    ids=["a code for all of it", "a code for half", "tax on top", "capitals"],
)
def test_discounts_and_tax_do_not_matter(shop: Shop, came: dict[str, Any]) -> None:
    assert shop.paid(shop.order(), **came).state is OrderState.PAID
    assert shop.door().allowed


def test_a_held_order_stays_held_when_it_is_read_again(shop: Shop) -> None:
    order = shop.order()
    shop.paid(order, subtotal=1, total=1)
    assert shop.paid(order, subtotal=1, total=1).state is OrderState.HELD


def test_staff_can_accept_what_was_held(shop: Shop) -> None:
    order = shop.order()
    shop.paid(order, subtotal=1, total=1)
    released = commerce.release_order(order.id, actor_id=shop.person("owner").id)
    assert (released.state, shop.door().allowed, letters()) == (OrderState.PAID, True, ["order_paid"])


def test_only_a_held_order_can_be_accepted(shop: Shop) -> None:
    with pytest.raises(Conflict):
        commerce.release_order(shop.order().id, actor_id=shop.anna.id)


def test_a_payment_belongs_to_one_order(shop: Shop) -> None:
    shop.paid(shop.order(), provider_ref="same")
    other = shop.order(person=shop.person())
    with pytest.raises(ValueError, match="another order"):
        shop.paid(other, provider_ref="same")


def test_a_payment_of_an_unknown_order_is_refused(shop: Shop) -> None:
    fact = PaymentFact(
        order_id=999, provider="bank", provider_ref="1", amount=1, currency="eur", paid_at=shop.now
    )  # fmt: skip
    with pytest.raises(UnknownOrder):
        commerce.record_payment(fact)


def test_the_state_of_an_unknown_order_is_refused(shop: Shop) -> None:
    with pytest.raises(UnknownOrder):
        commerce.record_order_state(999, "failed")


def test_a_delayed_payment_opens_when_the_money_is_there(shop: Shop) -> None:
    order = shop.order()
    assert commerce.record_order_state(order.id, "awaiting").state is OrderState.AWAITING
    assert not shop.door().allowed
    shop.paid(order)
    assert (shop.door().allowed, letters()) == (True, ["order_awaiting", "order_paid"])


def test_a_delayed_payment_that_fails_opens_nothing_and_tells_once(shop: Shop) -> None:
    order = shop.order()
    commerce.record_order_state(order.id, "awaiting")
    for _ in range(3):
        failed = commerce.record_order_state(order.id, "failed", "insufficient_funds")
    assert (failed.state, failed.reason) == (OrderState.FAILED, "insufficient_funds")
    assert (shop.door().reason, letters()) == (Reason.NO_GRANT, ["order_awaiting", "order_failed"])


def test_an_order_that_expires_tells_nobody(shop: Shop) -> None:
    assert commerce.record_order_state(shop.order().id, "expired").state is OrderState.EXPIRED
    assert letters() == []


def test_money_that_came_wins_in_any_order_of_facts(shop: Shop) -> None:
    # One site for all 24 sequences: each has its own buyer.
    for sequence in permutations(["awaiting", "paid", "failed", "expired"]):
        buyer = shop.person()
        order = shop.order(person=buyer)
        for fact in sequence:
            if fact == "paid":
                shop.paid(order)
            else:
                commerce.record_order_state(order.id, fact)
        found = commerce.find_order(order.id)
        assert found is not None
        assert (found.state, shop.door(person=buyer).allowed) == (OrderState.PAID, True), sequence


@pytest.mark.parametrize("state", ["paid", "held", "open", "lost"])
def test_only_what_providers_may_say_is_an_order_state(shop: Shop, state: str) -> None:
    with pytest.raises(ValueError, match=state):
        commerce.record_order_state(shop.order().id, state)


def test_access_days_count_from_the_payment(shop: Shop) -> None:
    shop.paid(shop.order(shop.offer(kind="one_time", amount=900, access_days=30)))
    assert shop.door(shop.now + timedelta(days=30, seconds=-1)).allowed
    ended = shop.door(shop.now + timedelta(days=30))
    assert (ended.allowed, ended.reason) == (False, Reason.ENDED)


def test_a_provider_whose_clock_is_ahead_keeps_nobody_waiting(shop: Shop) -> None:
    shop.paid(shop.order(), paid_at=shop.now + timedelta(minutes=3))
    assert shop.door(clock.now()).allowed


def refund(order_number: str, amount: int, state: str = "succeeded", ref: str = "r1") -> None:
    commerce.record_refund(
        RefundFact(provider="bank", payment_ref=f"pay-{order_number}", provider_ref=ref, amount=amount, state=state)
    )


@pytest.mark.parametrize(
    ("amount", "state", "allowed"),
    [
        (4900, "succeeded", False),
        (4900, "pending", False),
        (4900, "failed", True),
        (4900, "canceled", True),
        (4899, "succeeded", True),
    ],
)
def test_only_a_full_refund_shuts_the_door(
    both_databases: str, shop: Shop, amount: int, state: str, allowed: bool
) -> None:
    order = shop.paid(shop.order())
    refund(order.number, amount, state)
    assert shop.door().allowed is allowed


def test_a_refund_that_fails_later_opens_again(shop: Shop) -> None:
    order = shop.paid(shop.order())
    refund(order.number, 4900, "pending")
    refund(order.number, 4900, "failed")
    assert (shop.door().allowed, commerce.refunded_amount(order.id)) == (True, 0)


def test_parts_that_add_up_to_all_shut_the_door(shop: Shop) -> None:
    order = shop.paid(shop.order())
    refund(order.number, 2400, ref="r1")
    refund(order.number, 2500, ref="r2")
    refund(order.number, 2500, ref="r2")
    assert (shop.door().allowed, commerce.refunded_amount(order.id)) == (False, 4900)


def test_a_refund_of_one_order_leaves_what_another_opened(shop: Shop) -> None:
    first = shop.order()
    second = commerce.place_order(shop.anna.id, shop.once.id, "cash", shop.now)
    shop.paid(first)
    shop.paid(second)
    refund(first.number, 4900)
    assert shop.door().allowed


def test_an_order_that_is_read_again_after_its_refund_stays_shut(shop: Shop) -> None:
    order = shop.paid(shop.order())
    refund(order.number, 4900)
    shop.paid(order)
    assert not shop.door().allowed


def test_what_staff_revoked_no_fact_opens(shop: Shop) -> None:
    order = shop.paid(shop.order())
    held = access.grants_of(shop.anna.id)[0]
    access.revoke_grant(held.id, reason="shared", actor_id=shop.person("owner").id)
    shop.paid(order)
    refund(order.number, 4900, "failed")
    assert not shop.door().allowed


def test_a_held_order_whose_money_went_back_is_over_and_can_be_ordered_anew(both_databases: str, shop: Shop) -> None:
    order = shop.paid(shop.order(), subtotal=4000, total=4000)
    refund(order.number, 1000, ref="r1")
    assert held(order.id) == ("held", "amount_differs")
    refund(order.number, 3000, ref="r2")
    assert held(order.id) == ("failed", "went_back")
    assert shop.order().id != order.id
    assert letters() == ["money_goes_back", "money_goes_back"]


def test_a_held_order_is_held_again_when_its_refund_fails(shop: Shop) -> None:
    order = shop.paid(shop.order(), subtotal=4000, total=4000)
    refund(order.number, 4000, "pending")
    refund(order.number, 4000, "failed")
    assert held(order.id) == ("held", "amount_differs")


def test_money_that_went_back_is_not_held_again_when_it_is_read_again(shop: Shop) -> None:
    order = shop.paid(shop.order(), subtotal=4000, total=4000)
    refund(order.number, 4000)
    shop.paid(order, subtotal=4000, total=4000)
    assert held(order.id) == ("failed", "went_back")
    shop.paid(order, provider_ref="another")
    assert held(order.id) == ("paid", "")


def held(order_id: int) -> tuple[str, str]:
    order = commerce.find_order(order_id)
    assert order is not None
    return order.state.value, order.reason


def test_a_refund_of_an_unknown_payment_is_refused(shop: Shop) -> None:
    with pytest.raises(UnknownPayment):
        refund("2026-9999", 1)


def test_what_staff_open_again_is_what_its_order_says_by_now(both_databases: str, shop: Shop) -> None:
    """Closed by staff, then refunded in full, then opened again: the money is gone, and so is the access."""
    order = shop.paid(shop.order())
    running = shop.paid(shop.order(shop.monthly, shop.person()))
    shop.subscribed(running)
    staff_id = shop.person("creator").id
    bought, held = access.grants_of(order.person_id)[0], access.grants_of(running.person_id)[0]
    for grant in (bought, held):
        staff.close(grant.id, reason="Abuse", actor_id=staff_id)
    refund(order.number, 4900)
    shop.subscribed(running, "past_due", past_due_since=shop.now)
    db.commit()
    for grant in (bought, held):
        staff.reopen(grant.id, reason="A mistake", actor_id=staff_id)
    db.commit()
    states = [access.grants_of(person)[0].state for person in (order.person_id, running.person_id)]
    assert states == ["revoked", "grace"]
