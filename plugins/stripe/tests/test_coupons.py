"""Coupons and promotion codes: made in Stripe and listed here, made here and counted there, switched off from here."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from lms_stripe import connections, coupon_forms, coupon_writing, coupons, health, reconcile, simulator_clock, sync
from lms_stripe.models import Coupon, Operation, PromotionCode, SyncTask
from sqlalchemy import func, select, update
from wtforms.validators import ValidationError

from lms.api import clock, commerce, db, settings
from lms.testing.revisions import tables_of

DENIED = ("coupon:none", "coupon:write", "promotion_code:none", "promotion_code:write")


class Desk:
    """A creator in front of the pages of the coupons."""

    def __init__(self, stage: Any, browser: Any) -> None:
        self.stage, self.browser = stage, browser
        self.stripe = stage.simulator.stripe()
        self.base = f"/ext/stripe/connections/{connections.all_of_them()[-1].id}/coupons"
        db.rollback()

    def page(self, path: str = "") -> str:
        answer = self.browser.get(self.base + path)
        assert answer.status_code == 200
        return str(answer.text)

    def form(self, path: str = "/new") -> dict[str, str]:
        """The hidden fields of a form that was just opened."""
        html = self.page(path)
        found = {}
        for name in ("csrf_token", "key"):
            value = re.search(rf'name="{name}"[^>]*value="([^"]+)"', html)
            if value:
                found[name] = value[1]
        return found

    def send(self, path: str = "/new", *, on: str = "", form: dict[str, str] | None = None, **given: Any) -> Any:
        hidden = form or self.form(on or path)
        usual = {"kind": "percent", "duration": "once", "currency": "eur"}
        answer = self.browser.post(self.base + path, data={**hidden, **usual, **given})
        db.rollback()
        return answer

    def coupons(self) -> list[Any]:
        return list(self.stripe.v1.coupons.list({"limit": 100, "expand": ["data.applies_to"]}).data)

    def codes(self, **wanted: Any) -> list[Any]:
        return list(self.stripe.v1.promotion_codes.list({"limit": 100, **wanted}).data)

    def coupon_row(self) -> Coupon:
        db.rollback()
        return db.session.scalars(select(Coupon)).one()

    def code_row(self) -> PromotionCode:
        db.rollback()
        return db.session.scalars(select(PromotionCode)).one()


@pytest.fixture
def desk(connected: Any, sign_in: Any) -> Desk:
    return Desk(connected, sign_in(connected.make.person(role="creator")))


def in_a_week() -> str:
    return f"{clock.now() + timedelta(days=7):%Y-%m-%d}"


def total(stage: Any, offer: Any, promo: str = "") -> tuple[int, bool]:
    """What a buyer's session costs, and whether a code can be typed there."""
    person = stage.make.person()
    order = commerce.place_order(person.id, offer.id, "stripe", clock.now(), wishes=commerce.Wishes(promo))
    db.commit()
    found = stage.simulator.stripe().v1.checkout.sessions.retrieve(stage.session_of(stage.start_order(order, offer)))
    return found.amount_total, bool(found.allow_promotion_codes)


def test_what_is_made_in_stripe_is_listed_here_without_asking(connected: Any, desk: Desk) -> None:
    coupon = desk.stripe.v1.coupons.create(
        {"percent_off": 12.5, "duration": "repeating", "duration_in_months": 3, "name": "Spring"}
    )
    desk.stripe.v1.promotion_codes.create(
        {
            "promotion": {"type": "coupon", "coupon": coupon.id}, "code": "SPRING", "max_redemptions": 5,
            "restrictions": {
                "first_time_transaction": True, "minimum_amount": 2000, "minimum_amount_currency": "eur",
            },
        }
    )  # fmt: skip
    assert "No coupons" in desk.page()
    connected.deliver()
    connected.simulator.calls()
    page = desk.page()
    assert connected.simulator.calls() == []
    parts = (
        "Spring", "12.5% off for 3 months", "SPRING", "used 0 of 5 times", "first purchase only", "from €20", "Counts"
    )  # fmt: skip
    for part in parts:
        assert part in page, part


