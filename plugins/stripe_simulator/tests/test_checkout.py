"""From a session to money, or not."""

from __future__ import annotations

import re
from typing import Any

import pytest
from lms_stripe_simulator import testing

DAY = 86_400


def read(shop: Any, session: Any, *expand: str) -> Any:
    """Read a session again."""
    return shop.client.v1.checkout.sessions.retrieve(session.id, {"expand": list(expand)})


def test_open_session_has_made_nothing_yet(shop: Any) -> None:
    session = shop.session()
    assert (session.status, session.payment_status, session.subscription) == ("open", "unpaid", None)
    assert (session.amount_total, session.currency, session.url.count(session.id)) == (900, "eur", 1)
    assert shop.client.v1.subscriptions.list({"status": "all"}).data == []


def test_paid_subscription_leads_back_and_is_active(shop: Any) -> None:
    session = shop.session(subscription_data={"metadata": {"order": "7"}}, metadata={"order": "8"})
    assert testing.pay_checkout(session.url) == f"http://127.0.0.1:9/done?session_id={session.id}"
    done = read(shop, session, "subscription.latest_invoice")
    assert (done.status, done.payment_status, done.url) == ("complete", "paid", None)
    subscription = done.subscription
    assert (subscription.status, subscription.metadata.to_dict()) == ("active", {"order": "7"})
    assert subscription.latest_invoice.parent.subscription_details.subscription == subscription.id
    assert (subscription.latest_invoice.status, subscription.latest_invoice.amount_paid) == ("paid", 900)


def test_events_of_a_subscription_come_in_order(shop: Any) -> None:
    shop.subscribe()
    kinds = [
        kind for kind in shop.events() if not kind.startswith(("product", "price", "billing_portal", "customer.c"))
    ]
    assert kinds == [
        "payment_method.attached",
        "customer.subscription.created",
        "invoice.created",
        "invoice.finalized",
        "payment_intent.created",
        "charge.succeeded",
        "payment_intent.succeeded",
        "invoice_payment.paid",
        "invoice.paid",
        "invoice.payment_succeeded",
        "customer.subscription.updated",
        "checkout.session.completed",
    ]


def test_period_stands_on_the_item(simulator: Any, shop: Any) -> None:
    item = shop.subscribe()["items"].data[0]
    assert item.current_period_start <= simulator.state()["clock"]["epoch"]
    assert 28 * DAY <= item.current_period_end - item.current_period_start <= 31 * DAY


def test_one_time_purchase_with_invoice(shop: Any) -> None:
    session = shop.session(
        "payment",
        invoice_creation={"enabled": True, "invoice_data": {"metadata": {"order": "7"}}},
        payment_intent_data={"metadata": {"order": "8"}},
    )
    testing.pay_checkout(session.url)
    done = read(shop, session, "invoice", "payment_intent.latest_charge")
    assert (done.payment_status, done.invoice.status, done.invoice.total) == ("paid", "paid", 4900)
    assert (done.invoice.metadata.to_dict(), done.payment_intent.metadata.to_dict()) == ({"order": "7"}, {"order": "8"})
    assert done.payment_intent.latest_charge.payment_method_details.card.last4 == "4242"
    found = shop.client.v1.invoice_payments.list(
        {"payment": {"type": "payment_intent", "payment_intent": done.payment_intent.id}}
    )
    assert [payment.invoice for payment in found.data] == [done.invoice.id]


def test_guest_without_customer_creation_leaves_no_customer(shop: Any) -> None:
    session = shop.session("payment", customer=None)
    testing.pay_checkout(session.url, email="guest@example.org")
    done = read(shop, session)
    assert (done.customer, done.customer_details.email) == (None, "guest@example.org")


def test_guest_with_customer_creation_becomes_one(shop: Any) -> None:
    session = shop.session("payment", customer=None, customer_creation="always")
    testing.pay_checkout(session.url, email="guest@example.org")
    assert read(shop, session, "customer").customer.email == "guest@example.org"


@pytest.mark.parametrize("card", ["4000000000000002", "4000 0000 0000 0002", "declines", "insufficient_funds"])
def test_declined_card_leaves_the_session_open(shop: Any, card: str) -> None:
    session = shop.session("payment")
    with pytest.raises(testing.Declined):
        testing.pay_checkout(session.url, card)
    assert read(shop, session).status == "open"
    assert shop.events("payment_intent.payment_failed", "charge.failed") != []
    testing.pay_checkout(session.url)
    assert read(shop, session).payment_status == "paid"
    assert len(shop.client.v1.payment_intents.list().data) == 1


