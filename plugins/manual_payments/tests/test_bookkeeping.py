"""What becomes of an invoice, and what the core is told about it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from lms_manual_payments import bookkeeping, calendar_days, invoices, issuing
from lms_manual_payments.models import Series

from lms.api import access, clock, commerce, db
from lms.api.problem import Conflict, NotFound, Unavailable


def order_of(invoice: Any) -> Any:
    db.rollback()
    return commerce.find_order(invoice.order_id)


# -- issuing


def test_an_invoice_says_who_sells_what_to_whom_and_how_to_pay_it(stage: Any) -> None:
    made = stage.invoice()
    assert (made.number, made.state, made.amount, made.currency) == ("INV-0001", "open", 4900, "eur")
    assert (made.buyer_name, made.buyer_email) == ("Anna Nowak", "anna@example.org")
    assert made.seller.startswith("Long Table School\n")
    assert made.iban_in_groups == "DE02 1203 0000 0000 2020 51"
    assert made.due_on - made.issued_on == timedelta(days=14)
    assert made.item_detail == "Yours to keep."


def test_numbers_follow_each_other_without_a_gap(stage: Any) -> None:
    stage.invoice()
    order = stage.order(stage.make.person(), stage.offer())
    assert issuing.issue(order, stage.anna).number == "INV-0002"
    db.rollback()
    assert stage.invoice().number == "INV-0002"


def test_another_beginning_counts_anew_and_the_old_one_goes_on_later(stage: Any) -> None:
    stage.invoice()
    stage.set_up(number_prefix="2027-")
    assert stage.invoice().number == "2027-0001"
    stage.set_up()
    assert stage.invoice().number == "INV-0002"
    assert {row.prefix: row.last for row in db.session.query(Series)} == {"INV-": 2, "2027-": 1}


def test_an_invoice_keeps_the_words_that_it_was_issued_with(stage: Any) -> None:
    made = stage.invoice()
    stage.set_up(account_holder="Somebody Else", iban="", tax_note="", days_until_due=3)
    assert stage.fresh(made) == made


def test_ordering_the_same_again_leads_to_the_same_invoice(stage: Any) -> None:
    person, offer = stage.make.person(), stage.offer()
    first = stage.invoice(person, offer)
    again = stage.invoice(person, offer, issuing.Buyer("Somebody", "else@example.org", "Elsewhere"))
    assert again == first
    assert stage.letters() == ["manual_payments.invoice.INV-0001"]


def test_what_is_owned_meanwhile_gets_no_invoice(stage: Any) -> None:
    person, offer = stage.make.person(), stage.offer()
    order = stage.order(person, offer)
    stage.make.grant(person, access.product(offer.product_id))
    with pytest.raises(commerce.AlreadyOwned):
        issuing.issue(order, stage.anna)
    db.rollback()
    assert invoices.listed() == ()


def test_an_order_that_is_over_gets_no_invoice_and_no_other_order_instead(stage: Any) -> None:
    person, offer = stage.make.person(), stage.offer()
    order = stage.order(person, offer)
    commerce.record_order_state(order.id, "expired")
    db.commit()
    with pytest.raises(Conflict):
        issuing.issue(order, stage.anna)
    db.rollback()
    assert (invoices.listed(), commerce.find_order(order.id + 1)) == ((), None)


def test_without_an_account_there_is_no_invoice(stage: Any) -> None:
    order = stage.order(stage.make.person(), stage.offer())
    stage.set_up(seller="")
    with pytest.raises(Unavailable):
        issuing.issue(order, stage.anna)


# -- the money comes


def test_paid_opens_the_course_and_one_receipt_goes_out(stage: Any) -> None:
    invoice = stage.invoice()
    assert not stage.is_in(invoice)
    for _ in range(2):
        stage.paid(invoice)
    assert stage.fresh(invoice).state == "paid"
    assert stage.is_in(invoice)
    assert stage.letters("commerce.") == [f"commerce.order_paid.{invoice.order_number}"]
    assert stage.audited() == ["manual_payments.issued", "manual_payments.paid"]


def test_days_of_access_count_from_the_day_it_opens(stage: Any, clock: Any) -> None:
    invoice = stage.invoice(offer=stage.offer(access_days=10))
    came = calendar_days.today()
    clock.advance(days=8)
    paid = stage.paid(invoice, on=came)
    assert (paid.paid_on, paid.marked_on) == (came, came + timedelta(days=8))
    clock.advance(days=9)
    assert stage.is_in(invoice)
    clock.advance(days=2)
    assert not stage.is_in(invoice)


def test_paid_otherwise_than_it_was_marked_is_refused(stage: Any) -> None:
    invoice = stage.paid(stage.invoice())
    with pytest.raises(Conflict):
        stage.paid(invoice, amount=100)
    assert stage.fresh(invoice).paid_amount == 4900


def test_nothing_is_no_payment(stage: Any) -> None:
    with pytest.raises(ValueError):
        bookkeeping.mark_paid(stage.invoice().number, amount=0, paid_on=calendar_days.today(), actor_id=None)


def test_another_amount_waits_and_the_invoice_follows_when_staff_accept_it(stage: Any, sign_in: Any) -> None:
    invoice = stage.invoice()
    assert stage.paid(invoice, amount=4000).state == "held"
    assert (order_of(invoice).state, stage.is_in(invoice)) == ("held", False)
    owner = sign_in(stage.make.person(role="owner"))
    stage.send(owner, "/admin/orders?state=held", f"/admin/orders/{invoice.order_number}/release")
    assert (stage.fresh(invoice).state, stage.is_in(invoice)) == ("paid", True)


def test_another_amount_that_goes_back_ends_it_and_the_same_can_be_ordered_anew(stage: Any) -> None:
    person, offer = stage.make.person(), stage.offer()
    invoice = stage.paid(stage.invoice(person, offer), amount=4000)
    assert stage.refunded(invoice, 4000).state == "refunded"
    assert (order_of(invoice).went_back, stage.is_in(invoice)) == (True, False)
    assert stage.invoice(person, offer).number == "INV-0002"


# -- it does not


def test_a_cancelled_invoice_tells_the_buyer_once_and_the_next_order_gets_a_new_one(stage: Any) -> None:
    person, offer = stage.make.person(), stage.offer()
    invoice = stage.invoice(person, offer)
    bookkeeping.cancel(invoice.number, reason="Typing mistake", actor_id=person.id)
    db.commit()
    with pytest.raises(Conflict):
        bookkeeping.cancel(invoice.number, reason="Again", actor_id=person.id)
    db.rollback()
    closed = stage.fresh(invoice)
    assert (closed.state, closed.reason, order_of(invoice).state) == ("cancelled", "Typing mistake", "failed")
    assert stage.letters("commerce.") == [f"commerce.order_failed.{invoice.order_number}"]
    assert stage.audited()[-1] == "manual_payments.cancelled"
    assert stage.invoice(person, offer).number == "INV-0002"


def test_money_for_a_cancelled_invoice_still_opens(stage: Any) -> None:
    invoice = stage.invoice()
    bookkeeping.cancel(invoice.number, reason="No money came", actor_id=None)
    db.commit()
    paid = stage.paid(invoice)
    assert (paid.state, paid.reason, paid.cancelled_on, stage.is_in(invoice)) == ("paid", "", None, True)


def test_a_paid_invoice_cannot_be_cancelled(stage: Any) -> None:
    invoice = stage.paid(stage.invoice())
    with pytest.raises(Conflict):
        bookkeeping.cancel(invoice.number, reason="Too late", actor_id=None)
    assert stage.is_in(invoice)


def test_an_unknown_number_is_not_found(stage: Any) -> None:
    with pytest.raises(NotFound):
        bookkeeping.cancel("INV-9999", reason="Nobody", actor_id=None)


# -- money goes back


def test_all_of_it_in_parts_ends_the_access_with_the_last_part(stage: Any) -> None:
    invoice = stage.paid(stage.invoice())
    part = stage.refunded(invoice, 900)
    assert (part.state, part.refunded, part.remaining, stage.is_in(invoice)) == ("paid", 900, 4000, True)
    rest = stage.refunded(invoice, 4000)
    assert (rest.state, rest.remaining, stage.is_in(invoice)) == ("refunded", 0, False)
    assert [(each.position, each.amount) for each in invoices.refunds_of(invoice.id)] == [(1, 900), (2, 4000)]
    assert len(stage.letters("commerce.money_goes_back")) == 2
    assert stage.audited()[-2:] == ["manual_payments.refunded"] * 2


@pytest.mark.parametrize(("amount", "remaining"), [(4901, 4900), (0, 4900), (-1, 4900), (100, 4800), (100, -1)])
def test_more_than_came_and_forms_that_are_out_of_date_give_nothing_back(
    stage: Any, amount: int, remaining: int
) -> None:
    invoice = stage.paid(stage.invoice())
    with pytest.raises(Conflict):
        bookkeeping.refund(invoice.number, amount=amount, remaining=remaining, reason="Twice", actor_id=None)
    db.rollback()
    assert (stage.fresh(invoice).refunded, stage.is_in(invoice)) == (0, True)


def test_what_was_not_paid_does_not_go_back(stage: Any) -> None:
    invoice = stage.invoice()
    with pytest.raises(Conflict):
        bookkeeping.refund(invoice.number, amount=100, remaining=0, reason="Why", actor_id=None)


# -- bought otherwise


def test_what_was_bought_otherwise_needs_no_transfer_any_longer(stage: Any) -> None:
    person, offer = stage.make.person(), stage.offer()
    other = stage.make.offer(access.product(offer.product_id), kind="one_time", amount=3900)
    mine, neighbour = stage.invoice(person, offer), stage.invoice(stage.make.person(), offer)
    beside = stage.invoice(person, stage.offer())
    bought = stage.order(person, other, provider="elsewhere")
    for _ in range(2):
        commerce.record_paid(
            bought.id,
            provider="elsewhere",
            provider_ref="p1",
            subtotal=3900,
            total=3900,
            currency="eur",
            paid_at=clock.now(),
        )
        db.commit()
    closed = stage.fresh(mine)
    assert (closed.state, closed.reason) == ("cancelled", f"Bought with order {bought.number}.")
    assert order_of(mine).state == "expired"
    assert [stage.fresh(each).state for each in (neighbour, beside)] == ["open", "open"]
    assert "order_failed" not in str(stage.letters("commerce."))


def test_staff_are_named_in_the_record(stage: Any) -> None:
    owner = stage.make.person(role="owner")
    invoice = stage.invoice()
    bookkeeping.mark_paid(invoice.number, amount=4900, paid_on=calendar_days.today(), actor_id=owner.id)
    db.commit()
    table = db.Model.metadata.tables["audit_entry"]
    newest = db.session.execute(table.select().order_by(table.c.id.desc()).limit(1)).one()
    assert (newest.action, newest.actor_id) == ("manual_payments.paid", owner.id)
    assert newest.detail.items() >= {"amount": 4900, "agreed": 4900, "order": invoice.order_number}.items()


# -- several windows at once


def at_once(stage: Any, act: Any) -> list[str]:
    """What four windows of staff get that act at the same moment: "done" or the kind of refusal."""

    def press(_window: int) -> str:
        with stage.site.app.app_context():
            try:
                act()
                db.commit()
            except Conflict:
                db.rollback()
                return "conflict"
            return "done"

    db.rollback()
    with ThreadPoolExecutor(4) as windows:
        return sorted(windows.map(press, range(4)))


def told_amounts(table: str) -> list[int]:
    """What the core was told, by its own rows."""
    db.rollback()
    kept = db.Model.metadata.tables[table]
    return list(db.session.scalars(kept.select().with_only_columns(kept.c.amount)))


def test_windows_that_mark_as_paid_at_once_keep_one_payment(both_databases: str, stage: Any) -> None:
    invoice, today = stage.invoice(), calendar_days.today()
    answers = at_once(stage, lambda: bookkeeping.mark_paid(invoice.number, amount=4900, paid_on=today, actor_id=None))
    assert answers == ["done"] * 4
    assert stage.audited() == ["manual_payments.issued", "manual_payments.paid"]
    assert told_amounts("commerce_payment") == [4900]


def test_windows_that_refund_at_once_send_money_back_once(both_databases: str, stage: Any) -> None:
    invoice = stage.paid(stage.invoice())
    answers = at_once(
        stage,
        lambda: bookkeeping.refund(invoice.number, amount=2000, remaining=4900, reason="Once", actor_id=None),
    )
    assert answers == ["conflict"] * 3 + ["done"]
    assert (stage.fresh(invoice).refunded, told_amounts("commerce_refund")) == (2000, [2000])


def test_windows_that_order_different_things_at_once_get_different_numbers(both_databases: str, stage: Any) -> None:
    orders = [stage.order(stage.make.person(), stage.offer()) for _ in range(4)]
    left = list(orders)
    assert at_once(stage, lambda: issuing.issue(left.pop(), stage.anna)) == ["done"] * 4
    db.rollback()
    assert sorted(each.number for each in invoices.listed()) == [f"INV-000{n}" for n in (1, 2, 3, 4)]