def test_a_coupon_made_here_counts_for_its_product_until_its_day_and_is_listed(connected: Any, desk: Desk) -> None:
    offer, other = connected.offer("one_time"), connected.offer("one_time")
    connected.work()
    answer = desk.send(
        name="Welcome", percent="20", code="WELCOME", products=str(offer.product_id), until=in_a_week(), most="3",
        code_until=in_a_week(), code_most="2",
    )  # fmt: skip
    assert answer.status_code == 303
    (coupon,), (code,) = desk.coupons(), desk.codes()
    assert (coupon.percent_off, coupon.duration, coupon.name, coupon.max_redemptions) == (20, "once", "Welcome", 3)
    assert len(coupon.applies_to.products) == 1
    assert (code.code, code.max_redemptions, code.promotion.coupon) == ("WELCOME", 2, coupon.id)
    assert code.expires_at == coupon.redeem_by > clock.now().timestamp() + timedelta(days=6).total_seconds()
    page = desk.page()
    for part in ("Welcome", "20% off once", "WELCOME", "Counts", f"Only for {offer.product_name}."):
        assert part in page, part
    assert total(connected, offer, "welcome") == (3920, False)
    assert total(connected, other, "welcome") == (4900, False)
    # The day is over.
    connected.simulator.advance(days=9)
    simulator_clock.tick()
    page = desk.page()
    assert ("Expired" in page, "Counts" in page) == (True, False)


@pytest.mark.parametrize(
    ("kind", "given", "taken"),
    [
        ("eur", "10", 1000),
        ("eur", "9,50", 950),
        ("jpy", "500", 500),
        ("kwd", "1.230", 1230),
    ],
)
def test_pitfall_14_a_fixed_coupon_of_an_amount_is_taken_off_and_no_field_is_sent_with_it(
    connected: Any, desk: Desk, kind: str, given: str, taken: int
) -> None:
    settings.save("stripe", {"allow_coupons": True}, actor_id=None)
    offer = connected.offer("one_time", amount=5000, currency=kind, promotion="fixed", promotion_code="OURS")
    elsewhere = connected.offer("one_time", amount=5000, currency="chf", promotion="fixed", promotion_code="OURS")
    connected.work()
    sent = desk.send(kind="amount", amount=given, currency=kind, code="OURS")
    assert sent.status_code == 303
    (coupon,) = desk.coupons()
    assert (coupon.amount_off, coupon.currency) == (taken, kind)
    assert total(connected, offer) == (5000 - taken, False)
    # In another currency it counts for nothing, and stops no sale.
    assert total(connected, elsewhere) == (5000, False)


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"percent": ""}, "Write the share as a number"),
        ({"percent": "0"}, "above 0 and is at most 100"),
        ({"percent": "101"}, "above 0 and is at most 100"),
        ({"percent": "12.345"}, "at most two decimals"),
        ({"kind": "amount", "amount": ""}, "Write the amount as a number"),
        ({"kind": "amount", "amount": "1.005"}, "This currency has 2 decimals."),
        ({"percent": "20", "duration": "repeating"}, "from 1 to 120"),
        ({"percent": "20", "until": "2020-01-01"}, "Choose a day to come."),
        ({"percent": "20", "code": "TWO WORDS"}, "no spaces"),
        ({"percent": "20", "code_most": "3"}, "Write the code, such as SPRING20."),
        ({"percent": "20", "code": "X", "minimum": "much"}, "Write the amount as a number"),
        ({"percent": "20", "products": "4711"}, "not a valid choice"),
    ],
)
def test_what_makes_no_coupon_is_said_at_its_field_and_nothing_is_sent(
    connected: Any, desk: Desk, form: dict[str, str], words: str
) -> None:
    connected.offer("one_time")
    connected.work()
    connected.simulator.calls()
    answer = desk.send(**form)
    assert answer.status_code == 422
    assert words in answer.text
    assert connected.simulator.calls() == []


