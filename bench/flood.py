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
from dataclasses import dataclass, field, fields
from datetime import timedelta
from pathlib import Path
from typing import Any

from lms_stripe import client, connect, simulator_clock, sync, tasks
from lms_stripe.checkout import StripePayments
from lms_stripe.models import Event, Subscription, SyncTask
from lms_stripe_simulator import testing
from sqlalchemy import func, select, text, update
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

AT_A_TIME = 4
BAR = 20
"""Milliseconds that the intake of an event may take at the median, and be safe on the disk."""
# A year, in steps that are shorter than Stripe keeps its events.
STEPS, A_STEP = 25, timedelta(days=15)
_AT_WORK = (0.0, 0.4)
"""How long a worker goes on that is to be killed, in seconds after it began to read."""
_TOO_LONG = 60.0
"""Seconds within which a worker has to begin."""


@dataclass
class Worker:
    """The worker as a process, killed (``kill -9``) again and again until it has been often enough."""

    environment: dict[str, str]
    site: sites.TestSite
    kills: int
    killed: int = 0
    at_work: int = 0
    """How many of them in the middle of a reading."""
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
            self._wait_until_it_works()
            time.sleep(dice.uniform(*_AT_WORK))
            self._kill()
            self.start()

    def _wait_until_it_works(self) -> None:
        give_up = time.monotonic() + _TOO_LONG
        with self.site.app.app_context():
            before = _readings()
            while _readings() == before and not self._over.is_set():
                if time.monotonic() > give_up:
                    raise TimeoutError(f"a worker did nothing; {tasks.waiting()} objects wait")
                time.sleep(0.02)

    def _kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        with self.site.app.app_context():
            held = select(func.count(SyncTask.id)).where(SyncTask.lease_until.is_not(None))
            self.at_work += bool(db.session.scalar(held))
            past = clock.real_now() - timedelta(seconds=1)
            db.session.execute(update(JobRow).where(JobRow.state == State.RUNNING).values(due_at=past))
            db.session.execute(update(SyncTask).where(SyncTask.lease_until.is_not(None)).values(lease_until=past))
            tasks.wake_when_due()
            db.commit()
        self.killed += 1

    def stop(self) -> None:
        """The last one ends as well."""
        self._over.set()
        if self._process is not None:
            self._process.kill()
            self._process.wait()


def _readings() -> int:
    """How many wishes of events have been served."""
    served = db.session.scalar(select(func.sum(SyncTask.done)))
    db.rollback()
    return int(served or 0)


class Silent:
    """In the place of the way to Stripe: whoever calls while events are taken is found out."""

    name = "silent"
    calls = 0

    def request(self, *_arguments: Any, **_options: Any) -> Any:
        """Count, and refuse."""
        Silent.calls += 1
        raise AssertionError("The intake called Stripe.")

    request_with_retries = request


def buyers(running: testing.Running, connection_id: int, count: int) -> list[tuple[int, int]]:
    """People who pay every month, and come back to the site when they have paid: each with the product."""
    make = Makers()
    offer = make.offer(make.product(make.course(lessons=1, sections=1)), kind="subscription", amount=900)
    found = []
    for _number in range(count):
        person = make.person()
        order = commerce.place_order(person.id, offer.id, "stripe", clock.now())
        db.commit()
        address = StripePayments().start(order, offer.checkout_path)
        running.pay_checkout(address)
        assert sync.checkout(connection_id, address.rpartition("/")[2])
        found.append((person.id, offer.product_id))
    return found


def life(running: testing.Running, wanted: int) -> list[dict[str, Any]]:
    """A year goes by, some cancel, and somebody's program writes on customers and subscriptions all the time.

    Returns the events that our endpoint asked for, at least ``wanted``, oldest first.
    """
    stripe = client.build(running.key())
    dice = random.Random(2)
    told = all_events(running)
    for _step in range(STEPS):
        running.advance(A_STEP.total_seconds(), deliver=False)
        told |= all_events(running)
    for each in stripe.v1.subscriptions.list({"limit": 100}).auto_paging_iter():
        if dice.random() < 0.2:
            stripe.v1.subscriptions.cancel(each.id)
        elif dice.random() < 0.2:
            stripe.v1.subscriptions.update(each.id, {"cancel_at_period_end": True})
    told |= all_events(running)
    alive = list(stripe.v1.subscriptions.list({"limit": 100}).auto_paging_iter())
    for number in range(wanted - len(told)):
        each = dice.choice(alive)
        marks: Any = {"metadata": {"touched": str(number)}}
        if number % 2:
            stripe.v1.customers.update(str(each.customer), marks)
        else:
            stripe.v1.subscriptions.update(each.id, marks)
    told |= all_events(running)
    return sorted(told.values(), key=lambda event: event["created"])


def enabled(running: testing.Running) -> list[str]:
    """The types that our endpoint asked for."""
    found: list[str] = running.state()["endpoints"][0]["enabled_events"]
    return found


def all_events(running: testing.Running) -> dict[str, dict[str, Any]]:
    """What Stripe can tell now of the types that our endpoint asked for, by id: thirty days, and no more."""
    stripe, known = client.build(running.key()), set(enabled(running))
    listed = (client.plain(each) for each in stripe.v1.events.list({"limit": 100}).auto_paging_iter())
    return {event["id"]: event for event in listed if event["type"] in known}


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


