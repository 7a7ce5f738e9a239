"""Any sequence of what buyers, programs and time do to subscriptions: the books balance, and no state is skipped."""

from __future__ import annotations

import collections
import contextlib
import os
from typing import Any

import stripe
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from lms_stripe_simulator import testing
from lms_stripe_simulator.scope import Scope

HOUR, DAY = 3_600, 86_400
LEGAL = {
    None: {"incomplete", "trialing"},
    "incomplete": {"active", "incomplete_expired", "canceled"},
    "trialing": {"active", "past_due", "paused", "canceled"},
    "active": {"past_due", "paused", "canceled", "trialing"},
    "past_due": {"active", "unpaid", "paused", "canceled"},
    "unpaid": {"active", "canceled"},
    "paused": {"active", "canceled"},
    "canceled": set(),
    "incomplete_expired": set(),
}
OVER = ("canceled", "incomplete_expired")
CARDS = st.sampled_from(["pm_card_visa", "pm_card_chargeCustomerFail", "pm_card_authenticationRequired"])
TYPED = st.sampled_from(["4242424242424242", "4000000000000341", "sepa", "sepa_fails", "4000000000000259"])
REFUSED = (stripe.InvalidRequestError, stripe.CardError)


class Billing(RuleBasedStateMachine):
    """One account with three prices and two customers, driven through the SDK and the hosted pages."""

    simulator: testing.Running

    @initialize(ending=st.sampled_from(["canceled", "unpaid", "past_due", "paused"]))
    def open_shop(self, ending: str) -> None:
        self.simulator.control("POST", "reset", {})
        self.simulator.control("POST", "settings", {"retries_end": ending})
        self.client = stripe.StripeClient(self.simulator.key(), base_addresses={"api": self.simulator.url})
        self.v1 = self.client.v1
        account = self.simulator.state()["accounts"][0]["id"]
        self.scope = Scope(self.simulator.app.extensions["simulator_control"].state, account, False)
        product = self.v1.products.create({"name": "Every course"}).id
        self.prices = [
            self.v1.prices.create(
                {"product": product, "currency": "eur", "unit_amount": a, "recurring": {"interval": i}}
            ).id
            for a, i in ((900, "month"), (1799, "month"), (9000, "year"))
        ]
        self.v1.coupons.create({"id": "THIRD", "percent_off": 33.3, "duration": "forever"})
        self.v1.coupons.create({"id": "ONCE", "amount_off": 250, "currency": "eur", "duration": "once"})
        self.customers = [self.v1.customers.create({"email": f"{n}@example.org"}).id for n in ("a", "b")]

    def price(self, product: str, amount: int, interval: Any) -> str:
        params: Any = {
            "product": product,
            "currency": "eur",
            "unit_amount": amount,
            "recurring": {"interval": interval},
        }
        return str(self.v1.prices.create(params).id)

    # -- what happens -------------------------------------------------------------------------------

    @rule(who=st.integers(0, 1), card=CARDS)
    def change_card(self, who: int, card: str) -> None:
        method = self.v1.payment_methods.attach(card, {"customer": self.customers[who]}).id
        defaults = {"invoice_settings": {"default_payment_method": method}}
        self.v1.customers.update(self.customers[who], defaults)

    @rule(
        who=st.integers(0, 1),
        price=st.integers(0, 2),
        quantity=st.integers(1, 3),
        trial=st.sampled_from([0, 0, 7]),
        coupon=st.sampled_from([None, "THIRD", "ONCE"]),
        missing=st.sampled_from(["create_invoice", "cancel", "pause"]),
    )
    def subscribe(self, who: int, price: int, quantity: int, trial: int, coupon: str | None, missing: str) -> None:
        params: dict[str, Any] = {
            "customer": self.customers[who],
            "items": [{"price": self.prices[price], "quantity": quantity}],
            "trial_settings": {"end_behavior": {"missing_payment_method": missing}},
        }
        params |= {"trial_period_days": trial} if trial else {}
        params |= {"discounts": [{"coupon": coupon}]} if coupon else {}
        with contextlib.suppress(*REFUSED):
            self.v1.subscriptions.create(params)  # type: ignore[arg-type]

    @rule(who=st.integers(0, 1), price=st.integers(0, 2), card=TYPED)
    def buy(self, who: int, price: int, card: str) -> None:
        session = self.v1.checkout.sessions.create(
            {
                "mode": "subscription",
                "customer": self.customers[who],
                "line_items": [{"price": self.prices[price], "quantity": 1}],
                "success_url": "http://127.0.0.1:9/done",
            }
        )
        with contextlib.suppress(testing.Declined):
            testing.pay_checkout(session.url or "", card)

    @rule(duration=st.sampled_from([HOUR, 3 * DAY, 12 * DAY, 33 * DAY]))
    def let_time_pass(self, duration: int) -> None:
        self.simulator.advance(duration, deliver=False)

    @precondition(lambda self: self.running)
    @rule(
        which=st.integers(0, 5),
        price=st.integers(0, 2),
        quantity=st.integers(1, 3),
        proration=st.sampled_from(["create_prorations", "always_invoice", "none"]),
        payment=st.sampled_from(["allow_incomplete", "pending_if_incomplete", "error_if_incomplete"]),
    )
    def change_plan(self, which: int, price: int, quantity: int, proration: str, payment: str) -> None:
        found = self.pick(which)
        item = {"id": found["items"]["data"][0]["id"], "price": self.prices[price], "quantity": quantity}
        terms: Any = {"items": [item], "proration_behavior": proration, "payment_behavior": payment}
        with contextlib.suppress(*REFUSED):
            self.v1.subscriptions.update(found["id"], terms)

    @precondition(lambda self: self.running)
    @rule(
        which=st.integers(0, 5),
        change=st.sampled_from(
            [
                {"cancel_at_period_end": True},
                {"cancel_at": ""},
                {"pause_collection": {"behavior": "void"}},
                {"pause_collection": {"behavior": "keep_as_draft"}},
                {"pause_collection": ""},
                {"trial_end": "now"},
                {"billing_cycle_anchor": {"type": "now"}},
                {"discounts": [{"coupon": "ONCE"}]},
            ]
        ),
    )
    def update(self, which: int, change: Any) -> None:
        with contextlib.suppress(*REFUSED):
            self.v1.subscriptions.update(self.pick(which)["id"], change)

    @precondition(lambda self: self.running)
    @rule(which=st.integers(0, 5), step=st.sampled_from(["pause", "resume", "cancel", "cancel_and_bill"]))
    def step(self, which: int, step: str) -> None:
        found, subscriptions = self.pick(which)["id"], self.v1.subscriptions
        with contextlib.suppress(*REFUSED):
            if step == "cancel_and_bill":
                subscriptions.cancel(found, {"invoice_now": True, "prorate": True})
            else:
                getattr(subscriptions, step)(found)

    @rule(which=st.integers(0, 5), step=st.sampled_from(["pay", "page", "void_invoice", "mark_uncollectible"]))
    def treat_invoice(self, which: int, step: str) -> None:
        waiting = [i for i in self.scope.each("invoice") if i["status"] == "open"]
        if not waiting:
            return
        invoice = waiting[which % len(waiting)]
        with contextlib.suppress(*REFUSED):
            if step == "page":
                testing.fetch(invoice["hosted_invoice_url"], {"method": "pays"})
            else:
                getattr(self.v1.invoices, step)(invoice["id"])

    @rule(which=st.integers(0, 5), amount=st.integers(1, 2_000))
    def refund(self, which: int, amount: int) -> None:
        charges = [c for c in self.scope.each("charge") if c["paid"]]
        if charges:
            with contextlib.suppress(*REFUSED):
                self.v1.refunds.create({"charge": charges[which % len(charges)]["id"], "amount": amount})

    def story(self, identifier: str) -> list[Any]:
        """What happened to a subscription, for messages."""
        found = [e for e in self.scope.each("event", oldest_first=True) if e["data"]["object"].get("id") == identifier]
        return [(e["created"], e["type"], e["data"]["object"]["status"]) for e in found]

    # -- what is always true ------------------------------------------------------------------------

    @property
    def running(self) -> list[Any]:
        """Subscriptions that are not over."""
        return [s for s in self.scope.each("subscription") if s["status"] not in OVER]

    def pick(self, which: int) -> Any:
        found = self.running
        return found[which % len(found)]

    @invariant()
    def invoices_balance(self) -> None:
        for invoice in self.scope.each("invoice"):
            lines = invoice["lines"]["data"]
            cuts = sum(cut["amount"] for line in lines for cut in line["discount_amounts"])
            assert invoice["subtotal"] == sum(line["amount"] for line in lines), invoice
            assert invoice["total"] == invoice["subtotal"] - cuts, invoice
            assert invoice["amount_due"] == max(0, invoice["total"] + invoice["starting_balance"]) * (
                invoice["total"] > 0
            )
            assert invoice["amount_paid"] + invoice["amount_remaining"] == invoice["amount_due"], invoice
            assert (invoice["status"] == "paid") <= (invoice["amount_remaining"] == 0), invoice
            assert (invoice["status"] == "open") <= (invoice["amount_remaining"] > 0), invoice

    @invariant()
    def paid_invoices_were_paid_for(self) -> None:
        for payment in self.scope.each("invoice_payment"):
            invoice = self.scope.known(payment["invoice"], "invoice")
            intent = self.scope.known(payment["payment"]["payment_intent"], "payment_intent")
            assert (invoice["status"] == "paid") == (intent["status"] == "succeeded"), (invoice, intent)
            assert intent["amount"] == invoice["amount_due"], (invoice, intent)

    @invariant()
    def credit_is_what_invoices_left(self) -> None:
        for identifier in self.customers:
            settled = [
                i for i in self.scope.each("invoice", customer=identifier) if i["status"] not in ("draft", "void")
            ]
            left = sum(invoice["total"] - invoice["amount_due"] for invoice in settled)
            assert self.scope.known(identifier, "customer")["balance"] == left

    @invariant()
    def no_period_is_billed_twice(self) -> None:
        billed: collections.Counter[tuple[str, int]] = collections.Counter()
        for invoice in self.scope.each("invoice"):
            if invoice["status"] not in ("open", "paid") or not invoice["parent"]:
                continue
            for line in invoice["lines"]["data"]:
                details = (line["parent"] or {}).get("subscription_item_details")
                if details is None or not line["amount"]:
                    continue
                key = (details["subscription_item"], line["period"]["start"])
                if line["amount"] < 0:
                    billed[key] -= 1  # a credit at its very start takes a period back
                elif not details["proration"] and invoice["billing_reason"] != "subscription_update":
                    billed[key] += 1  # what a program bills anew by a change of terms is its own wish
        assert [key for key, count in billed.items() if count > 1] == []

    @invariant()
    def no_more_is_given_back_than_was_paid(self) -> None:
        for charge in self.scope.each("charge"):
            given = sum(
                r["amount"]
                for r in self.scope.each("refund")
                if r["charge"] == charge["id"] and r["status"] not in ("failed", "canceled")
            )
            assert given == charge["amount_refunded"] <= charge["amount"], charge

    @invariant()
    def statuses_follow_each_other_as_at_stripe(self) -> None:
        last: dict[str, str | None] = {}
        for event in self.scope.each("event", oldest_first=True):
            found = event["data"]["object"]
            if found["object"] != "subscription":
                continue
            before = last.get(found["id"])
            assert found["status"] == before or found["status"] in LEGAL[before], (
                before,
                found["status"],
                event["type"],
            )
            last[found["id"]] = found["status"]
        for subscription in self.scope.each("subscription"):
            assert last[subscription["id"]] == subscription["status"]

    @invariant()
    def what_runs_has_a_next_step(self) -> None:
        state = self.scope.state
        planned = {row["id"] for row in state.rows("SELECT id FROM agenda WHERE happening = 'subscription.cycle'")}
        for subscription in self.scope.each("subscription"):
            expected = subscription["status"] not in (*OVER, "paused")
            legal = (subscription["id"] in planned) == expected
            assert legal, (subscription["id"], subscription["status"], self.story(subscription["id"]))


def test_any_sequence_keeps_the_books(simulator: Any) -> None:
    Billing.simulator = simulator
    run_state_machine_as_test(
        Billing,
        settings=settings(
            max_examples=int(os.environ.get("SIMULATOR_EXAMPLES", "12")),
            stateful_step_count=25,
            deadline=None,
            phases=[Phase.explicit, Phase.reuse, Phase.generate],  # shrinking over HTTP takes minutes
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
        ),
    )