@pytest.mark.parametrize("words", ["nan", "1e9", "-5", "Infinity", "100.001"])
def test_a_share_that_is_no_share_is_refused(site: Any, words: str) -> None:
    with site.app.test_request_context(), pytest.raises(ValidationError):
        coupon_forms.read_percent(words)


def test_pressing_twice_makes_one_coupon_and_one_code(connected: Any, desk: Desk) -> None:
    form = desk.form()
    for _press in range(2):
        assert desk.send(form=form, percent="20", code="ONCE").status_code == 303
    assert (len(desk.coupons()), len(desk.codes())) == (1, 1)
    made = select(func.count(Operation.id)).where(Operation.op.in_(("coupon.create", "promotion_code.create")))
    assert db.session.scalar(made) == 2


def test_eight_windows_with_one_decision_make_one_coupon(both_databases: str, connected: Any) -> None:
    connection = connections.selling()
    db.commit()
    app = connected.site.app

    def press(_number: int) -> str:
        with app.app_context():
            try:
                return coupon_writing.make_coupon(connection, "one", {"percent_off": 20.0, "duration": "once"})
            finally:
                db.session.remove()

    with ThreadPoolExecutor(8) as pool:
        made = set(pool.map(press, range(8)))
    assert len(made) == 1
    assert len(connected.simulator.stripe().v1.coupons.list({"limit": 100}).data) == 1


def test_an_answer_that_never_came_is_found_again_and_not_made_twice(connected: Any, desk: Desk) -> None:
    form = desk.form()
    # Stripe keeps a failure of its own under the key, so the next press sends another one, and looks first.
    connected.simulator.running.faults("500", "POST /v1/coupons", next=3)
    answer = desk.send(form=form, percent="20", code="LATE")
    assert answer.status_code == 503
    assert "Stripe does not answer right now." in answer.text
    assert 'value="LATE"' in answer.text
    connected.simulator.come_back()
    assert desk.send(form=form, percent="20", code="LATE").status_code == 303
    assert (len(desk.coupons()), len(desk.codes())) == (1, 1)


def test_an_answer_that_is_lost_on_the_way_is_asked_for_again_with_the_same_key(connected: Any, desk: Desk) -> None:
    for route in ("POST /v1/coupons", "POST /v1/promotion_codes"):
        connected.simulator.running.faults("500", route, next=1, after=True)
    assert desk.send(percent="20", code="LATE").status_code == 303
    assert (len(desk.coupons()), len(desk.codes())) == (1, 1)


def test_what_was_made_before_the_power_went_is_found_days_later_and_not_made_twice(connected: Any, desk: Desk) -> None:
    form = desk.form()
    assert desk.send(form=form, percent="20", code="LATE").status_code == 303
    # As if the process had ended before it could keep the answers: days later the keys count for nothing.
    lost = {"state": "pending", "stripe_id": None, "first_sent_at": clock.real_now() - timedelta(days=2)}
    made = Operation.op.in_(("coupon.create", "promotion_code.create"))
    db.session.execute(update(Operation).where(made).values(lost))
    db.commit()
    connection, coupon = connections.selling(), desk.coupons()[0].id
    again = coupon_writing.make_coupon(connection, form["key"], {"percent_off": 20.0, "duration": "once"})
    coupon_writing.make_code(connection, form["key"], again, {"code": "LATE"})
    assert again == coupon
    assert (len(desk.coupons()), len(desk.codes())) == (1, 1)


def test_a_code_that_is_taken_is_said_before_a_coupon_is_made(connected: Any, desk: Desk) -> None:
    assert desk.send(percent="20", code="SPRING").status_code == 303
    answer = desk.send(percent="30", code="spring")
    assert (answer.status_code, "There is a code spring that counts already." in answer.text) == (422, True)
    assert len(desk.coupons()) == 1


