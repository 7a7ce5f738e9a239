"""What staff hear of: disputes, invoices that Stripe cannot finish; and what a receipt repeats."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from email.message import EmailMessage
from typing import Any

from lms_stripe import reconcile

from lms.api import clock, db, jobs, settings


def pages(stage: Any, sign_in: Any) -> tuple[str, str]:
    """Health, and the story of the only order."""
    number = db.session.scalar(db.Model.metadata.tables["commerce_order"].select().with_only_columns(
        db.Model.metadata.tables["commerce_order"].c.number))  # fmt: skip
    db.rollback()
    owner = sign_in(stage.make.person(role="owner"))
    return owner.get("/admin/health").text, owner.get(f"/admin/orders/{number}").text


def test_a_dispute_stands_in_the_story_and_in_health_until_it_is_decided(connected: Any, sign_in: Any) -> None:
    person, offer = connected.make.person(), connected.offer("one_time")
    connected.buy(person, offer)
    connected.deliver()
    assert "No payment is disputed." in pages(connected, sign_in)[0]
    intent = connected.simulator.stripe().v1.payment_intents.list().data[0].id
    dispute = connected.simulator.running.dispute(intent)["id"]
    connected.deliver()
    health, story = pages(connected, sign_in)
    assert "1 payment is disputed by its buyer’s bank." in health
    assert "The buyer’s bank wants €49.00 back" in story
    # The owner may leave what was paid for open; then it is, within the hour.
    assert not connected.is_in(person, offer)
    settings.save("checkout", {"disputes_suspend": False}, actor_id=None)
    jobs.enqueue("commerce.follow_disputes")
    connected.work()
    assert connected.is_in(person, offer)
    connected.simulator.running.decide(dispute, "lost")
    connected.deliver()
    health, story = pages(connected, sign_in)
    assert "No payment is disputed." in health
    assert "A dispute about €49.00, lost" in story
    assert not connected.is_in(person, offer)


def test_an_invoice_that_stripe_cannot_finish_is_told_until_it_is_mended(connected: Any, sign_in: Any) -> None:
    _person, _offer, subscription_id = connected.subscribe()
    stripe = connected.simulator.stripe()
    renews = stripe.v1.subscriptions.retrieve(subscription_id)["items"].data[0].current_period_end
    # A renewal's invoice is a draft for an hour.
    connected.simulator.advance(seconds=renews - int(clock.now().timestamp()), minutes=20)
    draft = next(each for each in stripe.v1.invoices.list().data if each.status == "draft")
    body = {"message": "The customer's location is not known."}
    connected.simulator.running.control("POST", f"invoices/{draft.id}/fail_finalization", body)
    connected.deliver()
    assert "Stripe cannot finish 1 invoice, so nothing is charged: The customer" in pages(connected, sign_in)[0]
    stripe.v1.invoices.finalize_invoice(draft.id)
    reconcile.hourly()
    connected.site.jobs.run_due(at=clock.real_now() + timedelta(minutes=1))
    assert "Every invoice went out." in pages(connected, sign_in)[0]


def test_the_receipt_repeats_what_the_buyer_gave_up(
    connected: Any, sign_in: Any, letters: Callable[[], list[EmailMessage]]
) -> None:
    wish = {"ask_withdrawal": True, "withdrawal_page": "/withdrawal", "withdrawal_version": "2027-01"}
    settings.save("checkout", wish, actor_id=None)
    db.commit()
    person, offer = connected.make.person(), connected.offer("one_time")
    browser = sign_in(person)
    token = browser.get(offer.checkout_path).text.split('name="csrf_token"')[1].split('value="')[1].split('"')[0]
    form = {"csrf_token": token, "provider": "stripe", "agree_withdrawal": "y"}
    address = browser.post(offer.checkout_path, data=form).headers["Location"]
    connected.simulator.running.pay_checkout(address)
    connected.deliver()
    connected.work()
    (receipt,) = letters()
    text = str(receipt.get_body(("plain",)).get_content())
    assert "I know that I lose my right of withdrawal" in " ".join(text.split())
    assert "http://localhost/withdrawal (2027-01)" in text