def deliver_while_killed(
    site: sites.TestSite, endpoint: Any, events: list[dict[str, Any]], worker: Worker
) -> tuple[list[float], float]:
    """A part for each kill, so that every worker has work; milliseconds of each, and seconds of all."""
    took: list[float] = []
    seconds = 0.0
    parts = max(worker.kills, 1)
    haunting = threading.Thread(target=worker.haunt, daemon=True)
    haunting.start()
    for number in range(parts):
        part = events[number * len(events) // parts : (number + 1) * len(events) // parts]
        began = time.monotonic()
        took += deliver(site, endpoint, part)
        seconds += time.monotonic() - began
        while worker.killed <= number and haunting.is_alive():
            time.sleep(0.01)
    haunting.join()
    if worker.killed < worker.kills:
        raise RuntimeError(f"only {worker.killed} workers were killed")
    return took, seconds


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


@dataclass(frozen=True, slots=True)
class Size:
    """How much of everything."""

    events: int = 10_000
    kills: int = 100
    people: int = 100


SMALL = Size(events=400, kills=3, people=5)


def report() -> list[str]:
    """Lines for the table: a flood of some seconds."""
    lines, _is_well = flood(SMALL)
    return lines


def main() -> int:
    """Print the figures; 1 when something is lost, twice or too slow."""
    asked = argparse.ArgumentParser(description=__doc__)
    for each in fields(Size):
        asked.add_argument(f"--{each.name}", type=int, default=each.default)
    lines, is_well = flood(Size(**vars(asked.parse_args())))
    print(*lines, sep="\n")
    return 0 if is_well else 1


def flood(size: Size) -> tuple[list[str], bool]:
    """What was seen, in lines, and whether it is as it has to be."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with (
            simulator(folder / "simulator") as running,
            sites.site(folder, plugins=("stripe",), stripe_api_base=running.url) as site,
        ):
            return _flood(site, running, size)


def _flood(site: sites.TestSite, running: testing.Running, size: Size) -> tuple[list[str], bool]:
    connection = connect.begin(running.key(), actor_id=None)
    people = buyers(running, connection.id, size.people)
    events = life(running, size.events)
    simulator_clock.follow()
    twice = events * 2
    random.Random(3).shuffle(twice)
    endpoint = running.state()["endpoints"][0]
    safe = db.session.scalar(text("PRAGMA synchronous")), db.session.scalar(text("PRAGMA journal_mode"))
    db.commit()
    worker = Worker(environment(site, running), site, size.kills)
    worker.start()
    try:
        with silence():
            took, seconds = deliver_while_killed(site, endpoint, twice, worker)
        settled = wait(1800)
    finally:
        worker.stop()
    stored = db.session.scalar(select(func.count(Event.id)))
    objects = db.session.scalar(select(func.count(SyncTask.id)))
    wrong = differences(running, people)
    if stored != len(events):
        wrong.append(f"{stored} events are stored")
    if safe != (2, "wal"):
        wrong.append(f"SQLite may lose what it has said it has: synchronous={safe[0]}, {safe[1]}")
    if Silent.calls:
        wrong.append(f"the intake called Stripe {Silent.calls} times")
    new, all_of_them = _of_new(twice, took), sorted(took)
    lines = [
        f"{len(events)} events of {size.people} people about {objects} objects, each twice, in random order, "
        f"{AT_A_TIME} at a time; SQLite with synchronous=FULL",
        f"  intake     {len(twice) / seconds:.0f} a second, median {_share(all_of_them, 0.5):.1f} ms, of new ones "
        f"{_share(new, 0.5):.1f} ms (bar {BAR}), p95 {_share(all_of_them, 0.95):.1f} ms   wall clock",
        f"  settled    {settled:.1f} s after the last of {worker.killed} kills (kill -9), {worker.at_work} of them in "
        "the middle of a reading",
        *(f"  WRONG: {each}" for each in wrong[:20]),
        "  nothing lost, nothing twice" if not wrong else f"  {len(wrong)} things are wrong",
    ]
    return lines, not wrong and _share(new, 0.5) <= BAR


def _of_new(events: list[dict[str, Any]], took: list[float]) -> list[float]:
    """The times of what was delivered for the first time, shortest first."""
    first = {event["id"]: number for number, event in reversed(list(enumerate(events)))}
    return sorted(took[number] for number in first.values())


def _share(times: list[float], part: float) -> float:
    return times[int(part * (len(times) - 1))]


def environment(site: sites.TestSite, running: testing.Running) -> dict[str, str]:
    """That of a worker of this site."""
    return {
        **os.environ,
        "LMS_INSTANCE": str(site.config.instance),
        "LMS_ENV": "test",
        "LMS_SITE_URL": site.config.site_url,
        "LMS_DATABASE_URL": site.config.database_url,
        "LMS_STRIPE_API_BASE": running.url,
        "LMS_MAIL": "outbox",
    }


if __name__ == "__main__":
    sys.exit(main())
