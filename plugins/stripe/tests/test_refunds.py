"""Money that goes back: decided on the order's page, or made at Stripe; once, whatever breaks in between."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from lms_stripe import records
from lms_stripe.models import ConnectionRow, Payment
from sqlalchemy import select, update

from lms.api import clock, commerce, db

CARD = "4242424242424242"
LATE, FAILS = "refunds_late", "refunds_fail"


class Desk:
    """A paid order, and somebody who sells in front of its page."""

    def __init__(self, connected: Any, sign_in: Any, way: str = CARD, kind: str = "one_time") -> None:
        self.stage = connected
        self.person, self.offer = connected.make.person(name="Anna Berg"), connected.offer(kind)
        self.stripe = connected.simulator.stripe()
        connected.buy(self.person, self.offer, way)
        connected.deliver()
        (self.order,) = commerce.orders_of(self.person.id)
        self.staff = sign_in(connected.make.person(role="creator", name="Margaret"))
        self.sign_in = sign_in
        self.path = f"/admin/orders/{self.order.number}"

    @property
    def page(self) -> str:
        answer = self.staff.get(self.path)
        assert answer.status_code == 200
        return str(answer.text)

    def form(self) -> tuple[str, dict[str, str]]:
        """The address of the refund's form, and what stands in it."""
        address = re.search(rf'href="({self.path}/refund/\d+)"', self.page)
        assert address, "no way to refund"
        return address[1], self.filled(self.staff.get(address[1]).text)

    @staticmethod
    def filled(html: str) -> dict[str, str]:
        inputs = [each for each in re.findall(r"<input[^>]*>", html) if "name=" in each and 'type="radio"' not in each]
        named = ((re.search(r'name="([^"]+)"', each), re.search(r'value="([^"]*)"', each)) for each in inputs)
        return {name[1]: value[1] for name, value in named if name and value}

    def press(self, amount: str = "10", *, access: str = "keeps", reason: str = "Asked for it", **more: str) -> Any:
        address, form = self.form()
        sent = {**form, "amount": amount, "access": access, "reason": reason, **more}
        return self.post(address, sent)

    def post(self, address: str, sent: dict[str, str]) -> Any:
        """Post, and go where it leads."""
        answer = self.staff.post(address, data=sent)
        return self.staff.get(answer.location) if answer.status_code == 303 else answer

    def refunds(self) -> list[tuple[int, str]]:
        """What Stripe knows, oldest first."""
        return [(each.amount, each.status) for each in reversed(self.stripe.v1.refunds.list().data)]

    @property
    def is_open(self) -> bool:
        return bool(self.stage.is_in(self.person, self.offer))

    def letters(self, letters: Any) -> list[str]:
        self.stage.work()
        return [letter["Subject"] for letter in letters() if "go back" in letter["Subject"]]


@pytest.fixture
def desk(connected: Any, sign_in: Any) -> Desk:
    return Desk(connected, sign_in)


@pytest.mark.feature("B-10")
def test_staff_send_a_part_back_and_then_the_rest(desk: Desk, letters: Any) -> None:
    answer = desk.press("9,50")
    assert "€9.50 go back." in answer.text
    assert desk.refunds() == [(950, "succeeded")]
    assert ("€9.50 went back" in desk.page, "Asked for it" in desk.page, desk.is_open) == (True, True, True)
    desk.stage.deliver()
    address, form = desk.form()
    assert form["amount"] == "39.50"
    assert desk.press("39.50", reason="All of it").status_code == 200
    assert (desk.refunds(), desk.is_open) == ([(950, "succeeded"), (3950, "succeeded")], False)
    desk.stage.deliver()
    assert ("€9.50 went back" in desk.page, "€39.50 went back" in desk.page) == (True, True)
    assert f'href="{address}"' not in desk.page
    assert desk.letters(letters) == ["€9.50 go back to you", "€39.50 go back to you"]
    assert "access to Product" in letters()[-1].get_body(("plain",)).get_content()


def test_a_part_ends_the_access_where_staff_say_so_and_gives_it_back_when_it_fails(
    connected: Any, sign_in: Any, letters: Any
) -> None:
    desk = Desk(connected, sign_in, FAILS)
    desk.press("10", access="ends")
    assert not desk.is_open
    connected.work()
    told = [letter for letter in letters() if "go back" in letter["Subject"]]
    assert ["has ended with it" in letter.get_body(("plain",)).get_content() for letter in told] == [True]
    # Stripe finds out two days later that the money cannot be sent.
    connected.simulator.advance(days=3)
    connected.deliver()
    assert "Sending €10.00 back failed" in desk.page
    assert desk.is_open
    assert desk.form()[1]["amount"] == "49.00"


