"""Offers that are sold with a price somebody made in Stripe: picked, changed, let go, archived there."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from lms_stripe import catalog, connections, endpoints, health, listed_prices, picking, reconcile, sync
from lms_stripe.models import ListedPrice, Price
from sqlalchemy import select, update

from lms.api import clock, commerce, db
from lms.api.problem import Conflict
from lms.testing.revisions import tables_of

OURS = "A price that this site makes by itself"


class Desk:
    """A creator in front of the forms of a product's offers."""

    def __init__(self, stage: Any, browser: Any) -> None:
        self.stage, self.browser = stage, browser
        self.stripe = stage.simulator.stripe()
        course = stage.make.course(lessons=1, sections=1)
        self.product = stage.make.product(course)
        self.base = f"/admin/products/{self.product.id}/offers"
        db.commit()

    def price(self, name: str = "Founders", amount: int = 3900, **more: Any) -> str:
        """A price that somebody makes in Stripe."""
        params = {"currency": "eur", "unit_amount": amount, "product_data": {"name": name}}
        return str(self.stripe.v1.prices.create({**params, **more}).id)

    def page(self, path: str = "/new") -> str:
        answer = self.browser.get(self.base + path)
        assert answer.status_code == 200
        return str(answer.text)

    def send(self, path: str = "", on: str = "/new", **form: Any) -> Any:
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', self.page(on))
        assert token
        answer = self.browser.post(self.base + path, data={"csrf_token": token[1], "interval": "month", **form})
        db.rollback()
        return answer

    def offers(self) -> tuple[commerce.OfferView, ...]:
        db.rollback()
        return commerce.offers_of_product(self.product.id, with_inactive=True)

    def sold_with(self, offer: Any) -> str:
        """The price at Stripe that the next buyer's session has."""
        address = self.stage.start(self.stage.make.person(), offer)
        items = self.stripe.v1.checkout.sessions.line_items.list(self.stage.session_of(address))
        return str(items.data[0].price.id)

    def prices_at_stripe(self) -> int:
        return len(self.stripe.v1.prices.list({"limit": 100}).data)


@pytest.fixture
def desk(stage: Any, sign_in: Any) -> Desk:
    return Desk(stage, sign_in(stage.make.person(role="creator")))


def read_all(stage: Any) -> None:
    listed_prices.ask(connections.selling().id)
    db.commit()
    stage.work()


@pytest.mark.feature("TA-27")
def test_while_nothing_is_connected_the_form_says_so_and_leads_to_the_settings(stage: Any, desk: Desk) -> None:
    page = desk.page()
    assert page.count("Stripe is not connected in") == 2
    assert 'href="/admin/settings/stripe"' in page
    assert "Read prices again" not in page
    stage.connect()
    page = desk.page()
    assert "Stripe is not connected in test mode." not in page
    assert "Stripe is not connected in live mode." in page
    assert "Not read yet." in page


@pytest.mark.feature("TA-27")
def test_an_offer_is_made_with_a_price_that_is_there_and_no_other_is_made(connected: Any, desk: Desk) -> None:
    price = desk.price("Founders", 3900, nickname="Early")
    connected.deliver()
    connected.simulator.calls()
    page = desk.page()
    assert connected.simulator.calls() == []
    # Enter in a field saves: it presses the first button of the form.
    first = re.search(r"<button[^>]*>", page[page.index("csrf_token") :])
    assert first
    assert "formaction" not in first[0]
    group = re.search(r'<optgroup label="Founders">(.*?)</optgroup>', page, re.DOTALL)
    assert group
    assert (f'value="{price}"' in group[1], "€39 once, Early" in group[1]) == (True, True)

    answer = desk.send(
        kind="one_time", price="", currency="usd", price_at_stripe_test=price, success_page="/thanks", cancel_page="/",
    )  # fmt: skip
    assert answer.status_code == 303
    (offer,) = desk.offers()
    assert (offer.amount, offer.currency, offer.success_page, offer.cancel_page) == (3900, "eur", "/thanks", "/")
    connected.work()
    assert desk.sold_with(offer) == price
    assert desk.prices_at_stripe() == 1
    assert f'<option selected value="{price}">' in desk.page(f"/{offer.id}/edit")
    # It is taken now: nobody else is offered it.
    assert price not in desk.page()


