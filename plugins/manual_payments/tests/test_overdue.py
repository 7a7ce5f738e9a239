"""Days pass: invoices become overdue, are reminded of once, and are given up where the settings say so."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from lms_manual_payments import calendar_days, invoices, overdue
from lms_manual_payments.invoices import State
from lms_manual_payments.models import Invoice
from sqlalchemy import update

from lms.api import commerce, db, settings
from lms.extend import Job


def look(stage: Any) -> None:
    """What the worker does every hour."""
    db.rollback()
    with db.writes():
        overdue.run()
    stage.work()


def test_an_invoice_is_overdue_on_the_day_after_it_was_due_and_reminded_of_once(stage: Any, clock: Any) -> None:
    invoice = stage.invoice()
    clock.advance(days=14)
    look(stage)
    assert stage.fresh(invoice).state == "open"
    clock.advance(days=1)
    for _ in range(3):
        look(stage)
    late = stage.fresh(invoice)
    assert (late.state, late.reminded_on) == ("overdue", late.due_on + timedelta(days=1))
    assert stage.letters("manual_payments.reminder") == ["manual_payments.reminder.INV-0001"]
    assert not stage.is_in(invoice)


def test_by_default_nobody_gives_up(stage: Any, clock: Any) -> None:
    invoice = stage.invoice()
    clock.advance(days=15)
    look(stage)
    clock.advance(days=4000)
    look(stage)
    assert stage.fresh(invoice).state == "overdue"


def test_where_the_settings_say_so_an_order_is_cancelled_some_days_after_the_reminder(stage: Any, clock: Any) -> None:
    stage.set_up(cancel_after_days=7)
    invoice = stage.invoice()
    # The worker slept for months: the buyer is reminded first all the same.
    clock.advance(days=100)
    look(stage)
    assert stage.fresh(invoice).state == "overdue"
    clock.advance(days=6)
    look(stage)
    assert stage.fresh(invoice).state == "overdue"
    clock.advance(days=1)
    for _ in range(2):
        look(stage)
    order = commerce.find_order(invoice.order_id)
    assert order is not None
    assert (stage.fresh(invoice).state, order.state) == ("cancelled", "failed")
    assert stage.letters("commerce.") == [f"commerce.order_failed.{invoice.order_number}"]


@pytest.mark.parametrize("state", [State.PAID, State.HELD, State.REFUNDED, State.CANCELLED])
def test_what_is_settled_is_left_alone(stage: Any, clock: Any, state: State) -> None:
    invoice = stage.invoice()
    db.session.execute(update(Invoice).values(state=state))
    db.commit()
    clock.advance(days=30)
    look(stage)
    assert stage.fresh(invoice).state == state
    assert stage.letters("manual_payments.reminder") == []


def test_overdue_money_still_opens(stage: Any, clock: Any) -> None:
    invoice = stage.invoice()
    clock.advance(days=30)
    look(stage)
    stage.paid(invoice)
    assert (stage.fresh(invoice).state, stage.is_in(invoice)) == ("paid", True)


def test_more_than_one_batch_is_done_in_one_go(stage: Any, clock: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overdue, "_AT_ONCE", 2)
    offer = stage.offer()
    for _ in range(5):
        stage.invoice(offer=offer)
    clock.advance(days=15)
    look(stage)
    assert invoices.count(State.OVERDUE) == 5
    assert len(stage.letters("manual_payments.reminder")) == 5


def test_the_worker_looks_every_hour(site: Any) -> None:
    job = site.app.extensions["lms_registry"].get(Job, "manual_payments/overdue")
    assert job.every == timedelta(hours=1)


def test_a_day_is_the_sellers_day(stage: Any, clock: Any) -> None:
    days = set()
    for zone in ("Pacific/Kiritimati", "Pacific/Pago_Pago"):
        settings.save("site", {"timezone": zone}, actor_id=None)
        db.commit()
        days.add(calendar_days.today())
    # 25 hours lie between the two: it is never the same day in both.
    assert len(days) == 2