def test_a_refund_that_takes_days_is_shown_as_on_its_way(connected: Any, sign_in: Any) -> None:
    desk = Desk(connected, sign_in, LATE)
    desk.press("49")
    assert ("€49.00 on the way back" in desk.page, desk.is_open) == (True, False)
    connected.simulator.advance(days=3)
    connected.deliver()
    assert ("€49.00 went back" in desk.page, desk.is_open) == (True, False)


def test_a_double_press_and_a_second_tab_send_money_once(desk: Desk) -> None:
    address, form = desk.form()
    other_tab = desk.filled(desk.staff.get(address).text)
    sent = {**form, "amount": "10", "access": "keeps", "reason": "x"}
    for _press in range(2):
        assert desk.staff.post(address, data=sent).location == desk.path
    assert desk.refunds() == [(1000, "succeeded")]
    late = desk.staff.post(address, data={**other_tab, "amount": "10", "access": "keeps", "reason": "x"})
    assert late.status_code == 409
    assert "Some of it was refunded meanwhile" in late.text
    # The form is there anew, with what is left.
    assert desk.filled(late.text)["amount"] == "39.00"
    assert desk.refunds() == [(1000, "succeeded")]


def test_many_presses_at_once_send_money_once(both_databases: str, connected: Any, sign_in: Any) -> None:
    desk = Desk(connected, sign_in)
    address, form = desk.form()
    sent = {**form, "amount": "10", "access": "keeps", "reason": "x"}
    app = connected.site.app
    db.rollback()

    def press(_finger: int) -> int:
        with app.app_context():
            return int(desk.staff.post(address, data=sent).status_code)

    with ThreadPoolExecutor(4) as hands:
        assert set(hands.map(press, range(4))) == {303}
    assert desk.refunds() == [(1000, "succeeded")]
    assert desk.page.count("€10.00 went back") == 1


def test_while_stripe_is_down_the_refund_waits_and_is_made_once_with_the_kept_key(desk: Desk, letters: Any) -> None:
    desk.stage.simulator.go_down()
    answer = desk.press("10")
    assert "€10.00 are not back yet: Stripe does not answer right now." in answer.text
    assert "Try again now" in answer.text
    # What is being asked for is not there for another one.
    assert desk.form()[1]["amount"] == "39.00"
    desk.stage.simulator.come_back()
    assert desk.refunds() == []
    sign = "1 refund waits for an hour or longer. Stripe does not answer right now."
    owner = desk.sign_in(desk.stage.make.person(role="owner"))
    assert sign not in owner.get("/admin/health").text
    request = db.Model.metadata.tables["commerce_refund_request"]
    db.session.execute(update(request).values(created_at=clock.real_now() - timedelta(hours=2)))
    db.commit()
    assert sign in owner.get("/admin/health").text
    later = clock.real_now() + timedelta(minutes=10)
    desk.stage.site.jobs.run_due(at=later)
    desk.stage.site.jobs.run_due(at=later)
    assert desk.refunds() == [(1000, "succeeded")]
    assert ("€10.00 went back" in desk.page, "Try again now" in desk.page) == (True, False)
    assert desk.letters(letters) == ["€10.00 go back to you"]


def test_staff_try_again_themselves(desk: Desk) -> None:
    desk.stage.simulator.go_down()
    desk.press("10")
    desk.stage.simulator.come_back()
    action = re.search(rf'action="({desk.path}/refunds/\d+)"', desk.page)
    assert action
    for _press in range(2):
        desk.staff.post(action[1], data={"csrf_token": desk.filled(desk.page).get("csrf_token", "")})
    assert desk.refunds() == [(1000, "succeeded")]


def test_an_answer_that_is_lost_does_not_send_the_money_twice(desk: Desk) -> None:
    """Stripe does it, and says 500: the same key is answered with the same failure, so we look before we ask anew."""
    desk.stage.simulator.running.control(
        "POST", "faults", {"fault": "500", "route": "POST /v1/refunds", "next": 3, "after": True}
    )
    desk.press("10")
    desk.stage.simulator.come_back()
    desk.stage.site.jobs.run_due(at=clock.real_now() + timedelta(minutes=10))
    assert desk.refunds() == [(1000, "succeeded")]


