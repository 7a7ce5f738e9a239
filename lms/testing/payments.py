"""The tests that every payment provider passes, whatever it is like inside.

A plugin's tests subclass ``PaymentProviderContract`` and give it a fixture ``hands``: what buyers and the provider do,
written once for this provider::

    class TestBankTransfer(PaymentProviderContract):
        @pytest.fixture
        def hands(self, site, make):
            return TransferHands()
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from lms import db
from lms.access import services as access
from lms.accounts.services import PersonView
from lms.base import clock
from lms.base.problem import Problem, Unavailable
from lms.base.urls import is_safe_path, origin
from lms.commerce import claims
from lms.commerce import services as commerce
from lms.commerce.claim_rules import Proof
from lms.commerce.models import Order, Payment
from lms.commerce.services import AlreadyOwned, OfferView, OrderState, OrderView
from lms.extend import GuestSales, PaymentProvider, PriceLists, ProviderRecords, Refunding, RefundRequest
from lms.host import state
from lms.mail.models import Message
from lms.testing.makers import Makers
from lms.testing.sites import TestSite


class Hands(ABC):
    """What people do at one provider. Money moves in ``pay`` and its like; the site knows nothing before ``tell``."""

    provider: PaymentProvider
    unsold: dict[str, Any]
    """Terms of an offer that this provider does not sell, as ``make.offer`` takes them."""

    def arrive(self, order: OrderView, address: str) -> None:  # noqa: B027  most providers want nothing here
        """What the buyer has to do at the address before there is something to pay."""

    @abstractmethod
    def open_payments(self) -> list[tuple[int, str]]:
        """What is waiting to be paid at the provider: minor units, and the currency in small letters."""

    @abstractmethod
    def pay(self, order: OrderView, address: str) -> None:
        """The buyer pays as agreed."""

    @abstractmethod
    def pay_otherwise(self, order: OrderView, address: str, amount: int) -> None:
        """Another amount comes than was agreed."""

    @abstractmethod
    def pay_confusingly(self, order: OrderView, address: str) -> None:
        """The buyer pays as agreed, and the news of it come in the worst order. Told by itself, without ``tell``."""

    @abstractmethod
    def fail(self, order: OrderView, address: str) -> None:
        """The payment does not arrive, and the provider gives up on it."""

    @abstractmethod
    def refund(self, order: OrderView, amount: int) -> None:
        """Some or all of the money goes back: ``amount`` in minor units."""

    def dispute(self, order: OrderView) -> bool:
        """The buyer's bank asks the money back; False where that cannot happen."""
        return False

    def decide_dispute(self, outcome: str) -> None:  # noqa: B027  only where there are disputes
        """The dispute is ``won`` or ``lost``."""

    @abstractmethod
    def tell(self) -> None:
        """The site gets to know all that has happened so far, also what it has been told before."""

    @abstractmethod
    def go_down(self) -> None:
        """The provider cannot begin a payment from now on."""

    @abstractmethod
    def come_back(self) -> None:
        """It can again."""

    def wait(self, days: int) -> None:
        """Domain time goes on, at the provider too."""
        state.set_clock_offset(clock.offset() + timedelta(days=days))
        db.commit()
        state.refresh()