def test_page_says_why_a_card_was_declined(shop: Any) -> None:
    answer = testing.fetch(shop.session().url, {"action": "pay", "method": "insufficient_funds"})
    assert (answer.status, "Your card has insufficient funds." in answer.text) == (402, True)


def test_declined_subscription_makes_nothing(shop: Any) -> None:
    session = shop.session()
    with pytest.raises(testing.Declined):
        testing.pay_checkout(session.url, "declines")
    assert shop.client.v1.subscriptions.list({"status": "all"}).data == []
    assert shop.invoices() == []


@pytest.mark.parametrize("mode", ["payment", "subscription"])
@pytest.mark.parametrize(("confirm", "status"), [(True, "paid"), (False, "unpaid")])
def test_three_d_secure_is_confirmed_or_refused(shop: Any, mode: str, confirm: bool, status: str) -> None:
    session = shop.session(mode)
    if confirm:
        testing.pay_checkout(session.url, "4000 0025 0000 3155")
    else:
        with pytest.raises(testing.Declined):
            testing.pay_checkout(session.url, "4000002500003155", confirm=False)
    assert read(shop, session).payment_status == status


def test_unknown_number_is_refused_with_a_sentence(shop: Any) -> None:
    answer = testing.fetch(shop.session().url, {"action": "pay", "method": "typed", "number": "4111 1111 1111 1111"})
    assert (answer.status, "not one of the simulator" in answer.text) == (422, True)


def test_no_card_number_is_kept(simulator: Any, shop: Any) -> None:
    shop.subscribe("4242 4242 4242 4242")
    state = simulator.app.extensions["simulator_control"].state
    rows = state.rows("SELECT body FROM object UNION ALL SELECT body FROM idempotency")
    kept = "\n".join(row["body"] for row in rows) + str(simulator.requests())
    assert (kept.count("4242424242424242"), kept.count("4242 4242")) == (0, 0)


@pytest.mark.parametrize("mode", ["payment", "subscription"])
def test_bank_debit_is_paid_after_five_days(simulator: Any, shop: Any, mode: str) -> None:
    session = shop.session(mode)
    testing.pay_checkout(session.url, "sepa")
    done = read(shop, session, "subscription")
    assert (done.status, done.payment_status) == ("complete", "unpaid")
    assert done.subscription is None or done.subscription.status == "incomplete"
    simulator.advance(4 * DAY)
    assert read(shop, session).payment_status == "unpaid"
    simulator.advance(1 * DAY + 60)
    done = read(shop, session, "subscription")
    assert done.payment_status == "paid"
    assert done.subscription is None or done.subscription.status == "active"
    assert len(shop.events("checkout.session.async_payment_succeeded")) == 1


def test_a_change_billed_while_the_debit_is_on_its_way_activates_nothing(simulator: Any, shop: Any) -> None:
    session = shop.session("subscription")
    testing.pay_checkout(session.url, "sepa")
    subscription = read(shop, session, "subscription").subscription
    item = subscription["items"].data[0]
    params = {"product": shop.product, "currency": "eur", "unit_amount": 100, "recurring": {"interval": "month"}}
    cheap = shop.client.v1.prices.create(params).id
    changes = {"items": [{"id": item.id, "price": cheap}], "proration_behavior": "always_invoice"}
    assert shop.client.v1.subscriptions.update(subscription.id, changes).status == "incomplete"
    simulator.advance(2 * DAY)
    assert read(shop, session, "subscription").subscription.status == "incomplete"
    simulator.advance(3 * DAY + 60)
    assert read(shop, session, "subscription").subscription.status == "active"


@pytest.mark.parametrize("mode", ["payment", "subscription"])
def test_bank_debit_that_fails_pays_nothing(simulator: Any, shop: Any, mode: str) -> None:
    session = shop.session(mode)
    testing.pay_checkout(session.url, "sepa_fails")
    simulator.advance(6 * DAY)
    done = read(shop, session, "subscription")
    assert done.payment_status == "unpaid"
    assert done.subscription is None or done.subscription.status == "incomplete_expired"
    assert len(shop.events("checkout.session.async_payment_failed")) == 1


