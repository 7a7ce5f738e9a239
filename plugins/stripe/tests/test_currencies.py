"""Amounts are what was agreed in every currency, from offer to plot: 5000 yen are 5000, a dinar has 1000 fils."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from email.message import EmailMessage
from typing import Any

import pytest
from lms_stripe_simulator import testing

from lms.api import commerce, db

# Currency, minor units, as people read it in English, as a spreadsheet has it.
TABLE = (
    ("jpy", 5000, "¥5,000", "5000"),
    ("krw", 39000, "₩39,000", "39000"),
    ("eur", 1250, "€12.50", "12.50"),
    ("kwd", 12340, "KWD12.340", "12.340"),
    ("bhd", 1500, "BHD1.500", "1.500"),
)


def readable(text: str) -> str:
    return text.replace("\N{NO-BREAK SPACE}", " ").replace("&nbsp;", " ")


@pytest.mark.parametrize("kind", ["one_time", "subscription"])
def test_pitfall_39_every_currency_is_right_everywhere(
    connected: Any, sign_in: Any, letters: Callable[[], list[EmailMessage]], kind: str
) -> None:
    stripe, numbers = connected.simulator.stripe(), {}
    owner = sign_in(connected.make.person(role="owner"))
    for currency, amount, words, _plain in TABLE:
        person, offer = connected.make.person(), connected.offer(kind, amount=amount, currency=currency)
        assert words in readable(sign_in(person).get(offer.checkout_path).text)
        address = connected.start(person, offer)
        session = stripe.v1.checkout.sessions.retrieve(connected.session_of(address))
        assert (session.currency, session.amount_total) == (currency, amount)
        testing.pay_checkout(address)
        connected.deliver()
        order = commerce.orders_of(person.id)[0]
        numbers[currency] = order.number
        assert (order.total, order.currency, order.state) == (amount, currency, "paid")
        charge = stripe.v1.charges.list({"limit": 1}).data[0]
        assert (charge.amount, charge.currency) == (amount, currency)
        story = readable(owner.get(f"/admin/orders/{order.number}").text)
        assert f"Paid, {words}" in story
        assert words in readable(sign_in(person).get("/account/billing").text)
        # A part that goes back is a part in the same units.
        stripe.v1.refunds.create({"charge": charge.id, "amount": amount // 10})
        connected.deliver()
        assert connected.is_in(person, offer)
    connected.work()
    receipts = [readable(str(each.get_body(("plain",)).get_content())) for each in letters()]
    told = [text for text in receipts if "we have received" in text]
    assert [words in text for text, (_c, _a, words, _p) in zip(told, TABLE, strict=True)] == [True] * len(TABLE)
    rows = {
        row["number"]: row for row in csv.DictReader(io.StringIO(owner.get("/admin/orders.csv", buffered=True).text))
    }
    for currency, _amount, _words, plain in TABLE:
        assert (rows[numbers[currency]]["total"], rows[numbers[currency]]["currency"]) == (plain, currency.upper())
    listed = readable(owner.get("/admin/orders").text)
    assert all(words in listed for _c, _a, words, _p in TABLE)
    page = readable(owner.get("/admin/sales").text)
    # Less the tenth that went back, each by itself: nothing is added to something of another currency.
    for left in ("¥4,500", "₩35,100", "€11.25", "KWD11.106", "BHD1.350"):
        assert left in page


def test_what_stripe_cannot_charge_is_said_before_anybody_pays(connected: Any) -> None:
    # docs.stripe.com/currencies: the last of three decimals is 0; krónur and Ugandan shillings go by hundredths.
    provider = next(one for one in commerce.payment_providers() if one.name == "stripe")
    for currency, amount, can in (("kwd", 12345, False), ("kwd", 12340, True), ("isk", 5000, False), ("ugx", 1, False)):
        offer = connected.offer("one_time", amount=amount, currency=currency)
        said = provider.can_sell(offer)
        assert (said is True) is can
        assert can or str(said).endswith(".")
    db.rollback()


def test_the_order_of_magnitude_never_changes_on_the_way_back(connected: Any) -> None:
    person, offer = connected.make.person(), connected.offer("one_time", amount=5000, currency="jpy")
    connected.buy(person, offer)
    connected.deliver()
    payment = db.session.execute(db.Model.metadata.tables["commerce_payment"].select()).mappings().one()
    assert json.dumps([payment["amount"], payment["subtotal"], payment["currency"]]) == '[5000, 5000, "jpy"]'
    db.rollback()
