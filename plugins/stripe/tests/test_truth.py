"""Whoever paid is in, whoever did not is not, after any sequence of events, faults and crashes.

A Hypothesis machine does to a site and the simulator what life does, in any order. Whenever it settles, what is open on
the site is compared with what the simulator's objects demand (``truth``). ``make soak`` runs it a thousand times.
"""

from __future__ import annotations

import json
import os
import random
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
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
from lms_stripe import client, connect, connections, leaving, portal, reconcile, simulator_clock, sync, tasks
from lms_stripe.checkout import StripePayments
from lms_stripe.models import Event, SyncTask
from lms_stripe_simulator import inside, testing
from sqlalchemy import func, select, update
from stripe import WebhookSignature

from lms.api import access, clock, commerce, db
from lms.api.problem import Problem
from lms.testing import sites
from lms.testing.makers import Makers, session_cookie

sys.path.insert(0, str(Path(__file__).parent))
import truth

RUNS = int(os.environ.get("LMS_SOAK_RUNS", "0"))
STEPS = 30
SETTLED_WITHIN = 3
WAYS = ("4242424242424242", "3ds", "sepa", "sepa_fails", "declines", "declines_later", "3ds_always", "refunds_late")
TERMS = (
    {"kind": "one_time", "amount": 4900},
    {"kind": "one_time", "amount": 2900, "access_days": 30},
    {"kind": "subscription", "amount": 900},
    {"kind": "subscription", "amount": 9000, "interval": "year"},
    {"kind": "subscription", "amount": 1900},
    {"kind": "subscription", "amount": 700, "trial_days": 14},
    {"kind": "instalments", "amount": 1500, "interval": "month", "instalments": 2},
)
PLANS = (2, 3, 4)


class Killed(BaseException):
    """The worker is gone, with whatever it was doing."""


class World:
    """The site and the simulator, connected in both modes, with people and offers; every run begins with it."""

    def __init__(self, site: sites.TestSite, simulator: inside.Inside) -> None:
        self.site, self.simulator = site, simulator
        make = Makers()
        self.people = [make.person(), make.person()]
        self.owner = make.person(role="owner")
        products = [make.product(make.course(lessons=1, sections=1)) for _ in range(6)]
        of = (0, 1, 2, 2, 3, 4, 5)
        self.offers = [make.offer(products[n], **terms) for n, terms in zip(of, TERMS, strict=True)]
        self.terms = {o.id: truth.Terms(o.product_id, o.access_days, instalments=o.instalments) for o in self.offers}
        self.keys = {live: simulator.key("live" if live else "test") for live in (False, True)}
        for live in (False, True):
            connect.begin(self.keys[live], actor_id=None)
        db.commit()
        self.site.jobs.run_due()
        self.kept = site.remember(), simulator.remember()
        self.runs, self.steps, self.settled = 0, 0, 0
        self.done: Counter[str] = Counter()

    def begin(self) -> None:
        """As at the beginning."""
        self.site.restore(self.kept[0])
        self.simulator.restore(self.kept[1])
        simulator_clock.follow()
        self.runs += 1

    def stripe(self, live: bool = False) -> Any:
        """What somebody does at Stripe by other means."""
        return stripe.StripeClient(
            self.keys[live], http_client=inside.Client(self.simulator), base_addresses={"api": self.simulator.url}
        )


WORLD: World
picks = st.integers(0, 10**6)
# With which a run begins: who buys what and pays how, whether they come back to the site, whether it hears of it.
PURCHASES = st.lists(
    st.tuples(
        st.sampled_from((0, 1)),
        st.integers(0, len(TERMS) - 1),
        st.sampled_from(WAYS),
        st.booleans(),
        st.booleans(),
    ),
    min_size=1,
    max_size=4,
)


