"""``python -m bench.flood``: ten thousand events, each sent twice, in random order, while the worker is killed.

What is measured: how long the intake of one takes, and how long until the site knows what Stripe knows. What has to
come out: nothing lost, nothing in the database twice. ``--events``, ``--kills`` and ``--people`` change the size.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from lms_stripe import client, connect, simulator_clock, tasks
from lms_stripe.checkout import StripePayments
from lms_stripe.models import Event, Subscription, SyncTask
from lms_stripe_simulator import testing
from sqlalchemy import func, select, update
from stripe import WebhookSignature

from bench.clicks import simulator
from bench.measure import environ
from lms import db
from lms.access import services as access
from lms.access.models import Grant
from lms.base import clock
from lms.commerce import services as commerce
from lms.commerce.models import Payment
from lms.jobs.models import JobRow, State
from lms.mail.models import Message
from lms.testing import sites
from lms.testing.makers import Makers

EVENTS, KILLS, PEOPLE, AT_A_TIME, MONTHS = 10_000, 100, 100, 4, 12
_A_LIFE = (0.4, 1.6)
"""How long a worker lives that is to be killed, in seconds after it began to work."""


@dataclass
class Worker:
    """The worker as a process, killed (``kill -9``) again and again until it has been often enough."""

    environment: dict[str, str]
    site: sites.TestSite
    kills: int
    killed: int = 0
    _process: subprocess.Popen[bytes] | None = None
    _over: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        """Begin a life."""
        command = [sys.executable, "-m", "lms", "worker"]
        self._process = subprocess.Popen(
            command, env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def haunt(self) -> None:
        """Kill it while it works, and let the next one take over at once, as if its lease had ended."""
        dice = random.Random(1)
        while self.killed < self.kills and not self._over.is_set():
            time.sleep(dice.uniform(*_A_LIFE) + 1.0)
            self._kill()
            self.start()

    def _kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        self.killed += 1
        with self.site.app.app_context():
            past = clock.real_now() - timedelta(seconds=1)
            db.session.execute(update(JobRow).where(JobRow.state == State.RUNNING).values(due_at=past))
            db.session.execute(update(SyncTask).where(SyncTask.lease_until.is_not(None)).values(lease_until=past))
            tasks.wake_when_due()
            db.commit()

    def stop(self) -> None:
        """The last one ends as well."""
        self._over.set()
        if self._process is not None:
            self._process.kill()
            self._process.wait()


class Silent:
    """In the place of the way to Stripe: whoever calls while events are taken is found out."""

    name = "silent"
    calls = 0

    def request(self, *_arguments: Any, **_options: Any) -> Any:
        """Count, and refuse."""
        Silent.calls += 1
        raise AssertionError("The intake called Stripe.")

    request_with_retries = request


def buyers(running: testing.Running, count: int) -> list[tuple[int, int]]:
    """People who pay every month: each with the product."""
    make = Makers()
    offer = make.offer(make.product(make.course(lessons=1, sections=1)), kind="subscription", amount=900)
    found = []
    for _number in range(count):
        person = make.person()
        order = commerce.place_order(person.id, offer.id, "stripe", clock.now())
        db.commit()
        running.pay_checkout(StripePayments().start(order, offer.checkout_path))
        found.append((person.id, offer.product_id))
    return found


def life(running: testing.Running, wanted: int) -> None:
    """Months go by, some cancel, and somebody's program writes on customers and subscriptions all the time."""
    stripe = client.build(running.key())
    dice = random.Random(2)
    for _month in range(MONTHS):
        running.advance(timedelta(days=31).total_seconds(), deliver=False)
    listed = list(stripe.v1.subscriptions.list({"limit": 100}).auto_paging_iter())
    for each in listed:
        if dice.random() < 0.2:
            stripe.v1.subscriptions.cancel(each.id)
        elif dice.random() < 0.2:
            stripe.v1.subscriptions.update(each.id, {"cancel_at_period_end": True})
    alive = list(stripe.v1.subscriptions.list({"limit": 100}).auto_paging_iter())
    known, number = set(enabled(running)), 0
    there = sum(1 for event in all_events(running) if event["type"] in known)
    while there + number < wanted:
        each = dice.choice(alive)
        marks: Any = {"metadata": {"touched": str(number)}}
        if number % 2:
            stripe.v1.customers.update(str(each.customer), marks)
        else:
            stripe.v1.subscriptions.update(each.id, marks)
        number += 1


def enabled(running: testing.Running) -> list[str]:
    """The types that our endpoint asked for."""
    found: list[str] = running.state()["endpoints"][0]["enabled_events"]
    return found


def all_events(running: testing.Running) -> list[dict[str, Any]]:
    """Every event of the simulator."""
    stripe = client.build(running.key())
    return [client.plain(each) for each in stripe.v1.events.list({"limit": 100}).auto_paging_iter()]


def deliver(site: sites.TestSite, endpoint: Any, events: list[dict[str, Any]]) -> list[float]:
    """Post them from several threads, each signed as Stripe signs; milliseconds of each."""

    def post(event: dict[str, Any]) -> float:
        body = json.dumps(event, indent=2)
        signature = WebhookSignature.generate_signature_header(body, endpoint["secret"])
        path = "/" + endpoint["url"].split("/", 3)[3]
        request = environ(path, method="POST", data=body, headers={"Stripe-Signature": signature})
        seen: list[str] = []
        began = time.perf_counter()
        b"".join(site.app.wsgi_app(request, lambda status, headers, exc_info=None: seen.append(status)))
        took = (time.perf_counter() - began) * 1000
        assert seen[0].startswith("200"), seen
        return took

    with ThreadPoolExecutor(AT_A_TIME) as threads:
        return list(threads.map(post, events))


