"""Webhooks: signed, to loopback only, tried again until the endpoint answers 2xx.

Each endpoint has its own thread, so that one which hangs delays nobody else. Waiting is counted on the simulator's
clock, so real time makes the next attempt due, and so does moving the clock.
"""

from __future__ import annotations

import http.client
import ipaddress
import json
import random
import threading
import time
from contextlib import suppress
from typing import Any
from urllib.parse import SplitResult, urlsplit

from stripe import WebhookSignature

from lms_stripe_simulator.knobs import WEBHOOKS, Knobs
from lms_stripe_simulator.scope import Scope, public
from lms_stripe_simulator.state import Object, State

HOUR, DAY = 3_600, 86_400
BACK_OFF = (1, 2, 5, 15, 60, 300, 900, HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR)
GIVE_UP_AFTER = 3 * DAY
"""An event is tried again for three days: https://docs.stripe.com/webhooks#retries"""
DISABLE_AFTER = 5 * DAY
"""An endpoint that has answered wrongly for so long without a single success is switched off. The length is our
assumption; that one where nobody listens stays on is a kindness to people whose site is down while the clock moves."""
TIMEOUT = 10.0
GATHER = 0.15
FORGERS_SECRET = "whsec_forged"  # noqa: S105  nobody knows it as theirs
USER_AGENT = "Stripe/1.0 (simulator)"


def is_loopback(host: str | None) -> bool:
    """Return whether a host name can only be this machine."""
    if host is None:
        return False
    if host == "localhost" or host.endswith(".localhost"):
        return True
    with suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return False