def test_a_code_is_switched_off_and_on_from_here(connected: Any, desk: Desk) -> None:
    offer = connected.offer("one_time")
    assert desk.send(percent="20", code="SPRING").status_code == 303
    row = desk.code_row()
    path = f"/ext/stripe/connections/{connections.selling().id}/codes/{row.id}"
    db.rollback()

    def press(to: str) -> None:
        token = desk.form()["csrf_token"]
        assert desk.browser.post(path, data={"csrf_token": token, "to": to}).status_code == 303

    for _press in range(2):
        press("off")
    assert desk.codes(active=True) == []
    assert ("Switch on" in desk.page(), "Counts" in desk.page()) == (True, False)
    assert offer.id
    press("on")
    assert [each.code for each in desk.codes(active=True)] == ["SPRING"]
    assert total(connected, offer, "SPRING") == (3920, False)


def test_health_says_when_a_code_that_every_buyer_should_get_does_not_count(
    connected: Any, desk: Desk, sign_in: Any
) -> None:
    connected.work()
    offer = connected.offer("one_time", promotion="fixed", promotion_code="ours")
    result = health._given_codes_count()
    assert (result.state, "the code ours, which does not count" in result.sentence) == ("advice", True)
    assert desk.send(percent="20", code="OURS").status_code == 303
    assert (health._given_codes_count().state, total(connected, offer)) == ("good", (3920, False))
    db.rollback()
    coupon_writing.switch_code(connections.selling(), desk.code_row(), active=False)
    assert health._given_codes_count().state == "advice"
    page = sign_in(connected.make.person(role="owner")).get("/admin/health").text
    assert f'href="{desk.base}"' in page
    commerce.set_offer_active(offer.id, False)
    assert health._given_codes_count().state == "good"


def test_a_code_cannot_be_switched_on_beside_one_of_its_name(connected: Any, desk: Desk) -> None:
    assert desk.send(percent="20", code="SPRING").status_code == 303
    row = desk.code_row()
    coupon_writing.switch_code(connections.selling(), row, active=False)
    assert desk.send(percent="30", code="SPRING").status_code == 303
    with pytest.raises(coupon_writing.CodeTaken):
        coupon_writing.switch_code(connections.selling(), coupons.find_code(row.connection_id, row.id), active=True)


def test_another_code_for_a_coupon_and_its_end(connected: Any, desk: Desk) -> None:
    assert desk.send(percent="20", duration="forever").status_code == 303
    page = desk.page()
    assert ("20% off every payment" in page, "No code: nobody can type it." in page) == (True, True)
    coupon = desk.coupon_row()
    path = f"/{coupon.id}"
    refused = desk.send(f"{path}/codes", on=path)
    assert (refused.status_code, "Write the code" in refused.text) == (422, True)
    sent = desk.send(f"{path}/codes", on=path, code="FRIENDS", first_purchase="1", minimum="20")
    assert sent.status_code == 303
    (code,) = desk.codes()
    assert (code.restrictions.first_time_transaction, code.restrictions.minimum_amount) == (True, 2000)
    taken = desk.send(f"{path}/codes", on=path, code="friends")
    assert (taken.status_code, "There is a code friends" in taken.text) == (422, True)
    assert "FRIENDS" in desk.page(path)
    for _press in range(2):
        answer = desk.browser.post(f"{desk.base}{path}/delete", data=desk.form())
        assert answer.status_code in (303, 404)
    assert desk.coupons() == []
    connected.deliver()
    assert "No coupons" in desk.page()


def test_what_was_deleted_in_stripe_is_gone_here_also_when_nobody_said_so(connected: Any, desk: Desk) -> None:
    assert desk.send(percent="20", code="SPRING").status_code == 303
    (coupon,) = desk.coupons()
    desk.stripe.v1.coupons.delete(coupon.id)
    connected.seen |= {event["id"] for event in connected.undelivered()}
    assert "SPRING" in desk.page()
    reconcile.nightly()
    connected.work()
    assert "No coupons" in desk.page()
    assert sync.now(connections.selling().id, "promotion_code", "promo_nobody")


