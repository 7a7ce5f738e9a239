"""A crowd presses the portal's link: whose portal each gets, what is made at Stripe, and our share of the time."""

from __future__ import annotations

import math
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import stripe
from lms_stripe import client, connect
from lms_stripe.models import Customer
from lms_stripe_simulator import testing

from bench.measure import environ
from lms import db
from lms.accounts import services as accounts
from lms.base import clock
from lms.content.links import go_address
from lms.testing import sites
from lms.testing.makers import session_cookie

PEOPLE, CLICKS_EACH, AT_A_TIME = 50, 20, 8


@dataclass(frozen=True, slots=True)
class Click:
    """One press: whose, what came, and how long it took, in milliseconds; ``ours`` is without Stripe's part."""

    email: str
    status: str
    address: str
    whole: float
    ours: float


class Timed(stripe.RequestsClient):
    """Notes for each thread how long Stripe took."""

    def __init__(self) -> None:
        super().__init__(timeout=(3, 15))
        self.spent = threading.local()

    def request(self, *arguments: Any, **options: Any) -> Any:
        """Send, and count the time."""
        started = time.perf_counter()
        try:
            return super().request(*arguments, **options)
        finally:
            self.spent.seconds = getattr(self.spent, "seconds", 0.0) + time.perf_counter() - started


@contextmanager
def simulator(folder: Path) -> Iterator[testing.Running]:
    """The simulator as a process of its own, so that its work is not counted as ours."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "lms_stripe_simulator", "--port", str(port), "--data", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()  # says that it listens
    try:
        yield testing.attach(f"http://127.0.0.1:{port}")
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()


def report() -> list[str]:
    """Lines for the table: a thousand clicks of fifty people, eight at a time."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with (
            simulator(folder / "simulator") as running,
            sites.site(folder, plugins=("stripe",), stripe_api_base=running.url) as site,
        ):
            timed = Timed()
            client.http_client_factory = lambda: timed
            try:
                return _report(site, running, timed)
            finally:
                client.http_client_factory = None


def _report(site: sites.TestSite, running: testing.Running, timed: Timed) -> list[str]:
    connection = connect.begin(running.key(), actor_id=None)
    at_stripe = client.build(running.key())
    crowd = [_buyer(connection.id, at_stripe, number) for number in range(PEOPLE)]
    before = len(at_stripe.v1.billing_portal.configurations.list().data)
    link = go_address("stripe/customer-portal", {}, "/")
    rounds = [one for _ in range(CLICKS_EACH) for one in crowd]
    _press(site, timed, link, *crowd[0])  # what is built at the first call
    with ThreadPoolExecutor(AT_A_TIME) as threads:
        clicks = list(threads.map(lambda one: _press(site, timed, link, *one), rounds))
    new = len(at_stripe.v1.billing_portal.configurations.list().data) - before
    wrong = sum(click.status[:3] != "303" for click in clicks)
    strangers = sum(click.email not in testing.fetch(click.address).text for click in clicks if click.address)
    ours = sorted(click.ours for click in clicks)
    whole = sorted(click.whole for click in clicks)
    return [
        f"{len(clicks)} portal clicks, {PEOPLE} people, {AT_A_TIME} at a time: "
        f"{wrong} errors, {strangers} in another's portal, {new} new configurations",
        f"  our share  median {_share(ours, 0.5):.1f} ms, p95 {_share(ours, 0.95):.1f} ms",
        f"  whole      median {_share(whole, 0.5):.1f} ms, p95 {_share(whole, 0.95):.1f} ms   wall clock",
    ]


def _share(times: list[float], part: float) -> float:
    return times[math.ceil(part * len(times)) - 1]


def _buyer(connection_id: int, at_stripe: stripe.StripeClient, number: int) -> tuple[str, str]:
    """E-mail address and session cookie of somebody who has bought."""
    person = accounts.create_person(email=f"clicker{number}@example.org", name=f"Clicker {number}", password_hash=None)
    made = at_stripe.v1.customers.create({"email": person.email})
    db.session.add(
        Customer(
            connection_id=connection_id,
            person_id=person.id,
            stripe_id=made.id,
            linked_by="created",
            is_primary=True,
            first_purchase_at=clock.now(),
        )
    )
    db.commit()
    return person.email, "=".join(session_cookie(person.id))


def _press(site: sites.TestSite, timed: Timed, link: str, email: str, cookie: str) -> Click:
    request = environ(link, cookie)
    seen: list[Any] = []
    timed.spent.seconds = 0.0
    started = time.perf_counter()
    body = site.app.wsgi_app(request, lambda status, headers, exc_info=None: seen.extend((status, dict(headers))))
    b"".join(body)
    whole = time.perf_counter() - started
    return Click(email, seen[0], seen[1].get("Location", ""), whole * 1000, (whole - timed.spent.seconds) * 1000)