@contextmanager
def silence() -> Iterator[None]:
    """Nothing may call Stripe meanwhile."""
    client.http_client_factory = Silent
    try:
        yield
    finally:
        client.http_client_factory = None


def wait(most: float) -> float:
    """Until nothing waits to be read and no letter to be written; seconds. Raises ``TimeoutError``."""
    began = time.monotonic()
    while True:
        left = tasks.waiting()
        busy = db.session.scalar(select(func.count()).where(JobRow.name == "stripe.sync", JobRow.state != State.DONE))
        db.rollback()
        if not left:
            return time.monotonic() - began
        if time.monotonic() - began > most:
            raise TimeoutError(f"{left} objects wait, {busy} jobs")
        time.sleep(0.2)


def differences(running: testing.Running, people: list[tuple[int, int]]) -> list[str]:
    """What is not as Stripe has it, or is there twice; empty when all is well."""
    stripe = client.build(running.key())
    listed = {
        each.id: each for each in stripe.v1.subscriptions.list({"status": "all", "limit": 100}).auto_paging_iter()
    }
    rows = db.session.execute(select(Subscription.stripe_id, Subscription.status, Subscription.person_id)).all()
    wrong = [f"{id_} is {status}" for id_, status, _person in rows if listed[id_].status != status]
    if len(rows) != len(listed):
        wrong.append(f"{len(rows)} subscriptions, {len(listed)} at Stripe")
    runs = {int(each.metadata["person"]): each.status for each in listed.values()}
    for person_id, product_id in people:
        is_in = access.decide_product(person_id, product_id, clock.now()).allowed
        if is_in is not (runs[person_id] in ("active", "trialing")):
            wrong.append(f"person {person_id} is {'in' if is_in else 'out'}, the subscription {runs[person_id]}")
    paid = sum(1 for each in stripe.v1.invoices.list({"status": "paid", "limit": 100}).auto_paging_iter())
    booked = db.session.scalar(select(func.count(Payment.id)))
    keys = Counter(key.split(".")[1] for (key,) in db.session.execute(select(Message.key)))
    grants = db.session.scalar(select(func.count(Grant.id)))
    for what, there, here in (
        ("payments", paid, booked),
        ("receipts", paid, keys["order_paid"] + keys["payment_received"]),
        ("letters of an end", sum(each.status == "canceled" for each in listed.values()), keys["subscription_ended"]),
        ("grants", len(listed), grants),
    ):
        if there != here:
            wrong.append(f"{here} {what} for {there}")
    db.rollback()
    return wrong


def main() -> int:
    """Print the figures; 1 when something is lost, twice or too slow."""
    asked = argparse.ArgumentParser(description=__doc__)
    for name, standard in (("events", EVENTS), ("kills", KILLS), ("people", PEOPLE)):
        asked.add_argument(f"--{name}", type=int, default=standard)
    size = asked.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with (
            simulator(folder / "simulator") as running,
            sites.site(folder, plugins=("stripe",), stripe_api_base=running.url) as site,
        ):
            return _run(site, running, size)


def _run(site: sites.TestSite, running: testing.Running, size: argparse.Namespace) -> int:
    connect.begin(running.key(), actor_id=None)
    people = buyers(running, size.people)
    life(running, size.events)
    simulator_clock.follow()
    known = set(enabled(running))
    events = [event for event in all_events(running) if event["type"] in known][: max(size.events, 1) * 2]
    twice = events * 2
    random.Random(3).shuffle(twice)
    endpoint = running.state()["endpoints"][0]
    environment = {**os.environ, "LMS_INSTANCE": str(site.config.instance), "LMS_ENV": "test"}
    environment |= {"LMS_SITE_URL": site.config.site_url, "LMS_DATABASE_URL": site.config.database_url}
    environment |= {"LMS_STRIPE_API_BASE": running.url, "LMS_MAIL": "outbox"}
    worker = Worker(environment, site, size.kills)
    print(
        f"{len(events)} events of {size.people} people, each twice, in random order, {AT_A_TIME} at a time", flush=True
    )
    db.commit()
    worker.start()
    haunting = threading.Thread(target=worker.haunt, daemon=True)
    haunting.start()
    try:
        began = time.monotonic()
        with silence():
            took = sorted(deliver(site, endpoint, twice))
        seconds = time.monotonic() - began
        median, late = took[len(took) // 2], took[int(len(took) * 0.95)]
        print(
            f"  intake     {len(twice) / seconds:.0f} a second, median {median:.1f} ms, p95 {late:.1f} ms", flush=True
        )
        haunting.join()
        settled = wait(1800)
        print(f"  settled    {settled:.0f} s after the last of {worker.killed} kills; {_fetches(running)}", flush=True)
    finally:
        worker.stop()
    stored = db.session.scalar(select(func.count(Event.id)))
    db.rollback()
    wrong = differences(running, people)
    if stored != len(events):
        wrong.append(f"{stored} events are stored")
    if Silent.calls:
        wrong.append(f"the intake called Stripe {Silent.calls} times")
    for each in wrong[:20]:
        print(f"  WRONG: {each}")
    print("  nothing lost, nothing twice" if not wrong else f"  {len(wrong)} things are wrong")
    over = median > 20
    if over:
        print(f"  over: the intake's median is {median:.1f} ms, the bar 20")
    return 1 if wrong or over else 0


def _fetches(running: testing.Running) -> str:
    return f"{running.control('GET', 'requests')['count']} requests in the log of Stripe"


if __name__ == "__main__":
    sys.exit(main())