@pytest.mark.feature("TA-27")
def test_reading_again_finds_what_was_made_in_stripe_and_keeps_what_was_typed(connected: Any, desk: Desk) -> None:
    connected.work()
    price = desk.price()
    assert price not in desk.page()
    connected.simulator.calls()
    answer = desk.send("/prices", kind="one_time", price="49", currency="eur", button_text="Join the founders")
    assert connected.simulator.calls() == ["GET /v1/prices"]
    assert answer.status_code == 200
    for part in (price, "The prices were read just now.", 'value="Join the founders"', 'value="49"'):
        assert part in answer.text, part
    assert desk.offers() == ()


@pytest.mark.feature("TA-27")
def test_an_offer_that_is_there_is_tied_and_let_go_again(connected: Any, desk: Desk) -> None:
    assert desk.send(kind="one_time", price="39", currency="eur").status_code == 303
    (offer,) = desk.offers()
    connected.work()
    made = desk.sold_with(offer)
    price, dear = desk.price(amount=3900), desk.price("Patrons", 9900)
    read_all(connected)
    edit = f"/{offer.id}/edit"
    page = desk.page(edit)
    assert (price in page, dear in page) == (True, False)
    kept = {"promotion": "default", "open_to": "0", "show_button": "on"}
    assert desk.send(edit, edit, price_at_stripe_test=price, **kept).status_code == 303
    assert desk.sold_with(offer) == price
    # Saving again changes nothing; letting go leads back to the price that was made before.
    assert desk.send(edit, edit, price_at_stripe_test=price, **kept).status_code == 303
    assert desk.sold_with(offer) == price
    assert desk.send(edit, edit, price_at_stripe_test="", **kept).status_code == 303
    assert desk.sold_with(offer) == made
    assert desk.send(edit, edit, price_at_stripe_test=price, **kept).status_code == 303
    assert (desk.sold_with(offer), desk.prices_at_stripe()) == (price, 3)


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"kind": "subscription", "interval": "month"}, "This price is paid once."),
        ({"kind": "one_time", "price": "49"}, "You picked a price that costs something else."),
        ({"kind": "one_time", "price_at_stripe_test": "price_nobody"}, "Not a valid choice"),
        ({"kind": "one_time", "sale_price": "39"}, "below the usual price"),
    ],
)
def test_what_does_not_fit_is_said_at_its_field_and_nothing_is_made(
    connected: Any, desk: Desk, form: dict[str, str], words: str
) -> None:
    price = desk.price()
    connected.deliver()
    answer = desk.send(**{"currency": "eur", "price_at_stripe_test": price, **form})
    assert answer.status_code == 422
    assert words in answer.text
    assert desk.offers() == ()


def test_what_is_free_leaves_every_price_alone(connected: Any, desk: Desk) -> None:
    price = desk.price()
    connected.deliver()
    assert desk.send(kind="free", currency="eur", price_at_stripe_test=price).status_code == 303
    (offer,) = desk.offers()
    assert (offer.kind, offer.amount) == ("free", 0)
    assert price in desk.page()


def test_a_recurring_price_is_for_subscriptions_and_instalments(connected: Any, desk: Desk) -> None:
    quarter = desk.price("Quarterly", 2400, recurring={"interval": "month", "interval_count": 3})
    month = desk.price("Monthly", 900, recurring={"interval": "month"})
    connected.deliver()
    refused = desk.send(kind="one_time", currency="eur", price_at_stripe_test=quarter)
    assert (refused.status_code, "charged again and again" in refused.text) == (422, True)
    sent = desk.send(kind="subscription", currency="eur", interval="year", price_at_stripe_test=quarter, trial_days="7")
    assert sent.status_code == 303
    sent = desk.send(kind="instalments", instalments="3", currency="eur", price_at_stripe_test=month)
    assert sent.status_code == 303
    first, second = desk.offers()
    assert (first.label, first.trial_days, second.instalments) == ("€24 every 3 months", 7, 3)
    assert (desk.sold_with(first), desk.sold_with(second)) == (quarter, month)