@pytest.mark.parametrize(("outcome", "status"), [("succeeded", "paid"), ("failed", "unpaid")])
def test_bank_debit_can_be_settled_at_once(simulator: Any, shop: Any, outcome: str, status: str) -> None:
    session = shop.session("payment", invoice_creation={"enabled": True})
    testing.pay_checkout(session.url, "sepa")
    intent = read(shop, session).payment_intent
    simulator.settle(intent, outcome)
    done = read(shop, session, "invoice")
    assert (done.payment_status, done.invoice and done.invoice.status) == (
        status,
        "paid" if outcome == "succeeded" else None,
    )
    with pytest.raises(ValueError, match="not processing"):
        simulator.settle(intent, outcome)
    simulator.advance(6 * DAY)
    assert len(shop.events("payment_intent.succeeded", "payment_intent.payment_failed")) == 1


def test_debit_that_arrives_pays_even_an_invoice_that_was_given_up(simulator: Any, shop: Any) -> None:
    session = shop.session()
    testing.pay_checkout(session.url, "sepa")
    invoice = read(shop, session).invoice
    shop.client.v1.invoices.mark_uncollectible(invoice)
    simulator.advance(6 * DAY)
    assert shop.client.v1.invoices.retrieve(invoice).status == "paid"


def test_session_expires_by_itself_and_cannot_be_paid(simulator: Any, shop: Any) -> None:
    session = shop.session()
    simulator.advance(DAY + 60)
    assert read(shop, session).status == "expired"
    assert len(shop.events("checkout.session.expired")) == 1
    answer = testing.fetch(session.url)
    assert "This checkout has expired" in answer.text
    with pytest.raises(testing.Declined):
        testing.pay_checkout(session.url)


def test_session_can_be_expired_once(shop: Any) -> None:
    session = shop.session()
    assert shop.client.v1.checkout.sessions.expire(session.id).status == "expired"
    with pytest.raises(Exception, match="Only Checkout Sessions with a status"):
        shop.client.v1.checkout.sessions.expire(session.id)


def test_complete_session_is_not_paid_twice(shop: Any) -> None:
    session = shop.session()
    testing.pay_checkout(session.url)
    answer = testing.fetch(session.url, {"action": "pay", "method": "pays"})
    assert "This checkout is complete" in answer.text
    assert len(shop.client.v1.subscriptions.list().data) == 1


def test_trial_costs_nothing_today_and_bills_at_its_end(simulator: Any, shop: Any) -> None:
    session = shop.session(subscription_data={"trial_period_days": 7})
    assert session.amount_total == 0
    testing.pay_checkout(session.url)
    done = read(shop, session, "subscription")
    assert (done.payment_status, done.subscription.status) == ("no_payment_required", "trialing")
    assert [invoice.total for invoice in shop.invoices()] == [0]
    simulator.advance(4 * DAY + 60)
    assert len(shop.events("customer.subscription.trial_will_end")) == 1
    simulator.advance(3 * DAY + 3_700)
    assert shop.subscription(done.subscription.id).status == "active"
    assert [(invoice.total, invoice.status) for invoice in shop.invoices()] == [(900, "paid"), (0, "paid")]


@pytest.mark.parametrize(("behaviour", "status"), [("cancel", "canceled"), ("pause", "paused")])
def test_trial_without_a_card_ends_as_asked(simulator: Any, shop: Any, behaviour: str, status: str) -> None:
    subscription = shop.subscribe(
        payment_method_collection="if_required",
        subscription_data={
            "trial_period_days": 7,
            "trial_settings": {"end_behavior": {"missing_payment_method": behaviour}},
        },
    )
    assert subscription.default_payment_method is None
    simulator.advance(8 * DAY)
    assert shop.subscription(subscription.id).status == status


def test_promotion_code_is_typed_on_the_page(shop: Any) -> None:
    shop.client.v1.coupons.create({"id": "HALF", "percent_off": 50, "duration": "once"})
    shop.client.v1.promotion_codes.create({"promotion": {"type": "coupon", "coupon": "HALF"}, "code": "AUTUMN"})
    session = shop.session("payment", allow_promotion_codes=True)
    assert testing.fetch(session.url, {"action": "apply", "promotion_code": "WINTER"}).status == 422
    assert testing.fetch(session.url, {"action": "apply", "promotion_code": " autumn "}).status == 303
    assert read(shop, session).amount_total == 2450
    testing.pay_checkout(session.url)
    done = read(shop, session)
    assert (done.total_details.amount_discount, done.payment_status) == (2450, "paid")
    assert shop.client.v1.coupons.retrieve("HALF").times_redeemed == 1
    assert shop.client.v1.promotion_codes.list({"code": "AUTUMN"}).data[0].times_redeemed == 1