class Delivery:
    """Sends what is queued."""

    def __init__(self, state: State, knobs: Knobs) -> None:
        self.state = state
        self.knobs = knobs
        self._stopping = False
        self._wake = threading.Condition()
        self._turn = 0
        self._workers: dict[str, threading.Thread] = {}
        self._gone: set[str] = set()
        state.after_commit.append(self.wake)

    # -- threads ------------------------------------------------------------------------------------

    def wake(self) -> None:
        """Look at the queue now; starts a thread for an endpoint that has none."""
        if self._stopping:
            return
        for row in self.state.rows("SELECT DISTINCT endpoint FROM delivery WHERE state = 'pending'"):
            if row["endpoint"] not in self._workers or not self._workers[row["endpoint"]].is_alive():
                self._gone.discard(row["endpoint"])
                worker = threading.Thread(target=self._work, args=(row["endpoint"],), daemon=True)
                self._workers[row["endpoint"]] = worker
                worker.start()
        with self._wake:
            self._turn += 1
            self._wake.notify_all()

    def forget(self) -> None:
        """Let the threads of all endpoints end: the data behind them is gone."""
        self._gone |= self._workers.keys()
        self._workers.clear()
        with self._wake:
            self._turn += 1
            self._wake.notify_all()

    def stop(self) -> None:
        """Stop all threads; what is pending stays queued for the next start."""
        self._stopping = True
        with self._wake:
            self._wake.notify_all()
        for worker in list(self._workers.values()):
            worker.join(timeout=TIMEOUT)

    def _work(self, endpoint: str) -> None:
        while not self._stopping and endpoint not in self._gone:
            turn = self._turn
            due = self._due(endpoint)
            if due and (fault := self.knobs.active(WEBHOOKS, "reorder")):
                time.sleep(GATHER)
                due = self._shuffled(self._due(endpoint), fault.seed)
                self.knobs.strike(WEBHOOKS, "reorder")
            for row in due:
                if self._stopping:
                    return
                self._deliver(row)
            if not due:
                self._sleep(endpoint, turn)

    def _due(self, endpoint: str) -> list[Any]:
        statement = (
            "SELECT * FROM delivery WHERE endpoint = ? AND state = 'pending' AND next_at <= ? ORDER BY seq LIMIT 50"
        )
        return self.state.rows(statement, endpoint, self.state.exact())

    @staticmethod
    def _shuffled(due: list[Any], seed: int | None) -> list[Any]:
        mixed = list(due)
        random.Random(seed).shuffle(mixed)
        return mixed[::-1] if mixed == due else mixed

    def _sleep(self, endpoint: str, turn: int) -> None:
        """Wait for something new or for the next attempt. The database is asked before the condition is held:
        who commits holds the database's lock and then wants the condition.
        """
        row = self.state.row(
            "SELECT min(next_at) AS at FROM delivery WHERE endpoint = ? AND state = 'pending'", endpoint
        )
        wait = 5.0 if row is None or row["at"] is None else max(row["at"] - self.state.exact(), 0.01)
        with self._wake:
            if self._turn == turn and not self._stopping:
                self._wake.wait(timeout=min(wait, 5.0))

    # -- waiting ------------------------------------------------------------------------------------

    def pending(self) -> int:
        """Return how many deliveries are still to be made."""
        row = self.state.row("SELECT count(*) AS n FROM delivery WHERE state = 'pending'")
        return int(row["n"]) if row else 0

    def settle(self, timeout: float = 30.0) -> bool:
        """Wait until everything that is due has been tried once; return whether that came true in time."""
        until, began = time.monotonic() + timeout, self.state.exact()
        statement = "SELECT count(*) AS n FROM delivery WHERE state = 'pending' AND next_at <= ?"
        while time.monotonic() < until:
            row = self.state.row(statement, began)
            if row is not None and row["n"] == 0:
                return True
            time.sleep(0.002)
        return False

    def flush(self) -> bool:
        """Try everything that is pending again now, whatever its back-off, and wait for that."""
        with self.state.change():
            self.state.write("UPDATE delivery SET next_at = 0 WHERE state = 'pending'")
        return self.settle()

    def attempts(self, endpoint: str, limit: int) -> list[Any]:
        """Return the newest attempts to deliver to an endpoint, with their events' types, as rows."""
        return self.state.rows("SELECT * FROM attempt WHERE endpoint = ? ORDER BY seq DESC LIMIT ?", endpoint, limit)

    # -- one delivery -------------------------------------------------------------------------------

    def _deliver(self, row: Any) -> None:
        scope = Scope(self.state, row["account"], bool(row["livemode"]))
        event, endpoint = scope.find(row["event"], "event"), scope.find(row["endpoint"], "webhook_endpoint")
        if event is None or endpoint is None or endpoint["status"] != "enabled":
            self._note(row, "failed", "The endpoint is gone or disabled.")
            return
        if row["attempts"] == 0 and (fault := self.knobs.strike(WEBHOOKS, "delay")):
            self._note(row, "pending", "delayed", wait=fault.seconds, counts=False)
            return
        if self.knobs.strike(WEBHOOKS, "drop"):
            self._note(row, "dropped", "dropped by a fault")
            return
        if self.knobs.strike(WEBHOOKS, "forged"):
            self._send(endpoint | {"_secret": FORGERS_SECRET}, event)
        began = time.monotonic()
        answer = self._send(endpoint, event)
        self._log(row, answer, time.monotonic() - began)
        if self.knobs.strike(WEBHOOKS, "duplicate"):
            self._send(endpoint, event)
        self._finish(scope, row, event, answer)

    def _send(self, endpoint: Object, event: Object) -> str:
        """Post an event; return the status, or what went wrong."""
        parts = urlsplit(endpoint["url"])
        if not is_loopback(parts.hostname):
            return "not sent: the simulator delivers to loopback addresses only"
        body = json.dumps(public(event), indent=2)
        header = WebhookSignature.generate_signature_header(body, endpoint["_secret"])
        try:
            return str(self._post(parts, body.encode(), header))
        except (OSError, http.client.HTTPException, ValueError) as error:
            return f"{type(error).__name__}: {error}"

    @staticmethod
    def _post(parts: SplitResult, body: bytes, signature: str) -> int:
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        host = "127.0.0.1" if (parts.hostname or "").endswith("localhost") else parts.hostname or ""
        connection = kind(host, parts.port, timeout=TIMEOUT)
        try:
            headers = {
                "Host": parts.netloc.rpartition("@")[2],
                "Content-Type": "application/json; charset=utf-8",
                "Stripe-Signature": signature,
                "User-Agent": USER_AGENT,
                "Cache-Control": "no-cache",
            }
            target = parts.path or "/"
            connection.request("POST", f"{target}?{parts.query}" if parts.query else target, body, headers)
            answer = connection.getresponse()
            answer.read(65_536)
            return answer.status
        finally:
            connection.close()

    def _finish(self, scope: Scope, row: Any, event: Object, answer: str) -> None:
        if answer.startswith("2"):
            with self.state.change():
                fresh = scope.find(event["id"], "event")
                if fresh is not None:
                    scope.change(fresh, pending_webhooks=max(fresh["pending_webhooks"] - 1, 0))
                self._note(row, "done", answer)
                self._mark(scope, row["endpoint"], failing_since=None)
            return
        attempts, now = row["attempts"] + 1, self.state.exact()
        first = row["first_at"] or now
        lost = answer.startswith("not sent") or now - first >= GIVE_UP_AFTER
        wait = BACK_OFF[min(attempts, len(BACK_OFF)) - 1]
        with self.state.change():
            self._note(row, "failed" if lost else "pending", answer, wait=wait, first_at=first)
            if answer.isdigit():
                self._mark(scope, row["endpoint"], failing_since=now)

    def _mark(self, scope: Scope, identifier: str, *, failing_since: float | None) -> None:
        """Remember since when an endpoint has failed; switch it off when that is too long ago."""
        endpoint = scope.find(identifier, "webhook_endpoint")
        if endpoint is None:
            return
        began = endpoint.get("_failing_since")
        if failing_since is None:
            if began is not None:
                scope.change(endpoint, _failing_since=None)
        elif began is None:
            scope.change(endpoint, _failing_since=failing_since)
        elif failing_since - began >= DISABLE_AFTER:
            scope.change(endpoint, status="disabled", _failing_since=None)

    def _log(self, row: Any, answer: str, seconds: float) -> None:
        with self.state.change():
            self.state.write(
                "INSERT INTO attempt (delivery, endpoint, event, at, milliseconds, answer) VALUES (?, ?, ?, ?, ?, ?)",
                row["seq"],
                row["endpoint"],
                row["event"],
                self.state.wall(),
                round(seconds * 1000),
                answer,
            )

    def _note(
        self, row: Any, state: str, answer: str, *, wait: float = 0, counts: bool = True, first_at: float = 0
    ) -> None:
        with self.state.change():
            self.state.write(
                "UPDATE delivery SET state = ?, answer = ?, attempts = attempts + ?, next_at = ?, first_at = ?"
                " WHERE seq = ?",
                state,
                answer,
                int(counts),
                self.state.exact() + wait,
                first_at,
                row["seq"],
            )