def test_test_and_live_each_have_a_price_and_both_cost_the_same(connected: Any, desk: Desk) -> None:
    connected.connect("live")
    test = desk.price()
    live = connected.simulator.stripe("live").v1.prices.create(
        {"currency": "eur", "unit_amount": 3900, "product_data": {"name": "Founders"}}
    )
    dear = connected.simulator.stripe("live").v1.prices.create(
        {"currency": "eur", "unit_amount": 9900, "product_data": {"name": "Founders"}}
    )
    assert desk.send("/prices", kind="one_time").status_code == 200
    both = {"kind": "one_time", "currency": "eur", "price_at_stripe_test": test}
    refused = desk.send(**both, price_at_stripe_live=dear.id)
    assert (refused.status_code, "The prices differ." in refused.text) == (422, True)
    assert desk.send(**both, price_at_stripe_live=live.id).status_code == 303
    (offer,) = desk.offers()
    tied = {row.connection_id: row.price_id for row in db.session.scalars(select(Price).where(Price.picked))}
    assert sorted(tied.values()) == sorted([test, live.id])
    assert {catalog.price_of(connection, offer).price_id for connection in tied} == {test, live.id}


def test_a_price_that_another_offer_took_meanwhile_is_refused_and_nothing_is_made(connected: Any, desk: Desk) -> None:
    price = desk.price()
    connected.deliver()
    form = {"kind": "one_time", "currency": "eur", "interval": "month", "price_at_stripe_test": price}
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', desk.page())
    assert token
    assert desk.send(**form).status_code == 303
    late = desk.browser.post(desk.base, data={"csrf_token": token[1], **form})
    assert late.status_code == 422
    (offer,) = desk.offers()
    other = connected.offer("one_time", amount=3900)
    with pytest.raises(Conflict, match="not free any longer"):
        picking.pick(other, "test", price)
    db.rollback()
    assert catalog.offer_of(connections.selling().id, (price,)) == offer.id


@pytest.mark.parametrize("what", ["price", "product"])
def test_what_is_archived_in_stripe_is_said_in_health_and_the_sale_goes_on(
    connected: Any, desk: Desk, sign_in: Any, what: str
) -> None:
    price = desk.price()
    connected.deliver()
    desk.send(kind="one_time", currency="eur", price_at_stripe_test=price)
    (offer,) = desk.offers()
    connected.work()
    assert health._picked_prices_are_there().state == "good"
    product = desk.stripe.v1.prices.retrieve(price).product
    switch = desk.stripe.v1.prices.update if what == "price" else desk.stripe.v1.products.update
    switch(price if what == "price" else product, {"active": False})
    connected.deliver()
    page = sign_in(connected.make.person(role="owner")).get("/admin/health").text
    assert "€39 once of" in page
    assert f'href="{desk.base}/{offer.id}/edit#prices"' in page
    assert "Choose another price" in page
    assert "archived in Stripe" in desk.page(f"/{offer.id}/edit")
    made = desk.sold_with(offer)
    assert made != price
    assert (desk.stripe.v1.prices.retrieve(made).product == product) is (what == "price")
    # Back in use, it is sold again.
    switch(price if what == "price" else product, {"active": True})
    connected.deliver()
    assert health._picked_prices_are_there().state == "good"
    assert desk.sold_with(offer) == price


def test_a_price_that_is_gone_is_said_too(connected: Any, desk: Desk) -> None:
    price = desk.price()
    connected.deliver()
    desk.send(kind="one_time", currency="eur", price_at_stripe_test=price)
    for model, column in ((ListedPrice, "stripe_id"), (Price, "price_id")):
        db.session.execute(update(model).values({column: "price_gone"}))
    db.commit()
    assert sync.now(connections.selling().id, "price", "price_gone")
    assert health._picked_prices_are_there().state == "advice"


def test_our_own_price_that_was_archived_is_made_again_and_is_nobodys_worry(connected: Any, desk: Desk) -> None:
    desk.send(kind="one_time", price="39", currency="eur")
    (offer,) = desk.offers()
    connected.deliver()
    made = desk.sold_with(offer)
    desk.stripe.v1.prices.update(made, {"active": False})
    connected.deliver()
    assert health._picked_prices_are_there().state == "good"
    again = desk.sold_with(offer)
    assert (again != made, desk.stripe.v1.prices.retrieve(again).active) == (True, True)