def test_how_often_a_code_was_used_is_read_with_the_button(connected: Any, desk: Desk) -> None:
    offer = connected.offer("one_time")
    assert desk.send(percent="20", code="SPRING", code_most="1").status_code == 303
    person = connected.make.person()
    order = commerce.place_order(person.id, offer.id, "stripe", clock.now(), wishes=commerce.Wishes("SPRING"))
    db.commit()
    connected.simulator.running.pay_checkout(connected.start_order(order, offer))
    connected.deliver()
    connected.simulator.calls()
    answer = desk.browser.post(f"{desk.base}/read", data={"csrf_token": desk.form()["csrf_token"]})
    assert answer.status_code == 303
    assert connected.simulator.calls() == ["GET /v1/coupons", "GET /v1/promotion_codes"]
    page = desk.page()
    assert ("used 1 of 1 times" in page, "Used up" in page) == (True, True)


def test_a_key_that_may_not_read_coupons_is_said_on_their_page_and_nowhere_else(stage: Any, sign_in: Any) -> None:
    stage.connect(key=stage.simulator.key(deny=DENIED))
    desk = Desk(stage, sign_in(stage.make.person(role="creator")))
    desk.stripe.v1.coupons.create({"percent_off": 20, "duration": "once"})
    stage.deliver()
    page = desk.page()
    assert ("The key may not read coupons." in page, "set Coupons and Promotion Codes to Write" in page) == (True, True)
    waiting = select(func.count(SyncTask.id)).where(SyncTask.wanted > SyncTask.done)
    assert db.session.scalar(waiting) == 0
    answer = desk.send(percent="20")
    assert (answer.status_code, "set Coupons and Promotion Codes to Write" in answer.text) == (422, True)


def test_an_older_reading_leaves_a_newer_one_alone(connected: Any, desk: Desk) -> None:
    assert desk.send(percent="20", code="SPRING").status_code == 303
    connection = connections.selling()
    db.commit()
    old = coupons.fetch_all(desk.stripe, "all")
    coupon_writing.switch_code(connection, desk.code_row(), active=False)
    desk.stripe.v1.coupons.update(desk.coupons()[0].id, {"name": "Later"})
    assert sync.now(connection.id, "coupon", desk.coupons()[0].id)
    coupons.apply(connection, "all", old)
    db.commit()
    assert (desk.code_row().active, desk.coupon_row().name) == (False, "Later")


def test_who_may_not_connect_payments_sees_no_coupons(connected: Any, sign_in: Any) -> None:
    base = f"/ext/stripe/connections/{connections.selling().id}/coupons"
    db.rollback()
    editor = sign_in(connected.make.person(role="editor"))
    for path in (base, f"{base}/new"):
        assert editor.get(path).status_code == 403


def test_one_connections_coupons_are_not_anothers(connected: Any, sign_in: Any) -> None:
    live = connected.connect("live")
    desk = Desk(connected, sign_in(connected.make.person(role="creator")))
    assert desk.base.endswith(f"/{live.id}/coupons")
    test = connections.selling()
    coupon_writing.make_coupon(test, "mine", {"percent_off": 20.0, "duration": "once"})
    row = desk.coupon_row()
    assert row.connection_id == test.id
    assert "20% off" not in desk.page()
    assert desk.browser.get(f"{desk.base}/{row.id}").status_code == 404


def test_the_tables_come_with_the_upgrade(both_databases: str, connected: Any) -> None:
    with tables_of("stripe", "stripe_0007") as rows:
        assert "stripe_coupon" not in rows
        assert rows["stripe_connection"]
    assert db.session.scalar(select(func.count(Coupon.id))) == 0


@pytest.mark.parametrize("number", ["0", "-1", "99", "99999999999999999999", "1%00"])
def test_a_coupon_or_a_code_that_is_not_there_is_no_page(desk: Desk, number: str) -> None:
    token = {"csrf_token": desk.form()["csrf_token"]}
    assert desk.browser.get(f"{desk.base}/{number}").status_code == 404
    base = desk.base.removesuffix("/coupons")
    for path in (f"{desk.base}/{number}/codes", f"{desk.base}/{number}/delete", f"{base}/codes/{number}"):
        assert desk.browser.post(path, data=token).status_code == 404, path