def test_what_stripe_refuses_is_said_and_can_be_decided_anew(desk: Desk) -> None:
    # Meanwhile somebody refunds all of it in the Dashboard, and no event has come yet.
    intent = desk.stripe.v1.payment_intents.list().data[0].id
    address, form = desk.form()
    desk.stripe.v1.refunds.create({"payment_intent": intent})
    sent = {**form, "amount": "10", "access": "keeps", "reason": "x"}
    answer = desk.post(address, sent)
    assert "Nothing went back. Stripe refused: Charge" in answer.text
    assert "The refund was refused" in desk.page
    desk.stage.deliver()
    assert ("€49.00 went back" in desk.page, desk.is_open) == (True, False)


def test_a_refund_made_at_stripe_shows_on_the_order(desk: Desk, letters: Any) -> None:
    intent = desk.stripe.v1.payment_intents.list().data[0].id
    for _number in range(2):
        desk.stripe.v1.refunds.create({"payment_intent": intent, "amount": 500})
    desk.stage.deliver()
    assert desk.page.count("€5.00 went back") == 2
    assert desk.letters(letters) == ["€5.00 go back to you"] * 2


def test_refunding_a_subscriptions_charge_leaves_the_subscription_alone(connected: Any, sign_in: Any) -> None:
    desk = Desk(connected, sign_in, kind="subscription")
    address, _form = desk.form()
    assert "The subscription goes on" in desk.staff.get(address).text
    desk.press("9", access="ends")
    assert (desk.refunds(), desk.is_open) == ([(900, "succeeded")], True)


def test_bad_input_gets_a_sentence(desk: Desk) -> None:
    for amount, words in (
        ("", "Write how much goes back."),
        ("ten", "Write the amount as a number"),
        ("-1", "Write an amount above zero, at most €49.00."),
        ("50", "Write an amount above zero, at most €49.00."),
        ("1e30", "Write an amount above zero, at most €49.00."),
        ("1e999999", "Write the amount as a number"),
        ("NaN", "Write the amount as a number"),
        ("1.999", "This currency has 2 decimals."),
    ):
        answer = desk.press(amount)
        assert (answer.status_code, words in answer.text) == (422, True), amount
    assert desk.press(left="x").status_code == 409
    assert desk.press(reason=" ").status_code == 422
    address, _form = desk.form()
    assert desk.staff.get(address.replace(desk.order.number, "2026-9999")).status_code == 404
    assert desk.staff.get(address + "9").status_code == 404
    assert desk.refunds() == []


def test_the_story_has_sessions_events_readings_and_finds_orders_by_stripes_ids(desk: Desk) -> None:
    page = desk.page
    for part in ("Checkout begun", "Event checkout.session.completed", "Read again", "evt_", ", read"):
        assert part in page, part
    row = db.session.scalars(select(Payment)).one()
    session = desk.stripe.v1.checkout.sessions.list().data[0]
    for reference in (session.id, row.payment_intent_id, row.charge_id, row.customer_id, row.invoice_id):
        assert desk.order.number in desk.staff.get(f"/admin/orders?q={reference}").text, reference


def test_links_lead_to_the_dashboard_of_the_account_and_mode(hook: Any, site: Any) -> None:
    row = db.session.get(ConnectionRow, hook.connection_id)
    for livemode, mode in ((False, "/test"), (True, "")):
        row.livemode = livemode
        db.session.flush()
        (connection,) = records.connections.all_of_them()
        assert records.dashboard(connection, "pi_1") == f"https://dashboard.stripe.com/acct_1{mode}/payments/pi_1"
        assert records.dashboard(connection, "seti_1") == ""


def test_a_story_costs_the_same_for_many_payments(connected: Any, sign_in: Any, queries: Any) -> None:
    desk = Desk(connected, sign_in, kind="subscription")
    _page = desk.page
    with queries.counted() as few:
        _page = desk.page
    few = list(few)
    for _month in range(3):
        connected.simulator.advance(days=32)
        connected.deliver()
    with queries.at_most(len(few)):
        assert desk.page.count("Renewed") == 3