def test_running_subscriptions_stay_the_offers_when_its_price_is_let_go(connected: Any, desk: Desk) -> None:
    price = desk.price("Monthly", 900, recurring={"interval": "month"})
    connected.deliver()
    desk.send(kind="subscription", interval="month", currency="eur", price_at_stripe_test=price)
    (offer,) = desk.offers()
    person = connected.make.person()
    connected.buy(person, offer)
    connected.deliver()
    edit = f"/{offer.id}/edit"
    assert desk.send(edit, edit, price_at_stripe_test="", promotion="default", open_to="0").status_code == 303
    connected.simulator.advance(days=32)
    connected.deliver()
    assert connected.is_in(person, offer)
    assert catalog.offer_of(connections.selling().id, (price,)) == offer.id


def test_prices_that_no_offer_is_like_are_not_offered(connected: Any, desk: Desk) -> None:
    rare = desk.price("Rare", 900, recurring={"interval": "week", "interval_count": 100})
    other = desk.price("Iceland", 50_000, currency="isk")
    nothing = desk.price("Nothing", 0)
    usual = desk.price("Usual", 900)
    connected.deliver()
    page = desk.page()
    assert [each in page for each in (rare, other, nothing, usual)] == [False, False, False, True]


def test_an_older_reading_leaves_a_newer_one_alone(connected: Any, desk: Desk) -> None:
    price = desk.price()
    connected.work()
    connection = connections.selling()
    db.commit()
    old = listed_prices.fetch_all(desk.stripe, "all")
    desk.stripe.v1.prices.update(price, {"active": False})
    assert sync.now(connection.id, "price", price)
    listed_prices.apply_prices(connection, "all", old)
    listed_prices.apply_product(
        connection, "prod", {"began": clock.real_now() - timedelta(days=1), "product": {"active": True}}
    )
    db.commit()
    assert [row.active for row in db.session.scalars(select(ListedPrice))] == [False]


def test_the_list_takes_names_along_and_archives_what_is_no_longer_on_it(
    connected: Any, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = desk.price("One"), desk.price("Two")
    read_all(connected)
    desk.stripe.v1.products.update(desk.stripe.v1.prices.retrieve(first).product, {"name": "Uno"})
    desk.stripe.v1.prices.update(second, {"active": False})
    # An account with more than we keep is not known to the end, so nothing is taken off.
    monkeypatch.setattr(listed_prices, "MOST", 0)
    read_all(connected)
    assert {row.active for row in db.session.scalars(select(ListedPrice))} == {True}
    monkeypatch.setattr(listed_prices, "MOST", 2000)
    read_all(connected)
    db.rollback()
    found = {row.stripe_id: (row.product_name, row.active) for row in db.session.scalars(select(ListedPrice))}
    assert found == {first: ("Uno", True), second: ("Two", False)}


def test_while_stripe_is_down_the_form_says_so_and_keeps_what_was_typed(
    connected: Any, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    connected.work()
    monkeypatch.setattr(sync, "_PATIENCE_SECONDS", 0.2)
    connected.simulator.go_down()
    answer = desk.send("/prices", kind="one_time", price="49", currency="eur")
    assert answer.status_code == 503
    assert ("Stripe does not answer right now." in answer.text, 'value="49"' in answer.text) == (True, True)


def test_an_endpoint_of_an_older_version_is_asked_for_the_new_types_within_the_hour(connected: Any) -> None:
    ours = connections.endpoint_of(connections.selling().id)
    assert ours is not None
    stripe = connected.simulator.stripe()
    stripe.v1.webhook_endpoints.update(ours.stripe_id, {"enabled_events": ["invoice.paid"]})
    endpoints._change(ours.id, events=["invoice.paid"])
    db.commit()
    reconcile.hourly()
    assert "price.updated" in stripe.v1.webhook_endpoints.retrieve(ours.stripe_id).enabled_events
    connected.simulator.calls()
    reconcile.hourly()
    assert not [call for call in connected.simulator.calls() if "webhook_endpoints" in call]


def test_a_price_that_was_taken_over_before_counts_as_picked_after_the_upgrade(
    both_databases: str, connected: Any
) -> None:
    offer = connected.offer("one_time")
    connected.work()
    with tables_of("stripe", "stripe_0006") as rows:
        (made,) = rows["stripe_price"]
        assert "picked" not in made
        taken = {"price_id": "price_taken", "lookup_key": "", "id": made["id"] + 1, "active": True}
        rows["stripe_price"] = [made, {**made, **taken}]
    found = {row.price_id: row.picked for row in db.session.scalars(select(Price))}
    assert found == {made["price_id"]: False, "price_taken": True}
    assert catalog.price_of(connections.selling().id, offer).price_id == "price_taken"