@dataclass
class Sale:
    """One person, one offer, and how far they came with each other."""

    hands: Hands
    person: PersonView
    offer: OfferView
    order: OrderView
    address: str = ""

    def start(self) -> str:
        """Go to the provider, as the checkout page does it; the address. Raises ``Problem``."""
        try:
            self.address = self.hands.provider.start(self.order, self.offer.checkout_path)
        except Problem:
            db.rollback()
            raise
        db.commit()
        return self.address

    def arrive(self) -> Sale:
        """Start, and be where one can pay."""
        self.hands.arrive(self.order, self.start())
        return self

    def pay(self) -> Sale:
        """Arrive and pay as agreed; nothing is told yet."""
        self.arrive()
        self.hands.pay(self.order, self.address)
        return self

    @property
    def state(self) -> OrderState:
        """How the order stands."""
        db.rollback()
        found = commerce.find_order(self.order.id)
        assert found is not None
        return found.state

    @property
    def is_open(self) -> bool:
        """Whether the buyer may enter what was bought."""
        db.rollback()
        return access.decide_product(self.person.id, self.offer.product_id, clock.now()).allowed

    @property
    def payments(self) -> list[tuple[int, str]]:
        """What the site believes to have got for the order."""
        db.rollback()
        query = select(Payment.amount, Payment.currency).where(Payment.order_id == self.order.id).order_by(Payment.id)
        return [(row.amount, row.currency) for row in db.session.execute(query)]

    @property
    def references(self) -> list[str]:
        """The provider's references of the order's payments."""
        query = select(Payment.provider_ref).where(Payment.order_id == self.order.id).order_by(Payment.id)
        return list(db.session.scalars(query))

    def refund(self, amount: int, key: str) -> RefundRequest:
        """What staff decide: ``amount`` minor units of the first payment are to go back."""
        db.rollback()
        query = select(Payment).where(Payment.order_id == self.order.id).order_by(Payment.id)
        paid = db.session.scalars(query).all()[0]
        return RefundRequest(
            key=f"{self.order.number} {key}", order_id=self.order.id, payment_ref=paid.provider_ref, amount=amount,
            currency=paid.currency, left=paid.amount - commerce.refunded_amount(self.order.id), reason="Asked for it",
            actor_id=self.person.id,
        )  # fmt: skip

    def letters(self, kind: str) -> int:
        """How many letters of the core of this kind went to the buyer."""
        db.rollback()
        query = select(func.count()).select_from(Message).where(Message.recipient == self.person.email)
        return db.session.scalars(query.where(Message.key.startswith(f"commerce.{kind}."))).one()


Selling = Callable[..., Sale]


