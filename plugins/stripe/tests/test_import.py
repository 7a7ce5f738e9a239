"""Taking over an account that was in use before: look, confirm, import; nothing charged, nothing guessed, once."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from lms_stripe import connections, import_look, import_run, reconcile
from lms_stripe.commands import stripe_group
from lms_stripe.models import Customer, ImportLine, Price, Subscription
from sqlalchemy import func, select

from lms.api import accounts, commerce, db


@dataclass
class Before:
    """What was at Stripe before this site: a membership with its members, and something that nobody takes over."""

    connected: Any
    members: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.stripe = self.connected.simulator.stripe()
        self.price = self.new_price("Old membership", 1200)
        self.other = self.new_price("Something else", 500)

    def new_price(self, name: str, amount: int, **more: Any) -> str:
        params = {
            "currency": "eur",
            "unit_amount": amount,
            "recurring": {"interval": "month"},
            "product_data": {"name": name},
        }
        return str(self.stripe.v1.prices.create({**params, **more}).id)

    def member(self, email: str, price: str = "", **more: Any) -> str:
        customer = self.stripe.v1.customers.create({"email": email, "name": email.partition("@")[0].title()})
        method = self.stripe.v1.payment_methods.attach("pm_card_visa", {"customer": customer.id})
        made = self.stripe.v1.subscriptions.create(
            {
                "customer": customer.id, "items": [{"price": price or self.price}],
                "default_payment_method": method.id, **more,
            }
        )  # fmt: skip
        self.members[email] = str(made.id)
        return str(made.id)

    def writes(self) -> list[str]:
        """What was asked of Stripe since the last look that was no reading."""
        return [call for call in self.connected.simulator.calls() if not call.startswith("GET")]


@pytest.fixture
def before(connected: Any) -> Before:
    return Before(connected)


@pytest.fixture
def owner(connected: Any, sign_in: Any) -> Any:
    return sign_in(connected.make.person(role="owner"))


class Desk:
    """The owner in front of the page of the import."""

    def __init__(self, connected: Any, browser: Any) -> None:
        self.stage, self.browser = connected, browser
        self.path = f"/ext/stripe/connections/{connections.selling().id}/import"
        db.rollback()

    @property
    def page(self) -> str:
        answer = self.browser.get(self.path)
        assert answer.status_code == 200
        return str(answer.text)

    def press(self, action: str, **form: str) -> Any:
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', self.page)
        assert token
        answer = self.browser.post(f"{self.path}/{action}", data={"csrf_token": token[1], **form})
        self.stage.work()
        return answer

    def price_field(self, name: str) -> str:
        found = re.search(rf'for="(price-\d+)">{name} is here', self.page)
        assert found, name
        return found[1]


def lines(kind: str) -> dict[str, tuple[str, str]]:
    db.rollback()
    rows = db.session.scalars(select(ImportLine).where(ImportLine.kind == kind))
    return {row.facts.get("email") or row.facts["product_name"]: (row.state, row.note) for row in rows}


def test_an_account_is_looked_at_confirmed_and_taken_over(
    connected: Any, before: Before, owner: Any, letters: Callable[[], list[Any]]
) -> None:
    offer = connected.offer(amount=1200)
    anna = connected.make.person(email="anna@example.org")
    unproven = connected.make.person(email="berta@example.org", verified=False)
    for email in ("anna@example.org", "berta@example.org", "carl@example.org"):
        before.member(email)
    before.member("dora@example.org", before.other)
    connected.seen = {event["id"] for event in connected.undelivered()}
    connected.work()
    desk = Desk(connected, owner)
    assert "Nothing was looked at yet" in desk.page
    connected.simulator.calls()
    desk.press("look")
    page = desk.page
    for part in ("Old membership", "Something else", "€12.00", "Proposed: the offer", "anna@example.org"):
        assert part in page, part
    # Looking is all: nobody is linked, nothing is sold, nothing is made at Stripe.
    assert (db.session.scalar(select(func.count(Subscription.id))), before.writes()) == (0, [])
    assert db.session.scalar(select(func.count(Customer.id)).where(Customer.linked_by == "import")) == 0

    sent = {desk.price_field("Old membership"): f"offer:{offer.id}", desk.price_field("Something else"): "leave"}
    desk.press("rules", people="match", do="keep", **sent)
    assert db.session.scalar(select(func.count(Subscription.id))) == 0
    desk.press("rules", people="match", do="import", **sent)
    assert lines("subscription") == {
        "anna@example.org": ("done", ""),
        "berta@example.org": ("skipped", "An account has this address, but nobody has confirmed that it is theirs."),
        "carl@example.org": ("skipped", "Nobody here has this address."),
        "dora@example.org": ("skipped", "Its price is left alone."),
    }
    assert (connected.is_in(anna, offer), connected.is_in(unproven, offer)) == (True, False)
    (order,) = commerce.orders_of(anna.id)
    assert (order.state, order.reason, order.total) == ("paid", "adopted", 1200)
    assert before.writes() == []

    # Another rule takes the rest over, and tells whoever is new, once.
    desk.press("rules", people="create", invites="1", do="import", **sent)
    desk.press("rules", people="create", invites="1", do="import", **sent)
    carl = accounts.by_email("carl@example.org")
    assert carl is not None
    assert connected.is_in(carl, offer)
    assert accounts.by_email("dora@example.org") is None
    connected.work()
    assert [(letter["To"], letter["Subject"]) for letter in letters()] == [
        ("carl@example.org", "Your account is ready")
    ]
    assert before.writes() == []
    assert "Taken over" in desk.page
    # It is charged next month as before, and the charge belongs to the order.
    connected.simulator.advance(days=32)
    connected.deliver()
    assert connected.is_in(anna, offer)
    story = owner.get(f"/admin/orders/{order.number}").text
    assert ("Taken over from the provider" in story, "Paid, €12.00" in story) == (True, True)


def test_importing_twice_or_after_a_crash_takes_each_thing_over_once(
    both_databases: str, connected: Any, before: Before, monkeypatch: pytest.MonkeyPatch
) -> None:
    product = connected.make.product(connected.make.course(lessons=1, sections=1))
    people = [connected.make.person(email=f"m{number}@example.org") for number in range(4)]
    for person in people:
        before.member(person.email)
    row = import_look.begin(connections.selling())
    db.commit()
    import_look.look(row.id)
    (price,) = db.session.scalars(select(ImportLine).where(ImportLine.stripe_id == before.price))
    import_run.decide(row, {price.id: f"product:{product.id}"}, "match", invites=False, actor_id=None)
    db.commit()
    adopt = commerce.adopt_order
    count = 0

    def breaks(*given: Any, **more: Any) -> Any:
        nonlocal count
        count += 1
        if count == 3:
            raise RuntimeError("the power is gone")
        return adopt(*given, **more)

    monkeypatch.setattr(commerce, "adopt_order", breaks)
    with pytest.raises(RuntimeError):
        import_run.run(row.id)
    db.rollback()
    assert [state for state, _note in lines("subscription").values()].count("done") == 2
    for _again in range(2):
        import_run.run(row.id)
    connected.work()
    assert [len(commerce.orders_of(person.id)) for person in people] == [1] * 4
    assert [len(commerce.subscriptions_of(person.id)) for person in people] == [1] * 4
    (offer,) = commerce.offers_of_product(product.id)
    assert (offer.amount, offer.interval) == (1200, "month")
    # Looking again finds nothing that is not here.
    again = import_look.begin(connections.selling())
    db.commit()
    import_look.look(again.id)
    assert import_run.counts(again.id).who == {}
    # The new offer is sold with the price that was there.
    assert db.session.scalar(select(Price.price_id).where(Price.offer_id == offer.id)) == before.price


def test_looking_goes_on_where_it_stopped(connected: Any, before: Before, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(5):
        before.member(f"m{number}@example.org")
    monkeypatch.setattr(import_look, "_A_PAGE", 2)
    row = import_look.begin(connections.selling())
    db.commit()
    keep, kept = import_look._keep, 0

    def breaks(*given: Any) -> None:
        nonlocal kept
        kept += 1
        if kept == 4:
            raise RuntimeError("the power is gone")
        keep(*given)

    monkeypatch.setattr(import_look, "_keep", breaks)
    with pytest.raises(RuntimeError):
        import_look.look(row.id)
    db.rollback()
    import_look.begin(connections.selling())
    db.commit()
    connected.simulator.calls()
    import_look.look(row.id)
    assert sorted(lines("subscription")) == [f"m{number}@example.org" for number in range(5)]
    assert "GET /v1/prices" not in connected.simulator.calls()


def test_a_price_that_no_offer_is_like_is_left_alone(connected: Any, before: Before, owner: Any) -> None:
    row = import_look.begin(connections.selling())
    db.commit()
    import_look.look(row.id)
    line = db.session.scalars(select(ImportLine).where(ImportLine.stripe_id == before.other)).one()
    line.note = "unlike"
    db.commit()
    desk = Desk(connected, owner)
    assert "No offer is like it" in desk.page
    answer = desk.press("rules", people="match", **{f"price-{line.id}": "product:1"})
    assert answer.status_code == 409
    assert "No offer is like the price of Something else." in answer.text
    assert desk.press("rules", people="everybody").status_code == 409
    assert desk.press("rules", people="match", **{"price-999": "leave"}).status_code == 409


def test_what_is_left_alone_does_not_drift_every_night(connected: Any, before: Before) -> None:
    offer = connected.offer(amount=1200)
    before.member("stranger@example.org")
    row = import_look.begin(connections.selling())
    db.commit()
    import_look.look(row.id)
    (line,) = db.session.scalars(select(ImportLine).where(ImportLine.stripe_id == before.price))
    import_run.decide(row, {line.id: f"offer:{offer.id}"}, "leave", invites=False, actor_id=None)
    db.commit()
    import_run.run(row.id)
    connected.work()
    run = reconcile.ask(connections.selling(), "everything")
    assert (run.drifted, run.foreign_objects) == (0, 1)


def test_while_stripe_is_down_the_page_says_so_and_looking_goes_on_later(
    connected: Any, before: Before, owner: Any
) -> None:
    desk = Desk(connected, owner)
    connected.simulator.go_down()
    desk.press("look")
    assert "Stripe could not be read to the end." in desk.page
    connected.simulator.come_back()
    desk.press("look")
    assert "Old membership" in desk.page


def test_the_command_line_looks_first_and_imports_what_was_confirmed(connected: Any, before: Before) -> None:
    offer, anna = connected.offer(amount=1200), connected.make.person(email="anna@example.org")
    before.member("anna@example.org")
    db.rollback()
    runner = connected.site.app.test_cli_runner()
    looked = runner.invoke(stripe_group, ["import", "--dry-run", "--json"])
    assert looked.exit_code == 0, looked.output
    told = json.loads(looked.output)
    (price,) = [each for each in told["prices"] if each["id"] == before.price]
    assert (price["equal_offers"], price["decision"]) == ([offer.id], "")
    assert told["subscriptions"] == {"waiting": {"match": 1}, "taken_over": 0, "left_out": 0}
    assert not connected.is_in(anna, offer)
    refused = runner.invoke(stripe_group, ["import"])
    assert (refused.exit_code, "Nobody has confirmed" in refused.output) == (1, True)
    row = import_look.of(connections.selling().id)
    assert row is not None
    line = db.session.scalars(select(ImportLine).where(ImportLine.stripe_id == before.price)).one()
    import_run.decide(row, {line.id: f"offer:{offer.id}"}, "match", invites=False, actor_id=None)
    db.commit()
    done = runner.invoke(stripe_group, ["import", "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.output)["subscriptions"]["taken_over"] == 1
    assert connected.is_in(anna, offer)


def test_the_page_is_the_owners_and_costs_the_same_for_many_lines(
    connected: Any, before: Before, owner: Any, sign_in: Any, queries: Any
) -> None:
    before.member("m0@example.org")
    desk = Desk(connected, owner)
    desk.press("look")
    assert desk.page
    with queries.counted() as few:
        assert desk.page
    few = list(few)
    for number in range(1, 8):
        before.member(f"m{number}@example.org")
    desk.press("look")
    with queries.at_most(len(few)):
        assert desk.page.count("@example.org</strong>") == 8
    assert sign_in(connected.make.person(role="editor")).get(desk.path).status_code == 403
