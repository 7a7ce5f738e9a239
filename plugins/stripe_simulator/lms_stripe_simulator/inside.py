"""The simulator without a socket: requests are handed over inside the process, many times faster than over HTTP.

For tests of thousands of steps. Nothing is delivered: whoever tests takes the events and posts them as they like.

with inside.start(folder) as simulator:
    client = stripe.StripeClient(simulator.key(), http_client=inside.Client(simulator), base_addresses=…)
"""

from __future__ import annotations

import itertools
import json
import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import stripe
from flask import Flask

from lms_stripe_simulator import steering, testing
from lms_stripe_simulator.app import create_app
from lms_stripe_simulator.state import State

_PORTS = itertools.count(1)


class Inside:
    """A simulator in this process; the methods of ``testing.Running`` that need no socket."""

    def __init__(self, folder: Path) -> None:
        # Nobody listens there; the address only has to look like one of this machine.
        self.url = f"http://127.0.0.1:{next(_PORTS)}"
        self.app: Flask = create_app(folder, self.url)
        self._lock = threading.Lock()
        delivery = self.control_of.delivery
        delivery.stop()
        delivery.settle = lambda *_arguments: False  # type: ignore[method-assign]

    @property
    def control_of(self) -> steering.Control:
        """What steers it."""
        found: steering.Control = self.app.extensions["simulator_control"]
        return found

    @property
    def data(self) -> State:
        """All that it knows, to be read."""
        return self.control_of.state

    def ask(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, Mapping[str, str], str]:
        """Hand over a request; status, headers and body of the answer."""
        answer = self.app.test_client().open(path, method=method.upper(), data=body, headers=dict(headers or {}))
        return answer.status_code, dict(answer.headers), answer.get_data(as_text=True)

    def control(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """Send a request to ``/_simulator/<path>``; return its JSON. Raises ``ValueError`` with its sentence."""
        headers = {"Content-Type": "application/json"}
        status, _headers, text = self.ask(method, f"/_simulator/{path}", json.dumps(body) if body else None, headers)
        answer = json.loads(text)
        if status >= 400:
            raise ValueError(answer.get("error", text))
        return answer

    def told(self) -> Mapping[str, Any]:
        """What a site looks at: the clock."""
        return {"clock": steering.clock(self.data)}

    def key(self, mode: str = "test") -> str:
        """A restricted key."""
        found = self.control("GET", "state")["keys"]
        return next(str(k["key"]) for k in found if k["kind"] == "restricted" and k["mode"] == mode)

    def pay_checkout(self, address: str, card: str = "4242424242424242") -> str:
        """Submit a hosted checkout page, 3-D Secure confirmed; where the buyer is sent. Raises ``Declined``."""
        form = {"action": "pay", "method": "typed", "number": card, "email": "buyer@example.org"}
        if (found := testing.instrument(card)) is not None:
            form["method"] = found.name
        status, headers, text = self.ask("POST", urlsplit(address).path, form)
        if status == 200 and 'name="authentication"' in text:
            status, headers, text = self.ask("POST", urlsplit(address).path, form | {"authentication": "confirmed"})
        if status != 303:
            raise testing.Declined(f"The checkout page answered {status}.")
        return headers["Location"]

    def events(self) -> list[tuple[bool, dict[str, Any]]]:
        """All events, oldest first, each with whether it is of live mode."""
        rows = self.data.rows("SELECT livemode, body FROM object WHERE kind = 'event' ORDER BY seq")
        return [(bool(row["livemode"]), json.loads(row["body"])) for row in rows]

    def remember(self) -> sqlite3.Connection:
        """A copy of all that it knows, for ``restore``."""
        kept = sqlite3.connect(":memory:", check_same_thread=False)
        self.data.database.backup(kept)
        return kept

    def restore(self, kept: sqlite3.Connection) -> None:
        """Be as it was when it was remembered, with the present time as its time."""
        kept.backup(self.data.database)
        self.data.reset_clock()
        self.control_of.api.knobs.clear()
        self.control_of.api.requests.clear()


@contextmanager
def start(folder: Path) -> Iterator[Inside]:
    """A simulator with its data in the folder."""
    made = Inside(folder)
    try:
        yield made
    finally:
        made.data.close()


class Client(stripe.HTTPClient):
    """The SDK's way to it."""

    name = "inside"

    def __init__(self, simulator: Inside) -> None:
        super().__init__()
        self._simulator = simulator

    def request(
        self, method: str, url: str, headers: Mapping[str, str] | None, post_data: Any = None
    ) -> tuple[str, int, Mapping[str, str]]:
        """Hand the request over; whatever breaks is a connection that broke."""
        parts = urlsplit(url)
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        status, answered, text = self._simulator.ask(method, path, post_data, headers)
        return text, status, answered

    def close(self) -> None:
        """Nothing is open."""