def test_code_can_be_taken_off_again(shop: Any) -> None:
    shop.client.v1.coupons.create({"id": "HALF", "percent_off": 50})
    shop.client.v1.promotion_codes.create({"promotion": {"type": "coupon", "coupon": "HALF"}, "code": "AUTUMN"})
    session = shop.session("payment", allow_promotion_codes=True)
    testing.fetch(session.url, {"action": "apply", "promotion_code": "AUTUMN"})
    testing.fetch(session.url, {"action": "remove"})
    assert read(shop, session).amount_total == 4900


@pytest.mark.parametrize("mode", ["payment", "subscription"])
def test_code_of_a_hundred_per_cent_needs_no_payment(shop: Any, mode: str) -> None:
    shop.client.v1.coupons.create({"id": "FREE", "percent_off": 100, "duration": "forever"})
    session = shop.session(mode, discounts=[{"coupon": "FREE"}])
    testing.pay_checkout(session.url)
    done = read(shop, session, "subscription")
    assert (done.payment_status, done.payment_intent) == ("no_payment_required", None)
    assert done.subscription is None or done.subscription.status == "active"
    assert shop.client.v1.payment_intents.list().data == []


@pytest.mark.parametrize(
    ("coupon", "totals"),
    [
        ({"percent_off": 50, "duration": "once"}, [450, 900, 900]),
        ({"percent_off": 50, "duration": "forever"}, [450, 450, 450]),
        ({"amount_off": 100, "currency": "eur", "duration": "repeating", "duration_in_months": 2}, [800, 800, 900]),
    ],
)
def test_coupon_lasts_as_long_as_it_says(simulator: Any, shop: Any, coupon: Any, totals: list[int]) -> None:
    shop.client.v1.coupons.create({"id": "C", **coupon})
    shop.subscribe(discounts=[{"coupon": "C"}])
    simulator.advance(64 * DAY)
    assert [invoice.total for invoice in shop.invoices()][::-1] == totals


def test_line_items_are_listed_with_their_amounts(shop: Any) -> None:
    session = shop.session("payment", line_items=[{"price": shop.once, "quantity": 3}])
    found = shop.client.v1.checkout.sessions.line_items.list(session.id)
    assert [(line.quantity, line.amount_total, line.price.id) for line in found.data] == [(3, 14700, shop.once)]


def test_currency_without_minor_units_is_charged_as_it_stands(shop: Any) -> None:
    yen = shop.client.v1.prices.create({"product": shop.product, "currency": "jpy", "unit_amount": 5000}).id
    session = shop.session("payment", price=yen)
    assert "¥5,000" in testing.fetch(session.url).text
    testing.pay_checkout(session.url)
    assert read(shop, session, "payment_intent").payment_intent.amount_received == 5000


def test_inline_price_is_sold(shop: Any) -> None:
    data = {"currency": "eur", "unit_amount": 1500, "product_data": {"name": "A single lesson"}}
    session = shop.session("payment", line_items=[{"price_data": data, "quantity": 1}])
    assert session.amount_total == 1500
    assert "A single lesson" in testing.fetch(session.url).text


def test_refund_in_part_and_in_full(shop: Any) -> None:
    session = shop.session("payment")
    testing.pay_checkout(session.url)
    intent = read(shop, session).payment_intent
    v1 = shop.client.v1
    v1.refunds.create({"payment_intent": intent, "amount": 900})
    charge = v1.payment_intents.retrieve(intent, {"expand": ["latest_charge.refunds"]}).latest_charge
    assert (charge.amount_refunded, charge.refunded, len(charge.refunds.data)) == (900, False, 1)
    v1.refunds.create({"payment_intent": intent})
    assert v1.charges.retrieve(charge.id).refunded is True
    with pytest.raises(Exception, match="already been refunded"):
        v1.refunds.create({"charge": charge.id})
    assert len(v1.refunds.list({"charge": charge.id}).data) == 2


def test_page_needs_no_script_and_names_its_fields(shop: Any) -> None:
    text = testing.fetch(shop.session(allow_promotion_codes=True).url).text
    assert "<script" not in text
    assert "Simulator: no money moves" in text
    inputs = re.findall(r'<input id="(\w+)"', text)
    assert inputs
    assert all(f'for="{name}"' in text for name in inputs)