class PaymentProviderContract:
    """Give it a fixture ``hands``; everything else is here."""

    @pytest.fixture
    def selling(self, hands: Hands, make: Makers) -> Selling:
        """``selling(amount=…, currency=…)`` places an order of a new person for a new course."""

        def placed(**terms: Any) -> Sale:
            offer = make.offer(make.product(make.course(lessons=1, sections=1)), **terms)
            person = make.person()
            order = make.commit(commerce.place_order(person.id, offer.id, hands.provider.name, clock.now()))
            return Sale(hands, person, offer, order)

        return placed

    # -- what buyers see before they pay

    def test_it_is_a_provider_that_buyers_can_choose(self, hands: Hands, selling: Selling) -> None:
        till = commerce.till([selling().offer])
        assert [(way.name, bool(str(way.label)), str(way.description)[-1:]) for way in till.ways] == [
            (hands.provider.name, True, ".")
        ]

    def test_it_says_what_it_sells_and_why_not_what_it_does_not_without_calling_anybody(
        self, hands: Hands, selling: Selling, make: Makers, outside: list[Any]
    ) -> None:
        offer = selling().offer
        refused = make.offer(make.product(), **hands.unsold)
        calls = len(outside)
        assert hands.provider.can_sell(offer) is True
        answer = hands.provider.can_sell(refused)
        assert isinstance(answer, str)
        assert answer.endswith(".")
        assert len(outside) == calls

    def test_start_leads_to_an_address_and_opens_nothing(self, selling: Selling) -> None:
        sale = selling()
        address = sale.start()
        assert is_safe_path(address) or origin(address)
        assert (sale.state, sale.is_open, sale.payments) == (OrderState.OPEN, False, [])

    def test_coming_back_later_leads_to_the_same_open_payment(self, hands: Hands, selling: Selling) -> None:
        sale = selling().arrive()
        first = sale.start()
        assert sale.start() == first
        assert len(hands.open_payments()) == 1

    def test_two_windows_at_once_make_one_open_payment(
        self, both_databases: str, site: TestSite, hands: Hands, selling: Selling
    ) -> None:
        sale = selling()
        # Settings that the test has just changed reach other threads with the first look at them.
        assert hands.provider.can_sell(sale.offer) is True
        db.rollback()

        def press(_window: int) -> str:
            with site.app.app_context():
                address = hands.provider.start(sale.order, sale.offer.checkout_path)
                db.commit()
                return address

        def arrive(address: str) -> None:
            with site.app.app_context():
                hands.arrive(sale.order, address)

        with ThreadPoolExecutor(4) as windows:
            addresses = list(windows.map(press, range(4)))
            list(windows.map(arrive, addresses))
        assert len(set(addresses)) == 1
        assert hands.open_payments() == [(4900, "eur")]

    def test_while_it_cannot_begin_a_payment_it_says_so_and_nothing_half_made_stays(
        self, hands: Hands, selling: Selling
    ) -> None:
        sale = selling()
        hands.go_down()
        with pytest.raises(Problem) as refusal:
            sale.start()
        assert refusal.value.sentence.endswith(".")
        assert (sale.state, sale.is_open, sale.payments) == (OrderState.OPEN, False, [])
        hands.come_back()
        assert hands.open_payments() == []
        sale.arrive()
        assert hands.open_payments() == [(4900, "eur")]

    # -- the money comes

    def test_money_opens_what_was_bought_once_it_is_told(
        self, both_databases: str, hands: Hands, selling: Selling
    ) -> None:
        sale = selling().pay()
        assert not sale.is_open
        hands.tell()
        assert (sale.state, sale.is_open, sale.payments) == (OrderState.PAID, True, [(4900, "eur")])

    def test_money_that_is_told_twice_counts_once(self, hands: Hands, selling: Selling) -> None:
        sale = selling().pay()
        for _ in range(2):
            hands.tell()
        assert (sale.state, sale.is_open, sale.payments) == (OrderState.PAID, True, [(4900, "eur")])
        assert sale.letters("order_paid") == 1

    def test_money_that_is_told_late_still_opens(self, hands: Hands, selling: Selling) -> None:
        sale = selling(access_days=30).pay()
        hands.wait(days=20)
        hands.tell()
        assert (sale.state, sale.is_open, sale.payments) == (OrderState.PAID, True, [(4900, "eur")])

    def test_money_that_is_told_out_of_order_opens_in_the_end(self, hands: Hands, selling: Selling) -> None:
        sale = selling().arrive()
        hands.pay_confusingly(sale.order, sale.address)
        assert (sale.state, sale.is_open, sale.payments) == (OrderState.PAID, True, [(4900, "eur")])

    def test_another_amount_is_held_until_staff_accept_it(self, hands: Hands, selling: Selling, make: Makers) -> None:
        sale = selling().arrive()
        hands.pay_otherwise(sale.order, sale.address, 4000)
        for _ in range(2):
            hands.tell()
        assert (sale.state, sale.is_open, sale.payments) == (OrderState.HELD, False, [(4000, "eur")])
        make.commit(commerce.release_order(sale.order.id, actor_id=make.person(role="owner").id))
        assert (sale.state, sale.is_open) == (OrderState.PAID, True)

    @pytest.mark.parametrize(("amount", "currency"), [(5000, "jpy"), (49000, "kwd")])
    def test_currencies_without_cents_and_with_three_decimals_keep_their_minor_units(
        self, hands: Hands, selling: Selling, amount: int, currency: str
    ) -> None:
        sale = selling(amount=amount, currency=currency).arrive()
        assert hands.open_payments() == [(amount, currency)]
        hands.pay(sale.order, sale.address)
        hands.tell()
        assert (sale.state, sale.is_open, sale.payments) == (OrderState.PAID, True, [(amount, currency)])

    # -- it does not come, or goes back

    def test_a_payment_that_fails_opens_nothing_and_the_buyer_is_told_once(
        self, hands: Hands, selling: Selling
    ) -> None:
        sale = selling().arrive()
        hands.fail(sale.order, sale.address)
        for _ in range(2):
            hands.tell()
        assert (sale.state, sale.is_open, sale.payments) == (OrderState.FAILED, False, [])
        assert sale.letters("order_failed") == 1

    def test_after_a_failure_the_same_can_be_bought_anew(self, hands: Hands, selling: Selling, make: Makers) -> None:
        failed = selling().arrive()
        hands.fail(failed.order, failed.address)
        hands.tell()
        order = commerce.place_order(failed.person.id, failed.offer.id, hands.provider.name, clock.now())
        again = Sale(hands, failed.person, failed.offer, make.commit(order)).pay()
        hands.tell()
        assert again.order.id != failed.order.id
        assert (again.state, again.is_open) == (OrderState.PAID, True)

    def test_a_part_that_goes_back_keeps_the_door_open_and_all_of_it_shuts_it(
        self, hands: Hands, selling: Selling
    ) -> None:
        sale = selling().pay()
        hands.tell()
        hands.refund(sale.order, 1000)
        hands.tell()
        assert sale.is_open
        hands.refund(sale.order, 3900)
        hands.tell()
        assert not sale.is_open
        assert commerce.refunded_amount(sale.order.id) == 4900

    @pytest.mark.parametrize(("outcome", "is_open"), [("won", True), ("lost", False)])
    def test_what_is_disputed_rests_until_it_is_decided(
        self, hands: Hands, selling: Selling, outcome: str, is_open: bool
    ) -> None:
        sale, other = selling().pay(), selling().pay()
        hands.tell()
        if not hands.dispute(sale.order):
            pytest.skip("Nobody disputes what is paid with this provider.")
        hands.tell()
        assert (sale.is_open, other.is_open) == (False, True)
        decision = access.decide_product(sale.person.id, sale.offer.product_id, clock.now())
        assert (decision.reason, decision.detail, decision.next_step) == ("suspended", "disputed", "wait")
        hands.decide_dispute(outcome)
        hands.tell()
        assert (sale.is_open, other.is_open) == (is_open, True)

    # -- staff send it back, and look

    def refunding(self, hands: Hands) -> Refunding:
        """The provider, where it sends money back from here."""
        if not isinstance(hands.provider, Refunding):
            pytest.skip("This provider sends no money back from here.")
        return hands.provider

    def test_staff_send_a_part_back_once_however_often_they_press(self, hands: Hands, selling: Selling) -> None:
        provider = self.refunding(hands)
        sale = selling().pay()
        hands.tell()
        request = sale.refund(1000, "decision 1")
        answers = [provider.refund(request) for _press in range(2)]
        assert answers[0] == answers[1]
        assert answers[0].state in ("pending", "succeeded")
        hands.tell()
        assert commerce.refunded_amount(sale.order.id) == 1000
        provider.refund(sale.refund(3900, "decision 2"))
        assert commerce.refunded_amount(sale.order.id) == 4900
        assert not sale.is_open
        assert sale.letters("money_goes_back") == 2

    def test_more_than_came_is_refused(self, hands: Hands, selling: Selling) -> None:
        provider = self.refunding(hands)
        sale = selling().pay()
        hands.tell()
        with pytest.raises(Problem) as refusal:
            provider.refund(sale.refund(4901, "decision 1"))
        assert not isinstance(refusal.value, Unavailable)
        db.rollback()
        assert commerce.refunded_amount(sale.order.id) == 0

    def test_staff_read_what_the_provider_knows_without_it_calling_anybody(
        self, hands: Hands, selling: Selling, outside: list[Any]
    ) -> None:
        provider = hands.provider
        if not isinstance(provider, ProviderRecords):
            pytest.skip("This provider tells staff nothing of its own.")
        sale = selling().pay()
        hands.tell()
        db.rollback()
        calls = len(outside)
        assert [record for record in provider.records(sale.order) if not (record.title and record.at.tzinfo)] == []
        (reference,) = sale.references
        assert set(provider.addresses_of([reference, "unknown"])) <= {reference, "unknown"}
        assert list(provider.orders_with(reference)) == [sale.order.id]
        assert list(provider.orders_with("unknown")) == []
        assert len(outside) == calls

    def test_prices_to_pick_are_listed_without_calling_anybody_and_an_unknown_one_is_refused(
        self, hands: Hands, make: Makers, outside: list[Any]
    ) -> None:
        provider = hands.provider
        if not isinstance(provider, PriceLists):
            pytest.skip("This provider has no prices to pick from.")
        offer = make.offer(make.product(make.course(lessons=1, sections=1)))
        calls = len(outside)
        for asked in (None, offer):
            found = list(provider.price_lists(asked))
            assert len({each.name for each in found}) == len(found)
            assert all(each.picked in {"", *(price.reference for price in each.prices)} for each in found)
        db.commit()
        for each in found:
            with pytest.raises(Problem):
                provider.pick(offer, each.name, "there is none like this")
            db.rollback()
        assert len(outside) == calls

    # -- people without an account

    @pytest.fixture
    def guest(self, hands: Hands, make: Makers) -> Sale:
        """A guest's order, with the person who will claim it; skipped for providers that take no guests."""
        offer = make.offer(make.product(make.course(lessons=1, sections=1)))
        provider = hands.provider
        if not isinstance(provider, GuestSales) or not provider.takes_guests(offer):
            pytest.skip("This provider wants people to sign in.")
        order = commerce.place_guest_order("guest@example.org", offer.id, provider.name, clock.now(), browser="b" * 43)
        return Sale(hands, make.person(), offer, make.commit(order))

    def test_what_a_guest_pays_waits_and_opens_for_whoever_claims_it(
        self, both_databases: str, hands: Hands, guest: Sale, make: Makers
    ) -> None:
        guest.pay()
        for _ in range(2):
            hands.tell()
        assert (guest.state, guest.is_open, guest.payments) == (OrderState.PAID, False, [(4900, "eur")])
        found = commerce.find_order(guest.order.id)
        assert found is not None
        make.commit(claims.give([found], guest.person.id, Proof.BROWSER))
        assert guest.is_open
        hands.tell()
        assert (guest.state, guest.is_open) == (OrderState.PAID, True)
        hands.refund(guest.order, 4900)
        hands.tell()
        assert not guest.is_open

    def test_a_guest_who_comes_back_is_led_to_the_same_open_payment(self, hands: Hands, guest: Sale) -> None:
        guest.arrive()
        first = guest.start()
        assert guest.start() == first
        assert hands.open_payments() == [(4900, "eur")]

    def test_a_guest_s_payment_that_fails_opens_nothing_and_is_told_to_the_address(
        self, hands: Hands, guest: Sale
    ) -> None:
        guest.arrive()
        hands.fail(guest.order, guest.address)
        hands.tell()
        assert (guest.state, guest.payments) == (OrderState.FAILED, [])
        query = select(Message.recipient).where(Message.key.startswith("commerce.order_failed."))
        assert list(db.session.scalars(query)) == ["guest@example.org"]

    # -- buying twice

    def test_who_has_it_is_led_to_it_and_orders_nothing(
        self, hands: Hands, selling: Selling, sign_in: Callable[..., Any]
    ) -> None:
        sale = selling().pay()
        hands.tell()
        answer = sign_in(sale.person).get(sale.offer.checkout_path)
        assert (answer.status_code, answer.location) == (303, commerce.product_path(sale.offer.product_id))
        with pytest.raises(AlreadyOwned):
            commerce.place_order(sale.person.id, sale.offer.id, hands.provider.name, clock.now())
        db.rollback()
        orders = select(func.count()).select_from(Order).where(Order.person_id == sale.person.id)
        assert db.session.scalars(orders).one() == 1