class Life(RuleBasedStateMachine):
    """One run: what happens at Stripe, on the way, and on the site."""

    @initialize(purchases=PURCHASES)
    def begin(self, purchases: list[tuple[int, int, str, bool, bool]]) -> None:
        """As at the beginning, then some buy: most rules have something to do only where somebody has paid."""
        self.world = WORLD
        self.world.begin()
        self.sessions: list[str] = []
        self.heard = {event["id"] for _live, event in self.world.simulator.events()}
        self.lost: set[str] = set()
        for who, what, way, returns, is_heard in purchases:
            known = len(self.sessions)
            self.press_buy(who, what)
            if len(self.sessions) > known:
                self.pay(known, way, returns)
            if is_heard:
                self.deliver()

    @invariant()
    def count(self) -> None:
        """After each step."""
        self.world.steps += 1

    # -- what people do on the site

    @rule(who=st.sampled_from((0, 1)), what=st.integers(0, len(TERMS) - 1))
    def press_buy(self, who: int, what: int) -> None:
        person, offer = self.world.people[who], self.world.offers[what]
        with self._may_be_refused():
            order = commerce.place_order(person.id, offer.id, "stripe", clock.now())
            db.commit()
            address = StripePayments().start(order, offer.checkout_path)
            if "/c/pay/" in address and address not in self.sessions:
                self.sessions.append(address)

    @precondition(lambda self: self.sessions)
    @rule(pick=picks, way=st.sampled_from(WAYS), returns=st.booleans())
    def pay(self, pick: int, way: str, returns: bool) -> None:
        address = self.sessions[pick % len(self.sessions)]
        with suppress(testing.Declined):
            self.world.simulator.pay_checkout(address, way)
        if returns:
            with self._may_be_refused():
                connection = next(
                    c
                    for c in connections.all_of_them()
                    if c.livemode is address.rpartition("/")[2].startswith("cs_live")
                )
                sync.checkout(connection.id, address.rpartition("/")[2])

    @rule(pick=picks)
    def open_the_portal(self, pick: int) -> None:
        live, customer = self._any("customer", pick)
        with self._may_be_refused():
            connection = next(c for c in connections.in_use() if c.livemode is live)
            portal.open_session(connection, customer["id"], "https://school.example/account")

    # -- what happens at Stripe

    @rule(pick=picks, how=st.sampled_from(("now", "period_end", "back", "at")))
    def cancel(self, pick: int, how: str) -> None:
        live, each = self._any("subscription", pick)
        changes: dict[str, Any] = {"cancel_at_period_end": how == "period_end"}
        if how == "at":
            changes = {"cancel_at": self.now + 10 * truth.DAY}
        elif how == "back":
            changes = {"cancel_at": ""}
        api = self.world.stripe(live).v1.subscriptions
        with suppress(stripe.StripeError):
            api.cancel(each["id"]) if how == "now" else api.update(each["id"], changes)

    @rule(pick=picks, how=st.sampled_from(("pause", "resume", "rest", "go on")))
    def pause(self, pick: int, how: str) -> None:
        live, each = self._any("subscription", pick)
        api = self.world.stripe(live).v1.subscriptions
        with suppress(stripe.StripeError):
            if how in ("pause", "resume"):
                getattr(api, how)(each["id"])
            else:
                api.update(each["id"], {"pause_collection": {"behavior": "void"} if how == "rest" else ""})

    @rule(pick=picks, plan=st.sampled_from(PLANS), bills=st.sampled_from(("always_invoice", "none")))
    def upgrade(self, pick: int, plan: int, bills: str) -> None:
        live, each = self._any("subscription", pick)
        marks = {"offer": str(self.world.offers[plan].id)}
        price = next(p["id"] for p in self._objects("price", live) if p["metadata"].get("offer") == marks["offer"])
        item = {"id": each["items"]["data"][0]["id"], "price": price}
        with suppress(stripe.StripeError):
            self.world.stripe(live).v1.subscriptions.update(each["id"], {"items": [item], "proration_behavior": bills})

    @rule(pick=picks, way=st.sampled_from(("pm_card_visa", "pm_card_chargeCustomerFail")))
    def change_the_card(self, pick: int, way: str) -> None:
        live, each = self._any("subscription", pick)
        api = self.world.stripe(live).v1
        with suppress(stripe.StripeError):
            method = api.payment_methods.attach(way, {"customer": each["customer"]})
            api.subscriptions.update(each["id"], {"default_payment_method": method.id})

    @rule(pick=picks)
    def pay_what_is_owed(self, pick: int) -> None:
        live, each = self._any("invoice", pick, lambda i: i["status"] == "open")
        with suppress(stripe.StripeError):
            self.world.stripe(live).v1.invoices.pay(each["id"])

    @rule(pick=picks, part=st.sampled_from((1, 2)))
    def refund(self, pick: int, part: int) -> None:
        live, each = self._any("charge", pick)
        with suppress(stripe.StripeError):
            amount = max((each["amount"] - each["amount_refunded"]) // part, 1)
            self.world.stripe(live).v1.refunds.create({"charge": each["id"], "amount": amount})

    @rule(pick=picks, outcome=st.sampled_from(("succeeded", "failed", "canceled")))
    def end_a_refund(self, pick: int, outcome: str) -> None:
        self._control(f"refunds/{self._any('refund', pick)[1]['id']}", {"outcome": outcome})

    @rule(pick=picks, status=st.sampled_from(("needs_response", "warning_needs_response")))
    def dispute(self, pick: int, status: str) -> None:
        self._control("disputes", {"charge": self._any("charge", pick)[1]["id"], "status": status})

    @rule(pick=picks, outcome=st.sampled_from(("won", "lost", "prevented", "warning_closed", "escalate", "appeal")))
    def decide_a_dispute(self, pick: int, outcome: str) -> None:
        self._control(f"disputes/{self._any('dispute', pick)[1]['id']}", {"outcome": outcome})

    @rule(pick=picks, outcome=st.sampled_from(("succeeded", "failed")))
    def settle_a_debit(self, pick: int, outcome: str) -> None:
        intent = self._any("payment_intent", pick, lambda i: i["status"] == "processing")[1]
        self._control(f"payments/{intent['id']}/settle", {"outcome": outcome})

    @rule(pick=picks)
    def delete_a_customer(self, pick: int) -> None:
        live, each = self._any("customer", pick)
        with suppress(stripe.StripeError):
            self.world.stripe(live).v1.customers.delete(each["id"])

    @rule(pick=picks)
    def close_a_session(self, pick: int) -> None:
        live, each = self._any("checkout.session", pick, lambda s: s["status"] == "open")
        with suppress(stripe.StripeError):
            self.world.stripe(live).v1.checkout.sessions.expire(each["id"])

    @rule(hours=st.sampled_from((1, 7, 24, 3 * 24, 8 * 24, 20 * 24, 35 * 24)))
    def advance(self, hours: int) -> None:
        self._control("clock", {"advance": hours * 3600, "deliver": False})
        simulator_clock.follow()

    @rule(ending=st.sampled_from(("canceled", "unpaid", "past_due", "paused")))
    def choose_how_failed_renewals_end(self, ending: str) -> None:
        self._control("settings", {"retries_end": ending})

    # -- what the owner does

    @rule(live=st.booleans())
    def switch_mode(self, live: bool) -> None:
        connection = next(c for c in connections.all_of_them() if c.livemode is live)
        if connection.is_usable:
            connections.sell_with(connection.id)
        db.commit()

    @rule(live=st.booleans())
    def disconnect(self, live: bool) -> None:
        connection = next(c for c in connections.all_of_them() if c.livemode is live)
        if connection.status != "disconnected":
            with self._may_be_refused():
                leaving.disconnect(connection, actor_id=None)

    @rule(live=st.booleans())
    def reconnect(self, live: bool) -> None:
        with self._may_be_refused():
            connect.begin(self.world.keys[live], actor_id=None)

    # -- what happens on the way

    @rule()
    def deliver(self) -> None:
        for live, event in self._pending():
            self._post(live, event)
        self._work()

    @rule(seed=picks, works=st.booleans())
    def deliver_some_shuffled_and_twice(self, seed: int, works: bool) -> None:
        dice = random.Random(seed)
        waiting = self._pending()
        chosen = [each for each in waiting if dice.random() < 0.6]
        chosen += [each for each in chosen if dice.random() < 0.4]
        dice.shuffle(chosen)
        for live, event in chosen:
            self._post(live, event)
        if works:
            self._work()

    @rule(seed=picks)
    def deliver_again_what_was_heard_long_ago(self, seed: int) -> None:
        old = [each for each in self.world.simulator.events() if each[1]["id"] in self.heard - self.lost]
        for live, event in random.Random(seed).sample(old, min(len(old), 5)):
            self._post(live, event)

    @rule(seed=picks)
    def lose(self, seed: int) -> None:
        dice = random.Random(seed)
        self.lost |= {event["id"] for _live, event in self._pending() if dice.random() < 0.5}

    @rule(pick=picks)
    def forge(self, pick: int) -> None:
        told = self.world.simulator.events()
        live, event = told[pick % len(told)]
        before = db.session.scalar(select(func.count(Event.id)))
        db.rollback()
        # Where the endpoint of a connection that was given up could not be deleted, nobody listens there any longer.
        refused = 404 if self._is_given_up(live) else 400
        assert self._post(live, event | {"id": f"evt_forged{pick}"}, secret="whsec_of_nobody") in (None, refused)
        assert db.session.scalar(select(func.count(Event.id))) == before
        db.rollback()

    @rule()
    def work(self) -> None:
        self._work()

    @rule(at=st.integers(1, 12), after=st.booleans())
    def kill_the_worker(self, at: int, after: bool) -> None:
        count, commit = 0, db.commit

        def dies() -> None:
            nonlocal count
            count += 1
            if count == at and not after:
                raise Killed
            commit()
            if count == at:
                raise Killed

        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(db, "commit", dies)
            with suppress(Killed):
                sync.run()
        db.rollback()

    @rule(fault=st.sampled_from(("429", "500", "after")), times=st.integers(1, 6))
    def stumble(self, fault: str, times: int) -> None:
        more = {"after": True} if fault == "after" else {}
        body = {"fault": "500" if fault == "after" else fault, "route": "*", "next": times}
        self._control("faults", body | more)

    @rule()
    def look_things_over(self) -> None:
        reconcile.hourly()
        self._work()

    # -- and then it settles

    @rule()
    def settle(self) -> None:
        """Time goes by: Stripe answers, leases end, what is to come comes, and what was lost is looked for."""
        world = self.world
        world.simulator.control("DELETE", "faults")
        db.rollback()
        for row in connections.all_of_them():
            if not row.is_usable:
                connect.begin(world.keys[row.livemode], actor_id=None)
        db.commit()
        for _round in range(4):
            self._free()
            for live, event in self._pending():
                self._post(live, event)
            self._work(later=True)
            reconcile.hourly()
            reconcile.nightly()
            self._free()
            self._work(later=True)
            if not tasks.waiting() and not self._pending():
                break
        db.rollback()
        assert (tasks.waiting(), tasks.dead()) == (0, 0)
        self._check()
        world.settled += 1

    def _check(self) -> None:
        world = self.world
        simulator_clock.follow()
        there = truth.Truth(world.simulator.data, world.terms)
        demanded = there.doors()
        world.done["doors that were open"] += len(demanded)
        world.done["subscriptions"] += len(there.all["subscription"])
        world.done["payments"] += len(there.all["charge"])
        now = clock.now()
        for person in world.people:
            for product in sorted({o.product_id for o in world.offers}):
                decision = access.decide_product(person.id, product, now)
                wanted = demanded.get((person.id, product))
                until = int(decision.until.timestamp()) if decision.until else truth.FOREVER
                said = f"{person.name}, product {product}: {decision}, the truth is {wanted} at {there.now}"
                if wanted and min(wanted) - there.now < SETTLED_WITHIN:
                    continue
                assert decision.allowed is (wanted is not None), said
                assert wanted is None or min(abs(until - each) for each in wanted) <= SETTLED_WITHIN, said
        db.rollback()
        if there.pays_twice():
            browser = world.site.client()
            name, value = session_cookie(world.owner.id)
            browser.set_cookie(name, value, domain=world.site.config.host)
            assert "two subscriptions to one product" in browser.get("/admin/health").text
        assert self._books() == there.books()
        self._count_letters(there)

    @staticmethod
    def _books() -> dict[int, tuple[int, int, int]]:
        """What the site has in its books, as ``Truth.books`` has it."""
        tables = db.Model.metadata.tables
        paid, back = tables["commerce_payment"], tables["commerce_refund"]
        gone = select(func.coalesce(func.sum(back.c.amount), 0)).where(
            back.c.payment_id == paid.c.id, back.c.state.in_(("pending", "succeeded"))
        )
        found: dict[int, tuple[int, int, int]] = {}
        query = select(paid.c.order_id, paid.c.amount, gone.scalar_subquery()).where(paid.c.amount > 0)
        for order_id, amount, returned in db.session.execute(query):
            count, came, went = found.get(order_id, (0, 0, 0))
            found[order_id] = count + 1, came + amount, went + returned
        db.rollback()
        return found

    def _count_letters(self, there: truth.Truth) -> None:
        table = db.Model.metadata.tables["mail_message"]
        keys = [key for (key,) in db.session.execute(select(table.c.key))]
        db.rollback()
        told = Counter(key.split(".")[1] for key in keys if key.startswith("commerce."))
        told["receipts"] = told["order_paid"] + told["payment_received"]
        told["charge_failed"] += told["action_required"]
        for kind, most in there.most_letters().items():
            assert told[kind] <= most, f"{told[kind]} letters {kind} for {most} facts"

    def teardown(self) -> None:
        if hasattr(self, "world") and sys.exc_info()[0] is None:
            self.settle()

    # -- how

    @property
    def now(self) -> int:
        return int(self.world.simulator.data.now())

    def _objects(self, kind: str, live: bool) -> list[Any]:
        rows = self.world.simulator.data.rows(
            "SELECT body FROM object WHERE kind = ? AND livemode = ? ORDER BY seq", kind, live
        )
        return [json.loads(row["body"]) for row in rows]

    def _any(self, kind: str, pick: int, fits: Callable[[Any], bool] = lambda _each: True) -> tuple[bool, Any]:
        """One of them, of either mode; an object without a life of its own where there is none."""
        found = [(live, each) for live in (False, True) for each in self._objects(kind, live) if fits(each)]
        if not found:
            self.world.done["nothing there"] += 1
            item = {"id": "si_none"}
            nothing = {"id": "none", "customer": "none", "amount": 2, "amount_refunded": 0, "items": {"data": [item]}}
            return False, nothing
        return found[pick % len(found)]

    def _control(self, path: str, body: dict[str, Any]) -> None:
        with suppress(ValueError):
            self.world.simulator.control("POST", path, body)

    @contextmanager
    def _may_be_refused(self) -> Iterator[None]:
        """People read a sentence then, and nothing is half done."""
        try:
            yield
        except Problem:
            self.world.done["refused"] += 1
        except StopIteration:
            pass
        finally:
            db.rollback()

    def _pending(self) -> list[tuple[bool, dict[str, Any]]]:
        gone = self.heard | self.lost
        return [each for each in self.world.simulator.events() if each[1]["id"] not in gone]

    def _post(self, live: bool, event: dict[str, Any], secret: str = "") -> int | None:
        """As Stripe delivers it, where an endpoint asks for it; the status of our answer."""
        if not secret:
            self.heard.add(event["id"])
        listening = [e for e in self._objects("webhook_endpoint", live) if e["status"] == "enabled"]
        status = None
        for endpoint in listening:
            if event["type"] in endpoint["enabled_events"]:
                body = json.dumps(event, indent=2)
                signature = WebhookSignature.generate_signature_header(body, secret or endpoint["_secret"])
                path = "/" + endpoint["url"].split("/", 3)[3]
                answer = self.world.site.client().post(path, data=body, headers={"Stripe-Signature": signature})
                status = answer.status_code
                # Stripe could not be told to forget an endpoint whose connection is given up.
                taken = 404 if self._is_given_up(live) else 200
                assert status == (400 if secret and taken == 200 else taken), (status, event)
        return status

    def _is_given_up(self, live: bool) -> bool:
        states = {each.status for each in connections.all_of_them() if each.livemode is live}
        db.rollback()
        return states == {"disconnected"}

    def _work(self, *, later: bool = False) -> None:
        db.rollback()
        when = datetime.now(UTC) + timedelta(days=1) if later else None
        self.world.site.jobs.run_due(at=when)

    def _free(self) -> None:
        """A minute goes by, and an hour: leases end, pauses between attempts are over."""
        past = clock.real_now() - timedelta(seconds=1)
        db.session.execute(update(SyncTask).values(not_before=past))
        db.session.execute(update(SyncTask).where(SyncTask.lease_until.is_not(None)).values(lease_until=past))
        db.commit()


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, judged: Any) -> Iterator[World]:
    """A world without sockets. Requests are judged as in every test."""
    with (
        inside.start(tmp_path / "simulator") as simulator,
        sites.site(tmp_path, plugins=("stripe",), stripe_api_base=simulator.url) as site,
    ):
        quick = inside.Client(simulator)
        if hasattr(judged, "inner"):
            judged.inner = quick
        monkeypatch.setattr(client, "http_client_factory", lambda: judged if hasattr(judged, "inner") else quick)
        monkeypatch.setattr(client, "simulator_state", lambda timeout=0.0: simulator.told())
        monkeypatch.setattr(stripe.HTTPClient, "_sleep_time_seconds", lambda *_arguments: 0)
        yield World(site, simulator)


def live(world: World, runs: int, *, derandomize: bool) -> None:
    global WORLD
    WORLD = world
    chosen = settings(
        max_examples=runs,
        stateful_step_count=STEPS,
        derandomize=derandomize,
        deadline=None,
        database=None,
        print_blob=True,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(Life, settings=chosen)


def test_in_any_order_whoever_paid_is_in_and_nobody_else(world: World) -> None:
    live(world, 6, derandomize=True)
    assert world.runs >= 6


@pytest.mark.skipif(not RUNS, reason="make soak")
@pytest.mark.parametrize("shard", range(int(os.environ.get("LMS_SOAK_SHARDS", "2"))))
def test_soak(world: World, shard: int) -> None:
    runs = RUNS // int(os.environ.get("LMS_SOAK_SHARDS", "2"))
    live(world, runs, derandomize=False)
    print(
        f"\nshard {shard}: {world.runs} runs of up to {STEPS} steps, {world.steps} steps in all, "
        f"settled {world.settled} times; {dict(world.done)}"
    )
    assert world.runs >= runs
